"""Ten times as many slow requests as the pool has connections: everybody is answered in time, and nothing is left broken."""

from __future__ import annotations

import signal
import subprocess
import threading
import time

from bench import load as paced_load
from bench.bars import Bar
from bench.identity_lab import IdentityLab, Loaded, load, postgres_program
from bench.measure import say
from bench.processes import BenchError, die_with_parent

POOL = 8
CLIENTS = 10 * POOL
SECONDS = 8
HELD_MS, FREE_MS = 300, 20  # the table is locked for most of the time, so that every query is slow
IN_TIME_MS = 2000           # a quarter of a second for a connection, a second for a lock, and the machine's own slowness
MOVED_MS = 10.0  # it shares two cores with the load; one that waited for the pool would move by a quarter of a second


class _Locker:
    """Keeps a table locked, with short pauses: a query then takes up to HELD_MS."""

    def __init__(self, lab: IdentityLab) -> None:
        script = lab.file(["BEGIN;", "LOCK TABLE users IN ACCESS EXCLUSIVE MODE;", f"\\sleep {HELD_MS} ms", "COMMIT;",
                           f"\\sleep {FREE_MS} ms"])
        script.chmod(0o644)
        self.process = subprocess.Popen(
            [postgres_program("pgbench"), "-n", "-h", "127.0.0.1", "-p", str(lab.postgres.port), "-U", "sallyport", "-f", str(script),
             "-T", "120", "postgres"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent(signal.SIGKILL))  # noqa: PLW1509

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


class _Census:
    """How many connections of the service PostgreSQL saw, ten times a second, through one psql."""

    def __init__(self, lab: IdentityLab) -> None:
        query = "SELECT 'connections', count(*) FROM pg_stat_activity WHERE usename = 'sallyport_auth'"
        self.process = subprocess.Popen([*lab.psql(), "-Atq"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=die_with_parent(signal.SIGKILL))  # noqa: PLW1509
        self.process.stdin.write(f"{query} \\watch 0.1\n")
        self.process.stdin.flush()
        self.counts: list[int] = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            if line.startswith("connections|"):
                self.counts.append(int(line.split("|")[1]))

    def stop(self) -> int:
        self.process.terminate()
        self.process.wait(20)
        self.reader.join(5)
        if len(self.counts) < SECONDS:
            raise BenchError(f"PostgreSQL's connections were counted {len(self.counts)} times only")
        return max(self.counts)


def _flood(lab: IdentityLab, tokens: object, results: list[object]) -> None:
    try:
        results.append(load(lab.auth.port, "/auth/me", SECONDS, CLIENTS, ["me", tokens]))
    except BenchError as error:
        results.append(error)


def _health(lab: IdentityLab, seconds: float) -> paced_load.PacedResult:
    result = paced_load.paced(lab.auth.port, "/health", rate=100, seconds=seconds, connections=4)
    if result.wrong:
        raise BenchError(f"/health answered {result.wrong} times other than 200")
    return result


def run() -> list[Bar]:
    """Prints what happened; returns the verdicts."""
    lab = IdentityLab(database_connections=POOL)
    tokens = lab.file([str(lab.login(lab.register("busy@example.test"))["access_token"])])
    load(lab.auth.port, "/auth/me", 1, POOL, ["me", tokens]).check(200)
    before = _health(lab, 3)
    say("the table is being locked")
    census, locker, results = _Census(lab), _Locker(lab), []
    flood = threading.Thread(target=_flood, args=(lab, tokens, results), daemon=True)
    flood.start()
    time.sleep(0.5)  # all are there
    during = _health(lab, SECONDS - 2)
    flood.join()
    locker.stop()
    after = load(lab.auth.port, "/auth/me", 2, POOL, ["me", tokens])
    most = census.stop()
    if isinstance(results[0], BenchError):
        raise results[0]
    flooded = results[0]
    assert isinstance(flooded, Loaded)
    lab.auth.check_alive()
    return report(flooded, before, during, after, most)


def report(flooded: Loaded, before: paced_load.PacedResult, during: paced_load.PacedResult, after: Loaded, most: int) -> list[Bar]:
    rows = [
        ("connections of the pool, clients", f"{POOL}, {CLIENTS}"),
        ("a query takes up to", f"{HELD_MS} ms"),
        ("answers", ", ".join(f"{count} × {status}" for status, count in sorted(flooded.statuses.items()))),
        ("p50, p99, slowest", f"{flooded.result.p50_ms:.0f}, {flooded.result.p99_ms:.0f}, {flooded.slowest_ms:.0f} ms"),
        ("/health p50, p99 before", f"{before.p50_ms:.2f}, {before.p99_ms:.2f} ms"),
        ("/health p50, p99 meanwhile", f"{during.p50_ms:.2f}, {during.p99_ms:.2f} ms"),
        ("most connections PostgreSQL saw", str(most)),
        ("answers afterwards", ", ".join(f"{count} × {status}" for status, count in sorted(after.statuses.items()))),
    ]
    width = max(len(name) for name, _ in rows)
    print("Pool exhaustion")
    print("".join(f"  {name:<{width}}  {value}\n" for name, value in rows))
    wrong = sum(count for status, count in flooded.statuses.items() if status not in (200, 503)) + flooded.result.socket_errors
    broken = sum(count for status, count in after.statuses.items() if status != 200) + after.result.socket_errors
    if not {200, 503} <= set(flooded.statuses):
        raise BenchError(f"the pool was not exhausted: {flooded.statuses}")
    return [
        Bar("answers other than 200 and 503", 0, value=wrong, unit=""),
        Bar("slowest answer", IN_TIME_MS, value=flooded.slowest_ms, unit=" ms"),
        Bar("p99 of /health moved by", MOVED_MS, value=max(0.0, during.p99_ms - before.p99_ms), unit=" ms"),
        Bar("connections that PostgreSQL saw", POOL, value=most, unit=""),
        Bar("answers other than 200 afterwards", 0, value=broken, unit=""),
    ]
