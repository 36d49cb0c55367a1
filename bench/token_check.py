"""What the gateway's check of an access token adds to a request: known to its cache, and not."""

from __future__ import annotations

import statistics
from pathlib import Path

from bench.contenders import HUGE_LIMIT, HUGE_WINDOW_S, PATH, SALLYPORT
from bench.identity_lab import AUDIENCE, ISSUER, IdentityLab, load
from bench.measure import say
from bench.processes import BenchError, Server, cpu_of, start
from bench.rotation import chains

CONNECTIONS = 64
TOKENS_MIN = 8000  # more than the gateway keeps verified, so that using them in turn finds none of them


def _config(lab: IdentityLab, port: int) -> str:
    upstream = f'{{ hosts: ["127.0.0.1:{lab.upstream.port}"] }}'
    return f"""listen: 127.0.0.1:{port}
threads: 1
instances: 1
drain: 0s
issuer: {ISSUER}
audience: {AUDIENCE}
jwks_url: http://127.0.0.1:{lab.auth.port}/.well-known/jwks.json
limits: {{ connections_max: 4000, connections_per_address_max: 4000, requests_per_connection_max: 1000000 }}
rate_limits:
  global: {{ limit: {HUGE_LIMIT}, window: {HUGE_WINDOW_S}s, key: address, algorithm: fixed }}
upstreams:
  service: {upstream}
routes:
  - {{ path: "/open/*", upstream: service, auth: none, strip_prefix: /open }}
  - {{ path: "/closed/*", upstream: service, auth: required, strip_prefix: /closed }}
"""


def start_gateway(lab: IdentityLab) -> Server:
    """BenchError when this build's gateway checks no tokens."""
    folder, port = lab.place("gateway")
    (folder / "gateway.yaml").write_text(_config(lab, port))
    server = start("gateway", [str(SALLYPORT), "gateway", "--config", str(folder / "gateway.yaml")], port, folder,
                   {"SALLYPORT_REDIS_URL": f"redis://127.0.0.1:{lab.redis.port}"})
    lab.keep(server)
    server.wait_ready("/health", lambda status: status == 200)
    return server


def collect(lab: IdentityLab, emails: list[str]) -> list[str]:
    """Many good access tokens, each from a refresh of its own."""
    tokens: list[str] = []
    for attempt in range(6):
        keep = Path(lab.folder) / f"tokens-{attempt}-"
        chains(lab, 5, emails, keep)
        for file in lab.folder.glob(f"{keep.name}*"):
            tokens += [line for line in file.read_text().splitlines() if line.count(".") == 2]
        if len(tokens) >= TOKENS_MIN:
            return tokens
    raise BenchError(f"only {len(tokens)} access tokens in half a minute")


def measure(lab: IdentityLab, rounds: int, seconds: float, emails: list[str]) -> None:
    """Prints CPU µs a request without a check, with one token, and with ever new ones."""
    try:
        gateway = start_gateway(lab)
    except BenchError as error:
        print("Check of an access token: not measured, the gateway did not start with a route that requires one:")
        print("".join(f"  {line}\n" for line in str(error).splitlines()[1:4]))
        return
    tokens = collect(lab, emails)
    say(f"{len(tokens)} access tokens")
    many, one = lab.file(tokens), lab.file(tokens[:1])
    kinds = {"no check": (f"/open{PATH}", one), "one token": (f"/closed{PATH}", one), f"{len(tokens)} tokens in turn": (f"/closed{PATH}", many)}
    costs: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(rounds):
        for kind, (path, file) in kinds.items():
            before = cpu_of([gateway])
            count = load(gateway.port, path, seconds, CONNECTIONS, ["me", file]).check(200).result.requests
            costs[kind].append((cpu_of([gateway]) - before) * 1e6 / count)
        say(f"token check: round {number + 1} of {rounds}")
    floor = statistics.median(costs["no check"])
    print("CPU of the gateway, µs a request (medians)")
    for kind, values in costs.items():
        middle = statistics.median(values)
        print(f"  {kind:<22} {middle:6.1f}  {middle - floor:+6.1f}")
    print()
