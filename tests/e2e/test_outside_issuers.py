"""Tokens of other identity providers: where they count, for whom, and what happens while their keys cannot be had."""

import os
import tempfile
import unittest

from harness import AuthTest, Certificates, IdentityProvider, answer, eventually, policy, route, run, to_yaml


class OutsideTest(AuthTest):
    """`provider` is the other identity provider; `service` issues our own tokens."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = IdentityProvider()
        cls.addClassCleanup(cls.provider.close)

    def setUp(self):
        super().setUp()
        for kid in [kid for kid in self.provider.keys if not kid.endswith("-1")]:
            del self.provider.keys[kid]
        self.provider.publish()
        self.app = self.start_upstream()

    def outside_config(self, **changes):
        config = self.config(self.app, issuer="https://auth.test", audience="sallyport-test", threads=2, jwks_refresh="200ms",
                             jwks_url="http://{}:{}/.well-known/jwks.json".format(*self.service.address),
                             issuers=[self.provider.config(roles={"ops": "admin", "staff": "user"})])
        config["routes"] = [
            route("/open/*"),
            route("/own/*", auth="required"),
            route("/partner/*", auth="required", issuers=["partner"]),
            route("/maybe/*", auth="optional", issuers=["partner"]),
            route("/members/*", auth="required", role="user", issuers=["partner"]),
            route("/ops/*", auth="required", role="admin", issuers=["partner"]),
            route("/auth/*", auth="optional"),
            route("/payments/*", auth="required"),
            route("/admin/*", auth="required", role="admin"),
        ]
        config.update(changes)
        return config

    def start(self, keys=3, **changes):
        gateway = self.start_gateway(self.outside_config(**changes))
        self.wait_keys(gateway, keys)
        eventually(lambda: self.metric(gateway, "gateway_token_keys") == 1, "our own keys are loaded")
        return gateway

    def wait_keys(self, gateway, count):
        eventually(lambda: self.metric(gateway, "gateway_issuer_keys", issuer="partner") == count, f"{count} keys of theirs")

    def go(self, gateway, target, token=None):
        fields = [("Authorization", f"Bearer {token}")] if token else []
        return self.ask(gateway, target, fields=fields)

    def status(self, gateway, target, token=None):
        return self.go(gateway, target, token).status


class WhereTheyCount(OutsideTest):
    def test_each_algorithm_counts_only_on_routes_that_name_the_issuer(self):
        gateway = self.start()
        ours = self.login(self.register())["access_token"]
        for kid in self.provider.keys:
            token = self.provider.token(kid)
            for _ in range(2):
                with self.subTest(kid=kid):
                    self.assertEqual(200, self.status(gateway, "/partner/x", token))
                    self.assertEqual(200, self.status(gateway, "/maybe/x", token))
                    for target in ("/own/x", "/auth/me", "/payments/x", "/admin/x", "/partner/../own/x"):
                        self.assert_problem(self.go(gateway, target, token), 401, "invalid_token")
        for target in ("/own/x", "/partner/x", "/maybe/x", "/members/x"):
            self.assertEqual(200, self.status(gateway, target, ours))
        self.assert_problem(self.go(gateway, "/partner/x"), 401, "authentication_required")
        self.assertEqual(200, self.status(gateway, "/maybe/x"))

    def test_a_role_counts_only_as_it_is_mapped(self):
        gateway = self.start()
        rows = [
            ({}, 200, 403, 403),
            ({"role": "user"}, 200, 403, 403),
            ({"role": "admin"}, 200, 403, 403),
            ({"role": ["ops"]}, 200, 403, 403),
            ({"role": "staff"}, 200, 200, 403),
            ({"role": "ops"}, 200, 200, 200),
        ]
        for claims, *wanted in rows:
            with self.subTest(claims=claims):
                token = self.provider.token(**claims)
                found = [self.status(gateway, f"/{name}/x", token) for name in ("partner", "members", "ops")]
                self.assertEqual(wanted, found)

    def test_what_is_wrong_with_a_token_is_refused(self):
        gateway = self.start()
        stranger = self.provider.add_key("stranger", "ES256")
        rows = {
            "another audience": self.provider.token(aud="somebody-else"),
            "no audience": self.provider.token(aud=None),
            "no subject": self.provider.token(sub=None),
            "our issuer": self.provider.token(iss="https://auth.test", role="admin", sid="s", jti="j"),
            "a third issuer": self.provider.token(iss="https://partner.test/"),
            "a stranger's key": self.provider.token("es256-1", key=stranger),
            "another algorithm": self.provider.token("es256-1", header={"alg": "RS256"}),
            "none": self.provider.token("es256-1", header={"alg": "none"}),
            "HS256": self.provider.token("rs256-1", header={"alg": "HS256"}),
            "a key of its own": self.provider.token("es256-1", key=stranger, header={"jwk": stranger.jwk()}),
            "a type of its own": self.provider.token("es256-1", header={"typ": "rt+jwt"}),
        }
        for what, token in rows.items():
            with self.subTest(what):
                self.assert_problem(self.go(gateway, "/partner/x", token), 401, "invalid_token")
        self.assert_problem(self.go(gateway, "/partner/x", self.provider.token(exp=1)), 401, "token_expired")
        self.assertEqual([], self.app.requests)
        self.assertEqual(200, self.status(gateway, "/partner/x", self.provider.token(aud=["x", self.provider.audience])))

    def test_limits_by_user_count_issuer_and_subject_together(self):
        email = self.register()
        ours = self.login(email)["access_token"]
        subject = self.get("/auth/me", ours).json()["id"]
        config = self.outside_config()
        config["rate_limits"]["each"] = policy(2, key="user")
        config["routes"] = [route("/partner/*", auth="required", issuers=["partner"], rate_limits=["each"])]
        gateway = self.start(**config)
        theirs = self.provider.token(sub=subject)
        self.assertEqual([200, 200, 429], [self.status(gateway, "/partner/x", theirs) for _ in range(3)])
        self.assertEqual([200, 200, 429], [self.status(gateway, "/partner/x", ours) for _ in range(3)])
        self.assertEqual(200, self.status(gateway, "/partner/x", self.provider.token(sub="another")))

    def test_an_ended_session_of_ours_says_nothing_about_theirs(self):
        gateway = self.start()
        self.redis.command("SET", "sp:deny:{s1}", "1")
        self.assertEqual(200, self.status(gateway, "/partner/x", self.provider.token(sid="s1")))


class Keys(OutsideTest):
    def test_a_new_key_is_fetched_as_soon_as_a_token_names_it(self):
        gateway = self.start(jwks_refresh="1h")
        self.provider.add_key("es256-2", "ES256")
        self.provider.publish()
        token = self.provider.token("es256-2")
        self.assert_problem(self.go(gateway, "/partner/x", token), 401, "invalid_token")
        eventually(lambda: self.status(gateway, "/partner/x", token) == 200, "the new key counts")
        seen = len(self.provider.server.requests)
        for number in range(20):  # made-up names cause no more fetches
            self.status(gateway, "/partner/x", self.provider.token("es256-2", header={"kid": f"made-up-{number}"}))
        self.assertEqual(seen, len(self.provider.server.requests))

    def test_rotation(self):
        gateway = self.start()
        self.provider.add_key("rs256-2", "RS256")
        old, new = self.provider.token("es256-1"), self.provider.token("rs256-2")
        self.provider.publish("rs256-2")
        eventually(lambda: self.status(gateway, "/partner/x", new) == 200, "the new key counts")
        eventually(lambda: self.status(gateway, "/partner/x", old) == 401, "the old key is gone, remembered or not")

    def test_the_last_good_set_stays_while_fetching_fails(self):
        gateway = self.start()
        token = self.provider.token()
        elsewhere = {"Location": "https://localhost:1/keys"}
        for failure in (answer(500), answer(302, elsewhere), answer(200, body=b"{}"), answer(200, body=b"x" * 65537)):
            before, seen = len(gateway.records()), len(self.provider.server.requests)
            self.provider.server.default = failure
            eventually(lambda: len(self.provider.server.requests) > seen + 1, "two more fetches")
            self.assertEqual(200, self.status(gateway, "/partner/x", token))
            failed = [record for record in gateway.records()[before:] if record["event"] == "jwks_failed"]
            self.assertTrue(failed)
            self.assertEqual(self.provider.issuer, failed[0]["issuer"])
        self.assertEqual(200, self.status(gateway, "/health/ready"))

    def test_until_the_first_set_has_come_only_their_tokens_wait(self):
        self.provider.server.default = answer(503)
        gateway = self.start(keys=0)
        ours = self.login(self.register())["access_token"]
        self.assert_problem(self.go(gateway, "/partner/x", self.provider.token()), 503, "service_unavailable")
        self.assertEqual(200, self.status(gateway, "/partner/x", ours))
        self.assertEqual("ok", self.go(gateway, "/health/ready").json()["status"])
        self.provider.publish()
        self.wait_keys(gateway, 3)
        self.assertEqual(200, self.status(gateway, "/partner/x", self.provider.token()))

    def test_keys_come_from_a_server_that_verifies_or_not_at_all(self):
        others = Certificates("DNS:localhost")
        self.addCleanup(others.close)
        wrong_ca = {**self.provider.config(), "ca_file": others.ca}
        wrong_name = {**self.provider.config(), "jwks_url": f"https://127.0.0.1:{self.provider.server.port}/keys"}
        system = {key: value for key, value in self.provider.config().items() if key != "ca_file"}
        for issuer, why in ((wrong_ca, "does not verify"), (system, "does not verify"), (wrong_name, "mismatch")):
            with self.subTest(issuer=issuer):
                gateway = self.start(keys=0, issuers=[issuer])
                failed = eventually(lambda: [r for r in gateway.records() if r["event"] == "jwks_failed"], "it says so")
                self.assertIn(why, failed[0]["detail"])
                self.assert_problem(self.go(gateway, "/partner/x", self.provider.token()), 503, "service_unavailable")


class Configuration(OutsideTest):
    def write(self, config):
        folder = tempfile.TemporaryDirectory(prefix="sallyport-e2e-")
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "gateway.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(to_yaml(config))
        return path

    def check(self, config):
        status, out, err, _ = run("config", "check", self.write(config))
        return status, out + err

    def test_routes_of_our_own_never_take_them(self):
        for path in ("/auth/*", "/payments/x", "/admin/*", "/*"):
            config = self.outside_config(routes=[route(path, auth="required", issuers=["partner"])])
            status, said = self.check(config)
            self.assertEqual(1, status)
            self.assertIn("takes our own tokens only", said)
        self.assertEqual(0, self.check(self.outside_config())[0])

    def test_a_missing_file_ends_the_start(self):
        config = self.outside_config(issuers=[{**self.provider.config(), "ca_file": "/nonexistent/ca.pem"}])
        status, _, err, _ = run("gateway", "--config", self.write(config), env={"SALLYPORT_REDIS_URL": self.redis.url})
        self.assertEqual(1, status)
        self.assertIn("jwks_url of partner: ", err)
        self.assertIn("/nonexistent/ca.pem", err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
