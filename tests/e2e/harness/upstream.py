"""A service behind the gateway whose every byte the test decides, and which remembers every byte that it got."""

import hashlib
import json
import re
import socket
import threading

_KEPT_BYTES = 1 << 20


class Request:
    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        self.head = head
        self.method, self.target, self.version = lines[0].split(" ")
        self.fields = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.fields.append((name, value.strip()))
        self.body = b""  # its first MiB
        self.body_bytes = 0
        self.digest = None

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]


class Connection:
    def __init__(self, sock):
        self.socket = sock
        self.buffer = bytearray()
        self.received = bytearray()  # its first MiB
        self.received_bytes = 0
        self.requests = []
        self.ended = threading.Event()

    def _receive(self):
        try:
            data = self.socket.recv(1 << 18)
        except OSError:
            data = b""
        if not data:
            self.ended.set()
            return False
        self.received_bytes += len(data)
        self.received += data[: max(0, _KEPT_BYTES - len(self.received))]
        self.buffer += data
        return True

    def send(self, data):
        """False when the gateway has gone."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def reset(self):
        """Ends the connection with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def wait_ended(self, timeout):
        """Reads on until the gateway closes. False when it did not in time."""
        self.socket.settimeout(timeout)
        try:
            while data := self.socket.recv(65536):
                self.received_bytes += len(data)
        except TimeoutError:
            return False
        except OSError:
            pass
        self.ended.set()
        return True

    def read_head(self):
        while (at := self.buffer.find(b"\r\n\r\n")) < 0:
            if not self._receive():
                return None
        head = bytes(self.buffer[:at])
        del self.buffer[: at + 4]
        return Request(head)

    def _line(self):
        while (at := self.buffer.find(b"\r\n")) < 0:
            if not self._receive():
                raise EOFError
        line = bytes(self.buffer[:at])
        del self.buffer[: at + 2]
        return line

    def _take(self, count, request, digest):
        while count:
            if not self.buffer and not self._receive():
                raise EOFError
            piece = bytes(self.buffer[:count])
            del self.buffer[: len(piece)]
            digest.update(piece)
            request.body_bytes += len(piece)
            request.body += piece[: max(0, _KEPT_BYTES - len(request.body))]
            count -= len(piece)

    def read_body(self, request):
        """EOFError when the connection ends first."""
        digest = hashlib.sha256()
        if request.get("transfer-encoding"):
            while size := int(self._line(), 16):
                self._take(size, request, digest)
                self._line()
            while self._line():
                pass
        else:
            self._take(int(request.get("content-length", "0")), request, digest)
        request.digest = digest.hexdigest()


def answer(status=200, fields=(), body=b"", reason="Because"):
    """A behaviour: one complete answer."""
    fields = list(fields.items()) if isinstance(fields, dict) else list(fields)
    head = f"HTTP/1.1 {status} {reason}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields)

    def behave(connection, request):
        del request
        connection.send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body)

    return behave


def raw(data, close=False):
    """A behaviour: exactly these bytes."""

    def behave(connection, request):
        del request
        connection.send(data)
        return not close

    return behave


def echo(connection, request):
    """A behaviour: answers what it got, with the status that the field X-Want-Status asks for."""
    body = json.dumps(
        {
            "method": request.method,
            "target": request.target,
            "fields": request.fields,
            "body": request.body[:65536].decode("latin-1"),
            "body_bytes": request.body_bytes,
            "digest": request.digest,
        }
    ).encode()
    head = f"HTTP/1.1 {request.get('x-want-status', '200')} Fine\r\nContent-Type: application/json\r\n"
    content = b"" if request.method == "HEAD" else body
    connection.send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + content)


def silent(connection, request):
    """A behaviour: never answers."""
    del request
    connection.wait_ended(60)
    return False


def before_body(behave):
    """Marks a behaviour that is called as soon as the head is there and reads the body itself, or does not."""
    behave.before_body = True
    return behave


class Upstream:
    """Listens on 127.0.0.1; `behaviours` maps paths to behaviours, `default` serves the others.

    A behaviour is called with the connection and the request; it closes the connection by returning False.
    tls: an ssl.SSLContext; the plain bytes count then.
    """

    def __init__(self, default=echo, port=0, tls=None):
        self.default = default
        self.tls = tls
        self.behaviours = {}
        self.connections = []
        self.requests = []
        self.failures = []
        self.listener = socket.create_server(("127.0.0.1", port), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    @property
    def bytes_received(self):
        return sum(connection.received_bytes for connection in self.connections)

    def paths(self):
        return [re.split(r"[?#]", request.target)[0] for request in self.requests]

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:  # the handshake belongs to the connection's own thread
                sock = self.tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            connection = Connection(sock)
            self.connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _serve(self, connection):
        try:
            if self.tls:
                connection.socket.do_handshake()
            while request := connection.read_head():
                connection.requests.append(request)
                self.requests.append(request)
                path = re.split(r"[?#]", request.target)[0]
                behave = self.behaviours.get(path, self.default)
                if not getattr(behave, "before_body", False):
                    connection.read_body(request)
                if behave(connection, request) is False:
                    break
        except (EOFError, OSError):
            pass
        except Exception as failure:  # what the gateway sent was not HTTP: the test's cleanup reports it
            self.failures.append(f"{type(failure).__name__}: {failure}")
        finally:
            connection.ended.set()
            connection.socket.close()

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread, which close alone does not
        except OSError:
            pass
        self.listener.close()
        self.threads[0].join(5)
        for connection in self.connections:
            try:
                connection.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(5)
