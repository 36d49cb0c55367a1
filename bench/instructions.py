"""Instructions a request by callgrind: the figure that noise cannot move, held against baseline.json."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.contenders import BENCH, PATH, Contender, Lab
from bench.hotspots import annotate
from bench.load import closed_loop
from bench.measure import say, use_up
from bench.processes import BenchError, Server

BASELINE = BENCH / "baseline.json"
SLACK = 0.05
REQUESTS, CONNECTIONS, WARM_UP = 2000, 8, 500
START_S, RUN_S = 60, 180


@dataclass(frozen=True)
class Count:
    """Instructions of one contender at one kind of work."""

    name: str  # contender/kind
    per_request: float
    file: Path


def _control(*arguments: str) -> None:
    done = subprocess.run(["callgrind_control", *arguments], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0 or "Error" in done.stdout + done.stderr:
        raise BenchError(f"callgrind_control {' '.join(arguments)}: {done.stdout}{done.stderr}")


def _switch(server: Server, on: bool) -> None:
    """Turns counting on or off."""
    _control("-i", "on" if on else "off", str(server.process.pid))


def _totals(folder: Path) -> tuple[int, Path]:
    """Instructions in the dumps that callgrind wrote."""
    total, largest, most = 0, folder, -1
    for path in sorted(folder.glob("callgrind.out*")):
        found = re.findall(r"^totals: (\d+)", path.read_text(errors="replace"), re.M)
        count = sum(int(number) for number in found)
        total += count
        if count > most:
            largest, most = path, count
    if total == 0:
        raise BenchError(f"callgrind counted nothing; see {folder}")
    return total, largest


def count(lab: Lab, contender: Contender, kind: str, requests: int = REQUESTS) -> Count:
    """Runs the contender under callgrind, warms it with counting off, then counts exactly `requests`."""
    out = lab.place(f"callgrind-{contender.name}")[0]
    prefix = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}/callgrind.out"]
    server = contender.start(lab, kind, prefix, wait_s=START_S)
    try:
        if kind == "refused":
            use_up(server)
        wanted = 200 if kind == "proxy" else 429
        closed_loop(server.port, PATH, CONNECTIONS, WARM_UP, RUN_S)
        scripts = lab.scripts_run()
        _switch(server, on=True)
        statuses = closed_loop(server.port, PATH, CONNECTIONS, requests, RUN_S)
        _switch(server, on=False)
        scripts = lab.scripts_run() - scripts
        _control("--dump=sallyport-bench", str(server.process.pid))
        time.sleep(0.2)
        if statuses != {wanted: requests}:
            raise BenchError(f"{contender.name}: {requests} requests were answered {statuses}, not {wanted}")
        if kind == "proxy" and contender.uses_redis and scripts < 0.99 * requests:
            raise BenchError(f"{contender.name}: Redis made only {scripts} decisions for {requests} requests; another path was counted")
        total, largest = _totals(out)
        return Count(f"{contender.name}/{kind}", total / requests, largest)
    finally:
        lab.drop(server)


def compare(counts: list[Count], update: bool) -> bool:
    """Prints each figure beside its baseline; False when one is more than 5 % above it. `update` writes the baseline instead."""
    known: dict[str, float] = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    good = True
    print("Instructions a request (callgrind, 8 connections)")
    for one in counts:
        base = known.get(one.name)
        if update or base is None:
            remark = "written as baseline" if update else "no baseline; write one with --update"
        else:
            change = one.per_request / base - 1
            within = change <= SLACK
            good = good and within
            remark = f"{change:+.1%} against {base:.0f}   {'MET   ' if within else 'MISSED'} ≤ +{SLACK:.0%}"
            if change < -SLACK:
                remark += "   better: lower the baseline with --update"
        print(f"  {one.name:<26} {one.per_request:9.0f}   {remark}")
    if update:
        known.update({one.name: round(one.per_request) for one in counts})
        BASELINE.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
    return good


def run(lab: Lab, contenders: list[Contender], update: bool, show: bool) -> int:
    """Counts every kind of work of every contender. 0 when all are within the slack."""
    counts: list[Count] = []
    for contender in contenders:
        if reason := contender.missing():
            say(f"skipped {contender.name}: {reason}")
            continue
        for kind in dict.fromkeys(work.kind for work in contender.works):
            counts.append(count(lab, contender, kind))
            say(f"counted {counts[-1].name}")
    if not counts:
        say("nothing was counted")
        return 1
    good = compare(counts, update)
    if show or not good:
        for one in counts:
            print(f"\n{one.name}: the functions with most instructions\n{annotate(str(one.file))}")
    sys.stdout.flush()
    return 0 if good else 1
