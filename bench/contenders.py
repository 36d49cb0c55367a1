"""The gateways that are compared, and the lab that starts them: each in its own folder, on its own port, with one worker."""

from __future__ import annotations

import atexit
import getpass
import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.processes import BenchError, Server, free_ports, start

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
CONF = BENCH / "conf"
SALLYPORT = Path(os.environ.get("SALLYPORT_BIN") or ROOT / "build" / "release" / "bin" / "sallyport")
BODY = '{"items":[' + ",".join(str(1000 + number) for number in range(37)) + "]}" + " " * 4  # 200 bytes
PATH = "/items/42"

# Never reached; limit × window in µs stays below 2^53, as the limiters' arithmetic demands.
HUGE_LIMIT, HUGE_WINDOW_S = 10_000_000, 600
REFUSING_LIMIT, REFUSING_WINDOW_S = 1, 900


@dataclass(frozen=True)
class Work:
    """What is asked of a contender."""

    name: str
    kind: str  # proxy: every answer is 200; refused: every answer is 429
    connections: int


PROXY_C64 = Work("proxy-c64", "proxy", 64)
PROXY_C8 = Work("proxy-c8", "proxy", 8)
REFUSED_C64 = Work("refused-c64", "refused", 64)
WORKS = (PROXY_C64, PROXY_C8, REFUSED_C64)


def redis_call(port: int, *words: str) -> str:
    """One command to Redis with a simple or bulk answer."""
    command = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection, connection.makefile("rb") as answer:
        connection.sendall(command.encode())
        head = answer.readline().decode().rstrip()
        return answer.read(int(head[1:])).decode() if head.startswith("$") else head[1:]


class Lab:
    """Everything that is running: the upstream, Redis, and the contenders. Gone when the harness ends."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sallyport-bench-"))
        self.folder.chmod(0o755)
        self.servers: list[Server] = []
        atexit.register(self.close)
        self.redis = self._start_redis()
        self.upstream = self._start_upstream()

    def close(self) -> None:
        for server in reversed(self.servers):
            server.stop()
        self.servers.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def place(self, name: str) -> tuple[Path, int]:
        """A new folder and a free port for one server."""
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))
        folder.chmod(0o755)
        return folder, free_ports(1)[0]

    def keep(self, server: Server) -> Server:
        self.servers.append(server)
        return server

    def drop(self, server: Server) -> None:
        server.stop()
        self.servers.remove(server)

    def render(self, template: str, folder: Path, port: int, **extra: object) -> Path:
        """Fills the @NAMES@ of a file of conf/ and writes it into `folder`."""
        values: dict[str, object] = {
            "USER": getpass.getuser(), "DIR": folder, "CONF": CONF, "PORT": port, "BODY": BODY, **extra}
        if hasattr(self, "redis"):
            values.setdefault("REDIS", self.redis.port)
        if hasattr(self, "upstream"):
            values.setdefault("UPSTREAM", self.upstream.port)
        text = (CONF / template).read_text()
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        path = folder / template
        path.write_text(text)
        return path

    def _start_redis(self) -> Server:
        folder, port = self.place("redis")
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
        server = self.keep(start("redis", command, port, folder))
        for _ in range(100):
            server.check_alive()
            try:
                if redis_call(port, "PING") == "PONG":
                    return server
            except OSError:
                time.sleep(0.05)
        raise BenchError(f"redis did not answer:\n{server.tail()}")

    def scripts_run(self) -> int:
        """How many scripts Redis has executed: shows that a contender's decisions were made there and not guessed."""
        text = redis_call(self.redis.port, "INFO", "commandstats")
        return sum(int(calls) for calls in re.findall(r"cmdstat_(?:evalsha|eval|fcall):calls=(\d+)", text))

    def _start_upstream(self) -> Server:
        folder, port = self.place("upstream")
        conf = self.render("upstream.conf", folder, port)
        server = self.keep(start("upstream", _nginx_command(folder, conf), port, folder))
        server.wait_ready(PATH, lambda status: status == 200)
        return server


@dataclass(frozen=True)
class Launch:
    """Where and for what a contender is started; what its command builder needs."""

    lab: Lab
    folder: Path
    port: int
    kind: str
    values: dict[str, object]  # override the @NAMES@ of its template
    single_process: bool = False

    @property
    def limit(self) -> int:
        return HUGE_LIMIT if self.kind == "proxy" else REFUSING_LIMIT

    @property
    def window_s(self) -> int:
        return HUGE_WINDOW_S if self.kind == "proxy" else REFUSING_WINDOW_S

    def render(self, template: str, **extra: object) -> Path:
        limits = {"LIMIT": self.limit, "WINDOW_S": self.window_s, "WINDOW_MS": self.window_s * 1000}
        return self.lab.render(template, self.folder, self.port, **{**limits, **extra, **self.values})


