"""Where the CPU goes: shown when a bar was missed."""

from __future__ import annotations

import shutil
import signal
import subprocess

from bench.contenders import PATH, Lab, Work
from bench.processes import Server, die_with_parent

TOP, TOP_KERNEL = 25, 8


def perf_profile(lab: Lab, server: Server, work: Work, seconds: float = 2) -> str | None:
    """The hottest functions by sampling under load, kernel included; None when perf is not here or may not be used."""
    if shutil.which("perf") is None:
        return None
    data = server.folder / "perf.data"
    load = subprocess.Popen(
        ["wrk", "-t1", f"-c{work.connections}", f"-d{int(seconds) + 2}s", f"http://127.0.0.1:{server.port}{PATH}"],
        stdout=subprocess.DEVNULL, preexec_fn=die_with_parent(signal.SIGKILL))
    try:
        pids = ",".join(str(pid) for pid in server.pids())
        recorded = subprocess.run(
            ["perf", "record", "-q", "-e", "cpu-clock", "-F", "997", "-o", str(data), "-p", pids, "--", "sleep", str(seconds)],
            capture_output=True, timeout=seconds + 20, check=False)
        if recorded.returncode != 0 or not data.exists():
            return None
        objects, functions = _report(str(data), "dso"), _report(str(data), "dso,symbol")
    finally:
        load.kill()
        load.wait()
    kernel = [line for line in functions if "[k]" in line][:TOP_KERNEL]
    program = [line for line in functions if "[k]" not in line][:TOP - len(kernel)]
    return "\n".join(["  by object", *objects[:6], "  by function, outside the kernel", *program, "  by function, in the kernel", *kernel])


def _report(data: str, sort: str) -> list[str]:
    done = subprocess.run(["perf", "report", "--stdio", "-q", "-i", data, "--no-children", "--sort", sort],
                          capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    return [line.rstrip(" -")[:160] for line in done.stdout.splitlines() if "%" in line]


def annotate(path: str) -> str:
    """The functions with most instructions of a callgrind file."""
    done = subprocess.run(["callgrind_annotate", "--threshold=95", path], capture_output=True, text=True, timeout=120, check=False)
    lines = done.stdout.splitlines()
    begin = next((number for number, line in enumerate(lines) if "file:function" in line), 0)
    rows = [line[:160] for line in lines[begin + 2:] if "(" in line[:24]]
    return "\n".join(rows[:TOP])
