"""Deadlines instead of sleeps, free ports, and client addresses that nobody used before."""

import itertools
import socket
import time

_addresses = itertools.count(1)


def eventually(probe, what, timeout=10.0, interval=0.02):
    """Calls `probe` until it answers something true, and returns that; fails with `what` when the time is over."""
    end = time.monotonic() + timeout
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"not within {timeout} s: {what() if callable(what) else what}")
        time.sleep(interval)


def free_port(host="127.0.0.1"):
    """A port that nobody listened on a moment ago."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def fresh_address():
    """A loopback address that no test of this process has used as a client: an identity with untouched limits."""
    number = next(_addresses)
    return f"127.20.{number // 250}.{number % 250 + 1}"
