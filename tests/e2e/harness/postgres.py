"""A private PostgreSQL server on a loopback port, as an unprivileged user."""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from .auth import migrate
from .waiting import eventually, free_port

ROLES = Path(__file__).parents[3] / "db" / "roles" / "postgres.sql"


def _program(name):
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    if not found:
        raise RuntimeError(f"{name} is not installed")
    return found[-1]


class Postgres:
    """The server process, with one migrated database and the run roles of the services. `url` is for the auth service's role.
    It keeps its port and its data over kill and restart. `settings` are more of postgresql.conf, (name, value) each;
    `certificates`: the port speaks TLS as well."""

    def __init__(self, settings=(), certificates=None):
        self.settings = [("listen_addresses", "127.0.0.1"), ("fsync", "off"), ("unix_socket_directories", ""),
                         ("max_connections", "40"), *settings]
        self.folder = tempfile.mkdtemp(prefix="sallyport-pg-")
        self.data = os.path.join(self.folder, "data")
        # PostgreSQL refuses to run as root.
        self.prefix, self.user = [], pwd.getpwuid(os.getuid()).pw_name
        if os.getuid() == 0:
            self.user = "postgres"
            shutil.chown(self.folder, self.user)
            self.prefix = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]
        self.process = None
        if certificates:
            self._use(certificates)
        self._run("initdb", "-D", self.data, "-U", "sallyport", "-A", "trust", "-N", "--locale=C.UTF-8")
        self.port = free_port()
        self.owner_url = self.url_of("sallyport")
        self.url = self.url_of("sallyport_auth")
        self.start()
        migrate(self.owner_url)
        self._run("psql", *self._psql(), "-f", "-", stdin=ROLES.read_text(encoding="utf-8"))

    def url_of(self, role, host="127.0.0.1", parameters="sslmode=disable"):
        return f"postgresql://{role}@{host}:{self.port}/postgres?{parameters}"

    def _use(self, certificates):
        for name, source in (("server.key", certificates.key), ("server.pem", certificates.certificate)):
            path = shutil.copy(source, os.path.join(self.folder, name))
            os.chmod(path, 0o600)
            shutil.chown(path, self.user)
        self.settings += [("ssl", "on"), ("ssl_key_file", f"{self.folder}/server.key"),
                          ("ssl_cert_file", f"{self.folder}/server.pem")]

    def _run(self, program, *words, stdin=None):
        command = [*self.prefix, _program(program), *words]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=60, input=stdin)
        if done.returncode != 0:
            raise RuntimeError(f"{program} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def start(self):
        words = [word for name, value in self.settings for word in ("-c", f"{name}={value}")]
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen([*self.prefix, _program("postgres"), "-D", self.data, "-p", str(self.port), *words],
                                            cwd="/", stdout=log, stderr=log)
        eventually(self._answers, "postgres answers", 20)

    def _answers(self):
        if self.process.poll() is not None:
            raise OSError(f"postgres ended at once: {self.log[-2000:]}")
        words = ["-h", "127.0.0.1", "-p", str(self.port), "-q"]
        return subprocess.run([_program("pg_isready"), *words], timeout=10).returncode == 0

    @property
    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def _psql(self, user="sallyport"):
        return ["-h", "127.0.0.1", "-p", str(self.port), "-U", user, "-d", "postgres", "-X", "-v", "ON_ERROR_STOP=1"]

    def query(self, sql, user="sallyport"):
        """The rows of a statement, a line each, columns divided by |."""
        return self._run("psql", *self._psql(user), "-Atc", sql).splitlines()

    def hold(self, sql):
        """Runs statements in a transaction that stays open for as long as the result is: a context manager."""
        return _Held([*self.prefix, _program("psql"), *self._psql(), "-Atq"], sql)

    def hold_writes(self):
        """Nobody's changes of tokens get done meanwhile: a context manager."""
        return self.hold("LOCK TABLE refresh_tokens IN EXCLUSIVE MODE")

    def kill(self):
        if self.process:
            self.process.send_signal(signal.SIGQUIT)  # at once, with all its children
            self.process.wait(20)

    def crash(self):
        """kill -9 for the server and all its children."""
        pid = self.process.pid
        os.kill(pid, signal.SIGSTOP)  # first: a dead server's children could not be found any more
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = [int(word) for word in file.read().split()]
        for child in (*children, pid):
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(20)
        eventually(lambda: not any(_lives(child) for child in children), "its children are gone", 10)

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def _lives(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class _Held:
    """psql inside a transaction."""

    def __init__(self, command, sql):
        self.command, self.sql, self.process = command, sql, None

    def __enter__(self):
        self.process = subprocess.Popen(self.command, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(f"BEGIN;\n{self.sql};\n\\echo held\n")
        self.process.stdin.flush()
        while (line := self.process.stdout.readline()) != "held\n":
            if not line:
                raise RuntimeError("psql ended")
        return self

    def __exit__(self, *_):
        self.process.communicate("ROLLBACK;\n", timeout=20)
