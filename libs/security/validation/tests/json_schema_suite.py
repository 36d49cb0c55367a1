"""Runs the official JSON-Schema-Test-Suite (draft 2020-12) with validation_suite_runner.

The suite comes in the source distribution of the Python package jsonschema, of one version and checksum; it is downloaded once
into the build folder. Usage: json_schema_suite.py RUNNER FOLDER
"""

import hashlib
import pathlib
import subprocess
import sys
import tarfile

PACKAGE = "jsonschema"
VERSION = "4.23.0"
SHA256 = "d71497fef26351a33265337fa77ffeb82423f3ea21283cd9467bb03999266bc4"
FORMATS = ("date-time", "date", "time", "email", "hostname", "ipv4", "ipv6", "uri", "uuid")


def fetch(folder: pathlib.Path) -> pathlib.Path:
    archive = folder / f"{PACKAGE}-{VERSION}.tar.gz"
    if not archive.exists():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", PACKAGE,
                   "--dest", str(folder), f"{PACKAGE}=={VERSION}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0 or not archive.exists():
            sys.exit(f"the test suite is not in {folder} and cannot be downloaded (this needs a network and pip):\n"
                     + done.stderr.strip())
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        archive.unlink()
        sys.exit(f"{archive.name} is not the file that is expected (sha256); it was removed")
    return archive


def unpack(archive: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    root = f"{PACKAGE}-{VERSION}/json/"
    with tarfile.open(archive) as tar:
        wanted = [m for m in tar.getmembers() if m.isfile() and m.name.startswith(root) and ".." not in m.name]
        tar.extractall(folder, members=wanted)
    return folder / root


def run(what: str, command: list[str]) -> bool:
    print(f"== {what}", flush=True)
    return subprocess.run(command, check=False, timeout=100).returncode == 0


def main() -> None:
    runner, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    suite = unpack(fetch(folder), folder)
    tests = suite / "tests" / "draft2020-12"
    remotes = ["--remotes", str(suite / "remotes")]
    required = sorted(str(path) for path in tests.glob("*.json"))
    formats = [str(tests / "optional" / "format" / f"{name}.json") for name in FORMATS]
    passed = run("required", [runner, *remotes, *required])
    passed = run("formats that are asserted", [runner, *formats]) and passed
    sys.exit(0 if passed else 1)


main()
