"""All services as processes of their own with every secret known, and a record of all that they write, store and answer."""

import base64
import json
import os
import secrets
import socket
import sqlite3
import subprocess
import tempfile
import threading

from harness import (JSON, PLENTY, AdminService, AuthService, Broken, Gateway, PaymentsService, Postgres, RawClient, Redis,
                     SqliteDatabase, Upstream, answer, eventually, policy, route)
from harness.identity_provider import encode
from harness.needles import Evidence, Needles
from harness.redis import RespClient

DEBUG = {"log_level": "debug"}


def fresh_password():
    """One that every encoding changes."""
    return f'{secrets.token_urlsafe(12)} "é\\{secrets.token_urlsafe(12)}\'+/&=%{secrets.token_urlsafe(12)}'


class CardProcessor:
    """Answers as the sandbox does: an amount that ends in 06 has no answer, one in 09 a 503, one in 01 is declined."""

    def __init__(self):
        self.server = Upstream(self._behave)
        self.url = f"http://{self.server.host}"
        self.key = secrets.token_urlsafe(33)

    def _behave(self, connection, request):
        operation = request.get("idempotency-key") or request.target.rpartition("/")[2]
        ending = json.loads(request.body).get("amount", 0) % 100 if request.body.startswith(b"{") else 0
        if ending == 6:
            return False
        if ending == 9:
            return answer(503)(connection, request)
        body = {"operation_id": operation, "status": "declined" if ending == 1 else "succeeded",
                "reference": "ref-" + operation, "failure_code": "card_declined"}
        return answer(200, [JSON], json.dumps(body).encode())(connection, request)

    def close(self):
        self.server.close()


