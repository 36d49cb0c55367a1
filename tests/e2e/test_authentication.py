"""The gateway and access tokens: who passes, who is told what, and what happens while keys, Redis or the auth service are away."""

import contextlib
import sqlite3
import threading
import unittest

from harness import (AuthService, AuthTest, Redis, RawClient, Upstream, answer, claims_of, eventually, free_port,
                     fresh_address, fresh_secrets, policy, route)

PASSWORD = "a long enough pass phrase"
KEYS = "/.well-known/jwks.json"
WINDOW = 900


class TokenTest(AuthTest):
    """`service` issues tokens; gateways take its keys from wherever a test says."""

    def tokens_config(self, jwks_url, **changes):
        upstream = changes.pop("app", None) or self.start_upstream()
        auth = "{}:{}".format(*self.service.address)
        config = self.config(upstream, issuer="https://auth.test", audience="sallyport-test", jwks_url=jwks_url,
                             jwks_refresh="200ms", threads=2)
        config["upstreams"]["auth"] = {"hosts": [auth]}
        config["routes"] = [
            route("/open/*"),
            route("/half/*", auth="optional"),
            route("/closed/*", auth="required"),
            route("/admin/*", auth="required", role="admin"),
            route("/payments/*", auth="required", revocation="strict_writes"),
            route("/auth/*", upstream="auth"),
        ]
        config.update(changes)
        return config

    def url_of(self, service):
        return "http://{}:{}".format(*service.address) + KEYS

    def start_with_keys(self, redis_url=None, keys=1, **changes):
        gateway = self.start_gateway(self.tokens_config(self.url_of(self.service), **changes), redis_url)
        self.wait_keys(gateway, keys)
        return gateway

    def wait_keys(self, gateway, count):
        eventually(lambda: self.metric(gateway, "gateway_token_keys") == count, f"{count} keys are loaded")

    def serve_keys(self, port=0):
        """A key set on its own, as a service would publish it, that can go away."""
        body = self.get(KEYS).body
        return Upstream(answer(200, {"Content-Type": "application/json"}, body), port)

    def admin(self):
        """An access token of an administrator."""
        email = self.register()
        with contextlib.closing(sqlite3.connect(self.database.url.removeprefix("sqlite:"), timeout=10)) as database:
            with database:
                database.execute("UPDATE users SET role = 'admin' WHERE email = ?", (email,))
        token = self.login(email)["access_token"]
        self.assertEqual("admin", claims_of(token)["role"])
        return token

    def user(self):
        return self.login(self.register())["access_token"]


