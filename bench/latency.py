"""What a gateway adds to the 99th percentile at half of its load, against calling the service directly."""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass

from bench.contenders import PATH, Lab
from bench.load import PacedResult, paced
from bench.measure import ATTEMPTS, Plan, say
from bench.processes import BenchError, Server

CLIENT_LATE_MS = 0.5  # beyond this it is the load tool, or the machine, that was late


@dataclass(frozen=True)
class AddedLatency:
    """Medians over rounds that alternate between the gateway and the direct call, at the same constant rate."""

    contender: str
    rate: float
    direct_p50_ms: float
    direct_p99_ms: float
    through_p50_ms: float
    through_p99_ms: float
    client_late_p99_ms: float
    fault: str  # why the figures are not to be trusted; empty when they are

    @property
    def added_p99_ms(self) -> float:
        return self.through_p99_ms - self.direct_p99_ms

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "added_p99_ms": self.added_p99_ms}


def _fault(result: PacedResult) -> str:
    if result.wrong:
        return f"{result.wrong} answers were not 200"
    if result.late_p99_ms > CLIENT_LATE_MS:
        return f"the load client was {result.late_p99_ms:.1f} ms late: the machine is too busy"
    if result.achieved < 0.99 * result.rate:
        return f"only {result.achieved:.0f} of {result.rate:.0f} requests/s were answered"
    return ""


def _paced_quietly(port: int, rate: float, seconds: float, plan: Plan) -> PacedResult:
    """The first run without fault of a bounded number of attempts, else the one in which the client was least late."""
    tried = []
    for _ in range(ATTEMPTS):
        tried.append(paced(port, PATH, rate, seconds))
        if not _fault(tried[-1]) or plan.accept_noise or time.monotonic() + seconds > plan.deadline:
            break
    return min(tried, key=lambda result: (bool(_fault(result)), result.late_p99_ms))


def _median(results: list[PacedResult], name: str) -> float:
    return statistics.median(float(getattr(result, name)) for result in results)


def added_latency(lab: Lab, server: Server, rate: float, plan: Plan, rounds: int, seconds: float) -> AddedLatency:
    """Runs direct and through, alternating, `rounds` times each. The rate is one that the direct call can take too."""
    if rate < 1:
        raise BenchError(f"no load to halve for {server.name}")
    direct, through = [], []
    for _ in range(rounds):
        direct.append(_paced_quietly(lab.upstream.port, rate, seconds, plan))
        through.append(_paced_quietly(server.port, rate, seconds, plan))
    say(f"paced {server.name} at {rate:.0f} requests/s")
    return AddedLatency(
        contender=server.name, rate=rate,
        direct_p50_ms=_median(direct, "p50_ms"), direct_p99_ms=_median(direct, "p99_ms"),
        through_p50_ms=_median(through, "p50_ms"), through_p99_ms=_median(through, "p99_ms"),
        client_late_p99_ms=max(_median(direct, "late_p99_ms"), _median(through, "late_p99_ms")),
        fault=next((fault for result in direct + through if (fault := _fault(result))), ""))
