"""A private PostgreSQL server on a loopback port, as an unprivileged user."""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile

from .auth import migrate
from .waiting import eventually, free_port


def _program(name):
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    if not found:
        raise RuntimeError(f"{name} is not installed")
    return found[-1]


class Postgres:
    """The server process, with one migrated database. It keeps its port and its data over kill and restart."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="sallyport-pg-")
        self.data = os.path.join(self.folder, "data")
        # PostgreSQL refuses to run as root.
        self.prefix, self.user = [], pwd.getpwuid(os.getuid()).pw_name
        if os.getuid() == 0:
            self.user = "postgres"
            shutil.chown(self.folder, self.user)
            self.prefix = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]
        self.process = None
        self._run("initdb", "-D", self.data, "-U", "sallyport", "-A", "trust", "-N", "--locale=C.UTF-8")
        self.port = free_port()
        self.url = f"postgresql://sallyport@127.0.0.1:{self.port}/postgres?sslmode=disable"
        self.start()
        migrate(self.url)

    def _run(self, program, *words):
        command = [*self.prefix, _program(program), *words]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"{program} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def start(self):
        words = ["-D", self.data, "-p", str(self.port), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        words += ["-c", "unix_socket_directories=", "-c", "max_connections=40"]
        self.process = subprocess.Popen([*self.prefix, _program("postgres"), *words], cwd="/",
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self._answers, "postgres answers", 20)

    def _answers(self):
        if self.process.poll() is not None:
            raise OSError("postgres ended at once")
        words = ["-h", "127.0.0.1", "-p", str(self.port), "-q"]
        return subprocess.run([_program("pg_isready"), *words], timeout=10).returncode == 0

    def query(self, sql):
        """The rows of a statement, a line each, columns divided by |."""
        words = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "sallyport", "-d", "postgres", "-XAtc", sql]
        return self._run("psql", *words).splitlines()

    def kill(self):
        if self.process:
            self.process.send_signal(signal.SIGQUIT)  # at once, with all its children
            self.process.wait(20)

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
