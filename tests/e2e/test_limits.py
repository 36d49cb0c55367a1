"""The plan's limits, seen from outside: 100 a quarter of an hour, 5 for each login route, and no way round."""

import threading
import time
import unittest

from harness import E2ETest, RawClient, chunked, eventually, fresh_address, policy, request_bytes, route

QUARTER = 900
PLAN = {"global": policy(100), "auth": policy(5, group="route")}


class Limits(E2ETest):
    def plan_config(self, upstream, **changes):
        return self.config(upstream, **{"rate_limits": PLAN, **changes})

    def test_a_hundred_requests_pass_and_the_101st_is_429_with_all_that_belongs_to_it(self):
        gateway = self.start_gateway(self.plan_config(self.start_upstream()))
        source = fresh_address()
        with RawClient(gateway.address, source) as client:
            for number in range(100):
                response = client.request("GET", "/things")
                self.assertEqual(200, response.status, f"request {number + 1}")
                quota, window, remaining, reset = self.limits(response)["global"]
                self.assertEqual((100, QUARTER, 99 - number), (quota, window, remaining))
                self.assertTrue(QUARTER - 60 < reset <= QUARTER, reset)
                self.assertEqual(["100"], response.all("x-ratelimit-limit"))
                self.assertEqual([str(99 - number)], response.all("x-ratelimit-remaining"))
        denied = self.ask(gateway, "/things", source=source)
        retry_after = self.assert_limited(denied, ["global"], 100, QUARTER)
        self.assertGreater(retry_after, QUARTER - 60)
        self.assertEqual(["0"], denied.all("x-ratelimit-remaining"))
        self.assertEqual(0, self.limits(denied)["global"][2])
        self.assertEqual(200, self.ask(gateway, "/things", source=fresh_address()).status, "somebody else")

    def test_the_101st_never_reaches_the_upstream(self):
        upstream = self.start_upstream()
        gateway = self.start_gateway(self.plan_config(upstream, rate_limits={**PLAN, "global": policy(3)}))
        self.assertEqual([200] * 3 + [429] * 4, self.statuses(gateway, "/x", 7, fresh_address()))
        self.assertEqual(3, len(upstream.requests))

    def test_the_sixth_login_is_blocked_while_other_routes_still_pass(self):
        gateway = self.start_gateway(self.plan_config(self.start_upstream()))
        source = fresh_address()
        for number in range(5):
            response = self.ask(gateway, "/auth/login", "POST", body=b"{}", source=source)
            self.assertEqual(200, response.status)
            self.assertEqual((5, QUARTER, 4 - number), self.limits(response)["auth"][:3])
            self.assertEqual((100, QUARTER, 99 - number), self.limits(response)["global"][:3])
            self.assertEqual([str(4 - number)], response.all("x-ratelimit-remaining"), "of the policy with least left")
            self.assertEqual(["5"], response.all("x-ratelimit-limit"))
        denied = self.ask(gateway, "/auth/login", "POST", body=b"{}", source=source)
        self.assert_limited(denied, ["auth"], 5, QUARTER)
        other = self.ask(gateway, "/things", source=source)
        self.assertEqual(200, other.status)
        self.assertEqual(94, self.limits(other)["global"][2], "the refused login was charged to nobody")
        refresh = self.ask(gateway, "/auth/refresh", "POST", body=b"{}", source=source)
        self.assertEqual((200, 4), (refresh.status, self.limits(refresh)["auth"][2]), "a bucket for each route")
        register = self.ask(gateway, "/auth/register", "POST", body=b"{}", source=source)
        self.assertEqual((200, 4), (register.status, self.limits(register)["auth"][2]))

    def test_one_shared_bucket_for_the_auth_routes_is_a_choice(self):
        limits = {**PLAN, "auth": policy(5, group="shared")}
        gateway = self.start_gateway(self.plan_config(self.start_upstream(), rate_limits=limits))
        source = fresh_address()
        paths = ["/auth/login", "/auth/refresh", "/auth/register", "/auth/login", "/auth/refresh", "/auth/register"]
        found = [self.ask(gateway, path, "POST", source=source).status for path in paths]
        self.assertEqual([200] * 5 + [429], found)

    def test_health_and_metrics_are_never_limited_and_touch_no_redis(self):
        gateway = self.start_gateway(self.plan_config(self.start_upstream()))
        source = fresh_address()
        keys = self.redis.keys()  # the check at start may have left one
        before = self.redis.calls("evalsha", "eval", "get", "set", "incrby", "incr")
        for target in ("/health", "/health/ready", "/metrics"):
            self.assertEqual([200] * 120, self.statuses(gateway, target, 120, source), target)
            answer = self.ask(gateway, target, source=source)
            self.assertEqual([], answer.all("ratelimit") + answer.all("x-ratelimit-limit"), target)
        self.assertEqual([], sorted(set(self.redis.keys()) - set(keys)))
        self.assertEqual(before, self.redis.calls("evalsha", "eval", "get", "set", "incrby", "incr"))
        self.assertEqual(99, self.limits(self.ask(gateway, "/x", source=source))["global"][2])

    def test_health_still_answers_a_client_that_is_over_its_limit(self):
        limits = {**PLAN, "global": policy(1)}
        gateway = self.start_gateway(self.plan_config(self.start_upstream(), rate_limits=limits))
        source = fresh_address()
        self.assertEqual([200, 429], self.statuses(gateway, "/x", 2, source))
        self.assertEqual([200] * 5, self.statuses(gateway, "/health", 5, source))

    def test_only_the_exact_internal_paths_are_exempt(self):
        limits = {**PLAN, "global": policy(2)}
        gateway = self.start_gateway(self.plan_config(self.start_upstream(), rate_limits=limits))
        source = fresh_address()
        found = [self.ask(gateway, path, source=source).status for path in ("/health/x", "/healthz", "/metrics/all")]
        self.assertEqual([200, 200, 429], found)

    def test_a_key_that_lost_its_expiry_heals(self):
        gateway = self.start_gateway(self.plan_config(self.start_upstream()))
        source = fresh_address()
        self.assertEqual([200] * 3, self.statuses(gateway, "/x", 3, source))
        (key,) = self.redis.keys(f"sp:rl:{{ip:{source}}}:global*")
        self.assertGreater(self.redis.command("PTTL", key), 0)
        self.redis.command("SET", key, "1000")  # without an expiry, and far past the limit
        self.assertEqual(-1, self.redis.command("PTTL", key))
        response = self.ask(gateway, "/x", source=source)
        self.assertEqual((200, 99), (response.status, self.limits(response)["global"][2]))
        self.assertTrue(0 < self.redis.command("PTTL", key) <= QUARTER * 1000)

    def test_persisting_a_key_does_not_block_its_client_for_ever(self):
        limits = {**PLAN, "global": policy(4)}
        gateway = self.start_gateway(self.plan_config(self.start_upstream(), rate_limits=limits))
        source = fresh_address()
        self.assertEqual([200] * 3, self.statuses(gateway, "/x", 3, source))
        (key,) = self.redis.keys(f"sp:rl:{{ip:{source}}}:global*")
        self.assertEqual(1, self.redis.command("PERSIST", key))
        self.assertEqual([200] * 4 + [429], self.statuses(gateway, "/x", 5, source), "a new window")

    def test_two_gateways_and_200_requests_at_once_admit_exactly_100(self):
        upstream = self.start_upstream()
        gateways = [self.start_gateway(self.plan_config(upstream, threads=2)) for _ in range(2)]
        for gateway in gateways:  # their connections to Redis and the upstream are warm
            self.assertEqual(200, self.ask(gateway, "/warm", source=fresh_address()).status)
        statuses = [response.status for response in self.burst(gateways, "/x", 200, fresh_address())]
        errors = [self.metric(gateway, "ratelimit_store_errors_total") for gateway in gateways]
        self.assertEqual([0, 0], errors, "Redis answered every question in time")
        self.assertEqual((100, 100), (statuses.count(200), statuses.count(429)))
        self.assertEqual(100, upstream.paths().count("/x"))

    def test_four_threads_and_a_connection_a_request_admit_exactly_100_in_memory_too(self):
        gateway = self.start_dev("--threads", "4")
        source, lock, found = fresh_address(), threading.Lock(), []

        def work():
            for _ in range(25):
                status = self.ask(gateway, "/things", source=source).status
                with lock:
                    found.append(status)

        workers = [threading.Thread(target=work) for _ in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual(200, len(found))
        self.assertEqual((100, 100), (len(found) - found.count(429), found.count(429)))

    def test_script_flush_in_the_middle_loses_no_count(self):
        gateway = self.start_gateway(self.plan_config(self.start_upstream()))
        source = fresh_address()
        with RawClient(gateway.address, source) as client:
            for number in range(100):
                if number % 10 == 5:
                    self.redis.command("SCRIPT", "FLUSH")
                response = client.request("GET", "/x")
                self.assertEqual((200, 99 - number), (response.status, self.limits(response)["global"][2]))
        self.redis.command("SCRIPT", "FLUSH")
        self.assertEqual(429, self.ask(gateway, "/x", source=source).status)
        self.assertEqual(0, self.metric(gateway, "ratelimit_store_errors_total"))

    def test_script_flush_under_concurrent_load_loses_no_count(self):
        gateway = self.start_gateway(self.plan_config(self.start_upstream()))
        source, stop = fresh_address(), threading.Event()

        def flush():
            while not stop.wait(0.02):
                self.redis.command("SCRIPT", "FLUSH")

        flusher = threading.Thread(target=flush)
        flusher.start()
        try:
            statuses = [r.status for _ in range(4) for r in self.burst([gateway], "/x", 50, source)]
        finally:
            stop.set()
            flusher.join()
        self.assertEqual((100, 100), (statuses.count(200), statuses.count(429)))

    def test_no_spelling_of_the_login_path_gets_a_bucket_of_its_own(self):
        upstream = self.start_upstream()
        gateway = self.start_gateway(self.plan_config(upstream))
        source = fresh_address()
        spellings = ["/auth/%6Cogin", "//auth/login", "/AUTH/LOGIN/", "/auth/./login", "/x/../auth/login"]
        spellings += ["/auth/login?next=%2F", "/Auth//Login", "/auth/login/."]
        found = [self.ask(gateway, path, "POST", source=source).status for path in spellings[:5]]
        self.assertEqual([200] * 5, found)
        for path in ["/auth/login", *spellings]:
            self.assert_limited(self.ask(gateway, path, "POST", source=source), ["auth"], 5, QUARTER)
        seen = upstream.paths()
        self.assertEqual(["/auth/login"] * 3, [seen[0], seen[1], seen[3]], "the upstream gets the canonical path")
        self.assertEqual("/auth/login", seen[4])

    def test_absolute_form_shares_the_login_bucket(self):
        gateway = self.start_gateway(self.plan_config(self.start_upstream()))
        source = fresh_address()
        target = "http://localhost/auth/login"
        self.assertEqual([200] * 5, self.statuses(gateway, "/auth/login", 5, source, method="POST"))
        self.assertEqual(429, self.ask(gateway, target, "POST", source=source).status)

    def test_the_auth_limit_holds_on_a_route_that_does_not_name_it(self):
        config = self.plan_config(self.start_upstream(), routes=[route("/auth/login", methods=["POST"]), route("/*")])
        gateway = self.start_gateway(config)
        found = self.statuses(gateway, "/auth/login", 6, fresh_address(), method="POST")
        self.assertEqual([200] * 5 + [429], found)

    def test_the_auth_limit_goes_only_when_it_is_switched_off_by_name(self):
        gateway = self.start_gateway(self.plan_config(self.start_upstream(), rate_limits={"global": policy(100)},
                                                      rate_limits_off=["auth"]))
        found = self.statuses(gateway, "/auth/login", 8, fresh_address(), method="POST")
        self.assertEqual([200] * 8, found)

    def test_unknown_routes_count(self):
        config = self.plan_config(self.start_upstream(), routes=[route("/known")],
                                  rate_limits={**PLAN, "global": policy(4)})
        gateway = self.start_gateway(config)
        source = fresh_address()
        for number in range(4):
            response = self.ask(gateway, f"/unknown/{number}", source=source)
            self.assert_problem(response, 404, "not_found")
            self.assertEqual(3 - number, self.limits(response)["global"][2])
        self.assertEqual(429, self.ask(gateway, "/known", source=source).status)

    def test_a_wrong_method_counts(self):
        config = self.plan_config(self.start_upstream(), routes=[route("/only", methods=["POST"])],
                                  rate_limits={**PLAN, "global": policy(2)})
        gateway = self.start_gateway(config)
        source = fresh_address()
        response = self.ask(gateway, "/only", source=source)
        self.assert_problem(response, 405, "method_not_allowed")
        self.assertIn("post", response.tokens("allow"))
        self.assertEqual([405, 429], self.statuses(gateway, "/only", 2, source))

    def test_a_large_upload_still_gets_its_429(self):
        upstream = self.start_upstream()
        limits = {**PLAN, "global": policy(1)}
        config = self.plan_config(upstream, rate_limits=limits, routes=[route("/*", body_max="4MiB")])
        gateway = self.start_gateway(config)
        body = b"x" * (1 << 20)
        pieces = chunked(*[body[:32768]] * 32)
        for name, fields, content in (("length", {}, body), ("chunked", {"Transfer-Encoding": "chunked"}, pieces)):
            with self.subTest(name):
                source = fresh_address()
                self.assertEqual(200, self.ask(gateway, "/x", source=source).status)
                self.assert_limited(self.ask(gateway, "/x", "POST", fields, content, source), ["global"], 1, QUARTER)
        self.assertEqual(2, len(upstream.requests), "no upload got through")

    def test_a_429_leaves_the_connection_usable_for_a_small_body(self):
        gateway = self.start_gateway(self.plan_config(self.start_upstream(), rate_limits={**PLAN, "global": policy(1)}))
        source = fresh_address()
        self.assertEqual(200, self.ask(gateway, "/x", source=source).status)
        with RawClient(gateway.address, source) as client:
            client.send(request_bytes("POST", "/x", body=b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"))
            self.assertEqual(429, client.read_response().status)
            if client.silent_for(0.2):
                self.assertEqual(200, client.request("GET", "/health").status)
            else:
                self.assertEqual(b"", client.rest_until_end(2), "the body was not taken for a request")

    def test_a_blocked_client_is_let_in_soon_after_its_key_was_deleted(self):
        gateway = self.start_gateway(self.plan_config(self.start_upstream(), rate_limits={**PLAN, "global": policy(1)}))
        source = fresh_address()
        self.assertEqual([200, 429, 429], self.statuses(gateway, "/x", 3, source))
        self.redis.command("FLUSHALL")
        start = time.monotonic()
        eventually(lambda: self.ask(gateway, "/x", source=source).status == 200, "let in again", 8, 0.1)
        self.assertLess(time.monotonic() - start, 6.5)

    def test_a_blocked_client_costs_no_question_to_redis(self):
        gateway = self.start_gateway(self.plan_config(self.start_upstream(), rate_limits={**PLAN, "global": policy(1)}))
        source = fresh_address()
        self.assertEqual([200, 429], self.statuses(gateway, "/x", 2, source))
        before, start = self.redis.calls("evalsha", "eval"), time.monotonic()
        self.assertGreater(before, 0)
        self.assertEqual([429] * 50, self.statuses(gateway, "/x", 50, source))
        if time.monotonic() - start < 4:
            self.assertLessEqual(self.redis.calls("evalsha", "eval") - before, 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
