"""script/bench identity: logins, refresh rotations, and the check of access tokens."""

from __future__ import annotations

from bench import login, rotation, token_check
from bench.bars import Bar
from bench.identity_lab import IdentityLab
from bench.measure import say

TIMED_PAIRS = 60


def run(rounds: int, seconds: float) -> list[Bar]:
    """Prints the tables; returns the verdicts."""
    lab = IdentityLab(threads=1)
    say("started PostgreSQL, Redis and the auth service")
    emails = [lab.register(f"client{number}@example.test") for number in range(rotation.CLIENTS)]
    bars = [login.cost(lab, rounds, seconds)]
    login.timing(lab, TIMED_PAIRS)
    bars.append(rotation.measure(lab, rounds, seconds, emails))
    token_check.measure(lab, rounds, min(seconds, 3), emails)
    return bars