class Matrix(TokenTest):
    def setUp(self):
        super().setUp()
        self.app = self.start_upstream()
        self.gateway = self.start_with_keys(app=self.app)

    def go(self, target, token=None, method="GET", **more):
        return self.call(method, target, token=token, service=self.gateway, **more)

    def assert_challenge(self, response, code):
        self.assert_problem(response, 401, code)
        wanted = {"authentication_required": r"^Bearer$"}.get(code, r'^Bearer error="invalid_token", error_desc')
        self.assertRegex(response.get("www-authenticate"), wanted)
        self.assertIn("no-store", response.tokens("cache-control"))

    def test_each_route_lets_in_whom_it_says(self):
        user, admin = self.user(), self.admin()
        forged = user[:-20] + ("A" if user[-20] != "A" else "B") + user[-19:]
        rows = [
            ("/open/x", {None: 200, user: 200, admin: 200, forged: 200, "nonsense": 200}),
            ("/half/x", {None: 200, user: 200, admin: 200, forged: "invalid_token", "nonsense": "invalid_token"}),
            ("/closed/x", {None: "authentication_required", user: 200, admin: 200, forged: "invalid_token"}),
            ("/admin/x", {None: "authentication_required", user: "forbidden", admin: 200, forged: "invalid_token"}),
            ("/ADMIN/../admin//x/", {None: "authentication_required", user: "forbidden", admin: 200}),
        ]
        for target, answers in rows:
            for token, wanted in answers.items():
                with self.subTest(target=target, token=token and token[-12:]):
                    response = self.go(target, token)
                    if wanted == 200:
                        self.assertEqual(200, response.status, response.body)
                        self.assertEqual([], response.all("www-authenticate"))
                    elif wanted == "forbidden":
                        self.assert_problem(response, 403, wanted)
                    else:
                        self.assert_challenge(response, wanted)

    def test_refused_requests_never_reach_the_service(self):
        for token in (None, "nonsense"):
            self.go("/closed/x", token)
        self.go("/admin/x", self.user())
        self.assertEqual([], self.app.requests)

    def test_the_service_gets_the_token_and_its_answer_is_not_stored(self):
        token = self.user()
        response = self.go("/closed/x", token)
        sent = [value for name, value in response.json()["fields"] if name.lower() == "authorization"]
        self.assertEqual([f"Bearer {token}"], sent)
        self.assertEqual(["no-store"], response.all("cache-control"))
        self.assertEqual([], self.go("/open/x", token).all("cache-control"))
        self.assertEqual([], self.go("/half/x").all("cache-control"))
        self.app.behaviours["/closed/own"] = answer(200, {"Cache-Control": "private, max-age=5"}, b"x")
        self.assertEqual(["private, max-age=5"], self.go("/closed/own", token).all("cache-control"))

    def test_two_fields_and_other_schemes_are_refused(self):
        token = self.user()
        twice = self.go("/half/x", token, fields=[("authorization", f"Bearer {token}")])
        self.assert_challenge(twice, "invalid_token")
        self.assert_challenge(self.go("/half/x", fields=[("Authorization", "Basic dTpw")]), "authentication_required")

    def test_logout_counts_at_once(self):
        email = self.register()
        tokens, other = self.login(email), self.login(email)
        for _ in range(6):
            self.assertEqual(200, self.go("/closed/me", tokens["access_token"]).status)
        logout = self.go("/auth/logout", method="POST", body={"refresh_token": tokens["refresh_token"]})
        self.assertEqual(204, logout.status)
        for _ in range(6):
            self.assert_challenge(self.go("/closed/me", tokens["access_token"]), "token_revoked")
        self.assertEqual(200, self.go("/closed/me", other["access_token"]).status)

    def test_a_preflight_needs_no_token(self):
        gateway = self.start_with_keys(app=self.app, cors={"origins": ["https://app.example"]})
        fields = [("Origin", "https://app.example"), ("Access-Control-Request-Method", "GET"),
                  ("Access-Control-Request-Headers", "authorization")]
        self.assertEqual(204, self.ask(gateway, "/closed/x", "OPTIONS", fields).status)

    def test_what_became_of_requests_is_counted(self):
        token = self.user()
        for presented in (token, token, None, "nonsense"):
            self.go("/closed/x", presented)
        self.go("/admin/x", token)
        counted = {name: self.metric(self.gateway, "gateway_authentications_total", outcome=name)
                   for name in ("accepted", "missing", "invalid", "forbidden")}
        self.assertEqual({"accepted": 2, "missing": 1, "invalid": 1, "forbidden": 1}, counted)


class Expiry(TokenTest):
    config_changes = {"access_ttl": "1s"}

    def test_an_old_token_is_told_from_a_bad_one(self):
        gateway = self.start_with_keys()
        token = self.user()
        self.assertEqual(200, self.get("/closed/x", token, service=gateway).status)

        def expired():
            response = self.get("/closed/x", token, service=gateway)
            return response if response.status != 200 else None

        response = eventually(expired, "the token expires", 40, 0.5)  # the leeway for clocks is 30 s
        self.assert_problem(response, 401, "token_expired")


