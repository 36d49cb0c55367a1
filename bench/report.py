"""Text, JSON and a picture of one run."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Callable
from pathlib import Path

from bench.bars import Bar, ratio, total_us
from bench.contenders import WORKS
from bench.latency import AddedLatency
from bench.measure import Cell, Cells, Sample

_HEAD = ("", "gateway µs", "Redis µs", "sum µs (min–max)", "× nginx", "× Lua", "requests/s (min–max)", "p50 ms", "p99 ms", "")
_TITLES = {"proxy-c64": "Allowed and proxied, 64 connections", "proxy-c8": "Allowed and proxied, 8 connections",
           "refused-c64": "Refused with 429, 64 connections"}


def machine() -> dict[str, object]:
    """What the figures depend on."""
    cpu = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    return {"cpu": cpu, "cores": os.cpu_count(), "kernel": platform.release(),
            "nginx": _version("/usr/sbin/nginx", "-v"), "haproxy": _version("/usr/sbin/haproxy", "-v"),
            "redis": _version("redis-server", "--version"), "node": _version("node", "--version")}


def _version(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except FileNotFoundError:
        return "absent"
    return (done.stdout + done.stderr).strip().split("\n")[0]


def _versus(cell: Cell, peer: Cell | None) -> str:
    if peer is None or peer is cell or not (cell.valid and peer.valid):
        return "–"
    return f"{ratio(cell, peer, total_us)[0]:.2f}"


def _row(cell: Cell, cells: Cells) -> tuple[str, ...]:
    """One line of the table, medians first."""
    def spread(of: Callable[[Sample], float], digits: int) -> str:
        low, high = cell.spread(of)
        return f"{cell.median(of):.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"

    floor = "nginx-limit-req" if cell.work.kind == "refused" else "nginx-proxy"
    remarks = [next(sample.fault for sample in cell.samples if sample.fault)] if not cell.valid else []
    noisy = sum(sample.noisy for sample in cell.samples)
    remarks += [f"{noisy} noisy"] if noisy else []
    remarks += [f"{cell.rejected} repeated"] if cell.rejected else []
    return (
        cell.contender.label, f"{cell.median(lambda sample: sample.gateway_us):.1f}",
        f"{cell.median(lambda sample: sample.redis_us):.1f}" if cell.contender.uses_redis else "–",
        spread(total_us, 1), _versus(cell, cells.get((floor, cell.work.name))),
        _versus(cell, cells.get(("nginx-lua-redis", cell.work.name))), spread(lambda sample: sample.requests_per_s, 0),
        f"{cell.median(lambda sample: sample.p50_ms):.2f}", f"{cell.median(lambda sample: sample.p99_ms):.2f}", "; ".join(remarks))


def table(cells: Cells) -> str:
    """One table for each work. "× nginx" is the plain proxy, or limit_req for refused requests."""
    parts = []
    for work in WORKS:
        rows = [_row(cell, cells) for cell in cells.values() if cell.work is work and cell.samples]
        if not rows:
            continue
        lines = [_HEAD, *rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
        parts.append(_TITLES[work.name])
        parts += ["  " + "  ".join(
            [line[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(line[1:-1], widths[1:-1])), line[-1]]).rstrip()
            for line in lines]
        parts.append("")
    return "\n".join(parts)


def latency_table(latencies: list[AddedLatency]) -> str:
    """Open-loop figures."""
    lines = ["Constant rate, latency from when each request was due (ms)"] if latencies else []
    for one in latencies:
        remark = f"   NOT USABLE: {one.fault}" if one.fault else ""
        lines.append(f"  {one.contender:<18} {one.rate:7.0f} requests/s   p50 {one.direct_p50_ms:.2f} → {one.through_p50_ms:.2f}   "
                     f"p99 {one.direct_p99_ms:.2f} → {one.through_p99_ms:.2f}   client late p99 {one.client_late_p99_ms:.2f}{remark}")
    return "\n".join(lines) + ("\n" if lines else "")


def verdicts(bars: list[Bar]) -> str:
    return "\n".join(bar.line() for bar in bars)


def write_json(path: Path, result: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


def draw(path: Path, cells: Cells) -> str | None:
    """A picture of the CPU a request and the requests a second. Gives the reason when it could not be drawn."""
    try:
        import matplotlib
        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        return "python3-matplotlib is not installed: no picture"
    works = [work for work in WORKS if any(cell.work is work and cell.samples for cell in cells.values())]
    if not works:
        return "nothing was measured: no picture"
    figure, axes = pyplot.subplots(len(works), 2, figsize=(13, 1.2 + 2.9 * len(works)), squeeze=False, layout="constrained")
    for (left, right), work in zip(axes, works):
        shown = sorted((cell for cell in cells.values() if cell.work is work and cell.samples), key=lambda cell: cell.median(total_us))
        labels = [cell.contender.label for cell in shown]
        own = [cell.median(lambda sample: sample.gateway_us) for cell in shown]
        redis = [cell.median(lambda sample: sample.redis_us) for cell in shown]
        colours = ["#1f6f4a" if cell.contender.ours else "#8a97a6" for cell in shown]
        left.barh(labels, own, color=colours)
        left.barh(labels, redis, left=own, color="#c4574b")
        left.bar_label(left.containers[-1], [f"{a + b:.1f}" for a, b in zip(own, redis)], padding=3)
        left.set_title(f"{_TITLES[work.name]}: CPU µs a request (red: in Redis)", loc="left", fontsize=10)
        rates = [cell.median(lambda sample: sample.requests_per_s) for cell in shown]
        right.bar_label(right.barh(labels, rates, color=colours), [f"{rate:,.0f}" for rate in rates], padding=3)
        right.set_title("requests a second (more is better)", loc="left", fontsize=10)
        for axis in (left, right):
            axis.invert_yaxis()
            axis.margins(x=0.15)
            axis.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
    return None
