"""What a login costs beside its Argon2, and whether its time tells who has an account."""

from __future__ import annotations

import http.client
import json
import re
import statistics
import time
import urllib.request
from dataclasses import dataclass

from bench import argon2
from bench.bars import Bar
from bench.contenders import redis_call
from bench.identity_lab import PASSWORD, IdentityLab, load
from bench.measure import say
from bench.processes import BenchError, cpu_of


@dataclass(frozen=True)
class _Round:
    """CPU milliseconds of one login, by who spent them, and of one bare Argon2."""

    auth: float
    postgres: float
    redis: float
    argon2: float

    @property
    def ours(self) -> float:
        """As in every table here: the service and what it makes Redis spend."""
        return self.auth + self.redis


def _computations(lab: IdentityLab) -> int:
    """How many Argon2 computations the service has made."""
    with urllib.request.urlopen(f"http://127.0.0.1:{lab.auth.port}/metrics", timeout=5) as answer:
        found = re.search(r"^\w+_password_hashes_total ([\d.e+]+)$", answer.read().decode(), re.M)
    if not found:
        raise BenchError("the service does not count its password hashes")
    return int(float(found[1]))


def _login_round(lab: IdentityLab, body: object, seconds: float) -> _Round:
    """In slices of a second each, turn by turn: what else the machine does then weighs on both alike."""
    servers = (lab.auth, lab.postgres, lab.redis)
    spent, logins, bare = [0.0] * len(servers), 0, []
    for _ in range(max(1, round(seconds))):
        hashed, before = _computations(lab), [cpu_of([server]) for server in servers]
        load(lab.auth.port, "/auth/login", 1, 1, ["login", body]).check(200)
        time.sleep(0.15)  # the one that was still under way when the load ended is counted, and so are its costs
        logins += _computations(lab) - hashed
        spent = [sum_ + cpu_of([server]) - was for sum_, server, was in zip(spent, servers, before)]
        bare.append(argon2.cpu_ms(1, PASSWORD.encode()))
    return _Round(*(one * 1000 / logins for one in spent), argon2=statistics.mean(bare))


def cost(lab: IdentityLab, rounds: int, seconds: float) -> Bar:
    """One client, so that neither is disturbed by a second Argon2 in the shared cache."""
    body = lab.file([json.dumps({"email": lab.register("login@example.test"), "password": PASSWORD})])
    load(lab.auth.port, "/auth/login", 1, 1, ["login", body]).check(200)
    taken = []
    for number in range(rounds):
        taken.append(_login_round(lab, body, seconds))
        say(f"login: round {number + 1} of {rounds}")
    print("CPU of a login, ms (medians)")
    for name in ("auth", "redis", "postgres", "argon2"):
        print(f"  {name:<10} {statistics.median(getattr(one, name) for one in taken):7.2f}")
    print()
    ratios = [one.ours / one.argon2 for one in taken]
    with_postgres = statistics.median((one.ours + one.postgres) / one.argon2 for one in taken)
    return Bar("CPU of a login (service and Redis) against bare Argon2id", 1.05, value=statistics.median(ratios),
               spread=(min(ratios), max(ratios)), note=f"{with_postgres:.2f}× with PostgreSQL's share")


def _timed(connection: http.client.HTTPConnection, email: str) -> float:
    """Milliseconds of one refused login."""
    began = time.perf_counter()
    connection.request("POST", "/auth/login", json.dumps({"email": email, "password": "a wrong pass phrase"}),
                       {"Content-Type": "application/json"})
    response = connection.getresponse()
    response.read()
    took = (time.perf_counter() - began) * 1000
    if response.status != 401:
        raise BenchError(f"a wrong password was answered {response.status}")
    return took


def timing(lab: IdentityLab, pairs: int) -> None:
    """Prints how long an unknown address and a wrong password take, asked in turn."""
    known = lab.register("known@example.test")
    connection = http.client.HTTPConnection("127.0.0.1", lab.auth.port, timeout=20)
    times: dict[str, list[float]] = {"unknown e-mail": [], "wrong password": []}
    for number in range(pairs):
        times["unknown e-mail"].append(_timed(connection, f"nobody{number}@example.test"))
        times["wrong password"].append(_timed(connection, known))
        redis_call(lab.redis.port, "FLUSHALL")  # or the account would be locked soon
    connection.close()
    print("Time of a refused login, ms")
    for name, values in times.items():
        low, middle, high = statistics.quantiles(values, n=4)
        print(f"  {name:<16} median {middle:6.2f}, half of them within {low:.2f}–{high:.2f}")
    medians = [statistics.median(values) for values in times.values()]
    spread = statistics.quantiles(times["wrong password"], n=4)
    apart, width = abs(medians[0] - medians[1]), spread[2] - spread[0]
    print(f"  the medians are {apart:.2f} apart, {'inside' if apart <= width else 'OUTSIDE'} of the spread of {width:.2f}\n")
