"""What stands on every answer, whoever made it: security fields, problem documents, CORS."""

import unittest

from harness import E2ETest, answer, free_port, fresh_address, policy, route

SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
}


class Answers(E2ETest):
    def setUp(self):
        super().setUp()
        self.upstream = self.start_upstream()

    def start(self, **changes):
        config = self.config(self.upstream, **changes)
        config["upstreams"]["dead"] = {"hosts": [f"127.0.0.1:{free_port()}"]}
        config["routes"] = [route("/dead", "dead"), route("/post", methods=["POST"]), route("/app/*")]
        return self.start_gateway(config)

    def every_kind(self, gateway):
        """One answer of each kind, by name."""
        blocked = fresh_address()
        self.statuses(gateway, "/app/x", 20, blocked)
        yield "upstream's 200", 200, self.ask(gateway, "/app/x")
        yield "upstream's 500", 500, self.ask(gateway, "/app/x", fields={"X-Want-Status": "500"})
        yield "health", 200, self.ask(gateway, "/health")
        yield "metrics", 200, self.ask(gateway, "/metrics")
        yield "404", 404, self.ask(gateway, "/nowhere")
        yield "405", 405, self.ask(gateway, "/post")
        yield "400", 400, self.ask(gateway, "/app/x\\y")
        yield "413", 413, self.ask(gateway, "/app/x", "POST", {"Content-Length": "99999999"})
        yield "429", 429, self.ask(gateway, "/app/x", source=blocked)
        yield "502", 502, self.ask(gateway, "/dead")

    def limited(self):
        return {"global": policy(20), "auth": policy(5, group="route")}

    def test_security_fields_are_on_every_answer(self):
        gateway = self.start(rate_limits=self.limited())
        for name, status, response in self.every_kind(gateway):
            with self.subTest(name):
                self.assertEqual(status, response.status)
                for field, value in SECURITY.items():
                    self.assertEqual([value], response.all(field), field)
                self.assertEqual(1, len(response.all("permissions-policy")))
                self.assertEqual([], response.all("strict-transport-security"), "only over TLS")
                self.assertEqual([], [v for v in response.all("server") if any(c.isdigit() for c in v)])
                self.assertEqual([], response.all("x-powered-by"))
                self.assertEqual(1, len(response.all("date")))

    def test_every_refusal_is_a_problem_document_that_gives_nothing_away(self):
        gateway = self.start(rate_limits=self.limited())
        codes = {404: "not_found", 405: "method_not_allowed", 400: "malformed_request", 413: "body_too_large",
                 429: "rate_limited", 502: "bad_gateway"}
        for name, status, response in self.every_kind(gateway):
            if status not in codes:
                continue
            with self.subTest(name):
                self.assert_problem(response, status, codes[status])
                for leak in (b".cpp", b"std::", b"0x", b"boost", b"errno", b"redis", b"127.0.0.1:"):
                    self.assertNotIn(leak, response.body.lower())

    def test_an_answer_that_brings_its_own_security_field_has_it_once(self):
        self.upstream.default = answer(200, {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "SAMEORIGIN"})
        response = self.ask(self.start(), "/app/x")
        self.assertEqual(1, len(response.all("x-content-type-options")))
        self.assertEqual(1, len(response.all("x-frame-options")))

    def test_fields_that_tell_about_the_upstream_are_taken_away(self):
        self.upstream.default = answer(200, {"Server": "Apache/2.4.1", "X-Powered-By": "PHP/5.3"})
        response = self.ask(self.start(), "/app/x")
        self.assertNotIn("Apache/2.4.1", response.all("server"))
        self.assertEqual([], response.all("x-powered-by"))

    def test_cors_is_off_by_default(self):
        gateway = self.start()
        response = self.ask(gateway, "/app/x", fields={"Origin": "https://app.example"})
        self.assertEqual([], [name for name, _ in response.fields if name.lower().startswith("access-control-")])
        preflight = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
        response = self.ask(gateway, "/app/x", "OPTIONS", preflight)
        self.assertEqual([], response.all("access-control-allow-origin"))

    def test_cors_answers_the_configured_origins_exactly(self):
        gateway = self.start(cors={"origins": ["https://app.example"]})
        for origin, allowed in (
            ("https://app.example", True),
            ("https://app.example.evil.test", False),
            ("https://evil.test/https://app.example", False),
            ("http://app.example", False),
            ("https://app.example:8443", False),
            ("https://sub.app.example", False),
            ("null", False),
        ):
            with self.subTest(origin):
                response = self.ask(gateway, "/app/x", fields={"Origin": origin})
                self.assertEqual(200, response.status)
                self.assertEqual([origin] if allowed else [], response.all("access-control-allow-origin"))
                self.assertIn("origin", response.tokens("vary"))
                preflight = {"Origin": origin, "Access-Control-Request-Method": "POST"}
                response = self.ask(gateway, "/app/x", "OPTIONS", preflight)
                self.assertEqual([origin] if allowed else [], response.all("access-control-allow-origin"))
                if allowed:
                    self.assertIn("post", response.tokens("access-control-allow-methods"))
                    self.assertNotIn("access-control-allow-credentials", [name.lower() for name, _ in response.fields])

    def test_errors_carry_cors_too_so_that_a_browser_can_read_them(self):
        gateway = self.start(cors={"origins": ["https://app.example"]}, rate_limits=self.limited())
        source = fresh_address()
        self.statuses(gateway, "/app/x", 20, source)
        for target, status in (("/app/x", 429),):
            response = self.ask(gateway, target, fields={"Origin": "https://app.example"}, source=source)
            self.assertEqual((status, ["https://app.example"]),
                             (response.status, response.all("access-control-allow-origin")))

    def test_cors_of_the_upstream_does_not_open_what_the_gateway_keeps_shut(self):
        self.upstream.default = answer(200, {"Access-Control-Allow-Origin": "*"})
        gateway = self.start(cors={"origins": ["https://app.example"]})
        response = self.ask(gateway, "/app/x", fields={"Origin": "https://evil.test"})
        self.assertEqual([], response.all("access-control-allow-origin"))
        response = self.ask(gateway, "/app/x", fields={"Origin": "https://app.example"})
        self.assertEqual(["https://app.example"], response.all("access-control-allow-origin"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