class Outages(TokenTest):
    def test_redis_away_closes_what_is_strict(self):
        redis = Redis()
        self.addCleanup(redis.close)
        gateway = self.start_with_keys(redis.url)
        user, admin = self.user(), self.admin()
        for token in (user, admin):
            self.assertEqual(200, self.get("/closed/x", token, service=gateway).status)
        for name, fail, mend in (("SIGKILL", redis.kill, redis.start), ("SIGSTOP", redis.pause, redis.resume)):
            with self.subTest(name):
                before = self.metric(gateway, "gateway_denylist_unchecked_total")
                fail()
                refused = self.get("/admin/x", admin, service=gateway)
                self.assert_problem(refused, 503, "service_unavailable")
                self.assertRegex(refused.get("retry-after"), r"^[1-9]\d*$")
                self.assertEqual(200, self.get("/closed/x", user, service=gateway).status)
                self.assertEqual(200, self.get("/payments/x", user, service=gateway).status)
                self.assert_problem(self.post("/payments", {}, token=user, service=gateway), 503, "service_unavailable")
                self.assertEqual(200, self.get("/open/x", service=gateway).status)
                self.assert_problem(self.get("/closed/x", service=gateway), 401, "authentication_required")
                self.assertEqual(4, self.metric(gateway, "gateway_denylist_unchecked_total") - before)
                mend()
                eventually(lambda: self.get("/admin/x", admin, service=gateway).status == 200, "Redis is back", 20, 0.1)

    def test_an_outage_is_logged_once(self):
        redis = Redis()
        self.addCleanup(redis.close)
        gateway = self.start_with_keys(redis.url, threads=1)
        user = self.user()

        def told(event):
            return len([record for record in gateway.records() if record.get("event") == event])

        self.assertEqual(200, self.get("/closed/x", user, service=gateway).status)
        redis.kill()
        for _ in range(5):
            self.assertEqual(200, self.get("/closed/x", user, service=gateway).status)
        redis.start()
        eventually(lambda: self.get("/closed/x", user, service=gateway).status and told("denylist_checked_again"),
                   "the end is logged", 20, 0.1)
        self.assertEqual([1, 1], [told("denylist_unchecked"), told("denylist_checked_again")])

    def test_before_the_first_keys_tokens_wait_and_the_rest_is_served(self):
        port = free_port()
        gateway = self.start_gateway(self.tokens_config(f"http://127.0.0.1:{port}{KEYS}"))
        token = self.user()
        for target in ("/closed/x", "/half/x"):
            refused = self.get(target, token, service=gateway)
            self.assert_problem(refused, 503, "service_unavailable")
            self.assertRegex(refused.get("retry-after"), r"^[1-9]\d*$")
        self.assertEqual(200, self.get("/open/x", token, service=gateway).status)
        self.assertEqual(200, self.get("/half/x", service=gateway).status)
        self.assert_problem(self.get("/closed/x", service=gateway), 401, "authentication_required")
        ready = self.get("/health/ready", service=gateway)
        self.assertEqual([200, "degraded", "not_loaded"], [ready.status, *map(ready.json().get, ("status", "token_keys"))])
        keys = self.serve_keys(port)
        self.addCleanup(keys.close)
        eventually(lambda: self.get("/closed/x", token, service=gateway).status == 200, "keys are loaded", 20)
        self.assertEqual("ok", self.get("/health/ready", service=gateway).json()["token_keys"])

    def test_loaded_keys_stay_in_force_while_nobody_publishes_them(self):
        keys = self.serve_keys()
        gateway = self.start_gateway(self.tokens_config(f"http://{keys.host}{KEYS}"))
        self.wait_keys(gateway, 1)
        keys.close()
        eventually(lambda: [r for r in gateway.records() if r.get("event") == "jwks_failed"], "a fetch has failed")
        token = self.user()
        for _ in range(4):
            self.assertEqual(200, self.get("/closed/x", token, service=gateway).status)


