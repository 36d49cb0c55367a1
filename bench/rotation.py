"""Refresh rotations a second, against pgbench running the same statements."""

from __future__ import annotations

import re
import statistics
import subprocess
from pathlib import Path

from bench.bars import Bar
from bench.contenders import ROOT
from bench.identity_lab import IdentityLab, load, postgres_program
from bench.measure import say
from bench.processes import BenchError, cpu_of

CLIENTS = 8
_ACCOUNTS = ROOT / "libs" / "accounts" / "src" / "sql"
_STORAGE = ROOT / "libs" / "storage" / "src" / "sql"
_REFRESH_TTL_US = 30 * 86400 * 1_000_000


def _source(path: Path, pattern: str) -> str:
    found = re.search(pattern, path.read_text(), re.S)
    if not found:
        raise BenchError(f"{path.name} does not hold its statement where the benchmark looks for it")
    return found[1]


def _filled(statement: str, values: list[str]) -> str:
    """The statement with {now} written out and $n replaced."""
    now = _source(_STORAGE / "dialect_text.cpp", r'Difference\{"now", "([^"]*)"')
    statement = statement.replace("{now}", now).strip()
    return re.sub(r"\$(\d+)", lambda match: values[int(match[1]) - 1], statement)


def _hash(number: str) -> str:
    """64 hex digits, scattered as those of real tokens are."""
    return f"encode(sha256(CAST(CAST(:run AS TEXT) || '/' || CAST(:client_id AS TEXT) || '/' || CAST({number} AS TEXT) AS BYTEA)), 'hex')"


def _id(kind: str, number: str = "0") -> str:
    return f"lpad('{kind}' || CAST(:run AS TEXT) || '-' || CAST(:client_id AS TEXT) || '-' || CAST({number} AS TEXT), 36, '0')"


def pgbench_script() -> str:
    """One rotation, as the service's own sources say it: the exchange and its audit event, in one transaction."""
    exchange = _source(_ACCOUNTS / "rotation_statements.cpp", r'kExchange = R"\((.*?)\)"')
    audit = "".join(re.findall(r'"([^"]*)"', _source(_ACCOUNTS / "audit.cpp", r"kInsert =(.*?);")))
    next_number = "(:n + 1)"
    exchange = _filled(exchange, [_hash(":n"), "'k1'", _id("t", next_number), _hash(next_number), "'k1'", _hash(next_number), str(_REFRESH_TTL_US)])
    audit = _filled(audit, [_id("a", next_number), "'token.refreshed'", "'info'", "NULL", _id("u"), _id("s"), "'127.0.0.1'",
                            f"CAST({next_number} AS TEXT)", "'{}'"])
    return f"BEGIN ISOLATION LEVEL READ COMMITTED;\n{exchange};\n{audit};\nCOMMIT;\n\\set n :n + 1\n"


def _prepare(lab: IdentityLab, run: int) -> None:
    """A user, a session and a first token for each client."""
    def written(expression: str, client: int) -> str:
        return expression.replace(":run", str(run)).replace(":client_id", str(client)).replace(":n", "0")

    rows = []
    for client in range(CLIENTS):
        user, session, token = (written(_id(kind), client) for kind in "ust")
        first, far = written(_hash("0"), client), 4_000_000_000_000_000
        rows.append(f"""
INSERT INTO users (id, email, password_hash, role, status, created_at, updated_at)
  VALUES ({user}, 'pgbench{run}-{client}@example.test', 'x', 'user', 'active', 1, 1);
INSERT INTO sessions (id, user_id, created_at, last_used_at, expires_at) VALUES ({session}, {user}, 1, 1, {far});
INSERT INTO refresh_tokens (id, session_id, user_id, token_hash, key_id, nonce, created_at, expires_at)
  VALUES ({token}, {session}, {user}, {first}, 'k1', {first}, 1, {far});""")
    lab.sql("\n".join(rows))


def _pgbench(lab: IdentityLab, script: Path, run: int, seconds: float) -> float:
    """Transactions a second; each must have rotated a token."""
    _prepare(lab, run)
    command = [postgres_program("pgbench"), "-n", "-M", "extended", "-c", str(CLIENTS), "-j", "2", "-T", str(max(1, round(seconds))),
               "-h", "127.0.0.1", "-p", str(lab.postgres.port), "-U", "sallyport_auth", "-D", "n=0", "-D", f"run={run}", "-f", str(script), "postgres"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    tps = re.search(r"^tps = ([\d.]+) ", done.stdout, re.M)
    count = re.search(r"actually processed: (\d+)", done.stdout)
    if done.returncode != 0 or not tps or not count:
        raise BenchError(f"pgbench failed: {done.stdout}{done.stderr}")
    rotated = int(lab.sql(f"SELECT count(*) FROM refresh_tokens WHERE id LIKE '%t{run}-%' AND parent_id IS NOT NULL;")[0])
    if rotated != int(count[1]):
        raise BenchError(f"pgbench ran {count[1]} transactions and rotated {rotated} tokens")
    return float(tps[1])


def chains(lab: IdentityLab, seconds: float, emails: list[str], keep: Path | None = None) -> tuple[float, float]:
    """Rotations a second through the service, and its CPU µs for one. `keep`: files for the access tokens, numbered."""
    tokens = lab.file([str(lab.login(email)["refresh_token"]) for email in emails])
    before = cpu_of([lab.auth])
    words = ["refresh", tokens, *([keep] if keep else [])]
    result = load(lab.auth.port, "/auth/refresh", seconds, CLIENTS, words, threads=CLIENTS).check(200).result
    return result.requests / result.seconds, (cpu_of([lab.auth]) - before) * 1e6 / result.requests


def measure(lab: IdentityLab, rounds: int, seconds: float, emails: list[str]) -> Bar:
    script = lab.file(pgbench_script().splitlines())
    script.chmod(0o644)
    chains(lab, 1, emails)
    _pgbench(lab, script, 0, 1)
    ours, theirs, cpu = [], [], []
    for number in range(rounds):
        for turn in ((0, 1), (1, 0))[number % 2]:
            if turn == 0:
                rate, cost = chains(lab, seconds, emails)
                ours.append(rate)
                cpu.append(cost)
            else:
                theirs.append(_pgbench(lab, script, number + 1, seconds))
        say(f"rotation: round {number + 1} of {rounds}")
    print(f"Refresh rotations a second, {CLIENTS} clients, PostgreSQL without fsync (medians)")
    print(f"  through the service  {statistics.median(ours):7.0f}  ({statistics.median(cpu):.0f} µs of its CPU each)")
    print(f"  pgbench              {statistics.median(theirs):7.0f}\n")
    ratios = [mine / other for mine, other in zip(ours, theirs)]
    return Bar("refresh rotations/s against pgbench running the same statements, 8 clients", 0.7, at_least=True,
               value=statistics.median(ours) / statistics.median(theirs), spread=(min(ratios), max(ratios)))
