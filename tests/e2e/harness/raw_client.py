"""An HTTP/1.1 client that sends exactly the bytes it is given and reads answers strictly."""

import json
import re
import select
import socket
import time
from dataclasses import dataclass, field

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})(?: ([^\r\n]*))?")


def _readable(sock, seconds):
    """Whether bytes or the end are there within this time. Not select(), which knows no descriptor above 1023."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


class Broken(Exception):
    """The connection ended, or turned into something that is not HTTP, before an answer was complete."""

    def __init__(self, why, partial=b""):
        super().__init__(f"{why}; last bytes: {bytes(partial[-200:])!r}")
        self.partial = bytes(partial)


@dataclass
class Response:
    status: int
    reason: str
    version: str
    fields: list
    body: bytes = b""
    interim: list = field(default_factory=list)
    elapsed: float = 0.0

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def json(self):
        return json.loads(self.body)

    def tokens(self, name):
        return [token.strip().lower() for line in self.all(name) for token in line.split(",") if token.strip()]


def request_bytes(method, target, fields=(), body=b"", host="localhost"):
    """A well-formed request; Content-Length is added when there is a body or the method wants one."""
    fields = list(fields.items()) if isinstance(fields, dict) else list(fields)
    names = {name.lower() for name, _ in fields}
    if "host" not in names:
        fields.insert(0, ("Host", host))
    framed = "content-length" in names or "transfer-encoding" in names
    if not framed and (body or method in ("POST", "PUT", "PATCH")):
        fields.append(("Content-Length", str(len(body))))
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
    return head.encode("latin-1") + body


def chunked(*pieces):
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n\r\n"


class RawClient:
    """One connection. `address` is (host, port); `source` is the local address that the peer sees."""

    def __init__(self, address, source=None, timeout=10.0):
        self.timeout = timeout
        self.buffer = bytearray()
        self.ended = None  # None while open, then "fin" or "reset"
        self.socket = socket.create_connection(address, timeout, source_address=(source, 0) if source else None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        """Sends all, or until the peer closed. Returns the number of bytes that were handed to the kernel."""
        view, sent = memoryview(data), 0
        while sent < len(view):
            try:
                sent += self.socket.send(view[sent:])
            except (BrokenPipeError, ConnectionResetError):
                break
        return sent

    def send_bytewise(self, data, pace=0.0001):
        """One byte a segment. Stops when an answer or the end has come, as there is nobody left to tell."""
        for index in range(len(data)):
            if _readable(self.socket, 0) or self.send(data[index : index + 1]) == 0:
                return index
            if pace:
                time.sleep(pace)
        return len(data)

    def _receive(self, end):
        """Takes what has come into the buffer; False at the end of the stream; TimeoutError at the deadline."""
        if self.ended:
            return False
        left = end - time.monotonic()
        if left <= 0 or not _readable(self.socket, left):
            raise TimeoutError(f"no bytes in time; so far: {bytes(self.buffer[:200])!r}")
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionResetError:
            self.ended = "reset"
            return False
        if not data:
            self.ended = "fin"
            return False
        self.buffer += data
        return True

    def _need(self, end, why):
        if not self._receive(end):
            raise Broken(f"the connection ended ({self.ended}) {why}", self.buffer)

    def _line(self, end):
        while (at := self.buffer.find(b"\r\n")) < 0:
            self._need(end, "inside a line")
        line = bytes(self.buffer[:at])
        del self.buffer[: at + 2]
        return line

    def _take(self, count, end, sink):
        while count:
            if not self.buffer:
                self._need(end, f"with {count} bytes of the body missing")
            piece = bytes(self.buffer[:count])
            del self.buffer[: len(piece)]
            sink(piece)
            count -= len(piece)

    def read_head(self, timeout=None, final=True):
        """The next final head; 1xx heads before it are kept in `interim`. Or, with final=False, the next head."""
        start = time.monotonic()
        end = start + (timeout or self.timeout)
        interim = []
        while True:
            first = self._line(end)
            match = _STATUS_LINE.fullmatch(first)
            if not match:
                raise Broken(f"not a status line: {first[:100]!r}", self.buffer)
            fields = []
            while line := self._line(end):
                name, colon, value = line.partition(b":")
                if not colon or not re.fullmatch(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
                    raise Broken(f"not a field line: {line[:100]!r}", self.buffer)
                fields.append((name.decode(), value.strip(b" \t").decode("latin-1")))
            status = int(match[1])
            if final and 100 <= status < 200 and status != 101:
                interim.append(status)
                continue
            reason = (match[2] or b"").decode("latin-1")
            took = time.monotonic() - start
            return Response(status, reason, first[:8].decode(), fields, interim=interim, elapsed=took)

    def read_body(self, response, method="GET", timeout=None, sink=None):
        """The body of `response` by its framing; kept in response.body unless a `sink` takes the pieces."""
        end = time.monotonic() + (timeout or self.timeout)
        if sink is None:
            kept = bytearray()
            sink = kept.extend
        else:
            kept = b""
        lengths, codings = response.all("content-length"), response.tokens("transfer-encoding")
        if method == "HEAD" or response.status in (204, 304):
            pass
        elif codings:
            if codings != ["chunked"] or lengths:
                raise Broken(f"framing {codings} with lengths {lengths}", self.buffer)
            while size := self._chunk_size(end):
                self._take(size, end, sink)
                if self._line(end):
                    raise Broken("no CRLF behind a chunk", self.buffer)
            while self._line(end):
                pass
        elif lengths:
            if len(lengths) != 1:
                raise Broken(f"several lengths: {lengths}", self.buffer)
            self._take(int(lengths[0]), end, sink)
        else:
            while self._receive(end):
                sink(bytes(self.buffer))
                self.buffer.clear()
            sink(bytes(self.buffer))
            self.buffer.clear()
            if self.ended != "fin":
                raise Broken("a body that ends with the connection was reset", kept)
        response.body = bytes(kept)
        return response

    def _chunk_size(self, end):
        line = self._line(end)
        if not re.fullmatch(rb"[0-9A-Fa-f]+", line):
            raise Broken(f"not a chunk size: {line[:60]!r}", self.buffer)
        return int(line, 16)

    def read_response(self, method="GET", timeout=None):
        """Exactly one answer: head and body."""
        return self.read_body(self.read_head(timeout), method, timeout)

    def request(self, method, target, fields=(), body=b"", timeout=None):
        start = time.monotonic()
        self.send(request_bytes(method, target, fields, body))
        response = self.read_response(method, timeout)
        response.elapsed = time.monotonic() - start
        return response

    def rest_until_end(self, timeout):
        """Everything up to the end of the stream, which must come in time. `ended` then says how it ended."""
        end = time.monotonic() + timeout
        while self._receive(end):
            pass
        rest = bytes(self.buffer)
        self.buffer.clear()
        return rest

    def silent_for(self, seconds):
        """True when neither a byte nor the end comes within this time."""
        return not self.buffer and not self.ended and not _readable(self.socket, seconds)
