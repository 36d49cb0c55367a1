"""Explaining and resetting rate limits: the admin service looks at what a gateway has counted."""

import json
import tempfile
import unittest
import uuid
from pathlib import Path
from urllib.parse import quote

from harness import (AdminService, E2ETest, Gateway, Upstream, echo, eventually, free_port,
                     fresh_address, policy, route)
from harness.auth import AuthService
from test_admin_service import AdminTest

LIMITS = "/admin/rate-limits"
STRANGER = {"email": "nobody@example.test", "password": "a wild guess"}
RESET_SECONDS = 5  # what a gateway may go on refusing out of its own memory


def address(host_and_port):
    return f"{host_and_port[0]}:{host_and_port[1]}"


class LimitsTest(AdminTest):
    """`gateway` stands before `service`, `admin` and an application; `admin` has been told its file."""

    POLICIES = {
        "global": policy(1000),
        "auth": policy(5, group="route"),
        "slide": policy(10, algorithm="sliding"),
        "burst": policy(60, "60m", algorithm="gcra", burst=4),
        "failures": policy(4, count="failures"),
        "ghost": policy(2, shadow=True),
        "each": policy(7, group="route"),
        "keys": policy(3, key="header:x-api-key"),
        "users": policy(4, key="user"),
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.app = Upstream(echo)
        cls.addClassCleanup(cls.app.close)
        port = free_port()
        cls.gateway = Gateway(cls.gateway_config(f"127.0.0.1:{port}"), cls.redis.url)
        cls.addClassCleanup(cls._close_gateway)
        cls.gateway.wait_listening()
        # In the place of the one that knows no gateway.
        cls.admin_without, cls.admin = cls.admin, AdminService(
            cls.service, cls.redis.url, cls.database.url,
            {"listen": f"127.0.0.1:{port}", "gateway_config": cls.gateway.config_file})
        cls.addClassCleanup(cls._close_admin_without)
        cls.admin.wait_listening()

    @classmethod
    def _close_admin_without(cls):
        cls.admin_without.close()

    @classmethod
    def _close_gateway(cls):
        cls.gateway.terminate()
        cls.gateway.wait(20)
        if complaint := cls.gateway.close():
            raise AssertionError(complaint)

    @classmethod
    def gateway_config(cls, admin):
        auth = address(cls.service.address)
        return {
            "listen": "127.0.0.1:0", "threads": 2, "instances": 1, "drain": "0s",
            "issuer": AuthService.DEFAULTS["issuer"], "audience": AuthService.DEFAULTS["audience"],
            "jwks_url": f"http://{auth}/.well-known/jwks.json",
            "rate_limits": cls.POLICIES,
            "upstreams": {"auth": {"hosts": [auth]}, "admin": {"hosts": [admin]}, "app": {"hosts": [cls.app.host]}},
            "routes": [
                route("/auth/*", "auth"),
                {"path": "/admin/*", "upstream": "admin", "auth": "required", "role": "admin"},
                route("/slide", rate_limits=["slide"]),
                route("/burst", rate_limits=["burst"]),
                route("/failures", rate_limits=["failures"]),
                route("/ghost", rate_limits=["ghost"]),
                route("/a/*", rate_limits=["each"]),
                route("/b/*", rate_limits=["each"]),
                route("/keys", rate_limits=["keys"]),
                {"path": "/mine", "upstream": "app", "auth": "optional", "rate_limits": ["users"]},
            ],
        }

    def setUp(self):
        super().setUp()
        eventually(lambda: self.explain("ip", "192.0.2.1").status == 200, "the gateway has the keys", 10)
        self.source = fresh_address()

    def limits(self, method, kind, value, **more):
        target = f"{LIMITS}?kind={kind}&value={quote(value, safe='')}"
        return self.call(method, target, token=self.root, service=self.gateway, **more)

    def explain(self, kind, value):
        return self.limits("GET", kind, value)

    def state(self, kind, value):
        """{name, or "name route": state} of what has been used."""
        answer = self.explain(kind, value)
        self.assertEqual(200, answer.status, answer.body)
        states = {" ".join(filter(None, (s["name"], s["route"]))): s for s in answer.json()["policies"]}
        self.assertEqual(len(answer.json()["policies"]), len(states), "each once")
        return states

    def used(self, kind, value):
        return {name: state["used"] for name, state in self.state(kind, value).items() if state["used"]}

    def reset(self, kind, value):
        answer = self.limits("DELETE", kind, value)
        self.assertEqual((204, b"", "no-store"), (answer.status, answer.body, answer.get("cache-control")))
        return answer

    def hit(self, target, count=1, **more):
        """The statuses of so many requests of this test's own client."""
        return [self.ask(self.gateway, target, source=self.source, **more).status for _ in range(count)]


class Story(LimitsTest):
    def test_who_guessed_too_often_is_let_in_again(self):
        email = self.register()
        for _ in range(5):
            self.assertEqual(401, self.post("/auth/login", STRANGER, service=self.gateway, source=self.source).status)
        form = {"email": email, "password": "a long enough pass phrase"}
        self.assert_problem(self.post("/auth/login", form, service=self.gateway, source=self.source), 429, "rate_limited")

        state = self.state("ip", self.source)["auth /auth/login"]
        self.assertTrue(0 < state.pop("reset_seconds") <= 900)
        self.assertEqual({"name": "auth", "route": "/auth/login", "algorithm": "fixed", "limit": 5,
                          "window_seconds": 900, "used": 5, "remaining": 0}, state)
        self.assertEqual({"global": 5, "auth /auth/login": 5}, self.used("ip", self.source), "refused, not counted")

        answer = self.reset("ip", self.source)
        self.assertEqual({}, self.used("ip", self.source))
        eventually(lambda: self.post("/auth/login", form, service=self.gateway, source=self.source).status == 200,
                   "logged in again", RESET_SECONDS + 1, 0.2)
        event = self.events("type=rate_limit.reset")[0]
        self.assertEqual((self.root_id, None), (event["actor"], event["user_id"]))
        self.assertEqual({"kind": "ip", "target": self.source, "before": "global 5, auth /auth/login 5"},
                         event["details"])
        self.assertEqual(answer.get("x-request-id"), event["request_id"])

    def test_looking_counts_for_nobody(self):
        for target in ("/slide", "/burst", "/failures", "/ghost", "/a/x", "/keys"):
            self.hit(target, 2)
        before = self.used("ip", self.source)
        self.assertEqual({"global": 12, "slide": 2, "burst": 2, "ghost": 2, "each /a/*": 2, "keys": 2}, before)
        for _ in range(20):
            self.assertEqual(before, self.used("ip", self.source))
        states = self.state("ip", self.source)
        for target, name in (("/slide", "slide"), ("/burst", "burst"), ("/a/x", "each /a/*"), ("/keys", "keys")):
            answer = self.ask(self.gateway, target, source=self.source)
            self.assertEqual(states[name]["remaining"] - 1, int(answer.get("x-ratelimit-remaining")), name)

    def test_every_policy_of_the_kind_is_listed(self):
        states = self.state("ip", self.source)
        self.assertEqual({"global", "auth /auth/login", "auth /auth/register", "auth /auth/refresh", "slide", "burst",
                          "failures", "ghost", "each /a/*", "each /b/*"}, set(states), "but those of others")
        self.assertEqual({("fixed", 1000, 1000)}, {(s["algorithm"], s["limit"], s["remaining"])
                                                    for s in states.values() if s["name"] == "global"})
        self.assertEqual(("gcra", 60, 4, 3600),
                         tuple(states["burst"][key] for key in ("algorithm", "limit", "remaining", "window_seconds")))
        self.assertEqual({0}, {state["reset_seconds"] for state in states.values()}, "nothing is used")
        self.assertEqual({"keys"}, set(self.state("header", "sk-unknown")))
        self.assertEqual({"users"}, set(self.state("user", self.root_id)))

    def test_failures_are_counted_and_forgotten(self):
        self.hit("/failures", 3)
        self.assertNotIn("failures", self.used("ip", self.source), "what succeeds is given back")
        self.hit("/failures", 2, fields=[("X-Want-Status", "404")])
        self.assertEqual(2, self.used("ip", self.source)["failures"])
        self.reset("ip", self.source)
        self.assertEqual({}, self.used("ip", self.source))

    def test_routes_that_count_alone_are_told_apart(self):
        self.hit("/a/one")
        self.hit("/a/two")
        self.hit("/b")
        self.assertEqual({"global": 3, "each /a/*": 2, "each /b/*": 1}, self.used("ip", self.source))

    def test_a_header_is_found_by_its_value_and_never_told(self):
        secret = f"sk-{uuid.uuid4()}"
        fields = [("X-Api-Key", secret)]
        self.assertEqual([200, 200, 200, 429], self.hit("/keys", 4, fields=fields))
        state = self.state("header", secret)["keys"]
        self.assertEqual((None, 3, 0), (state["route"], state["used"], state["remaining"]))
        self.assertEqual({"global": 4}, self.used("ip", self.source), "it counted by the key")
        self.reset("header", f" {secret} ")
        self.assertEqual({}, self.used("header", secret))
        eventually(lambda: self.hit("/keys", fields=fields) == [200], "let in again", RESET_SECONDS + 1, 0.2)
        event = self.events("type=rate_limit.reset")[0]
        self.assertEqual(("header", "keys 3"), (event["details"]["kind"], event["details"]["before"]))
        self.assertRegex(event["details"]["target"], r"^h:[0-9a-f]{32}$")
        for told in (self.admin.output, self.gateway.output, str(event), str(self.redis.keys())):
            self.assertNotIn(secret, told)

    def test_a_user_is_found_wherever_the_requests_came_from(self):
        email, user = self.make_user()
        token = self.login(email)["access_token"]
        fields = [("Authorization", f"Bearer {token}")]
        found = [self.ask(self.gateway, "/mine", fields=fields, source=fresh_address()).status for _ in range(5)]
        self.assertEqual([200, 200, 200, 200, 429], found)
        self.assertEqual({"users": 4}, self.used("user", user))
        self.reset("user", user)
        eventually(lambda: self.hit("/mine", fields=fields) == [200], "let in again", RESET_SECONDS + 1, 0.2)
        event = self.events(f"user_id={user}&type=rate_limit.reset")[0]
        self.assertEqual((self.root_id, {"kind": "user", "target": user, "before": "users 4"}),
                         (event["actor"], event["details"]))

    def test_who_shows_no_user_counts_by_address(self):
        self.hit("/mine", 2)
        self.assertEqual({"global": 2, "users": 2}, self.used("ip", self.source))
        self.reset("ip", self.source)
        self.assertEqual({}, self.used("ip", self.source))

    def test_resetting_one_leaves_the_others(self):
        other = fresh_address()
        self.ask(self.gateway, "/slide", source=other)
        self.hit("/slide")
        self.reset("ip", self.source)
        self.assertEqual({"global": 1, "slide": 1}, self.used("ip", other))

    def test_resetting_nothing_is_on_record_too(self):
        self.reset("ip", self.source)
        self.assertEqual("nothing", self.events("type=rate_limit.reset")[0]["details"]["before"])

    def test_addresses_are_shown_as_they_are_counted(self):
        rows = [("::ffff:192.0.2.7", "192.0.2.7"), ("2001:DB8:0:7:1::1", "2001:db8:0:7::"), ("192.0.2.7", "192.0.2.7")]
        for given, shown in rows:
            answer = self.explain("ip", given).json()
            self.assertEqual(("ip", shown), (answer["kind"], answer["value"]))

    def test_a_head_asks_like_a_get(self):
        answer = self.limits("HEAD", "ip", self.source)
        self.assertEqual((200, b""), (answer.status, answer.body))


class Refusals(LimitsTest):
    def setUp(self):
        super().setUp()
        self.hit("/slide", 3)
        self.before = self.used("ip", self.source)
        self.recorded = len(self.events("type=rate_limit.reset"))
        self.good = f"{LIMITS}?kind=ip&value={self.source}"

    def assert_untouched(self):
        self.assertEqual(self.before, self.used("ip", self.source))
        self.assertEqual(self.recorded, len(self.events("type=rate_limit.reset")), "and nothing is on record")

    def both(self, target, token=None):
        """The answers to looking and to resetting, asked of the service itself."""
        return [self.call(method, target, token=token, service=self.admin) for method in ("GET", "DELETE")]

    def test_who_may_not_is_refused(self):
        email, _ = self.make_user()
        user = self.login(email)["access_token"]
        for answer in self.both(self.good):
            self.assert_problem(answer, 401, "authentication_required")
        for answer in self.both(self.good, "rubbish"):
            self.assert_problem(answer, 401, "invalid_token")
        for answer in self.both(self.good, user):
            self.assert_problem(answer, 403, "forbidden")
        _, other_id, other = self.make_admin()
        self.assertEqual(200, self.on_admin("PATCH", f"/admin/users/{other_id}", {"role": "user"}).status)
        for answer in self.both(self.good, other):
            self.assert_problem(answer, 401, "token_revoked")
        self.assert_untouched()

    def test_parameters_that_are_wrong_are_named(self):
        rows = [
            ("", [("/query/kind", "required"), ("/query/value", "required")]),
            ("kind=ip", [("/query/value", "required")]),
            (f"value={self.source}", [("/query/kind", "required")]),
            (f"kind=ip&value={self.source}&all=1", [("/query/all", "unknown_field")]),
            (f"kind=ip&kind=ip&value={self.source}", [("/query/kind", None)]),
            (f"kind=ip&value={self.source}&value={self.source}", [("/query/value", None)]),
            (f"kind=address&value={self.source}", [("/query/kind", "enum")]),
            (f"kind=IP&value={self.source}", [("/query/kind", "enum")]),
            (f"kind=&value={self.source}", [("/query/kind", None)]),
            ("kind=ip&value=", [("/query/value", None), ("/query/value", None)]),
            ("kind=ip&value=" + "1" * 257, [("/query/value", None)]),
            ("kind=header&value=" + "k" * 257, [("/query/value", None)]),
            ("kind=header&value=%C3%A9", [("/query/value", None)]),
            ("kind=ip&value=127.0.0", [("/query/value", "format")]),
            ("kind=ip&value=127.0.0.1%3A80", [("/query/value", "format")]),
            ("kind=ip&value=10.0.0.0%2F8", [("/query/value", "format")]),
            ("kind=ip&value=*", [("/query/value", "format")]),
            ("kind=ip&value=localhost", [("/query/value", "format")]),
            (f"kind=user&value={self.source}", [("/query/value", "format")]),
            ("kind=user&value=1", [("/query/value", "format")]),
            ("kind=header&value=%20%20", [("/query/value", "format")]),
        ]
        for query, expected in rows:
            for answer in self.both(f"{LIMITS}?{query}", self.root):
                with self.subTest(query=query):
                    self.assert_problem(answer, 422, "validation_failed")
                    found = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
                    self.assertEqual([pointer for pointer, _ in expected], [pointer for pointer, _ in found])
                    for (_, code), (_, got) in zip(expected, found):
                        self.assertIn(code, (None, got))
        self.assert_untouched()

    def test_bytes_that_no_text_has_are_400(self):
        for value in ("%00", "%0A", "%", "%FF"):
            for answer in self.both(f"{LIMITS}?kind=header&value={value}", self.root):
                self.assertIn(answer.status, (400, 422), value)
        self.assert_untouched()

    def test_other_methods_are_405(self):
        for method in ("POST", "PUT", "PATCH"):
            answer = self.on_admin(method, self.good)
            self.assert_problem(answer, 405, "method_not_allowed")
            self.assertEqual(["delete", "get", "head"], sorted(answer.tokens("allow")))
        self.assert_untouched()

    def test_a_service_that_knows_no_gateway_says_so(self):
        for method in ("GET", "DELETE"):
            answer = eventually(lambda: self._unless_keys_are_missing(method), "the keys are there", 10)
            self.assert_problem(answer, 503, "service_unavailable")
            self.assertIn("gateway_config", answer.json()["detail"])
        bad = self.call("DELETE", f"{LIMITS}?kind=x", token=self.root, service=self.admin_without)
        self.assert_problem(bad, 422, "validation_failed")
        warned = [record for record in self.admin_without.records() if record.get("event") == "rate_limits_not_known"]
        self.assertEqual(1, len(warned), self.admin_without.output)
        self.assertNotIn("rate_limits_not_known", self.admin.output)
        self.assert_untouched()

    def _unless_keys_are_missing(self, method):
        if self.call("GET", "/admin/users", token=self.root, service=self.admin_without).status != 200:
            return None
        return self.call(method, self.good, token=self.root, service=self.admin_without)


class StartUp(AdminTest):
    def fails(self, gateway_config):
        admin = self.watch(AdminService(self.service, self.redis.url, self.database.url,
                                        {"gateway_config": gateway_config}))
        self.assertEqual(1, admin.wait(15), admin.output)
        self.assertEqual([], admin.addresses(), "it never listened")
        return admin.output

    def test_a_gateways_file_that_cannot_be_used_is_refused(self):
        folder = tempfile.TemporaryDirectory(prefix="sallyport-e2e-")
        self.addCleanup(folder.cleanup)
        missing = f"{folder.name}/missing.yaml"
        self.assertIn(missing, self.fails(missing))
        wrong = Path(folder.name, "wrong.yaml")
        wrong.write_text("listen: 127.0.0.1:0\nrate_limits: { global: { limit: none } }\n")
        self.assertIn(f"{wrong}:2:", self.fails(str(wrong)))


class InProcess(E2ETest):
    """`sallyport dev` without Redis: the counters are in the process that both are in."""

    @classmethod
    def setUpClass(cls):
        """Dev needs no Redis."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sallyport-data-")
        self.addCleanup(folder.cleanup)
        self.dev = self.start_dev("--data", folder.name)
        email, password = Path(folder.name, "first-admin.txt").read_text().split()
        eventually(lambda: self.ask(self.dev, "/auth/me").status != 503, "the keys are there", 10)
        self.form = {"email": email, "password": password}
        self.token = self.login("127.0.0.1", self.form).json()["access_token"]

    def login(self, source, form):
        return self.ask(self.dev, "/auth/login", "POST", [("Content-Type", "application/json")],
                        json.dumps(form).encode(), source, 20)

    def limits(self, method, source):
        return self.ask(self.dev, f"{LIMITS}?kind=ip&value={source}", method,
                        [("Authorization", f"Bearer {self.token}")])

    def test_who_guessed_too_often_is_let_in_again(self):
        source = fresh_address()
        statuses = [self.login(source, STRANGER).status for _ in range(6)]
        self.assertEqual([401] * 5 + [429], statuses)
        used = {(s["name"], s["route"]): s["used"] for s in self.limits("GET", source).json()["policies"]}
        self.assertEqual({("global", None): 5, ("auth", "/auth/login"): 5, ("auth", "/auth/register"): 0,
                          ("auth", "/auth/refresh"): 0}, used)
        self.assertEqual(204, self.limits("DELETE", source).status)
        eventually(lambda: self.login(source, self.form).status == 200, "logged in again", RESET_SECONDS + 1, 0.2)


if __name__ == "__main__":
    unittest.main()
