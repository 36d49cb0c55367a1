"""PostgreSQL that dies under load, is kept busy, or works for nobody: no wrong answer, nothing lost, and all is well soon after."""

import threading
import time
import unittest
import uuid

from harness import JSON, AuthTest, Postgres, RawClient, eventually, request_bytes

HEALTHY_WITHIN = 5.0
POOL = 8


class Worker(threading.Thread):
    """Does one thing again and again until it is told to stop. `step` answers True for a success and False for a 503."""

    def __init__(self, step):
        super().__init__(daemon=True)
        self.step, self.done, self.refused = step, 0, 0
        self.wrong, self.ended = None, threading.Event()
        self.start()

    def run(self):
        try:
            while not self.ended.is_set():
                if self.step():
                    self.done += 1
                else:
                    self.refused += 1
                    self.ended.wait(0.02)
        except Exception as error:  # told by the test
            self.wrong = error

    def finish(self):
        self.ended.set()
        self.join(30)


class Outage(AuthTest):
    make_database = Postgres

    def answered(self, response, status):
        """True for the wanted answer, False for an honest refusal; anything else fails."""
        if response.status == status:
            return True
        problem = self.assert_problem(response, 503, response.json()["code"])
        self.assertIn(problem["code"], ("service_unavailable", "overloaded"))
        self.assertRegex(response.get("retry-after"), r"^[1-9]\d*$")
        return False

    def refresher(self, chain):
        """Keeps one session alive as a careful client does: the same token with the same key until there is an answer."""
        def step():
            response = self.refresh(chain["token"], fields=[("Idempotency-Key", chain["key"])])
            if not self.answered(response, 200):
                return False
            chain["token"], chain["key"] = response.json()["refresh_token"], str(uuid.uuid4())
            return True
        return step

    def registrar(self, registered):
        def step():
            email = f"{uuid.uuid4()}@example.test"
            response = self.post("/auth/register", {"email": email, "password": "a long enough pass phrase"})
            if response.status == 201:
                self.assertEqual(email, response.json()["email"])
                registered.append(email)
            return self.answered(response, 201)
        return step

    def reader(self, email, token):
        def step():
            response = self.get("/auth/me", token)
            if response.status == 200:
                self.assertEqual(email, response.json()["email"], "somebody else's account")
            return self.answered(response, 200)
        return step

    def outage(self, workers, take_down):
        refused = [worker.refused for worker in workers]
        take_down()
        eventually(lambda: all(worker.refused > before or worker.wrong for worker, before in zip(workers, refused)),
                   "everybody notices", 10)
        self.assertEqual(200, self.get("/health").status, "alive, though not ready")
        self.database.start()
        back = time.monotonic()
        done = [worker.done for worker in workers]
        eventually(lambda: self.get("/health/ready").status == 200, "ready again", HEALTHY_WITHIN)
        eventually(lambda: all(worker.done > before or worker.wrong for worker, before in zip(workers, done)),
                   "everybody is served again", max(0.1, back + HEALTHY_WITHIN - time.monotonic()))

    def test_killed_and_restarted_under_load(self):
        email = self.register()
        chains = [{"token": self.login(email)["refresh_token"], "key": str(uuid.uuid4())} for _ in range(3)]
        registered = []
        steps = [*map(self.refresher, chains), self.registrar(registered),
                 self.reader(email, self.login(email)["access_token"])]
        workers = [Worker(step) for step in steps]
        try:
            eventually(lambda: all(worker.done > 3 or worker.wrong for worker in workers), "everybody is served", 20)
            for take_down in (self.database.crash, self.database.kill):
                self.outage(workers, take_down)
        finally:
            for worker in workers:
                worker.finish()
        self.assertEqual([None] * len(workers), [worker.wrong for worker in workers])
        for chain in chains:
            self.assertEqual(200, self.refresh(chain["token"]).status, "the last token that was given out is good")
        kept = set(self.database.query("SELECT email FROM users"))
        self.assertEqual([], [lost for lost in registered if lost not in kept], "told 201, and gone")
        events = self.database.query("SELECT count(*) FROM audit_events WHERE type = 'token.reuse_detected'")
        self.assertEqual(["0"], events, "no honest client was taken for a thief")

    def test_dead_connections_are_noticed_before_they_are_used(self):
        email = self.register()
        tokens = self.login(email)
        for _ in range(5):
            # Several at once, so that the pool has several.
            self.together([("GET", "/auth/me", [("Authorization", "Bearer " + tokens["access_token"])], b"")] * POOL)
            self.database.query("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'sallyport_auth'")
            self.assertEqual(200, self.get("/auth/me", tokens["access_token"]).status)
            tokens = self.refresh(tokens["refresh_token"]).json()
        self.login(email)


