"""The bars of the performance target that concern the gateway, and whether a run met them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bench.latency import AddedLatency
from bench.measure import Cell, Cells, Sample


@dataclass(frozen=True)
class Bar:
    """One comparison. `value` is None when the run did not measure it; `note` then says why."""

    what: str
    limit: float
    at_least: bool = False
    value: float | None = None
    unit: str = "×"
    spread: tuple[float, float] | None = None
    note: str = ""
    contender: str = ""  # whose profile explains a miss
    work: str = ""

    @property
    def met(self) -> bool | None:
        if self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def line(self) -> str:
        sign = "≥" if self.at_least else "≤"
        limit = f"{sign} {self.limit:g}{self.unit}"
        if self.value is None:
            return f"–       not measured  {limit:<9} {self.what}: {self.note}"
        verdict = "MET   " if self.met else "MISSED"
        spread = f" ({self.spread[0]:.2f}–{self.spread[1]:.2f})" if self.spread else ""
        digits = 2 if self.unit in ("×", " ms") else 0
        note = f"; {self.note}" if self.note else ""
        return f"{verdict}  {self.value:.{digits}f}{self.unit} {limit}  {self.what}{spread}{note}"

    def as_json(self) -> dict[str, object]:
        return {"what": self.what, "value": self.value, "limit": self.limit, "unit": self.unit.strip(),
                "sense": ">=" if self.at_least else "<=", "met": self.met, "spread": self.spread, "note": self.note}


def total_us(sample: Sample) -> float:
    """Gateway and its share of Redis."""
    return sample.total_us


def requests_per_s(sample: Sample) -> float:
    return sample.requests_per_s


def ratio(ours: Cell, peer: Cell, of: Callable[[Sample], float]) -> tuple[float, tuple[float, float]]:
    """Ratio of medians, and the range of the ratios within each interleaved round."""
    rounds = [of(mine) / of(other) for mine, other in zip(ours.samples, peer.samples) if of(other) > 0]
    return ours.median(of) / peer.median(of), (min(rounds), max(rounds))


@dataclass(frozen=True)
class _Comparison:
    what: str
    work: str
    peer: str
    of: Callable[[Sample], float]
    limit: float
    at_least: bool = False


_COMPARISONS = (
    _Comparison("CPU with Redis against nginx without a limiter, c64", "proxy-c64", "nginx-proxy", total_us, 1.2),
    _Comparison("CPU with Redis against nginx + Lua + Redis, c64", "proxy-c64", "nginx-lua-redis", total_us, 0.40),
    _Comparison("requests/s against nginx + Lua + Redis, c64", "proxy-c64", "nginx-lua-redis", requests_per_s, 2.2, at_least=True),
    _Comparison("CPU with Redis against Express, c64", "proxy-c64", "express", total_us, 0.10),
    _Comparison("CPU with Redis against nginx + Lua + Redis, c8", "proxy-c8", "nginx-lua-redis", total_us, 0.6),
    _Comparison("CPU of a refusal against nginx limit_req, c64", "refused-c64", "nginx-limit-req", total_us, 1.1),
)
OURS = "sallyport"


def compare(cells: Cells) -> list[Bar]:
    """The bars that come from the load rounds."""
    bars = []
    for wanted in _COMPARISONS:
        ours, peer = cells.get((OURS, wanted.work)), cells.get((wanted.peer, wanted.work))
        bar = Bar(wanted.what, wanted.limit, wanted.at_least, contender=OURS, work=wanted.work)
        absent = [name for name, cell in ((OURS, ours), (wanted.peer, peer)) if cell is None]
        wrong = [cell.contender.name for cell in (ours, peer) if cell is not None and not cell.valid]
        if absent or wrong or ours is None or peer is None:
            reason = f"without {' and '.join(absent)}" if absent else f"wrong answers by {' and '.join(wrong)}"
            bars.append(replace(bar, note=reason))
            continue
        value, spread = ratio(ours, peer, wanted.of)
        noisy = any(sample.noisy for sample in ours.samples + peer.samples)
        bars.append(replace(bar, value=value, spread=spread, note="some rounds were noisy" if noisy else ""))
    return bars


def latency_bar(latency: AddedLatency | None, why_not: str = "") -> Bar:
    what = "added p99 at half load against a direct call"
    if latency is None or latency.fault:
        return Bar(what, 1, unit=" ms", note=why_not if latency is None else latency.fault)
    note = f"{latency.direct_p99_ms:.2f} ms direct, {latency.through_p99_ms:.2f} ms through, {latency.rate:.0f} requests/s"
    return Bar(what, 1, value=latency.added_p99_ms, unit=" ms", note=note, contender=OURS, work="proxy-c64")


def idle_bar(bytes_each: float | None, count: int, note: str = "") -> Bar:
    return Bar(f"user memory of an idle keep-alive connection ({count} held)", 2048, value=bytes_each, unit=" B", note=note)


def transfer_bar(what: str, peak_kib: int | None, note: str = "") -> Bar:
    return Bar(f"peak resident memory, {what}", 64, value=None if peak_kib is None else peak_kib / 1024, unit=" MiB", note=note)
