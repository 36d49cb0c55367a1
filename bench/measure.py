"""Interleaved, shuffled rounds; CPU per request; rounds that the rest of the machine disturbed are thrown away and repeated."""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from operator import attrgetter

from bench.contenders import PATH, Contender, Lab, Work
from bench.load import WrkResult, wrk
from bench.processes import BenchError, Server, answers, harness_seconds, machine_seconds

NOISE_LIMIT = 0.06  # of one core, used by processes that are not part of the measurement
ATTEMPTS = 3


@dataclass(frozen=True)
class Plan:
    """How long and how often."""

    rounds: int
    seconds: float
    warm_up: float
    deadline: float          # time.monotonic() after which nothing is repeated and no further round begins
    accept_noise: bool = False


@dataclass(frozen=True)
class Sample:
    """One load run against one contender."""

    gateway_us: float        # CPU µs a request, all processes of the contender
    redis_us: float          # CPU µs a request of Redis
    requests_per_s: float
    p50_ms: float
    p99_ms: float
    requests: int
    noise: float             # other processes, in cores
    noisy: bool
    fault: str | None = None  # why its answers were not the ones asked for

    @property
    def total_us(self) -> float:
        return self.gateway_us + self.redis_us


@dataclass
class Cell:
    """Everything measured of one contender at one work."""

    contender: Contender
    work: Work
    samples: list[Sample] = field(default_factory=list)
    rejected: int = 0

    @property
    def valid(self) -> bool:
        return bool(self.samples) and all(sample.fault is None for sample in self.samples)

    def median(self, of: Callable[[Sample], float]) -> float:
        return statistics.median(of(sample) for sample in self.samples)

    def spread(self, of: Callable[[Sample], float]) -> tuple[float, float]:
        values = [of(sample) for sample in self.samples]
        return min(values), max(values)

    def as_json(self) -> dict[str, object]:
        metrics = ("gateway_us", "redis_us", "total_us", "requests_per_s", "p50_ms", "p99_ms")
        medians = {name: self.median(attrgetter(name)) for name in metrics} if self.samples else {}
        return {"contender": self.contender.name, "work": self.work.name, "valid": self.valid, "rejected_rounds": self.rejected,
                "median": medians, "samples": [asdict(sample) for sample in self.samples]}


Cells = dict[tuple[str, str], Cell]


def say(text: str) -> None:
    """Progress goes to standard error; results go to standard output."""
    print(text, file=sys.stderr, flush=True)


def _fault(contender: Contender, work: Work, result: WrkResult, scripts: int, after: list[int]) -> str | None:
    """Proxy work must be answered 200 without exception, and decided in Redis when the contender says so; of refused work one in
    a hundred may slip (a new window)."""
    if result.requests == 0:
        return "no request was answered"
    if result.socket_errors:
        return f"{result.socket_errors} socket errors"
    if work.kind == "proxy" and result.not_2xx:
        return f"{result.not_2xx} of {result.requests} answers were not 200"
    if work.kind == "refused" and result.not_2xx < 0.99 * result.requests:
        return f"only {result.not_2xx} of {result.requests} requests were refused"
    if work.kind == "proxy" and contender.uses_redis and scripts < 0.99 * result.requests:
        return f"Redis made only {scripts} decisions for {result.requests} requests"
    wanted = 200 if work.kind == "proxy" else 429
    if any(status != wanted for status in after):
        return f"asked after the run it answered {after}, not {wanted}"
    return None


def run_once(lab: Lab, server: Server, contender: Contender, work: Work, seconds: float, accept_noise: bool = False) -> Sample:
    """One load run with the CPU accounts read on both sides of it."""
    for running in lab.servers:
        running.truncate_logs()
    scripts = lab.scripts_run()
    servers = list(lab.servers)
    before_all = [running.cpu_seconds() for running in servers]
    before, redis_before = server.cpu_seconds(), lab.redis.cpu_seconds()
    machine, harness, began = machine_seconds(), harness_seconds(), time.monotonic()
    result = wrk(server.port, PATH, work.connections, seconds)
    elapsed = time.monotonic() - began
    used = server.cpu_seconds() - before
    # Its clock ticks also cost a little when nobody asks it anything: that is no share of a contender without it.
    redis_used = lab.redis.cpu_seconds() - redis_before if contender.uses_redis else 0.0
    ours = sum(running.cpu_seconds() - was for running, was in zip(servers, before_all)) + harness_seconds() - harness
    noise = max(0.0, machine_seconds() - machine - ours) / elapsed
    server.check_alive()
    scripts = lab.scripts_run() - scripts
    fault = _fault(contender, work, result, scripts, [answers(server.port, PATH) for _ in range(3)])
    per = 1e6 / max(result.requests, 1)
    return Sample(
        gateway_us=used * per, redis_us=redis_used * per, requests_per_s=result.requests / result.seconds,
        p50_ms=result.p50_ms, p99_ms=result.p99_ms, requests=result.requests,
        noise=noise, noisy=noise > NOISE_LIMIT and not accept_noise, fault=fault)


def _measure_cell(lab: Lab, server: Server, cell: Cell, plan: Plan) -> None:
    """Adds one sample: the first quiet and right one, or the quietest of a bounded number of attempts."""
    tried: list[Sample] = []
    for _ in range(ATTEMPTS):
        tried.append(run_once(lab, server, cell.contender, cell.work, plan.seconds, plan.accept_noise))
        last = tried[-1]
        if last.fault is None and not last.noisy:
            break
        if last.fault:
            say(f"  {cell.contender.name} {cell.work.name}: {last.fault}")
        if time.monotonic() + plan.seconds > plan.deadline:
            break
    cell.samples.append(min(tried, key=lambda sample: (sample.fault is not None, sample.noisy, sample.noise)))
    cell.rejected += len(tried) - 1


def measure(lab: Lab, contenders: list[Contender], plan: Plan, seed: int | None = None) -> tuple[Cells, dict[tuple[str, str], Server]]:
    """Starts all, warms each up, then takes `plan.rounds` rounds, each over all cells in a new order."""
    running: dict[tuple[str, str], Server] = {}
    cells: Cells = {}
    for contender in contenders:
        for work in contender.works:
            key = (contender.name, work.kind)
            if key not in running:
                running[key] = contender.start(lab, work.kind)
                if work.kind == "refused":
                    use_up(running[key])
                wrk(running[key].port, PATH, work.connections, plan.warm_up)
            cells[(contender.name, work.name)] = Cell(contender, work)
        say(f"started {contender.name}")
    order, chance = list(cells.values()), random.Random(seed)
    for number in range(plan.rounds):
        if number and time.monotonic() + len(order) * plan.seconds > plan.deadline:
            say(f"the time is up after {number} of {plan.rounds} rounds")
            break
        chance.shuffle(order)
        for cell in order:
            _measure_cell(lab, running[(cell.contender.name, cell.work.kind)], cell, plan)
        say(f"round {number + 1} of {plan.rounds}")
    return cells, running


def use_up(server: Server) -> None:
    """Spends the one request that a refusing limiter allows."""
    for _ in range(20):
        if answers(server.port, PATH) == 429:
            return
    raise BenchError(f"{server.name} refuses nothing")