class OnPostgres:
    """A server that wants passwords and logs every statement with its parameters."""

    def __init__(self, needles):
        self.server = Postgres()
        self.passwords = {}
        for role in ("sallyport_auth", "sallyport_admin", "sallyport_payments"):
            self.passwords[role] = secrets.token_urlsafe(24)
            needles.add(f"database password of {role}", self.passwords[role])
            self.server.query(f"ALTER ROLE {role} PASSWORD '{self.passwords[role]}'")
        with open(os.path.join(self.server.data, "pg_hba.conf"), "w", encoding="ascii") as file:
            file.write("host all sallyport 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        # Only now: what stands in the log so far is the test's own.
        self.log_start = len(self.server.log)
        for setting in ("log_statement = 'all'", "log_min_duration_statement = 0", "log_min_error_statement = error",
                        "log_connections = on", "log_error_verbosity = verbose", "log_parameter_max_length_on_error = -1"):
            self.server.query(f"ALTER SYSTEM SET {setting}")
        self.server.query("SELECT pg_reload_conf()")
        self.owner_url = self.server.owner_url

    def url_of(self, service):
        role = f"sallyport_{service}"
        return self.server.url_of(f"{role}:{self.passwords[role]}")

    def broken_statements(self, table):
        """Every insert into the table fails; a context manager. Its rows are in the server's message."""
        return _Undone(self.server.query, f"ALTER TABLE {table} ADD CONSTRAINT e2e_refused CHECK (false) NOT VALID",
                       f"ALTER TABLE {table} DROP CONSTRAINT e2e_refused")

    def locked(self):
        return self.server.hold("LOCK TABLE users, sessions, payments, audit_events IN ACCESS EXCLUSIVE MODE")

    def away(self):
        return _Undone(lambda act: act(), self.server.kill, self.server.start)

    @property
    def outages(self):
        return [self.locked, self.away]

    def column(self, sql):
        return self.server.query(sql)

    def evidence(self, evidence):
        dump = self.server._run("pg_dump", "-h", "127.0.0.1", "-p", str(self.server.port), "-U", "sallyport", "--inserts",
                                "postgres")
        evidence.add("the database", dump)
        evidence.add("PostgreSQL's log", self.server.log[self.log_start:])

    def close(self):
        self.server.close()


class OnSqlite:
    """One file for all services."""

    def __init__(self, _needles):
        self.file = SqliteDatabase()
        self.owner_url = self.file.url
        self.path = self.file.url.removeprefix("sqlite:")

    def url_of(self, _service):
        return self.file.url

    def _execute(self, sql):
        with sqlite3.connect(self.path, timeout=20) as connection:
            rows = connection.execute(sql).fetchall()
        connection.close()
        return rows

    def broken_statements(self, table):
        return _Undone(self._execute, f"CREATE TRIGGER e2e_refused BEFORE INSERT ON {table} "
                                      "BEGIN SELECT RAISE(ABORT, 'refused'); END", "DROP TRIGGER e2e_refused")

    def locked(self):
        connection = sqlite3.connect(self.path, timeout=20, isolation_level=None)

        def release(_):
            connection.execute("ROLLBACK")
            connection.close()
        return _Undone(lambda act: act(connection), lambda held: held.execute("BEGIN EXCLUSIVE"), release)

    @property
    def outages(self):
        return [self.locked]

    def column(self, sql):
        return [row[0] for row in self._execute(sql)]

    def evidence(self, evidence):
        """The bytes of the file, its free pages and its log, and all rows as text."""
        folder = os.path.dirname(self.path)
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as file:
                evidence.add("the database", file.read())
        with sqlite3.connect(self.path, timeout=20) as connection:
            evidence.add("the database", "\n".join(connection.iterdump()))
        connection.close()

    def close(self):
        self.file.close()


class _Undone:
    def __init__(self, act, do, undo):
        self.act, self.do, self.undo = act, do, undo

    def __enter__(self):
        self.act(self.do)

    def __exit__(self, *_):
        self.act(self.undo)


class RedisWatch:
    """All that a Redis server is asked, as MONITOR tells it."""

    def __init__(self, redis):
        self.client = RespClient(redis.port, redis.password)
        self.client.command("MONITOR")
        self.client.socket.settimeout(None)
        self.seen = bytearray()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        try:
            while line := self.client.file.readline():
                self.seen += line
        except (OSError, ValueError):
            pass

    def close(self):
        try:
            self.client.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the server went first
        self.thread.join(5)
        self.client.close()
        return bytes(self.seen)


_READERS = {"string": ("GET",), "hash": ("HGETALL",), "list": ("LRANGE", 0, -1), "set": ("SMEMBERS",),
            "zset": ("ZRANGE", 0, -1, "WITHSCORES")}


def redis_evidence(redis, evidence):
    for key in redis.keys():
        name = key.encode("latin-1")
        command, *rest = _READERS[redis.command("TYPE", name)]
        for value in (key, redis.command("DUMP", name), redis.command(command, name, *rest)):
            text = value if isinstance(value, str) else "\n".join(map(str, value or ()))
            evidence.add("Redis", text.encode("latin-1", "replace"))


class Scene:
    """`sends` goes through the gateway; whatever is answered, but for the tokens that an answer is there to give, is evidence."""

    def __init__(self, make_database):
        self.needles, self.evidence, self._undo = Needles(), Evidence(), []
        self.database = self._kept(make_database(self.needles))
        redis_password = secrets.token_urlsafe(24)
        self.needles.add("Redis password", redis_password)
        self.redis_folder = self._kept(_Folder())
        self.redis_log = os.path.join(self.redis_folder.name, "redis.log")
        self.redis = self._kept(Redis("--logfile", self.redis_log, "--loglevel", "debug", password=redis_password))
        self.watch = RedisWatch(self.redis)
        self.app = self._kept(Upstream(answer(200, body=b"served")))
        self.processor = self._kept(CardProcessor())
        self.programs = {}
        self._start()

    def _kept(self, thing):
        self._undo.append(thing.close)
        return thing

    def _start(self):
        auth = self.programs["auth"] = AuthService(self.redis.url, self.database.url_of("auth"), DEBUG)
        auth.wait_listening()
        self.programs["admin"] = AdminService(auth, self.redis.url, self.database.url_of("admin"), DEBUG,
                                              {"SALLYPORT_CURSOR_KEYS": "ca1:" + encode(os.urandom(32))})
        self.programs["payments"] = PaymentsService(auth, self.redis.url, self.database.url_of("payments"), self.processor,
                                                    {**DEBUG, "processor_timeout": "2s", "processor_try_timeout": "500ms"},
                                                    {"SALLYPORT_CURSOR_KEYS": "cp1:" + encode(os.urandom(32))})
        for name in ("admin", "payments"):
            self.programs[name].wait_listening()
        self.gateway = self.programs["gateway"] = Gateway(self._gateway_config(), self.redis.url)
        self.gateway.wait_listening()
        self.gateway.variables = {"SALLYPORT_REDIS_URL": self.redis.url}
        for name, program in self.programs.items():
            program.config_file = os.path.join(program.folder.name, f"{name}.yaml")
            for variable, value in program.variables.items():
                if not variable.endswith("_URL"):
                    self.add_key(f"{variable} of {name}", value)
        self.wait_ready()

    def add_key(self, name, value):
        material = value.rpartition(":")[2]
        self.needles.add(name, material)
        try:
            self.needles.add(name, base64.urlsafe_b64decode(material + "=" * (-len(material) % 4)))
        except ValueError:
            pass  # no base64: a text as the processor issued it

    def _gateway_config(self):
        hosts = {name: "{}:{}".format(*self.programs[name].address) for name in ("auth", "admin", "payments")}
        return {
            "listen": "127.0.0.1:0", "threads": 2, "instances": 1, "internal_access": ["127.0.0.0/8", "::1/128"],
            "issuer": AuthService.DEFAULTS["issuer"], "audience": AuthService.DEFAULTS["audience"], "drain": "0s",
            "jwks_url": f"http://{hosts['auth']}/.well-known/jwks.json", **DEBUG,
            "rate_limits": {"global": policy(PLENTY), "auth": policy(PLENTY, group="route")},
            "upstreams": {**{name: {"hosts": [host]} for name, host in hosts.items()},
                          "app": {"hosts": [self.app.host], "timeout": "500ms"}},
            "routes": [route("/auth/*", "auth"), route("/.well-known/jwks.json", "auth"),
                       route("/payments/*", "payments", auth="required", revocation="strict_writes"),
                       route("/admin/*", "admin", auth="required", role="admin"),
                       route("/shop/*", auth="optional"), route("/open/*")],
        }

    def wait_ready(self):
        for name, program in self.programs.items():
            eventually(lambda program=program: self._internal(program, "/health/ready").status == 200, f"{name} is ready", 20)
        eventually(lambda: self.sends("GET", "/payments", token="x.y.z").status == 401, "the keys are there", 20)

    def _internal(self, program, target):
        with RawClient(program.address) as client:
            return client.request("GET", target)

    # What clients do.

    def sends(self, method, target, body=None, token=None, fields=(), secret_answer=False):
        fields = list(fields)
        if token:
            fields.append(("Authorization", f"Bearer {token}"))
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        if body is not None and not any(name.lower() == "content-type" for name, _ in fields):
            fields.append(JSON)
        with RawClient(self.gateway.address, None, 20) as client:
            response = client.request(method, target, fields, body or b"")
        self._record(response, secret_answer)
        return response

    def sends_bytes(self, data, reset=False):
        """Exactly these, then the end; what came back until then."""
        with RawClient(self.gateway.address, None, 5) as client:
            client.send(data)
            if reset:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                return b""
            client.socket.shutdown(socket.SHUT_WR)
            try:
                answered = client.rest_until_end(5)
            except (TimeoutError, Broken):
                answered = bytes(client.buffer)
        self.evidence.add("answers", answered)
        return answered

    def _record(self, response, secret_answer):
        """secret_answer: the one that is there to give tokens."""
        told = response.body.decode("utf-8", "replace") + "\n" + "\n".join(f"{n}: {v}" for n, v in response.fields)
        if secret_answer and response.status == 200:
            given = response.json()
            for name in ("access_token", "refresh_token"):
                if given.get(name):
                    self.add_token(name, given[name])
                    told = told.replace(given[name], "")
            for line in response.all("set-cookie"):
                if value := line.partition("=")[2].partition(";")[0]:
                    self.needles.add("cookie " + line.partition("=")[0], value.rpartition(".")[2])
                    told = told.replace(value, "")
        self.evidence.add("answers", told)

    def add_token(self, name, token):
        """Only what is secret of it: a header and many claims are the same in all."""
        self.needles.add(name, token.rpartition(".")[2])

    # What was written.

    def redis_now(self):
        redis_evidence(self.redis, self.evidence)

    def redis_written(self):
        self.redis_now()
        self.evidence.add("what Redis was asked", self.watch.close())

    def restart_redis(self):
        self.redis.start()
        self.watch = RedisWatch(self.redis)

    def internal_pages(self):
        for name, program in self.programs.items():
            for target in ("/metrics", "/health/ready", "/health"):
                response = self._internal(program, target)
                self.evidence.add(f"{target} of {name}", response.body)
        for target in ("/metrics", "/health/ready", "/.well-known/jwks.json", "/docs"):
            self.evidence.add("answers", self._internal(self.gateway, target).body)

    def runs(self, *words, env=None, stdin=b""):
        """A command that ends by itself; (exit status, output)."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SALLYPORT_")}
        done = subprocess.run([os.environ["SALLYPORT_BIN"], *words], input=stdin, capture_output=True, timeout=30,
                              env={**clean, **(env or {})})
        self.evidence.add("output of commands", done.stdout + done.stderr)
        return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")

    def stop(self):
        """SIGTERM to all; the exit statuses by name. Then everything that they wrote is evidence."""
        for name, program in self.programs.items():
            with open(f"/proc/{program.process.pid}/cmdline", "rb") as file:
                self.evidence.add("command lines", file.read())
        statuses = {}
        for name in ("gateway", "payments", "admin", "auth"):
            program = self.programs[name]
            program.terminate()
            statuses[name] = program.wait(20)
            self.evidence.add(f"output of {name}", program.output)
            for folder, _, files in os.walk(program.folder.name):
                for file in files:
                    with open(os.path.join(folder, file), "rb") as opened:
                        self.evidence.add(f"files of {name}", opened.read())
        self.redis_written()
        with open(self.redis_log, "rb") as file:
            self.evidence.add("Redis's log", file.read())
        for request in self.processor.server.requests:
            self.evidence.add("what the processor got", request.head + request.body)
        return statuses

    def close(self):
        for program in self.programs.values():
            program.close()
        for undo in reversed(self._undo):
            undo()


class _Folder(tempfile.TemporaryDirectory):
    def close(self):
        self.cleanup()
