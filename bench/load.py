"""Load: wrk for throughput, an open-loop paced client for latency, a small closed-loop client for exact request counts."""

from __future__ import annotations

import ctypes
import gc
import os
import re
import select
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from bench.processes import BenchError, die_with_parent

_libc = ctypes.CDLL(None, use_errno=True)
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}


@dataclass(frozen=True)
class WrkResult:
    """What wrk reports of one run."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    not_2xx: int
    socket_errors: int


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    return float(number) * _UNITS[unit]


def parse_wrk(text: str) -> WrkResult:
    """Reads wrk --latency's report; BenchError when it is not one."""
    total = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m),", text)
    latency = {key: _milliseconds(value) for key, value in re.findall(r"^\s+(50|99)%\s+([\d.]+(?:us|ms|s|m))$", text, re.M)}
    if total is None or len(latency) != 2:
        raise BenchError(f"wrk did not report:\n{text}")
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    return WrkResult(
        requests=int(total[1]), seconds=_milliseconds(total[2] + total[3]) / 1000,
        p50_ms=latency["50"], p99_ms=latency["99"],
        not_2xx=int(bad[1]) if bad else 0,
        socket_errors=sum(int(count) for count in errors.groups()) if errors else 0)


def wrk(port: int, path: str, connections: int, seconds: float) -> WrkResult:
    """One closed-loop run with one thread. wrk takes whole seconds."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency", f"http://127.0.0.1:{port}{path}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 20, check=False,
                              preexec_fn=die_with_parent(signal.SIGKILL))
    except FileNotFoundError as error:
        raise BenchError("wrk is missing; run script/bootstrap bench") from error
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"wrk did not end in {seconds + 20:.0f} s against port {port}") from error
    if done.returncode != 0:
        raise BenchError(f"wrk failed: {done.stdout}{done.stderr}")
    return parse_wrk(done.stdout)


class Answers:
    """Splits one connection's bytes into answers that carry a Content-Length, and counts them by status."""

    def __init__(self) -> None:
        self._buffer = b""
        self.statuses: dict[int, int] = {}

    def feed(self, data: bytes) -> int:
        """How many answers these bytes completed."""
        self._buffer = buffer = self._buffer + data if self._buffer else data
        completed = 0
        while buffer:
            head_end = buffer.find(b"\r\n\r\n")
            if head_end < 0:
                break
            head = buffer[:head_end].lower()
            at = head.find(b"\r\ncontent-length:")
            if at >= 0:
                end = head.find(b"\r\n", at + 2)
                size = head_end + 4 + int(head[at + 17:end if end > 0 else head_end])
            elif b"\r\ntransfer-encoding: chunked" in head:
                last = buffer.find(b"0\r\n\r\n", head_end)
                size = last + 5 if last >= 0 else len(buffer) + 1
            else:
                size = head_end + 4
            if len(buffer) < size:
                break
            status = int(buffer[9:12])
            self.statuses[status] = self.statuses.get(status, 0) + 1
            buffer = buffer[size:]
            completed += 1
        self._buffer = buffer
        return completed


def _connect(port: int, count: int) -> list[socket.socket]:
    connections = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=5)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        connections.append(connection)
    return connections


def _request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n".encode()


def closed_loop(port: int, path: str, connections: int, requests: int, seconds: float) -> dict[int, int]:
    """Sends exactly `requests`, one at a time on each connection; the answers by status. BenchError after `seconds`."""
    request, end = _request(path), time.monotonic() + seconds
    sockets = _connect(port, connections)
    poll = select.epoll()
    answers = {connection.fileno(): Answers() for connection in sockets}
    by_fd = {connection.fileno(): connection for connection in sockets}
    sent = done = 0
    try:
        for connection in sockets:
            poll.register(connection.fileno(), select.EPOLLIN)
            if sent < requests:
                connection.send(request)
                sent += 1
        while done < requests:
            if time.monotonic() > end:
                raise BenchError(f"{done} of {requests} answers in {seconds:.0f} s from port {port}")
            for fd, _ in poll.poll(0.2):
                data = by_fd[fd].recv(65536)
                if not data:
                    raise BenchError(f"port {port} closed a connection after {done} answers")
                completed = answers[fd].feed(data)
                done += completed
                for _ in range(completed):
                    if sent < requests:
                        by_fd[fd].send(request)
                        sent += 1
    finally:
        poll.close()
        for connection in sockets:
            connection.close()
    total: dict[int, int] = {}
    for one in answers.values():
        for status, count in one.statuses.items():
            total[status] = total.get(status, 0) + count
    return total


