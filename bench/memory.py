"""User memory: of idle keep-alive connections, and the peak while a gibibyte goes up or down."""

from __future__ import annotations

import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.bars import Bar, idle_bar, transfer_bar
from bench.contenders import BY_NAME, PATH, ROOT, Contender, Lab
from bench.load import Answers, wrk
from bench.measure import say
from bench.processes import BenchError, Server, die_with_parent, memory_kib, start

IDLE_CONNECTIONS = 10_000
TRANSFER_BYTES = 1 << 30
TRANSFER_SECONDS = 120
SETTLE_S = 2.0
_CHUNK = 256 * 1024


@dataclass(frozen=True)
class IdleMemory:
    """Growth of anonymous memory while a crowd is connected."""

    contender: str
    connections: int
    before_kib: int
    during_kib: int

    @property
    def bytes_each(self) -> float:
        return (self.during_kib - self.before_kib) * 1024 / self.connections


@dataclass(frozen=True)
class Transfer:
    """One large body through a contender."""

    contender: str
    direction: str
    peak_kib: int
    seconds: float


def _read_line(process: subprocess.Popen[str], seconds: float) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], seconds)
    return process.stdout.readline().strip() if ready else ""


def idle_memory(lab: Lab, contender: Contender, connections: int = IDLE_CONNECTIONS) -> IdleMemory:
    """Growth of RssAnon for each of `connections` that asked once and then stay. Warmed first, so that pools do not count."""
    server = contender.start(lab, "proxy")
    try:
        wrk(server.port, PATH, 64, 1)
        time.sleep(SETTLE_S)
        before = memory_kib(server.pids(), "RssAnon")
        crowd = subprocess.Popen(
            [sys.executable, "-m", "bench.crowd", str(server.port), PATH, str(connections)], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=die_with_parent(signal.SIGKILL))
        try:
            if _read_line(crowd, 60) != f"open {connections}":
                crowd.kill()
                raise BenchError(f"{contender.name}: {crowd.communicate()[1].strip() or 'the crowd took longer than 60 s'}")
            time.sleep(SETTLE_S)
            during = memory_kib(server.pids(), "RssAnon")
            alive = crowd.communicate("", timeout=30)[0].strip()
            if alive != f"alive {connections}":
                raise BenchError(f"{contender.name} closed idle connections: {alive} of {connections}")
        finally:
            if crowd.poll() is None:
                crowd.kill()
                crowd.wait()
        return IdleMemory(contender.name, connections, before, during)
    finally:
        lab.drop(server)


def _reset_peak(server: Server) -> None:
    for pid in server.pids():
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def _upload(connection: socket.socket, size: int) -> int:
    block = bytes(_CHUNK)
    connection.sendall(b"POST /large HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/octet-stream\r\n"
                       b"Content-Length: %d\r\n\r\n" % size)
    for offset in range(0, size, _CHUNK):
        connection.sendall(block[:min(_CHUNK, size - offset)])
    answers, body = Answers(), b""
    while not answers.feed(data := connection.recv(65536)):
        if not data:
            raise BenchError("the connection closed before the answer to the upload")
        body += data
    if 200 not in answers.statuses:
        raise BenchError(f"the upload was answered {answers.statuses}")
    return int((body + data).rpartition(b"\r\n\r\n")[2])


def _download(connection: socket.socket, size: int) -> int:
    """Reads it all, and stops reading for a second half way: whoever does not push back buffers then."""
    connection.sendall(b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    buffer, head, received, paused = bytearray(_CHUNK), b"", 0, False
    while b"\r\n\r\n" not in head:
        data = connection.recv(65536)
        if not data:
            raise BenchError("the connection closed before the head of the download")
        head += data
    if not head.startswith(b"HTTP/1.1 200 "):
        raise BenchError(f"the download was answered {head[:60]!r}")
    received = len(head.partition(b"\r\n\r\n")[2])
    while count := connection.recv_into(buffer):
        received += count
        if not paused and received > size // 2:
            time.sleep(1)
            paused = True
    return received


def transfers(lab: Lab, contender: Contender, size: int = TRANSFER_BYTES) -> list[Transfer]:
    """Sends `size` bytes up, then down, and reads the peak of resident memory of each."""
    folder, port = lab.place("stream-service")
    service = lab.keep(start("stream-service", [sys.executable, "-m", "bench.stream_service", str(port), str(size)], port, folder,
                             {"PYTHONPATH": str(ROOT)}))
    service.wait_ready("/", lambda status: status == 200)
    server = contender.start(lab, "proxy", UPSTREAM=port, ROUTE_EXTRA=", body_max: 2048MiB, streaming: true")
    results = []
    try:
        for direction, move in (("upload", _upload), ("download", _download)):
            _reset_peak(server)
            began = time.monotonic()
            with socket.create_connection(("127.0.0.1", server.port), timeout=TRANSFER_SECONDS) as connection:
                moved = move(connection, size)
            # A body that went on as chunks was counted with its framing.
            if not size <= moved <= size * 1.01:
                raise BenchError(f"{contender.name}: {moved} of {size} bytes arrived in the {direction}")
            results.append(Transfer(contender.name, direction, memory_kib(server.pids(), "VmHWM"), time.monotonic() - began))
            say(f"{contender.name}: {direction} of {size >> 20} MiB in {results[-1].seconds:.1f} s")
        return results
    finally:
        lab.drop(server)
        lab.drop(service)


def idle_report(results: list[IdleMemory]) -> str:
    lines = [f"  {one.contender:<16} {one.bytes_each:7.0f} B a connection   "
             f"({one.connections} held; RssAnon {one.before_kib} → {one.during_kib} KiB)" for one in results]
    return "\n".join(["Idle keep-alive connections", *lines, ""]) if lines else ""


def transfer_report(results: list[Transfer]) -> str:
    lines = [f"  {one.contender:<16} {one.direction:<9} peak {one.peak_kib / 1024:6.1f} MiB   {one.seconds:5.1f} s"
             for one in results]
    return "\n".join([f"One body of {TRANSFER_BYTES >> 20} MiB, with a reader that stops for a second", *lines, ""]) if lines else ""


def measure_idle(lab: Lab, contenders: list[Contender]) -> tuple[list[IdleMemory], Bar]:
    """Idle memory of each contender that is here, and our bar."""
    results, note = [], "without sallyport"
    for contender in contenders:
        if reason := contender.missing():
            say(f"skipped {contender.name}: {reason}")
            continue
        try:
            results.append(idle_memory(lab, contender))
        except BenchError as error:
            say(str(error))
            note = str(error) if contender.ours else note
    ours = next((one.bytes_each for one in results if one.contender == "sallyport"), None)
    return results, idle_bar(ours, IDLE_CONNECTIONS, "" if ours is not None else note)


def measure_transfers(lab: Lab, contenders: list[Contender]) -> tuple[list[Transfer], list[Bar]]:
    """Peaks of each contender that is here, and our bars."""
    results: list[Transfer] = []
    note = "without sallyport"
    for contender in contenders:
        if reason := contender.missing():
            say(f"skipped {contender.name}: {reason}")
            continue
        try:
            results += transfers(lab, contender)
        except (BenchError, OSError) as error:
            say(f"{contender.name}: {error}")
            note = str(error) if contender.ours else note
    peaks = {one.direction: one.peak_kib for one in results if one.contender == "sallyport"}
    bars = [transfer_bar(f"{direction} of 1 GiB", peaks.get(direction), "" if direction in peaks else note)
            for direction in ("upload", "download")]
    return results, bars


MEMORY_CONTENDERS = [BY_NAME["sallyport"], BY_NAME["nginx-proxy"]]
