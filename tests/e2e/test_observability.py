"""Request ids, trace context and the access log: what an operator can follow, and what never gets written down."""

import re
import unittest

from harness import E2ETest, answer, eventually, fresh_address, policy, route

UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
KEYS = {"time", "request_id", "trace_id", "method", "path", "route", "status", "bytes_in", "bytes_out", "total_us",
        "limiter_us", "upstream_us", "client", "upstream", "code", "schema_violation"}


class Observability(E2ETest):
    def setUp(self):
        super().setUp()
        self.upstream = self.start_upstream()

    def start(self, **changes):
        return self.start_gateway(self.config(self.upstream, **changes))

    def trace(self):
        (line,) = self.upstream.requests[-1].all("traceparent")
        match = TRACEPARENT.fullmatch(line)
        self.assertTrue(match, line)
        return match.groups()

    def test_a_trace_is_continued(self):
        gateway = self.start()
        trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
        fields = {"traceparent": f"00-{trace}-{parent}-01", "tracestate": "vendor=1"}
        self.assertEqual(200, self.ask(gateway, "/traced", fields=fields).status)
        found, span, flags = self.trace()
        self.assertEqual((trace, "01"), (found, flags))
        self.assertNotEqual(parent, span)
        self.assertEqual(["vendor=1"], self.upstream.requests[-1].all("tracestate"))
        self.assertEqual(trace, gateway.access_record(path="/traced")["trace_id"])

    def test_a_trace_is_begun_where_there_is_none_or_a_bad_one(self):
        gateway = self.start()
        good = "4bf92f3577b34da6a3ce929d0e0e4736"
        bad = [None, "", "nonsense", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-{good}-{'0' * 16}-01",
               f"ff-{good}-00f067aa0ba902b7-01", f"00-{good.upper()}-00f067aa0ba902b7-01",
               f"00-{good}-00f067aa0ba902b7-01-more"]
        seen = set()
        for line in bad:
            with self.subTest(line):
                fields = {} if line is None else {"traceparent": line}
                self.assertEqual(200, self.ask(gateway, "/x", fields=fields).status)
                seen.add(self.trace()[0])
                self.assertNotIn(good, seen)
        self.assertEqual(len(bad), len(seen), "each got a new trace")

    def test_each_request_has_an_id_that_answer_log_and_problem_share(self):
        gateway = self.start()
        ids = set()
        for target in ("/a", "/b"):
            response = self.ask(gateway, target)
            (request_id,) = response.all("x-request-id")
            self.assertRegex(request_id, f"^{UUID7}$")
            self.assertEqual(request_id, gateway.access_record(path=target)["request_id"])
            ids.add(request_id)
        self.assertEqual(2, len(ids))
        response = self.ask(gateway, "/bad\\path")
        self.assertEqual(response.get("x-request-id"), response.json()["request_id"])
        self.assertEqual(400, gateway.access_record(request_id=response.json()["request_id"])["status"])

    def test_the_access_record_tells_what_happened(self):
        gateway = self.start()
        source = fresh_address()
        response = self.ask(gateway, "/x", "POST", body=b"hello", source=source)
        self.assertEqual(200, response.status)
        record = gateway.access_record(path="/x")
        self.assertEqual(set(), KEYS - set(record))
        for key, value in (("method", "POST"), ("status", 200), ("bytes_in", 5), ("client", source)):
            self.assertEqual(value, record[key], key)
        self.assertGreaterEqual(record["bytes_out"], len(response.body))
        self.assertRegex(record["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z$")
        for key in ("total_us", "limiter_us", "upstream_us"):
            self.assertIsInstance(record[key], int, key)
        self.assertGreaterEqual(record["total_us"], max(record["limiter_us"], record["upstream_us"]))
        self.assertIn("/*", record["route"])
        self.assertIn(self.upstream.host, record["upstream"])
        self.assertFalse(record["code"])

    def test_refusals_are_in_the_access_log_with_their_code(self):
        gateway = self.start(rate_limits={"global": policy(1), "auth": policy(5)}, routes=[route("/known")])
        source = fresh_address()
        self.assertEqual([404, 429], self.statuses(gateway, "/x", 2, source))
        self.assertEqual("rate_limited", gateway.access_record(status=429)["code"])
        self.assertEqual("not_found", gateway.access_record(status=404)["code"])

    def test_what_is_secret_is_never_logged(self):
        gateway = self.start()
        secrets = {
            "query": "s3cret-in-query",
            "authorization": "s3cret-in-authorization",
            "cookie": "s3cret-in-cookie",
            "body": "s3cret-in-body",
            "upstream": "s3cret-from-upstream",
        }
        self.upstream.behaviours["/x"] = answer(200, {"Set-Cookie": secrets["upstream"]}, secrets["upstream"].encode())
        fields = {"Authorization": f"Bearer {secrets['authorization']}", "Cookie": f"session={secrets['cookie']}"}
        for path in ("/x", "/x\\", "/%zz"):
            self.ask(gateway, f"{path}?token={secrets['query']}", "POST", fields, secrets["body"].encode())
        with_refusal = [("Content-Length", "1"), ("Content-Length", "2"), *fields.items()]
        self.ask(gateway, f"/y?token={secrets['query']}", "POST", with_refusal)
        record = gateway.access_record(path="/x", status=200)
        self.assertEqual("/x", record["path"])
        eventually(lambda: len(gateway.access_log(status=400)) >= 3, lambda: f"refusals are logged:\n{gateway.output}")
        for name, secret in secrets.items():
            self.assertNotIn(secret, gateway.output, name)

    def test_no_client_can_write_its_own_log_lines(self):
        gateway = self.start()
        forged = '{"total_us":1,"status":299}'
        quoted = forged.replace('"', "%22").replace("{", "%7B").replace("}", "%7D")
        for target in (f"/x%22%7D{quoted}", f"/x%0A{quoted}", f"/x\n{forged}"):
            self.ask(gateway, target)
        last = self.ask(gateway, "/last")
        gateway.access_record(request_id=last.get("x-request-id"))
        self.assertEqual([], gateway.access_log(status=299))
        for line in list(gateway.err):
            self.assertTrue(line.startswith("{") and line.endswith("}"), line)

    def test_an_operator_can_switch_the_access_log_off(self):
        gateway = self.start(access_log=False)
        self.assertEqual([200] * 3, self.statuses(gateway, "/quiet", 3))
        self.assertEqual(200, self.ask(gateway, "/health").status)
        self.assert_stays(lambda: gateway.access_log(path="/quiet"), [], 0.5, "no records")


if __name__ == "__main__":
    unittest.main(verbosity=2)
