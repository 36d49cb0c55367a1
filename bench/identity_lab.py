"""The identity service with a private PostgreSQL and Redis, and load on it."""

from __future__ import annotations

import base64
import glob
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.contenders import CONF, ROOT, SALLYPORT, Lab
from bench.load import WrkResult, parse_wrk
from bench.processes import BenchError, Server, die_with_parent, start

ISSUER, AUDIENCE = "https://auth.bench", "bench"
PASSWORD = "a long enough pass phrase"
SCRIPT = CONF / "identity.lua"


def postgres_program(name: str) -> str:
    """The newest installed one."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    if not found:
        raise BenchError(f"{name} is missing; run script/bootstrap test")
    return found[-1]


def _secret(prefix: str = "") -> str:
    return prefix + base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")


class IdentityLab(Lab):
    """A lab with a migrated PostgreSQL and the auth service, which runs as its own role."""

    def __init__(self, **config: object) -> None:
        super().__init__()
        if not SALLYPORT.exists():
            raise BenchError(f"{SALLYPORT} is not built; run script/build release")
        self.postgres = self._start_postgres()
        self.owner_url = self._url("sallyport")
        self._run(str(SALLYPORT), "migrate", env={"SALLYPORT_MIGRATE_DATABASE_URL": self.owner_url})
        self.sql((ROOT / "db" / "roles" / "postgres.sql").read_text())
        self.auth = self._start_auth(config)

    def _url(self, role: str) -> str:
        return f"postgresql://{role}@127.0.0.1:{self.postgres.port}/postgres?sslmode=disable"

    @staticmethod
    def _run(*command: str, env: dict[str, str] | None = None, text: str | None = None) -> str:
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=60, check=False, input=text,
                              env={**os.environ, **(env or {})})
        if done.returncode != 0:
            raise BenchError(f"{command[0]} failed: {done.stdout}{done.stderr}")
        return done.stdout

    def _start_postgres(self) -> Server:
        """Without fsync: the disk would hide what the programs cost."""
        folder, port = self.place("postgres")
        data, prefix = folder / "data", []
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
            prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig", "INT"]
        self._run(*prefix, postgres_program("initdb"), "-D", str(data), "-U", "sallyport", "-A", "trust", "-N", "--locale=C.UTF-8")
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "autovacuum": "off",
                    "max_connections": "60", "shared_buffers": "128MB"}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        server = self.keep(start("postgres", [*prefix, postgres_program("postgres"), "-D", str(data), "-p", str(port), *words], port,
                                 folder))
        for _ in range(200):
            server.check_alive()
            ready = subprocess.run([postgres_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)], timeout=10, check=False)
            if ready.returncode == 0:
                return server
        raise BenchError(f"postgres did not answer:\n{server.tail()}")

    def sql(self, text: str) -> list[str]:
        """Runs statements as the owner; the rows, a line each, columns divided by |."""
        return self._run(*self.psql(), "-Atq", "-f", "-", text=text).splitlines()

    def psql(self, role: str = "sallyport") -> list[str]:
        return [postgres_program("psql"), "-h", "127.0.0.1", "-p", str(self.postgres.port), "-U", role, "-d", "postgres", "-X",
                "-v", "ON_ERROR_STOP=1"]

    def _start_auth(self, config: dict[str, object]) -> Server:
        folder, port = self.place("auth")
        settings = {"listen": f"127.0.0.1:{port}", "issuer": ISSUER, "audience": AUDIENCE, "drain": "0s", **config}
        (folder / "auth.yaml").write_text("".join(f"{name}: {value}\n" for name, value in settings.items()))
        environment = {
            "SALLYPORT_REDIS_URL": f"redis://127.0.0.1:{self.redis.port}", "SALLYPORT_DATABASE_URL": self._url("sallyport_auth"),
            "SALLYPORT_ACCESS_TOKEN_KEYS": _secret("at1:EdDSA:"), "SALLYPORT_REFRESH_TOKEN_KEYS": _secret("rt1:"),
            "SALLYPORT_LOOKUP_PEPPER": _secret(), "SALLYPORT_DEVICE_COOKIE_KEYS": _secret("dc1:"),
            "SALLYPORT_CURSOR_KEYS": _secret("cu1:")}
        command = [str(SALLYPORT), "auth", "--config", str(folder / "auth.yaml")]
        server = self.keep(start("auth", command, port, folder, environment))
        server.wait_ready("/health/ready", lambda status: status == 200)
        return server

    def post(self, path: str, body: dict[str, str], wanted: int) -> dict[str, object]:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.auth.port, timeout=20)
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status != wanted:
            raise BenchError(f"{path} answered {response.status}: {text[:200]!r}")
        return json.loads(text)

    def register(self, email: str) -> str:
        self.post("/auth/register", {"email": email, "password": PASSWORD}, 201)
        return email

    def login(self, email: str) -> dict[str, object]:
        return self.post("/auth/login", {"email": email, "password": PASSWORD}, 200)

    def file(self, lines: Sequence[str]) -> Path:
        """A file for the load script."""
        handle, name = tempfile.mkstemp(dir=self.folder)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in lines))
        return Path(name)


@dataclass(frozen=True)
class Loaded:
    """What one run of wrk with the script saw."""

    result: WrkResult
    slowest_ms: float
    statuses: dict[int, int] = field(default_factory=dict)

    def check(self, *allowed: int) -> Loaded:
        wrong = {status: count for status, count in self.statuses.items() if status not in allowed}
        if wrong or self.result.socket_errors or not self.result.requests:
            raise BenchError(f"answers {self.statuses}, {self.result.socket_errors} socket errors, wanted only {allowed}")
        return self


def load(port: int, path: str, seconds: float, connections: int, words: Sequence[object], threads: int = 1) -> Loaded:
    """wrk with conf/identity.lua; `words` are its arguments."""
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "20s", "--latency", "-s", str(SCRIPT),
               f"http://127.0.0.1:{port}{path}", "--", *map(str, words)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 40, check=False,
                              preexec_fn=die_with_parent(signal.SIGKILL))
    except FileNotFoundError as error:
        raise BenchError("wrk is missing; run script/bootstrap bench") from error
    if done.returncode != 0:
        raise BenchError(f"wrk failed: {done.stdout}{done.stderr}")
    statuses = {int(status): int(count) for status, count in re.findall(r"(\d+)=(\d+)", re.search(r"^statuses(.*)$", done.stdout, re.M)[1])}
    return Loaded(parse_wrk(done.stdout), float(re.search(r"^slowest ([\d.]+) ms$", done.stdout, re.M)[1]), statuses)