class Exhaustion(AuthTest):
    make_database = Postgres

    def connections(self):
        return int(self.database.query("SELECT count(*) FROM pg_stat_activity WHERE usename = 'sallyport_auth'")[0])

    def test_ten_times_as_many_slow_requests_as_connections(self):
        token = self.login(self.register())["access_token"]
        bearer = [("Authorization", "Bearer " + token)]
        most, health, watching = [], [], threading.Event()

        def watch():
            while not watching.wait(0.02):
                most.append(self.connections())
                health.append(self.get("/health").elapsed)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        with self.database.hold("LOCK TABLE users IN ACCESS EXCLUSIVE MODE"):
            start = time.monotonic()
            answers = self.together([("GET", "/auth/me", bearer, b"")] * (10 * POOL))
            took = time.monotonic() - start
        watching.set()
        watcher.join()
        self.assertEqual({503}, {answer.status for answer in answers})
        self.assertEqual({"overloaded", "service_unavailable"}, {answer.json()["code"] for answer in answers})
        self.assertLess(took, 5, "the lock's second and what waits for it")
        self.assertLessEqual(max(most), POOL)
        self.assertLess(sorted(health)[len(health) // 2], 0.1, "what needs no database does not wait")
        # The pool is whole: as many as it has connections are served at once, on as many as before.
        self.assertEqual({200}, {answer.status for answer in self.together([("GET", "/auth/me", bearer, b"")] * POOL)})
        self.assertLessEqual(self.connections(), POOL)


class GoneClients(AuthTest):
    make_database = Postgres

    def waiting(self):
        rows = self.database.query("SELECT count(*) FROM pg_stat_activity WHERE usename = 'sallyport_auth' AND wait_event_type = 'Lock'")
        return int(rows[0])

    def leave_during(self, request):
        """A client that sends and hangs up while its statement waits; the cancellations that the server's log has then."""
        with self.database.hold("LOCK TABLE users IN ACCESS EXCLUSIVE MODE"):
            with RawClient(self.service.address) as client:
                client.send(request)
                eventually(self.waiting, "the statement waits", 5, 0.005)
            eventually(lambda: not self.waiting(), "it waits no more", 5)
        return self.database.log.count("canceling statement due to user request")

    def test_a_query_without_a_client_is_cancelled_on_the_server(self):
        token = self.login(self.register())["access_token"]
        request = request_bytes("GET", "/auth/me", [("Authorization", "Bearer " + token)])
        # The lock's own second may be over first when the machine is busy.
        self.assertTrue(any(self.leave_during(request) > 0 for _ in range(5)))
        self.assertEqual(200, self.get("/auth/me", token).status)
        eventually(lambda: self.service.access_log(path="/auth/me", status=499), "499 in the access log", 5)

    def test_a_forced_logout_is_not_escaped_by_hanging_up(self):
        email = self.register()
        first = self.login(email)
        body = b'{"refresh_token":"%s"}' % first["refresh_token"].encode()
        successor = self.refresh(first["refresh_token"]).json()
        self.refresh(successor["refresh_token"])
        cancelled = self.database.log.count("due to user request")
        with self.database.hold("SELECT id FROM users FOR UPDATE"):
            with RawClient(self.service.address) as client:
                client.send(request_bytes("POST", "/auth/refresh", [JSON], body))  # a replay
                eventually(self.waiting, "the punishment waits for the user's row", 5, 0.005)
            time_left = time.monotonic() + 0.6  # longer than the server takes to see that the client has gone
            while time.monotonic() < time_left and self.waiting():
                pass
        self.assertEqual(cancelled, self.database.log.count("due to user request"))
        eventually(lambda: self.database.query("SELECT count(*) FROM sessions WHERE ended_reason = 'token_reuse'") == ["1"],
                   "the session was ended all the same", 5)


if __name__ == "__main__":
    unittest.main()
