"""Starting servers that die with the harness, and reading what they cost from /proc."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class BenchError(Exception):
    """A run that cannot go on; the message is for the person who started it."""


def raise_file_limit() -> int:
    """Lifts the soft limit of open files to the hard one (children inherit it) and returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def die_with_parent(signal_number: int) -> Callable[[], None]:
    """A preexec function: the kernel sends the child `signal_number` when the harness is gone, however it went."""
    parent = os.getpid()

    def prepare() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def free_ports(count: int) -> list[int]:
    """Distinct ports that were free a moment ago, below the range the kernel gives to outgoing connections."""
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports: list[int] = []
    candidate = 10000 + os.getpid() % 10000
    while len(ports) < count:
        candidate += 1
        if candidate >= min(low, 32768):
            candidate = 10000
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
        ports.append(candidate)
    return ports


def descendants(pid: int) -> list[int]:
    """`pid` and every living process below it."""
    found, queue = [], [pid]
    while queue:
        current = queue.pop()
        found.append(current)
        try:
            for task in os.listdir(f"/proc/{current}/task"):
                children = Path(f"/proc/{current}/task/{task}/children").read_text()
                queue.extend(int(child) for child in children.split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def process_seconds(pid: int) -> float:
    """User and system CPU of one process with all its threads, 0 when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def machine_seconds() -> float:
    """CPU of the whole machine that was not idle (steal included), since boot."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _iowait, irq, softirq, steal = (int(value) for value in fields[:8])
    return (user + nice + system + irq + softirq + steal) / _TICKS


def harness_seconds() -> float:
    """CPU of this process and of its children that have ended (the load tools)."""
    own, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def memory_kib(pids: Iterable[int], key: str) -> int:
    """Sum of one field of /proc/PID/status (VmHWM, RssAnon, …), KiB."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                total += int(line.split()[1])
    return total


def cpu_of(servers: Iterable[Server]) -> float:
    """CPU seconds of all processes of these servers."""
    return sum(server.cpu_seconds() for server in servers)


def answers(port: int, path: str, source: str = "127.0.0.1") -> int:
    """The status of one GET on a connection of its own; 0 when there was no HTTP answer."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5, source_address=(source, 0)) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            head = connection.recv(4096)
    except OSError:
        return 0
    return int(head[9:12]) if head.startswith(b"HTTP/1.1 ") else 0


@dataclass
class Server:
    """One started program and all its processes."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    folder: Path
    logs: list[Path] = field(default_factory=list)

    def pids(self) -> list[int]:
        return descendants(self.process.pid)

    def cpu_seconds(self) -> float:
        return sum(process_seconds(pid) for pid in self.pids())

    def check_alive(self) -> None:
        if self.process.poll() is not None:
            raise BenchError(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")

    def tail(self, lines: int = 15) -> str:
        """The end of what it wrote, for error messages."""
        parts = []
        for path in [self.folder / "output.log", self.folder / "error.log"]:
            if path.exists():
                parts += path.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join(parts)

    def truncate_logs(self) -> None:
        """Every log is opened for appending, so that it can be emptied between rounds."""
        for path in self.logs:
            if path.exists():
                os.truncate(path, 0)

    def wait_ready(self, path: str, accept: Callable[[int], bool], seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while True:
            self.check_alive()
            if accept(answers(self.port, path)):
                return
            if time.monotonic() > end:
                raise BenchError(f"{self.name} was not ready in {seconds:.0f} s:\n{self.tail()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Asks, and insists after a second. It was started as the leader of a process group of its own."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def start(name: str, command: Sequence[str], port: int, folder: Path, env: dict[str, str] | None = None) -> Server:
    """Starts a server with its output appended to `folder`/output.log. SIGTERM on our death: nginx's master then stops its workers."""
    with open(folder / "output.log", "ab") as output:
        try:
            process = subprocess.Popen(
                list(command), cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={**os.environ, **(env or {})}, start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM))  # noqa: PLW1509 - the harness has one thread
        except FileNotFoundError as error:
            raise BenchError(f"{name}: {error.filename} is missing; run script/bootstrap bench") from error
    logs = [folder / "output.log", folder / "access.log"]
    return Server(name, process, port, folder, logs)
