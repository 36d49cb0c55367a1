"""What every test starts from: servers that are gone when the test is over, and short words for asking."""

import re
import select
import time
import unittest

from .gateway import Gateway, Program
from .raw_client import RawClient, request_bytes
from .redis import Redis
from .upstream import Upstream, echo
from .waiting import fresh_address

PLENTY = 1_000_000

# A head that was refused has no path that could be named.
_HEAD_REFUSED = {"malformed_request", "request_timeout", "misdirected_request", "body_too_large", "uri_too_long"}


def policy(limit, window="15m", **more):
    return {"limit": limit, "window": window, **more}


def route(path, upstream="app", **more):
    return {"path": path, "upstream": upstream, "auth": "none", **more}


class E2ETest(unittest.TestCase):
    """`redis` is one server for the class, emptied before each test."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.redis = Redis()
        cls.addClassCleanup(cls.redis.close)

    def setUp(self):
        self.redis.command("FLUSHALL")
        self.redis.command("CONFIG", "RESETSTAT")

    def start_upstream(self, behaviour=echo):
        upstream = Upstream(behaviour)

        def close():
            upstream.close()
            self.assertEqual([], upstream.failures, "the upstream could not read what the gateway sent")

        self.addCleanup(close)
        return upstream

    def config(self, upstream, **changes):
        """A config in front of `upstream` (or several): limits out of the way, one thread, a catch-all route."""
        hosts = [item.host for item in upstream] if isinstance(upstream, (list, tuple)) else [upstream.host]
        config = {
            "listen": "127.0.0.1:0",
            "threads": 1,
            "instances": 1,
            "internal_access": ["127.0.0.0/8", "::1/128"],
            "rate_limits": {"global": policy(PLENTY), "auth": policy(PLENTY, group="route")},
            "upstreams": {"app": {"hosts": hosts}},
            "routes": [route("/*")],
        }
        config.update(changes)
        return config

    def watch(self, program):
        def close():
            if wrong := program.close():
                self.fail(f"sallyport {wrong}")

        self.addCleanup(close)
        return program

    def start_gateway(self, config, redis_url=None, listeners=1):
        gateway = self.watch(Gateway(config, redis_url or self.redis.url))
        return gateway.wait_listening(listeners)

    def start_dev(self, *words):
        return self.watch(Program("dev", "--listen", "127.0.0.1:0", *words)).wait_listening()

    def client(self, gateway, source=None, timeout=10.0):
        client = RawClient(gateway.address, source, timeout)
        self.addCleanup(client.close)
        return client

    def ask(self, gateway, target, method="GET", fields=(), body=b"", source=None, timeout=10.0):
        """One request on a connection of its own."""
        with RawClient(gateway.address, source, timeout) as client:
            return client.request(method, target, fields, body)

    def statuses(self, gateway, target, count, source=None, **more):
        """The statuses of `count` requests, one after the other on one connection (a new one when it was closed)."""
        found, client = [], None
        for _ in range(count):
            client = client or RawClient(gateway.address, source)
            response = client.request(more.get("method", "GET"), target, more.get("fields", ()), more.get("body", b""))
            found.append(response.status)
            if client.ended or "close" in response.tokens("connection"):
                client.close()
                client = None
        if client:
            client.close()
        return found

    def burst(self, gateways, target, count, source, method="GET"):
        """`count` requests on connections of their own, dealt out to the gateways, all sent before any answer."""
        clients = [RawClient(gateways[i % len(gateways)].address, source, 30) for i in range(count)]
        try:
            for client in clients:
                client.send(request_bytes(method, target))
            return [client.read_response(method) for client in clients]
        finally:
            for client in clients:
                client.close()

    def metric(self, gateway, name, **labels):
        """The sum of all samples of that name with at least these labels; label values are regular expressions."""
        response = self.ask(gateway, "/metrics", source=fresh_address())
        self.assertEqual(200, response.status)
        total = 0.0
        for line in response.body.decode().splitlines():
            match = re.fullmatch(rf"{name}(?:\{{(.*)\}})? ([0-9.e+-]+)(?: \d+)?", line)
            if match:
                found = dict(re.findall(r'(\w+)="([^"]*)"', match[1] or ""))
                if all(re.fullmatch(value, found.get(key, "")) for key, value in labels.items()):
                    total += float(match[2])
        return total

    def assert_problem(self, response, status, code):
        self.assertEqual(status, response.status, response.body[:300])
        self.assertEqual("application/problem+json", response.get("content-type", "").split(";")[0])
        problem = response.json()
        self.assertEqual(status, problem["status"])
        self.assertEqual(code, problem["code"])
        self.assertIn("/problems/", problem["type"])
        wanted = ["title", "detail", "request_id"] + ["instance"] * (code not in _HEAD_REFUSED)
        for key in wanted:
            self.assertTrue(problem.get(key), f"{key} in {problem}")
        return problem

    def assert_limited(self, response, policies, limit, window):
        """A 429 with all that belongs to it; returns Retry-After."""
        problem = self.assert_problem(response, 429, "rate_limited")
        self.assertEqual(sorted(policies), sorted(problem["violated_policies"]))
        self.assertRegex(response.get("retry-after", ""), r"^[1-9]\d*$")
        self.assertLessEqual(int(response.get("retry-after")), window)
        self.assertEqual([str(limit)], response.all("x-ratelimit-limit"))
        self.assertEqual(1, len(response.all("x-ratelimit-remaining")))
        self.assertIn("no-store", response.tokens("cache-control"))
        for name in policies:
            self.assertIn(name, self.limits(response))
        return int(response.get("retry-after"))

    def limits(self, response):
        """{policy: (quota, window, remaining, reset)} of the RateLimit fields.

        A client that is known to be blocked is told of the policy that blocks it; the others were not asked.
        """
        quotas = _items(response.all("ratelimit-policy"))
        states = _items(response.all("ratelimit"))
        self.assertEqual(set(), set(states) - set(quotas), "states of policies without a quota")
        if response.status != 429:
            self.assertEqual(set(quotas), set(states), "the two RateLimit fields name the same policies")
        return {
            name: (quotas[name]["q"], quotas[name]["w"], states[name]["r"], states[name]["t"]) for name in states
        }

    def assert_stays(self, probe, value, seconds, what):
        """`probe` keeps answering `value` for this long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.assertEqual(value, probe(), what)
            select.select([], [], [], 0.02)


def _items(lines):
    """A structured-field list of strings with integer parameters (RFC 9651)."""
    found = {}
    for item in re.split(r",\s*", ", ".join(lines)) if lines else []:
        name, *parameters = item.split(";")
        if not re.fullmatch(r'"[a-z0-9_-]+"', name):
            raise AssertionError(f"not a policy name: {item!r}")
        found[name.strip('"')] = {key: int(value) for key, _, value in (p.partition("=") for p in parameters)}
    return found