Command = tuple[list[str], dict[str, str]]  # arguments and environment


@dataclass(frozen=True)
class Contender:
    """One gateway: how to start it for a kind of work, and what it is asked."""

    name: str
    label: str
    works: tuple[Work, ...]
    uses_redis: bool
    command: Callable[[Launch], Command]
    ours: bool = False

    def start(self, lab: Lab, kind: str, prefix: Sequence[str] = (), wait_s: float = 20, **values: object) -> Server:
        """Starts it and waits until it answers. `prefix` goes before its command (valgrind …)."""
        folder, port = lab.place(self.name)
        arguments, environment = self.command(Launch(lab, folder, port, kind, values, single_process=bool(prefix)))
        server = lab.keep(start(self.name, [*prefix, *arguments], port, folder, environment))
        accept = (200,) if self.ours or kind == "proxy" else (200, 429)
        server.wait_ready("/health" if self.ours else PATH, lambda status: status in accept, wait_s)
        return server

    def missing(self) -> str | None:
        """Why it cannot run here, or None."""
        if self.ours and not SALLYPORT.exists():
            return f"{SALLYPORT} is not built; run script/build release"
        if self.name in ("express", "fastify") and not (BENCH / "node" / "node_modules" / "express").exists():
            return "bench/node/node_modules is not installed; run npm ci in bench/node"
        return None


def _nginx_command(folder: Path, conf: Path, single_process: bool = False) -> list[str]:
    directives = "daemon off;" + (" master_process off;" if single_process else "")
    return ["/usr/sbin/nginx", "-p", str(folder), "-c", str(conf), "-e", str(folder / "error.log"), "-g", directives]


def _nginx(name: str) -> Callable[[Launch], Command]:
    def command(launch: Launch) -> Command:
        conf = launch.render(f"{name}.conf", NAME=f"{name}-{launch.kind}")
        return _nginx_command(launch.folder, conf, launch.single_process), {}

    return command


def _haproxy(launch: Launch) -> Command:
    return ["/usr/sbin/haproxy", "-db", "-f", str(launch.render("haproxy.cfg"))], {}


def _node(name: str) -> Callable[[Launch], Command]:
    def command(launch: Launch) -> Command:
        lab = launch.lab
        values = (launch.port, lab.upstream.port, lab.redis.port, launch.limit, launch.window_s * 1000,
                  f"{name}-{launch.kind}:", launch.folder / "access.log")
        return ["node", str(BENCH / "node" / f"{name}.js"), *map(str, values)], {"NODE_ENV": "production"}

    return command


def _sallyport(launch: Launch) -> Command:
    conf = launch.render("sallyport.yaml", **{"ROUTE_EXTRA": "", **launch.values})
    return [str(SALLYPORT), "gateway", "--config", str(conf)], {"SALLYPORT_REDIS_URL": f"redis://127.0.0.1:{launch.lab.redis.port}"}


def _sallyport_dev(launch: Launch) -> Command:
    conf = launch.render("sallyport-dev.yaml")
    return [str(SALLYPORT), "dev", "--listen", f"127.0.0.1:{launch.port}", "--threads", "1",
            "--upstream", f"/=http://127.0.0.1:{launch.lab.upstream.port}", "--config", str(conf)], {}


CONTENDERS: tuple[Contender, ...] = (
    Contender("sallyport", "Sallyport + Redis", WORKS, True, _sallyport, ours=True),
    Contender("sallyport-memory", "Sallyport, counters inside", WORKS, False, _sallyport_dev, ours=True),
    Contender("nginx-proxy", "nginx, no limiter", (PROXY_C64, PROXY_C8), False, _nginx("nginx-proxy")),
    Contender("nginx-limit-req", "nginx limit_req", (REFUSED_C64,), False, _nginx("nginx-limit-req")),
    Contender("nginx-lua-redis", "nginx + Lua + Redis", WORKS, True, _nginx("nginx-lua-redis")),
    Contender("haproxy", "HAProxy, stick table", WORKS, False, _haproxy),
    Contender("fastify", "Fastify + Redis", (PROXY_C64, REFUSED_C64), True, _node("fastify")),
    Contender("express", "Express + Redis", (PROXY_C64, REFUSED_C64), True, _node("express")),
)
BY_NAME = {contender.name: contender for contender in CONTENDERS}

QUICK = ("sallyport", "nginx-proxy", "nginx-limit-req", "nginx-lua-redis")


def choose(mode: str, only: str | None) -> list[Contender]:
    """The contenders of a mode, or those named in `only` (comma separated)."""
    names = [name.strip() for name in only.split(",")] if only else list(QUICK if mode == "quick" else BY_NAME)
    unknown = [name for name in names if name not in BY_NAME]
    if unknown:
        raise BenchError(f"unknown contender {', '.join(unknown)}; known: {', '.join(BY_NAME)}")
    return [BY_NAME[name] for name in names]
