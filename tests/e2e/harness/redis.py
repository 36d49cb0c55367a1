"""A private redis-server, and as much of its protocol as the tests need."""

import signal
import socket
import subprocess
import tempfile

from .waiting import eventually, free_port


class RedisError(Exception):
    pass


class RespClient:
    """Speaks RESP2 over one connection, one command at a time."""

    def __init__(self, port, password=None):
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self.file = self.socket.makefile("rb")
        if password:
            self.command("AUTH", password)

    def close(self):
        self.file.close()
        self.socket.close()

    def command(self, *words):
        parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
        return self._reply()

    def _reply(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            if rest == b"-1":
                return None
            data = self.file.read(int(rest) + 2)
            return data[:-2].decode("latin-1")
        if kind == b"*":
            return None if rest == b"-1" else [self._reply() for _ in range(int(rest))]
        raise RedisError(f"unexpected reply {line!r}")


class Redis:
    """The server process. It keeps its port over kill and restart; nothing is saved to disk."""

    def __init__(self, *options, password=None):
        self.options = options
        self.password = password
        self.folder = tempfile.TemporaryDirectory(prefix="sallyport-redis-")
        self.port = None
        self.process = None
        for attempt in range(5):
            self.port = free_port()
            try:
                self.start()
                return
            except (AssertionError, OSError):
                self.kill()
                if attempt == 4:
                    raise

    @property
    def url(self):
        secret = f":{self.password}@" if self.password else ""
        return f"redis://{secret}127.0.0.1:{self.port}"

    def start(self):
        words = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        words += ["--dir", self.folder.name, "--daemonize", "no", *self.options]
        if self.password:
            words += ["--requirepass", self.password]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self._answers, "redis-server answers PING")

    def _answers(self):
        if self.process.poll() is not None:
            raise OSError("redis-server ended at once")
        try:
            return self.command("PING") == "PONG"
        except (OSError, RedisError):
            return False

    def command(self, *words):
        client = RespClient(self.port, self.password)
        try:
            return client.command(*words)
        finally:
            client.close()

    def keys(self, pattern="*"):
        return sorted(self.command("KEYS", pattern))

    def calls(self, *names):
        """How often the named commands have run since the last CONFIG RESETSTAT."""
        total = 0
        for line in self.command("INFO", "commandstats").splitlines():
            name, _, rest = line.partition(":calls=")
            if name.removeprefix("cmdstat_").split("|")[0] in names:
                total += int(rest.split(",")[0])
        return total

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def close(self):
        self.kill()
        self.folder.cleanup()
