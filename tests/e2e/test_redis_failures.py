"""Redis stops answering, dies, comes back, or loses a reply: what a client sees in each case."""

import time
import unittest

from harness import PLENTY, E2ETest, Redis, TcpGate, eventually, fresh_address, policy

SLOWEST_ANSWER = 1.0  # seconds: five deadlines of 50 ms, and a busy machine


class RedisFailures(E2ETest):
    @classmethod
    def setUpClass(cls):
        """No shared server: each test hurts its own."""

    def setUp(self):
        self.redis = Redis()
        self.addCleanup(self.redis.close)
        self.upstream = self.start_upstream()

    def start(self, mode, redis_url=None, limit=10, instances=2):
        limits = {"global": policy(limit, on_store_error=mode), "auth": policy(PLENTY, on_store_error=mode)}
        config = self.config(self.upstream, rate_limits=limits, instances=instances)
        gateway = self.start_gateway(config, redis_url)
        self.assertEqual(200, self.ask(gateway, "/warm", source=fresh_address()).status)
        return gateway

    def failing(self):
        """The two ways to fail, each with what ends it."""
        yield "SIGSTOP", self.redis.pause, self.redis.resume
        yield "SIGKILL", self.redis.kill, self.redis.start

    def ask_quickly(self, gateway, count, source):
        found = []
        for _ in range(count):
            response = self.ask(gateway, "/x", source=source)
            self.assertLess(response.elapsed, SLOWEST_ANSWER)
            found.append(response)
        return found

    def assert_nobody_waits(self, gateway):
        """With the breaker open answers come at once; one probe may wait for its deadline."""
        self.ask_quickly(gateway, 6, fresh_address())
        took = sorted(response.elapsed for response in self.ask_quickly(gateway, 10, fresh_address()))
        self.assertLess(took[-2], 0.045, took)

    def assert_counted_in_redis_again(self, gateway):
        def counted():
            source = fresh_address()
            response = self.ask(gateway, "/x", source=source)
            return response.status == 200 and self.redis.keys(f"*{{ip:{source}}}:global*")

        eventually(counted, "decisions are made in Redis again", 20, 0.1)

    def test_local_keeps_real_limits_at_this_instances_share(self):
        for name, fail, mend in self.failing():
            with self.subTest(name):
                gateway = self.start("local")
                fail()
                source = fresh_address()
                answers = self.ask_quickly(gateway, 9, source)
                self.assertEqual([200] * 5 + [429] * 4, [answer.status for answer in answers])
                for left, answer in zip((4, 3, 2, 1, 0), answers):
                    self.assertEqual(left, self.limits(answer)["global"][2])
                    self.assertEqual([str(left)], answer.all("x-ratelimit-remaining"))
                problem = self.assert_problem(answers[-1], 429, "rate_limited")
                self.assertEqual(["global"], problem["violated_policies"])
                self.assertRegex(answers[-1].get("retry-after", ""), r"^[1-9]\d*$")
                self.assertEqual(200, self.ask(gateway, "/x", source=fresh_address()).status, "somebody else")
                self.assert_nobody_waits(gateway)
                mend()
                self.assert_counted_in_redis_again(gateway)
                self.assertGreaterEqual(self.metric(gateway, "ratelimit_store_errors_total"), 1)

    def test_the_local_share_is_rounded_up(self):
        gateway = self.start("local", limit=10, instances=3)
        self.redis.kill()
        self.assertEqual([200] * 4 + [429], self.statuses(gateway, "/x", 5, fresh_address()))

    def test_allow_lets_everyone_through_and_claims_no_limits(self):
        for name, fail, mend in self.failing():
            with self.subTest(name):
                gateway = self.start("allow")
                fail()
                for answer in self.ask_quickly(gateway, 25, fresh_address()):
                    self.assertEqual(200, answer.status)
                    for field in ("ratelimit", "ratelimit-policy", "x-ratelimit-limit", "x-ratelimit-remaining"):
                        self.assertEqual([], answer.all(field))
                self.assert_nobody_waits(gateway)
                mend()
                self.assert_counted_in_redis_again(gateway)

    def test_deny_answers_503_and_never_429(self):
        for name, fail, mend in self.failing():
            with self.subTest(name):
                gateway = self.start("deny")
                before = len(self.upstream.requests)
                fail()
                for answer in self.ask_quickly(gateway, 25, fresh_address()):
                    self.assert_problem(answer, 503, "limiter_unavailable")
                    self.assertRegex(answer.get("retry-after", ""), r"^[1-9]\d*$")
                self.assert_nobody_waits(gateway)
                self.assertEqual(before, len(self.upstream.requests), "none was let through")
                self.assertEqual(200, self.ask(gateway, "/health").status)
                mend()
                self.assert_counted_in_redis_again(gateway)

    def test_each_policy_keeps_its_own_way_of_failing(self):
        limits = {
            "global": policy(PLENTY, on_store_error="allow"),
            "auth": policy(5, on_store_error="deny", group="route"),
        }
        gateway = self.start_gateway(self.config(self.upstream, rate_limits=limits))
        self.redis.kill()
        self.assertEqual(200, self.ask(gateway, "/x").status)
        self.assert_problem(self.ask(gateway, "/auth/login", "POST"), 503, "limiter_unavailable")

    def test_what_was_counted_before_the_outage_still_counts_after_it(self):
        gateway = self.start("local")
        source = fresh_address()
        self.assertEqual([200] * 3, self.statuses(gateway, "/x", 3, source))
        self.redis.pause()
        self.ask_quickly(gateway, 12, fresh_address())
        self.redis.resume()
        self.assert_counted_in_redis_again(gateway)
        self.assertEqual(6, self.limits(self.ask(gateway, "/x", source=source))["global"][2])

    def test_a_client_known_to_be_blocked_stays_blocked_while_redis_is_away(self):
        gateway = self.start("allow", limit=1)
        source = fresh_address()
        self.assertEqual([200, 429], self.statuses(gateway, "/x", 2, source))
        self.redis.kill()
        self.assertEqual(429, self.ask(gateway, "/x", source=source).status)

    def test_readiness_tells_of_the_outage_and_liveness_does_not(self):
        gateway = self.start("local")
        sound = self.ask(gateway, "/health/ready")
        self.assertEqual(200, sound.status)
        self.redis.kill()
        self.ask_quickly(gateway, 6, fresh_address())
        eventually(lambda: self.ask(gateway, "/health/ready").body != sound.body, "readiness tells of it")
        self.assertEqual(200, self.ask(gateway, "/health").status)

    def test_readiness_is_sound_again_without_any_traffic(self):
        gateway = self.start("local")
        sound = self.ask(gateway, "/health/ready").body
        self.redis.kill()
        self.ask_quickly(gateway, 8, fresh_address())  # enough for the breaker to open
        eventually(lambda: self.metric(gateway, "ratelimit_breaker_open") == 1, "the breaker is open")
        eventually(lambda: b"degraded" in self.ask(gateway, "/health/ready").body, "readiness tells of it")
        self.redis.start()
        eventually(lambda: self.ask(gateway, "/health/ready").body == sound, "only health was asked for", 10)

    def test_a_read_only_redis_is_a_failure_and_not_a_refusal(self):
        gateway = self.start("local")
        self.redis.command("REPLICAOF", "127.0.0.1", "1")
        source = fresh_address()
        answers = self.ask_quickly(gateway, 6, source)
        self.assertEqual([200] * 5 + [429], [answer.status for answer in answers])
        self.redis.command("REPLICAOF", "NO", "ONE")
        self.assert_counted_in_redis_again(gateway)

    def test_a_key_of_another_type_is_a_failure_of_the_store(self):
        gateway = self.start("deny")
        source = fresh_address()
        self.assertEqual(200, self.ask(gateway, "/x", source=source).status)
        (key,) = self.redis.keys(f"*{{ip:{source}}}:global*")
        self.redis.command("DEL", key)
        self.redis.command("LPUSH", key, "surprise")
        self.redis.command("PEXPIRE", key, "60000")
        self.assert_problem(self.ask(gateway, "/x", source=source), 503, "limiter_unavailable")
        self.assertEqual(200, self.ask(gateway, "/x", source=fresh_address()).status, "others are not touched")

    def gated(self, mode="local"):
        gate = TcpGate(self.redis.port)
        self.addCleanup(gate.close)
        return gate, self.start(mode, f"redis://127.0.0.1:{gate.port}")

    def count_of(self, source):
        (key,) = self.redis.keys(f"*{{ip:{source}}}:global*")
        return int(self.redis.command("GET", key))

    def test_a_reply_lost_on_the_way_back_is_not_counted_twice(self):
        gate, gateway = self.gated()
        source = fresh_address()
        self.assertEqual(200, self.ask(gateway, "/x", source=source).status)
        gate.hold_replies()
        answer = self.ask(gateway, "/x", source=source)
        self.assertEqual(200, answer.status)
        self.assertLess(answer.elapsed, SLOWEST_ANSWER)
        eventually(lambda: gate.held, "Redis has counted and answered")
        gate.cut()
        gate.release_replies()
        self.assert_counted_in_redis_again(gateway)
        self.assertEqual(2, self.count_of(source), "one before, and one whose reply was lost")
        self.assertEqual(7, self.limits(self.ask(gateway, "/x", source=source))["global"][2])

    def test_a_late_reply_is_not_taken_for_the_answer_to_the_next_question(self):
        gate, gateway = self.gated()
        late, next_one = fresh_address(), fresh_address()
        self.assertEqual([200] * 5, self.statuses(gateway, "/x", 5, late))
        gate.hold_replies()
        self.assertLess(self.ask(gateway, "/x", source=late).elapsed, SLOWEST_ANSWER)
        eventually(lambda: gate.held, "Redis has counted and answered")
        gate.release_replies()
        self.assert_counted_in_redis_again(gateway)
        self.assertEqual(9, self.limits(self.ask(gateway, "/x", source=next_one))["global"][2])
        self.assertEqual(3, self.limits(self.ask(gateway, "/x", source=late))["global"][2])

    def test_slow_replies_hold_nobody_longer_than_the_deadline(self):
        gate, gateway = self.gated()
        gate.hold_replies()
        start = time.monotonic()
        statuses = [answer.status for answer in self.burst([gateway], "/x", 50, fresh_address())]
        self.assertLess(time.monotonic() - start, 2 * SLOWEST_ANSWER, "they wait together, not one after the other")
        self.assertEqual((5, 45), (statuses.count(200), statuses.count(429)))
        gate.release_replies()
        self.assert_counted_in_redis_again(gateway)


if __name__ == "__main__":
    unittest.main(verbosity=2)