@dataclass(frozen=True)
class PacedResult:
    """Latency at a constant rate, counted from the moment a request was due, whether or not it could be sent then."""

    rate: float
    achieved: float  # answers a second
    p50_ms: float
    p99_ms: float
    late_p99_ms: float  # how late the client sent although a connection was free: the floor of what it can see
    wrong: int          # answers other than 200


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile of sorted values."""
    return values[min(len(values) - 1, int(share * len(values)))]


def _periodic_timer(period_s: float) -> int:
    """A timerfd that fires every `period_s` from now on: epoll's own timeout has only milliseconds."""
    fd = int(_libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK))
    if fd < 0:
        raise OSError(ctypes.get_errno(), "timerfd_create")
    whole, part = int(period_s), int((period_s % 1) * 1e9)
    spec = (ctypes.c_long * 4)(whole, part, whole, part)
    _libc.timerfd_settime(fd, 0, ctypes.byref(spec), None)
    return fd


def paced(port: int, path: str, rate: float, seconds: float, connections: int = 64) -> PacedResult:
    """Open loop: request k is due at k / rate. One that finds every connection busy waits its turn and its latency counts from
    when it was due, so that a stall of the server is seen by all the requests it delayed (no coordinated omission)."""
    request, period = _request(path), 1 / rate
    sockets = _connect(port, connections)
    by_fd = {connection.fileno(): connection for connection in sockets}
    answers = {fd: Answers() for fd in by_fd}
    due_of: dict[int, float] = {}
    idle = deque(by_fd)
    latencies: list[float] = []
    late: list[float] = []
    poll, clock = select.epoll(), time.monotonic
    for fd in by_fd:
        poll.register(fd, select.EPOLLIN)
    total = int(rate * seconds)
    sent, warm, blocked = 0, int(total * 0.1), False
    gc.disable()
    start = clock() + period  # read before the timer starts: it fires just after a request is due, never just before
    timer = _periodic_timer(period)
    poll.register(timer, select.EPOLLIN)
    try:
        while len(latencies) < total and clock() < start + seconds + 2:
            for fd, _ in poll.poll(0.1):
                if fd == timer:
                    os.read(timer, 8)
                    continue
                try:
                    data = by_fd[fd].recv(65536)
                except BlockingIOError:
                    continue
                if not data:
                    raise BenchError(f"port {port} closed a connection during a paced run")
                if answers[fd].feed(data):
                    latencies.append(clock() - due_of.pop(fd))
                    idle.append(fd)
            now = clock()
            while idle and sent < total and (due := start + sent * period) <= now:
                fd = idle.popleft()
                due_of[fd] = due
                by_fd[fd].send(request)
                if not blocked:
                    late.append(now - due)
                sent += 1
            blocked = not idle  # what is sent next waited for the server, not for this client
    finally:
        gc.enable()
        ended = clock()
        os.close(timer)
        poll.close()
        for connection in sockets:
            connection.close()
    # What was due and never came counts as having waited until the end: leaving it out would flatter a stalled server.
    unanswered = [ended - start - number * period for number in range(len(latencies), total)]
    measured = sorted(latencies[warm:] + unanswered)
    wrong = sum(count for one in answers.values() for status, count in one.statuses.items() if status != 200)
    return PacedResult(
        rate=rate, achieved=len(latencies) / max(ended - start, period), p50_ms=percentile(measured, 0.50) * 1000,
        p99_ms=percentile(measured, 0.99) * 1000, late_p99_ms=percentile(sorted(late), 0.99) * 1000, wrong=wrong)
