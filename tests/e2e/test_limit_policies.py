"""What a policy can say beside limit and window."""

import time
import unittest

from harness import PLENTY, E2ETest, RawClient, eventually, fresh_address, policy, route

BASE = {"global": policy(PLENTY), "auth": policy(PLENTY, group="route")}


class LimitPolicies(E2ETest):
    def start(self, extra=None, **changes):
        """A gateway whose routes all carry the policy `extra`, by the name of `mine`."""
        self.upstream = self.start_upstream()
        limits = {**BASE, "mine": extra} if extra else BASE
        routes = [route("/*", rate_limits=["mine"])] if extra else [route("/*")]
        return self.start_gateway(self.config(self.upstream, **{"rate_limits": limits, "routes": routes, **changes}))

    def wanting(self, gateway, source, *statuses):
        """One request for each status that the upstream shall answer; returns what came."""
        found = []
        with RawClient(gateway.address, source) as client:
            for status in statuses:
                found.append(client.request("GET", "/x", {"X-Want-Status": str(status)}).status)
        return found

    def test_counting_failures_gives_back_what_did_not_fail(self):
        gateway = self.start(policy(3, count="failures"))
        source = fresh_address()
        self.assertEqual([200] * 8, self.wanting(gateway, source, *[200] * 8))
        self.assertEqual([500, 302, 423, 429, 503], self.wanting(gateway, source, 500, 302, 423, 429, 503))
        self.assertEqual([401, 403], self.wanting(gateway, source, 401, 403))
        self.assertEqual([200], self.wanting(gateway, source, 200), "one is left, and is given back")
        self.assertEqual([404], self.wanting(gateway, source, 404))
        denied = self.ask(gateway, "/x", source=source)
        self.assert_limited(denied, ["mine"], 3, 900)

    def test_giving_back_never_creates_a_key_or_goes_below_zero(self):
        gateway = self.start(policy(3, count="failures"))
        source = fresh_address()
        gates = []

        def slow(connection, request):
            gates.append(request)
            self.redis.command("FLUSHALL")  # the window is gone before the answer is
            body = b"done"
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

        self.upstream.behaviours["/slow"] = slow
        self.assertEqual(200, self.ask(gateway, "/slow", source=source).status)
        self.assertEqual(1, len(gates))
        self.assert_stays(lambda: self.redis.keys("*:mine*"), [], 0.3, "nothing to give back to")

    def test_a_shadow_policy_never_denies_and_counts_what_it_would_have(self):
        gateway = self.start(policy(2, shadow=True))
        self.assertEqual([200] * 6, self.statuses(gateway, "/x", 6, fresh_address()))
        total = self.metric(gateway, "ratelimit_decisions_total", policy="mine")
        allowed = self.metric(gateway, "ratelimit_decisions_total", policy="mine", outcome="allow(ed)?")
        self.assertEqual((6, 2), (total, allowed))

    def test_a_shadow_policy_does_not_keep_the_real_ones_from_counting(self):
        limits = {**BASE, "global": policy(4), "mine": policy(1, shadow=True)}
        gateway = self.start(policy(1, shadow=True), rate_limits=limits)
        self.assertEqual([200] * 4 + [429], self.statuses(gateway, "/x", 5, fresh_address()))

    def test_a_shadow_limit_is_watched_beside_the_real_one(self):
        gateway = self.start(policy(5, shadow_limit=2))
        self.assertEqual([200] * 5 + [429], self.statuses(gateway, "/x", 6, fresh_address()))
        would = self.metric(gateway, "ratelimit_decisions_total", policy="mine", outcome=".*(shadow|would).*")
        self.assertGreaterEqual(would, 3)

    def test_addresses_on_the_allow_list_are_never_counted(self):
        friend, stranger = fresh_address(), fresh_address()
        gateway = self.start(policy(2, allow_list=[f"{friend}/32"]))
        self.assertEqual([200] * 6, self.statuses(gateway, "/x", 6, friend))
        self.assertEqual([], self.redis.keys(f"*{friend}*:mine*"))
        self.assertEqual([200, 200, 429], self.statuses(gateway, "/x", 3, stranger))

    def test_a_policy_keyed_by_a_header_counts_each_value(self):
        gateway = self.start(policy(2, key="header:x-api-key"))
        for value in ("alpha", "beta"):  # from new addresses each time: only the value counts
            fields = {"X-API-Key": value}
            found = [self.ask(gateway, "/x", fields=fields, source=fresh_address()).status for _ in range(3)]
            self.assertEqual([200, 200, 429], found, value)

    def test_a_missing_header_falls_back_to_the_address(self):
        gateway = self.start(policy(2, key="header:x-api-key"))
        for source in (fresh_address(), fresh_address()):
            self.assertEqual([200, 200, 429], self.statuses(gateway, "/x", 3, source))
            self.assertEqual(429, self.ask(gateway, "/x", fields={"X-API-Key": ""}, source=source).status, "empty")

    def test_a_policy_keyed_by_route_counts_everyone_together(self):
        gateway = self.start(policy(3, key="route"))
        found = [self.ask(gateway, "/x", source=fresh_address()).status for _ in range(4)]
        self.assertEqual([200] * 3 + [429], found)

    def test_a_request_can_cost_more_than_one(self):
        gateway = self.start(policy(10, cost=4))
        source = fresh_address()
        left = []
        for _ in range(2):
            response = self.ask(gateway, "/x", source=source)
            self.assertEqual(200, response.status)
            left.append(self.limits(response)["mine"][2])
        self.assertEqual([6, 2], left)
        denied = self.ask(gateway, "/x", source=source)
        self.assert_limited(denied, ["mine"], 10, 900)
        self.assertEqual(["2"], denied.all("x-ratelimit-remaining"), "what is left is too little, and is not taken")

    def test_all_policies_are_charged_or_none(self):
        limits = {**BASE, "global": policy(10), "mine": policy(2)}
        routes = [route("/mine/*", rate_limits=["mine"]), route("/*")]
        gateway = self.start(policy(2), rate_limits=limits, routes=routes)
        source = fresh_address()
        self.assertEqual([200, 200] + [429] * 20, self.statuses(gateway, "/mine/x", 22, source))
        self.assertEqual(7, self.limits(self.ask(gateway, "/other", source=source))["global"][2])

    def test_a_fixed_window_opens_again_when_it_is_over(self):
        gateway = self.start(policy(2, "2s"))
        source, start = fresh_address(), time.monotonic()
        self.assertEqual([200, 200, 429], self.statuses(gateway, "/x", 3, source))
        denied = self.ask(gateway, "/x", source=source)
        self.assertIn(denied.get("retry-after"), ("1", "2"))
        eventually(lambda: self.ask(gateway, "/x", source=source).status == 200, "a new window", 5)
        self.assertTrue(1.7 < time.monotonic() - start < 3.5)
        self.assertEqual([200, 429], self.statuses(gateway, "/x", 2, source))

    def test_retry_after_is_kept_to_the_client_that_waits_exactly_that_long(self):
        gateway = self.start(policy(1, "1s"))
        source = fresh_address()
        self.assertEqual([200, 429], self.statuses(gateway, "/x", 2, source))
        wait = int(self.ask(gateway, "/x", source=source).get("retry-after"))
        self.assertEqual(1, wait)
        time.sleep(wait)  # the client's own waiting is what is tested
        self.assertEqual(200, self.ask(gateway, "/x", source=source).status)

    def test_gcra_lets_a_burst_in_and_then_a_steady_stream(self):
        gateway = self.start(policy(60, "60s", algorithm="gcra", burst=3))
        source, start = fresh_address(), time.monotonic()
        self.assertEqual([200] * 3 + [429], self.statuses(gateway, "/x", 4, source))
        denied = self.ask(gateway, "/x", source=source)
        self.assertEqual("1", denied.get("retry-after"))
        eventually(lambda: self.ask(gateway, "/x", source=source).status == 200, "one more", 4)
        self.assertTrue(0.8 < time.monotonic() - start < 2.5)
        self.assertEqual([429], self.statuses(gateway, "/x", 1, source))

    def test_a_sliding_window_lets_no_double_burst_through(self):
        gateway = self.start(policy(20, "2s", algorithm="sliding"))
        source, passed, start = fresh_address(), [], time.monotonic()
        with RawClient(gateway.address, source) as client:
            while (now := time.monotonic()) < start + 5:
                if client.request("GET", "/x").status == 200:
                    passed.append(now)
                time.sleep(0.005)  # an eager client, not a wait for something
        self.assertGreater(len(passed), 30, "it opens again")
        self.assertLess(passed[19] - start, 1.5, "the first burst goes through")
        for first in passed[20:]:  # a fixed window would let 20 through at once
            inside = sum(first <= at < first + 0.4 for at in passed)
            self.assertLessEqual(inside, 12, "after the burst, only what slides out of the window comes in")
        self.assertLessEqual(len(passed), 20 + 20 * 3, "and the long run keeps to the rate")

    def test_a_new_limit_applies_to_what_was_used_before(self):
        source = fresh_address()
        gateway = self.start(policy(5))
        self.assertEqual([200] * 4, self.statuses(gateway, "/x", 4, source))
        gateway = self.start(policy(10))
        self.assertEqual(5, self.limits(self.ask(gateway, "/x", source=source))["mine"][2])

    def test_limit_fields_of_an_upstream_are_replaced(self):
        gateway = self.start(policy(7))

        def forger(connection, request):
            del request
            connection.send(
                b"HTTP/1.1 200 OK\r\nRateLimit: \"x\";r=1;t=1\r\nRateLimit-Policy: \"x\";q=1;w=1\r\n"
                b"X-RateLimit-Limit: 1\r\nX-RateLimit-Remaining: 1\r\nX-RateLimit-Reset: 1\r\nContent-Length: 0\r\n\r\n"
            )

        self.upstream.default = forger
        response = self.ask(gateway, "/x", source=fresh_address())
        self.assertEqual({"global", "mine"}, set(self.limits(response)))
        self.assertEqual((["7"], ["6"]), (response.all("x-ratelimit-limit"), response.all("x-ratelimit-remaining")))

    def test_answers_that_are_errors_of_the_upstream_carry_the_limits_too(self):
        gateway = self.start(policy(7))
        self.upstream.default = lambda connection, request: False  # closes without an answer
        response = self.ask(gateway, "/x", source=fresh_address())
        self.assert_problem(response, 502, "bad_gateway")
        self.assertEqual(6, self.limits(response)["mine"][2])

    def test_preflights_that_the_gateway_answers_do_not_count(self):
        limits = {**BASE, "global": policy(3)}
        gateway = self.start(rate_limits=limits, cors={"origins": ["https://app.example"]})
        source = fresh_address()
        preflight = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
        for _ in range(6):
            response = self.ask(gateway, "/x", "OPTIONS", preflight, source=source)
            self.assertIn(response.status, (200, 204))
            self.assertEqual("https://app.example", response.get("access-control-allow-origin"))
        self.assertEqual([], self.upstream.requests)
        self.assertEqual([200] * 3 + [429], self.statuses(gateway, "/x", 4, source))


if __name__ == "__main__":
    unittest.main(verbosity=2)