class Rotation(TokenTest):
    """Key rings change by restarts of the auth service, as an operator would do it."""

    def setUp(self):
        super().setUp()
        self.secrets = fresh_secrets()
        self.old, self.new = (fresh_secrets()["SALLYPORT_ACCESS_TOKEN_KEYS"].replace("at1", kid, 1) for kid in ("old", "new"))
        self.port = free_port()
        self.issuer = None

    def issue_with(self, *ring):
        if self.issuer:
            self.issuer.terminate()
            self.assertEqual(0, self.issuer.wait(20))
        env = {**self.secrets, "SALLYPORT_ACCESS_TOKEN_KEYS": ",".join(ring)}
        config = {"listen": f"127.0.0.1:{self.port}"}
        self.issuer = self.watch(AuthService(self.redis.url, self.database.url, config, env)).wait_listening()

    def sign_in(self, email):
        return self.login(email, service=self.issuer)["access_token"]

    def test_no_token_is_refused_while_keys_change_step_by_step(self):
        self.issue_with(self.old)
        gateway = self.start_gateway(self.tokens_config(self.url_of(self.issuer)))
        self.wait_keys(gateway, 1)
        email = self.register(service=self.issuer)
        first = self.sign_in(email)
        with Traffic(gateway.address, first) as traffic:
            self.issue_with(self.old, self.new)
            self.wait_keys(gateway, 2)
            self.issue_with(self.new, self.old)
            second = self.sign_in(email)
            traffic.tokens.append(second)
            traffic.wait_for(20)
        self.assertEqual({200}, set(traffic.statuses), "every answer while the keys changed")
        self.issue_with(self.new)
        self.wait_keys(gateway, 1)
        self.assert_problem(self.get("/closed/x", first, service=gateway), 401, "invalid_token")
        self.assertEqual(200, self.get("/closed/x", second, service=gateway).status)

    def test_an_unknown_key_is_looked_for_soon(self):
        self.issue_with(self.old)
        gateway = self.start_gateway(self.tokens_config(self.url_of(self.issuer), jwks_refresh="1h"))
        self.wait_keys(gateway, 1)
        self.issue_with(self.new)
        email = self.register(service=self.issuer)
        token = self.sign_in(email)
        eventually(lambda: self.get("/closed/x", token, service=gateway).status == 200, "the new key is found", 10)


class Traffic:
    """Requests with each of `tokens` in turn, one after the other, until the end of the block."""

    def __init__(self, address, token):
        self.address, self.tokens, self.statuses = address, [token], []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        number = 0
        while not self.stopping.is_set():
            token = self.tokens[number % len(self.tokens)]
            number += 1
            with RawClient(self.address) as client:
                fields = [("Authorization", f"Bearer {token}")]
                self.statuses.append(client.request("GET", "/closed/x", fields).status)
            self.stopping.wait(0.002)

    def wait_for(self, more):
        wanted = len(self.statuses) + more
        eventually(lambda: len(self.statuses) >= wanted, f"{more} more answers")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()


class LimitsByUser(TokenTest):
    def setUp(self):
        super().setUp()
        limits = {"global": policy(1000), "auth": policy(1000, group="route"), "each": policy(3, key="user")}
        routes = [route("/mine", auth="required", rate_limits=["each"]),
                  route("/half", auth="optional", rate_limits=["each"]), route("/closed/*", auth="required")]
        self.gateway = self.start_with_keys(rate_limits=limits, routes=routes)

    def go(self, target, token=None, source=None):
        return self.get(target, token, service=self.gateway, source=source or fresh_address())

    def test_a_user_is_counted_across_addresses_and_sessions(self):
        email, other = self.register(), self.user()
        tokens = [self.login(email)["access_token"] for _ in range(3)]
        for left, token in zip((2, 1, 0), tokens):
            response = self.go("/mine", token)
            self.assertEqual(200, response.status)
            self.assertEqual(["3", str(left)], [response.get(f"x-ratelimit-{name}") for name in ("limit", "remaining")])
            self.assertEqual({"global": 999, "each": left}, {name: of[2] for name, of in self.limits(response).items()})
        for _ in range(2):  # the second is answered from memory
            refused = self.go("/mine", tokens[0])
            self.assert_limited(refused, ["each"], 3, WINDOW)
            self.assertIn("global", self.limits(refused))
        self.assertEqual(200, self.go("/mine", other).status)
        self.assertEqual(200, self.go("/closed/x", tokens[0]).status, "a route without the policy")
        self.assertRegex(" ".join(self.redis.keys("*:each:*")), r"^(sp:rl:\{u:[0-9a-f]{32}\}:each:fixed:900000 ?){2}$")

    def test_who_has_not_signed_in_counts_with_the_address(self):
        source = fresh_address()
        self.assertEqual([200, 200, 200, 429], [self.go("/half", source=source).status for _ in range(4)])
        self.assertEqual(200, self.go("/half", self.user(), source).status)
        self.assertEqual(200, self.go("/half").status)

    def test_refused_tokens_cost_nobody_anything(self):
        for _ in range(5):
            self.assert_problem(self.go("/mine", "nonsense"), 401, "invalid_token")
        self.assertEqual([], self.redis.keys("*:each:*"))


if __name__ == "__main__":
    unittest.main()
