"""Fuzzes the running services by their OpenAPI documents, through the gateway. Called by script/api-fuzz."""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from stack import Stack

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
# Which document, as whom, and its share of the time: passwords are slow to hash.
TARGETS = {"payments": ("user", 0.3), "auth": ("user", 0.4), "admin": ("admin", 0.3)}


def arguments():
    parser = argparse.ArgumentParser(prog="script/api-fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"some of: {', '.join(TARGETS)} (default: all)")
    parser.add_argument("--seconds", type=int, default=180, help="for all targets together (default: 180)")
    parser.add_argument("--seed", type=int, help="of an earlier run, to see the same requests again")
    parser.add_argument("--report", metavar="FOLDER", help="keep what was sent and answered (HAR, JUnit)")
    parser.add_argument("--operation", metavar="ID", action="append", default=[], help="only this operationId")
    found = parser.parse_args()
    if unknown := set(found.targets) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    found.targets = [name for name in TARGETS if name in found.targets or not found.targets]
    if found.seconds < 10 * len(found.targets):
        parser.error("--seconds: at least 10 for each target")
    found.seed = random.SystemRandom().randrange(2**32) if found.seed is None else found.seed
    return found


def fuzz(name, stack, seconds, options):
    """(exit status of schemathesis, what hooks.py counted)."""
    role, _ = TARGETS[name]
    with tempfile.TemporaryDirectory(prefix="sallyport-api-fuzz-") as folder:
        numbers = os.path.join(folder, "numbers.json")
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"), "API_FUZZ_URL": stack.url,
                       "API_FUZZ_ROLE": role, "API_FUZZ_DATABASE": stack.owner_url, "API_FUZZ_NUMBERS": numbers}
        command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(HERE / "schemathesis.toml"),
                   "run", str(ROOT / "openapi" / f"{name}.yaml"), "--url", stack.url, "--checks", "all",
                   "--max-time", str(seconds), "--seed", str(options.seed), "--warnings", "off", "--no-color"]
        for operation in options.operation:
            command += ["--include-operation-id", operation]
        if options.report:
            command += ["--report", "har,junit", "--report-har-path", f"{options.report}/{name}.har",
                        "--report-junit-path", f"{options.report}/{name}.xml"]
        # Bounded by itself; the rest is for shrinking a failure and for a service that hangs.
        status = subprocess.run(command, cwd=folder, env=environment, timeout=seconds * 3 + 120).returncode
        try:
            return status, json.loads(Path(numbers).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return status or 1, {"requests": {}, "failures": {}}


def print_table(results):
    row = "{:<9} {:<22} {:>8}  {:<32} {}".format
    print(row("document", "operation", "requests", "answers", "failures"))
    for name, (_, numbers) in results.items():
        for operation, answers in sorted(numbers["requests"].items()):
            told = " ".join(f"{status}:{count}" for status, count in sorted(answers.items()))
            failures = ", ".join(f"{kind} {count}" for kind, count in numbers["failures"].get(operation, {}).items())
            print(row(name, operation, sum(answers.values()), told, failures or "-"))


def main():
    options = arguments()
    print(f"seed {options.seed}: script/api-fuzz --seed {options.seed} --seconds {options.seconds} "
          f"{' '.join(options.targets)}", flush=True)
    if options.report:
        options.report = os.path.abspath(options.report)
        os.makedirs(options.report, exist_ok=True)
    begin, results = time.monotonic(), {}
    stack = Stack()
    try:
        shares = sum(TARGETS[name][1] for name in options.targets)
        for name in options.targets:
            print(f"\n== {name}", flush=True)
            results[name] = fuzz(name, stack, int(options.seconds * TARGETS[name][1] / shares), options)
    finally:
        complaint = stack.close()

    print()
    print_table(results)
    total = sum(sum(answers.values()) for _, numbers in results.values() for answers in numbers["requests"].values())
    failed = [name for name, (status, _) in results.items() if status != 0]
    print(f"\n{total} requests in {time.monotonic() - begin:.0f} s, seed {options.seed}: "
          + (f"failures in {', '.join(failed)}" if failed else "no failure"))
    if complaint:
        print(f"the services: {complaint}")
    return 1 if failed or complaint else 0


if __name__ == "__main__":
    sys.exit(main())
