"""The executable under test: started with a config of the test's own, watched, and ended."""

import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time

from .waiting import eventually

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./*-]*|[0-9]+(ms|s|m|h|[KMG]?i?B)")
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
_LISTENING = re.compile(r"listening on http://(\[[0-9a-f:]+\]|[0-9.]+):(\d+)")
_SANITIZER = re.compile(r"ERROR: \w+Sanitizer|runtime error:|WARNING: ThreadSanitizer|assertion", re.I)


def binary():
    path = os.environ.get("SALLYPORT_BIN")
    if not path or not os.access(path, os.X_OK):
        raise RuntimeError(f"SALLYPORT_BIN must name the built executable, not {path!r}")
    return path


def _flow(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_flow(key)}: {_flow(item)}" for key, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value)


def to_yaml(config):
    """YAML in the manner of the documentation: a key a line, flow style below, lists of mappings one item a line."""
    lines = []
    for key, value in config.items():
        if isinstance(value, dict):
            lines += [f"{key}:"] + [f"  {_flow(name)}: {_flow(item)}" for name, item in value.items()]
        elif isinstance(value, (list, tuple)) and value and isinstance(value[0], dict):
            lines += [f"{key}:"] + [f"  - {_flow(item)}" for item in value]
        else:
            lines.append(f"{key}: {_flow(value)}")
    return "\n".join(lines) + "\n"


class Program:
    """One run of the executable in an empty working folder. `out` and `err` hold the lines so far."""

    def __init__(self, *words, env=None, folder=None):
        self.folder = folder or tempfile.TemporaryDirectory(prefix="sallyport-e2e-")
        self.working_folder = os.path.join(self.folder.name, "work")
        os.mkdir(self.working_folder)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SALLYPORT_")}
        clean.update(env or {})
        self.out, self.err = [], []
        self.process = subprocess.Popen(
            [binary(), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.working_folder,
            env=clean,
            text=True,
            errors="replace",
        )
        self.readers = [
            threading.Thread(target=self._collect, args=pair, daemon=True)
            for pair in ((self.process.stdout, self.out), (self.process.stderr, self.err))
        ]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def _collect(stream, lines):
        with stream:
            for line in stream:
                lines.append(line.rstrip("\n"))

    @property
    def output(self):
        return "\n".join([*self.out, *self.err])

    def addresses(self):
        """(host, port) of each listener that has said it is listening."""
        found = []
        for line in list(self.out):
            if match := _LISTENING.search(line):
                found.append((match[1].strip("[]"), int(match[2])))
        return found

    def wait_listening(self, listeners=1, timeout=20.0):
        def ready():
            if self.process.poll() is not None:
                self.wait(5)
                raise AssertionError(f"ended with {self.process.returncode} before it listened:\n{self.output}")
            return len(self.addresses()) >= listeners

        eventually(ready, lambda: f"listening; it said:\n{self.output}", timeout)
        return self

    @property
    def address(self):
        return self.addresses()[0]

    def signal(self, number):
        self.process.send_signal(number)

    def terminate(self):
        self.signal(signal.SIGTERM)

    def wait(self, timeout):
        """The exit status, after all output has been read. AssertionError when the program still runs."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout} s:\n{self.output[-3000:]}") from None
        for reader in self.readers:
            reader.join(5)
        return status

    def records(self):
        """The JSON lines of the log."""
        found = []
        for line in list(self.err):
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict):
                found.append(record)
        return found

    def access_log(self, **wanted):
        """Access-log records whose keys have the wanted values."""
        return [
            record
            for record in self.records()
            if "total_us" in record and all(record.get(key) == value for key, value in wanted.items())
        ]

    def access_record(self, **wanted):
        """The one such record; it may come a moment after the answer."""
        found = eventually(
            lambda: self.access_log(**wanted),
            lambda: f"an access record with {wanted}; the log ends:\n" + "\n".join(self.err[-10:]),
            5,
        )
        if len(found) != 1:
            raise AssertionError(f"{len(found)} access records with {wanted}: {found}")
        return found[0]

    def close(self):
        """Ends the program if it still runs. Returns what was wrong with it, or None."""
        early = self.process.poll()
        self.process.kill()
        self.wait(10)
        self.folder.cleanup()
        if early is not None and early < 0:
            return f"was ended by signal {-early}:\n{self.output[-3000:]}"
        if complaint := next((line for line in list(self.err) if _SANITIZER.search(line)), None):
            return f"complained: {complaint}\n{self.output[-3000:]}"
        return None


class Gateway(Program):
    """`sallyport gateway` with `config` (a dict, or YAML text)."""

    def __init__(self, config, redis_url, extra_env=None):
        folder = tempfile.TemporaryDirectory(prefix="sallyport-e2e-")
        self.config_file = os.path.join(folder.name, "gateway.yaml")
        with open(self.config_file, "w", encoding="utf-8") as file:
            file.write(config if isinstance(config, str) else to_yaml(config))
        env = {"SALLYPORT_REDIS_URL": redis_url} if redis_url else {}
        super().__init__("gateway", "--config", self.config_file, env={**env, **(extra_env or {})}, folder=folder)


def run(*words, env=None, timeout=20):
    """Runs to the end; returns (exit status, stdout, stderr, seconds)."""
    start = time.monotonic()
    program = Program(*words, env=env)
    try:
        status = program.wait(timeout)
        return status, "\n".join(program.out), "\n".join(program.err), time.monotonic() - start
    finally:
        program.close()
