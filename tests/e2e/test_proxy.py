"""Requests go through to the upstream and answers come back, with nothing added but what belongs there."""

import hashlib
import json
import unittest

from harness import E2ETest, RawClient, answer, fresh_address, raw, request_bytes, route


class Proxy(E2ETest):
    def setUp(self):
        super().setUp()
        self.upstream = self.start_upstream()

    def start(self, **changes):
        return self.start_gateway(self.config(self.upstream, **changes))

    def seen(self):
        return self.upstream.requests[-1]

    def test_methods_targets_and_bodies_go_through(self):
        gateway = self.start()
        cases = [
            ("GET", "/a/b?x=1&y=%20z", b""),
            ("POST", "/a", b'{"hello": "world"}'),
            ("PUT", "/a/1", bytes(range(256))),
            ("PATCH", "/a/1", b"patch"),
            ("DELETE", "/a/1", b""),
            ("OPTIONS", "/a/1", b""),
            ("POST", "/empty", b""),
        ]
        for method, target, body in cases:
            with self.subTest(f"{method} {target}"):
                response = self.ask(gateway, target, method, {"X-Mine": "yes", "Content-Type": "x/y"}, body)
                self.assertEqual(200, response.status, response.body)
                got = response.json()
                self.assertEqual((method, target), (got["method"], got["target"]))
                self.assertEqual((len(body), hashlib.sha256(body).hexdigest()), (got["body_bytes"], got["digest"]))
                self.assertEqual(["yes"], self.seen().all("x-mine"))
                self.assertEqual(["x/y"], self.seen().all("content-type"))

    def test_status_fields_and_body_come_back(self):
        self.upstream.default = answer(418, {"X-Theirs": "kept", "Content-Type": "text/tea"}, b"short and stout")
        response = self.ask(self.start(), "/pot")
        self.assertEqual((418, b"short and stout"), (response.status, response.body))
        self.assertEqual((["kept"], ["text/tea"]), (response.all("x-theirs"), response.all("content-type")))

    def test_several_fields_of_one_name_stay_several_and_in_order(self):
        self.upstream.default = answer(200, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-N", "1"), ("X-N", "2")])
        response = self.ask(self.start(), "/x", fields=[("X-Many", "1"), ("X-Many", "2"), ("Cookie", "c=3")])
        self.assertEqual(["a=1", "b=2"], response.all("set-cookie"))
        self.assertEqual(["1", "2"], response.all("x-n"))
        self.assertEqual("1, 2", ", ".join(self.seen().all("x-many")))

    def test_hop_by_hop_fields_stop_here_in_both_directions(self):
        self.upstream.default = answer(
            200,
            {"Connection": "Their-Hop, keep-alive", "Their-Hop": "1", "Keep-Alive": "timeout=9", "X-Kept": "1",
             "Proxy-Connection": "keep-alive", "Upgrade": "h2c"},
        )
        fields = {
            "Connection": "My-Hop, keep-alive, TE",
            "My-Hop": "1",
            "Keep-Alive": "timeout=9",
            "Proxy-Connection": "keep-alive",
            "TE": "trailers",
            "X-Kept": "1",
        }
        response = self.ask(self.start(), "/x", fields=fields)
        self.assertEqual(200, response.status)
        for name in ("their-hop", "keep-alive", "proxy-connection", "upgrade"):
            self.assertEqual([], response.all(name), name)
        self.assertNotIn("their-hop", response.tokens("connection"))
        self.assertEqual(["1"], response.all("x-kept"))
        for name in ("my-hop", "keep-alive", "proxy-connection", "te", "upgrade"):
            self.assertEqual([], self.seen().all(name), name)
        self.assertNotIn("my-hop", ",".join(self.seen().all("connection")).lower())
        self.assertEqual(["1"], self.seen().all("x-kept"))

    def test_an_offer_of_h2c_is_not_taken_and_not_passed_on(self):
        fields = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__"}
        response = self.ask(self.start(), "/x", fields=fields)
        self.assertEqual((200, []), (response.status, response.all("upgrade")))
        for name in ("upgrade", "http2-settings"):
            self.assertEqual([], self.seen().all(name), name)

    def test_forwarding_fields_are_the_gateways_own(self):
        source = fresh_address()
        spoofed = {
            "X-Forwarded-For": "6.6.6.6",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Port": "666",
            "X-Forwarded-Prefix": "/evil",
            "X-Real-IP": "6.6.6.6",
            "Forwarded": "for=6.6.6.6",
        }
        response = self.ask(self.start(), "/x", fields=[("Host", "shop.example:81"), *spoofed.items()], source=source)
        self.assertEqual(200, response.status)
        seen = self.seen()
        self.assertEqual([source], seen.all("x-forwarded-for"))
        self.assertEqual(["http"], seen.all("x-forwarded-proto"))
        self.assertEqual(["shop.example:81"], seen.all("x-forwarded-host"))
        for name in ("x-real-ip", "forwarded", "x-forwarded-port", "x-forwarded-prefix"):
            self.assertEqual([], seen.all(name), name)
        self.assertRegex(", ".join(seen.all("via")), r"^1\.1 \S+$")
        self.assertNotIn(b"6.6.6.6", seen.head)
        self.assertEqual(1, len(seen.all("host")))

    def test_internal_fields_cannot_be_sent_from_outside(self):
        spoofed = {"X-Request-Timeout-Ms": "999999", "X-Retry-Attempt": "7", "X-Request-Id": "mine-not-yours"}
        self.assertEqual(200, self.ask(self.start(), "/x", fields=spoofed).status)
        self.assertEqual([], self.seen().all("x-retry-attempt"))
        self.assertNotIn("mine-not-yours", self.seen().all("x-request-id"))
        self.assertNotIn("999999", self.seen().all("x-request-timeout-ms"))

    def test_the_upstream_is_told_how_much_time_is_left(self):
        self.assertEqual(200, self.ask(self.start(), "/x").status)
        (left,) = self.seen().all("x-request-timeout-ms")
        self.assertTrue(10_000 < int(left) <= 15_000, left)

    def test_a_trusted_proxys_chain_is_passed_on(self):
        proxy = fresh_address()
        gateway = self.start(trusted_proxies=[f"{proxy}/32"])
        self.ask(gateway, "/x", fields={"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "6.6.6.6"}, source=proxy)
        self.assertIn("203.0.113.9", self.seen().get("x-forwarded-for"))
        self.assertEqual([], self.seen().all("x-real-ip"))

    def test_connections_to_the_upstream_are_used_again(self):
        gateway = self.start()
        for _ in range(3):
            self.assertEqual([200] * 10, self.statuses(gateway, "/x", 10, fresh_address()))
        self.assertEqual(1, len(self.upstream.connections))

    def test_an_upstream_connection_is_not_used_after_close(self):
        self.upstream.default = answer(200, {"Connection": "close"}, b"bye")
        self.assertEqual([200] * 5, self.statuses(self.start(), "/x", 5))
        self.assertEqual(5, len(self.upstream.connections))

    def test_ten_pipelined_requests_are_answered_in_order(self):
        client = self.client(self.start())
        client.send(b"".join(request_bytes("GET", f"/p/{number}") for number in range(10)))
        self.assertEqual([f"/p/{n}" for n in range(10)], [client.read_response().json()["target"] for _ in range(10)])

    def test_pipelined_requests_with_bodies_keep_their_bodies(self):
        client = self.client(self.start())
        client.send(b"".join(request_bytes("POST", f"/p/{n}", body=b"%d" % n * n) for n in range(10)))
        for number in range(10):
            got = client.read_response().json()
            self.assertEqual((f"/p/{number}", str(number) * number), (got["target"], got["body"]))

    def test_http_1_0_gets_an_answer_it_understands(self):
        self.upstream.behaviours["/chunks"] = raw(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
        )
        gateway = self.start()
        client = self.client(gateway)
        client.send(b"GET /chunks HTTP/1.0\r\nHost: a\r\n\r\n")
        response = client.read_response()
        self.assertEqual((200, []), (response.status, response.all("transfer-encoding")))
        self.assertEqual(b"hello world", response.body)
        self.assertEqual(b"", client.rest_until_end(2), "and then the connection ends")
        client = self.client(gateway)
        client.send(b"GET /x HTTP/1.0\r\nHost: a\r\n\r\n")
        self.assertEqual("/x", client.read_response().json()["target"])
        self.assertEqual(b"", client.rest_until_end(2))

    def test_connection_close_is_kept(self):
        client = self.client(self.start())
        response = client.request("GET", "/x", {"Connection": "close"})
        self.assertIn("close", response.tokens("connection"))
        self.assertEqual(b"", client.rest_until_end(2))
        self.assertEqual("fin", client.ended)

    def test_head_has_the_length_but_no_body(self):
        client = self.client(self.start())
        response = client.request("HEAD", "/x")
        self.assertEqual(200, response.status)
        self.assertGreater(int(response.get("content-length")), 10)
        self.assertTrue(client.silent_for(0.2), "no body follows")
        self.assertEqual("GET", client.request("GET", "/y").json()["method"])

    def test_answers_that_have_no_body_have_none(self):
        self.upstream.behaviours["/204"] = raw(b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n")
        self.upstream.behaviours["/304"] = raw(b'HTTP/1.1 304 Not Modified\r\nETag: "e"\r\nContent-Length: 77\r\n\r\n')
        client = self.client(self.start())
        for path, status in (("/204", 204), ("/304", 304)):
            response = client.request("GET", path)
            self.assertEqual(status, response.status)
            self.assertEqual([], response.all("transfer-encoding"))
            if status == 204:
                self.assertEqual([], response.all("content-length"))
            self.assertTrue(client.silent_for(0.1), path)
        self.assertEqual(200, client.request("GET", "/after").status)

    def test_an_interim_answer_of_the_upstream_does_not_confuse_the_client(self):
        self.upstream.default = raw(
            b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        )
        client = self.client(self.start())
        for _ in range(2):
            response = client.request("GET", "/x")
            self.assertEqual((200, b"ok"), (response.status, response.body))

    def test_strip_prefix_takes_the_prefix_away(self):
        gateway = self.start(routes=[route("/shop/*", strip_prefix="/shop"), route("/*")])
        for target, wanted in (("/shop/a?b=c", "/a?b=c"), ("/shop", "/"), ("/shop/", "/"), ("/shopping", "/shopping")):
            self.assertEqual(wanted, self.ask(gateway, target).json()["target"], target)

    def test_the_most_exact_route_wins(self):
        other = self.start_upstream(answer(200, (), b"other"))
        config = self.config(self.upstream, routes=[route("/*"), route("/a/*", "other"), route("/a/b")])
        config["upstreams"]["other"] = {"hosts": [other.host]}
        gateway = self.start_gateway(config)
        for target, is_other in (("/a", True), ("/a/x", True), ("/a/b", False), ("/a/b/c", True), ("/ab", False)):
            self.assertEqual(is_other, self.ask(gateway, target).body == b"other", target)

    def test_methods_that_a_route_does_not_know_are_405(self):
        gateway = self.start(routes=[route("/only", methods=["POST", "PUT"])])
        response = self.ask(gateway, "/only")
        self.assert_problem(response, 405, "method_not_allowed")
        self.assertEqual({"post", "put"}, set(response.tokens("allow")) - {"options"})
        self.assert_problem(self.ask(gateway, "/nowhere"), 404, "not_found")
        self.assertEqual([], self.upstream.requests)

    def test_options_star_is_answered_here(self):
        response = self.ask(self.start(), "*", "OPTIONS")
        self.assertEqual(204, response.status)
        every = {"get", "head", "post", "put", "patch", "delete", "options", "query"}
        self.assertEqual(every, set(response.tokens("allow")))
        self.assertEqual([], self.upstream.requests)

    def test_unknown_hosts_are_misdirected(self):
        gateway = self.start(hosts=["localhost"])
        self.assertEqual(200, self.ask(gateway, "/x").status)
        self.assert_problem(self.ask(gateway, "/x", fields={"Host": "other.test"}), 421, "misdirected_request")
        self.assertEqual(1, len(self.upstream.requests))

    def test_health_is_told_to_probes_that_ask_by_address(self):
        gateway = self.start(hosts=["api.example"])
        by_address = {"Host": "127.0.0.1"}
        for target in ("/health", "/health/ready"):
            for method in ("GET", "HEAD"):
                self.assertEqual(200, self.ask(gateway, target, method, by_address).status, target)
            self.assert_problem(self.ask(gateway, target, "DELETE", by_address), 405, "method_not_allowed")
        for target in ("/metrics", "/x", "/health/", "/HEALTH", "/%68ealth", "/health/x", "/x/../health", "//health"):
            self.assert_problem(self.ask(gateway, target, fields=by_address), 421, "misdirected_request")
        self.assertEqual([], self.upstream.requests)

    def test_all_hosts_of_an_upstream_get_traffic(self):
        second = self.start_upstream()
        gateway = self.start_gateway(self.config([self.upstream, second]))
        with RawClient(gateway.address) as client:
            for _ in range(60):
                self.assertEqual(200, client.request("GET", "/x").status)
        self.assertEqual(60, len(self.upstream.requests) + len(second.requests))
        self.assertGreater(min(len(self.upstream.requests), len(second.requests)), 5)

    def test_metrics_count_requests_by_route_and_never_by_client(self):
        gateway = self.start()
        source = fresh_address()
        self.statuses(gateway, "/x", 3, source)
        self.assertGreaterEqual(self.metric(gateway, "gateway_requests_total", route=r"/\*"), 3)
        self.assertGreaterEqual(self.metric(gateway, "ratelimit_decisions_total", policy="global"), 3)
        text = self.ask(gateway, "/metrics").body.decode()
        self.assertNotIn(source, text)
        self.assertRegex(text, r"(?m)^# TYPE ratelimit_decisions_total counter$")

    def test_metrics_are_hidden_from_those_outside(self):
        gateway = self.start(internal_access=["10.0.0.0/8"])
        self.assert_problem(self.ask(gateway, "/metrics"), 404, "not_found")
        self.assertEqual(200, self.ask(gateway, "/health").status)
        proxy = fresh_address()
        gateway = self.start(trusted_proxies=[f"{proxy}/32"])
        self.assertEqual(200, self.ask(gateway, "/metrics").status)
        self.assertEqual(404, self.ask(gateway, "/metrics", fields={"X-Forwarded-For": "8.8.8.8"}, source=proxy).status)
        self.assertEqual(404, self.ask(gateway, "/metrics", source=proxy).status, "a proxy without its header")

    def test_health_is_small_and_json_or_text(self):
        response = self.ask(self.start(), "/health")
        self.assertEqual(200, response.status)
        self.assertLess(len(response.body), 200)
        if response.get("content-type", "").startswith("application/json"):
            json.loads(response.body)


if __name__ == "__main__":
    unittest.main(verbosity=2)
