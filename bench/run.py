"""script/bench [quick|full|memory|callgrind|identity|pool-exhaustion] [--only NAMES] [--json FILE] …"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path

from bench import bars, hotspots, identity, instructions, memory, pool_exhaustion, report
from bench.contenders import BY_NAME, PROXY_C64, ROOT, WORKS, Contender, Lab, choose
from bench.latency import AddedLatency, added_latency
from bench.measure import Cells, Plan, measure, say
from bench.processes import BenchError, Server, raise_file_limit

OUTPUT = ROOT / "build" / "bench"
NOT_HERE = "not measured here: login, refresh rotation and the check of tokens (script/bench identity), JWT with schema validation"


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench", description="Measures Sallyport against other gateways; see bench/README.md.")
    parser.add_argument("mode", nargs="?", default="full", choices=("quick", "full", "memory", "callgrind", "identity", "pool-exhaustion"))
    parser.add_argument("--only", metavar="NAMES", help=f"comma separated contenders out of: {', '.join(BY_NAME)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the result goes (build/bench/MODE.json)")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="where full draws its picture (build/bench/full.png)")
    parser.add_argument("--rounds", type=int, help="rounds instead of the mode's own")
    parser.add_argument("--seconds", type=float, help="seconds of one load run instead of the mode's own")
    parser.add_argument("--accept-noise", action="store_true", help="do not repeat rounds that other processes disturbed")
    parser.add_argument("--update", action="store_true", help="callgrind: write bench/baseline.json")
    parser.add_argument("--profile", action="store_true", help="show where the CPU goes even when every bar is met")
    return parser.parse_args(arguments)


def plan_of(options: argparse.Namespace) -> Plan:
    """quick must end within two minutes and full within fifteen, so repeating stops before that."""
    quick = options.mode == "quick"
    return Plan(
        rounds=options.rounds or (3 if quick else 7), seconds=options.seconds or (2 if quick else 5),
        warm_up=options.seconds or (2 if quick else 3), deadline=time.monotonic() + (85 if quick else 780),
        accept_noise=options.accept_noise)


def present(contenders: list[Contender]) -> list[Contender]:
    """Those that can run here; says why the others cannot."""
    found = []
    for contender in contenders:
        if reason := contender.missing():
            say(f"skipped {contender.name}: {reason}")
        else:
            found.append(contender)
    return found


def half_load(lab: Lab, cells: Cells, running: dict[tuple[str, str], Server], plan: Plan,
              quick: bool) -> tuple[list[AddedLatency], bars.Bar]:
    """Open-loop latency of ours at half of its own throughput, and of nginx at the same rate for scale."""
    latencies: list[AddedLatency] = []
    leader = cells.get((bars.OURS, PROXY_C64.name)) or cells.get(("nginx-proxy", PROXY_C64.name))
    if leader is None or not leader.valid:
        return latencies, bars.latency_bar(None, "without a valid run of sallyport")
    rate = leader.median(bars.requests_per_s) / 2
    rounds, seconds = (2, 2.0) if quick else (3, 4.0)
    seconds = min(seconds, plan.seconds)
    names = [bars.OURS, "nginx-proxy"] if not quick else [leader.contender.name]
    for name in names:
        if server := running.get((name, "proxy")):
            latencies.append(added_latency(lab, server, rate, plan, rounds, seconds))
    ours = next((one for one in latencies if one.contender == bars.OURS), None)
    return latencies, bars.latency_bar(ours, "" if ours else "without sallyport")


def profiles(lab: Lab, running: dict[tuple[str, str], Server], verdicts: list[bars.Bar], always: bool) -> str:
    """Why bars were missed: the hot functions of each work concerned."""
    works = {bar.work for bar in verdicts if bar.work and (always or bar.met is False)}
    parts = []
    for work in WORKS:
        server = running.get((bars.OURS, work.kind))
        if work.name not in works or server is None:
            continue
        text = hotspots.perf_profile(lab, server, work)
        if text is None:
            text = "  " + hotspots.annotate(str(instructions.count(lab, BY_NAME[bars.OURS], work.kind, requests=1000).file))
        parts.append(f"Where {bars.OURS} spends its CPU at {work.name}\n{text}\n")
    return "\n".join(parts)


def load_mode(options: argparse.Namespace) -> int:
    """quick and full."""
    plan, quick = plan_of(options), options.mode == "quick"
    wanted = choose(options.mode, options.only)
    contenders = present(wanted)
    if not contenders:
        raise BenchError("no contender can run here")
    began, lab = time.monotonic(), Lab()
    cells, running = measure(lab, contenders, plan)
    print(report.table(cells))
    latencies, latency_bar = half_load(lab, cells, running, plan, quick)
    print(report.latency_table(latencies))
    verdicts = [*bars.compare(cells), latency_bar]
    why = profiles(lab, running, verdicts, options.profile)
    for server in running.values():
        lab.drop(server)
    idle, idle_bar = memory.measure_idle(lab, [one for one in memory.MEMORY_CONTENDERS if one in contenders])
    verdicts.append(idle_bar)
    print(memory.idle_report(idle))
    if why:
        print(why)
    print(report.verdicts(verdicts))
    print(NOT_HERE)
    result = {
        "mode": options.mode, "machine": report.machine(), "rounds": plan.rounds, "seconds": plan.seconds,
        "cells": [cell.as_json() for cell in cells.values()], "latency": [one.as_json() for one in latencies],
        "idle": [{**asdict(one), "bytes_each": one.bytes_each} for one in idle], "bars": [bar.as_json() for bar in verdicts]}
    path = options.json or OUTPUT / f"{options.mode}.json"
    report.write_json(path, result)
    say(f"wrote {path}")
    if not quick or options.picture:
        picture = options.picture or OUTPUT / f"{options.mode}.png"
        say(report.draw(picture, cells) or f"wrote {picture}")
    say(f"took {time.monotonic() - began:.0f} s")
    incomplete = contenders != wanted or any(not cell.valid for cell in cells.values())
    return 1 if incomplete or any(bar.met is False for bar in verdicts) else 0


def memory_mode(options: argparse.Namespace) -> int:
    contenders = choose("quick", options.only) if options.only else memory.MEMORY_CONTENDERS
    lab = Lab()
    idle, idle_bar = memory.measure_idle(lab, contenders)
    print(memory.idle_report(idle))
    moved, transfer_bars = memory.measure_transfers(lab, contenders)
    print(memory.transfer_report(moved))
    verdicts = [idle_bar, *transfer_bars]
    print(report.verdicts(verdicts))
    if options.json:
        report.write_json(options.json, {
            "mode": "memory", "machine": report.machine(), "bars": [bar.as_json() for bar in verdicts],
            "idle": [{**asdict(one), "bytes_each": one.bytes_each} for one in idle], "transfers": [asdict(one) for one in moved]})
    return 1 if any(bar.met is not True for bar in verdicts) else 0


def callgrind_mode(options: argparse.Namespace) -> int:
    contenders = choose("full", options.only or "sallyport,sallyport-memory")
    return instructions.run(Lab(), contenders, options.update, options.profile)


def judged(options: argparse.Namespace, verdicts: list[bars.Bar]) -> int:
    print(report.verdicts(verdicts))
    if options.json:
        report.write_json(options.json, {"mode": options.mode, "machine": report.machine(), "bars": [bar.as_json() for bar in verdicts]})
    return 1 if any(bar.met is False for bar in verdicts) else 0


def pool_exhaustion_mode(options: argparse.Namespace) -> int:
    return judged(options, pool_exhaustion.run())


def identity_mode(options: argparse.Namespace) -> int:
    began = time.monotonic()
    verdicts = identity.run(options.rounds or 3, options.seconds or 4)
    say(f"took {time.monotonic() - began:.0f} s")
    return judged(options, verdicts)


def main(arguments: list[str] | None = None) -> int:
    options = parse(sys.argv[1:] if arguments is None else arguments)
    # An ended harness stops its servers through atexit: let a polite kill come that way too, and Ctrl-C in the background.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    raise_file_limit()
    modes = {"quick": load_mode, "full": load_mode, "memory": memory_mode, "callgrind": callgrind_mode,
             "identity": identity_mode, "pool-exhaustion": pool_exhaustion_mode}
    try:
        return modes[options.mode](options)
    except BenchError as error:
        say(f"bench: {error}")
        return 2
    except KeyboardInterrupt:
        say("stopped")
        return 130


if __name__ == "__main__":
    sys.exit(main())
