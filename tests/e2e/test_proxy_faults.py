"""An upstream that is down, silent, lying or half-finished: one clear answer, or none that looks whole."""

import time
import unittest

from harness import Broken, E2ETest, Upstream, answer, eventually, free_port, raw, request_bytes, route, silent

OK = b"HTTP/1.1 200 OK\r\n"

# What an upstream may not say: the connection is dropped and the client gets 502.
BAD_HEADS = {
    "not HTTP": b"garbage garbage garbage\r\n\r\n",
    "binary": bytes(range(256)) * 4,
    "an SSH banner": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "HTTP/2": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "two lengths that differ": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nokk",
    "two lengths that agree": OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "a list of lengths": OK + b"Content-Length: 2, 2\r\n\r\nok",
    "a negative length": OK + b"Content-Length: -2\r\n\r\nok",
    "a signed length": OK + b"Content-Length: +2\r\n\r\nok",
    "a length that is no number": OK + b"Content-Length: two\r\n\r\nok",
    "a hexadecimal length": OK + b"Content-Length: 0x2\r\n\r\nok",
    "an empty length": OK + b"Content-Length:\r\n\r\nok",
    "a length past 2^63": OK + b"Content-Length: 9223372036854775808\r\n\r\nok",
    "length and chunked": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "an unknown transfer coding": OK + b"Transfer-Encoding: xchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "chunked twice": OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "gzip transfer coding": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "NUL in a value": OK + b"X-A: a\0b\r\nContent-Length: 2\r\n\r\nok",
    "bare CR in a value": OK + b"X-A: a\rX-B: b\r\nContent-Length: 2\r\n\r\nok",
    "control character in a value": OK + b"X-A: a\x07b\r\nContent-Length: 2\r\n\r\nok",
    "a folded line": OK + b"X-A: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
    "space before the colon": OK + b"Content-Length : 2\r\n\r\nok",
    "a line without colon": OK + b"nonsense\r\nContent-Length: 2\r\n\r\nok",
    "an empty name": OK + b": x\r\nContent-Length: 2\r\n\r\nok",
    "a status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok",
    "a status below 100": b"HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok",
    "an oversized head": OK + b"X-A: " + b"a" * 100_000 + b"\r\nContent-Length: 2\r\n\r\nok",
    "far too many fields": OK + b"X-A: a\r\n" * 5000 + b"Content-Length: 2\r\n\r\nok",
    "an unsolicited 101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
}


class ProxyFaults(E2ETest):
    def setUp(self):
        super().setUp()
        self.upstream = self.start_upstream()

    def start(self, **app):
        config = self.config(self.upstream, upstreams={"app": {"hosts": [self.upstream.host], **app}})
        return self.start_gateway(config)

    def assert_nothing_leaks(self, response, *secrets):
        text = response.body + repr(response.fields).encode()
        for secret in (self.upstream.host, str(self.upstream.port), *secrets):
            self.assertNotIn(secret.encode(), text)

    def test_an_upstream_that_is_down_is_502_and_costs_no_other_route(self):
        dead = f"127.0.0.1:{free_port()}"
        config = self.config(self.upstream, routes=[route("/dead/*", "dead"), route("/*")])
        config["upstreams"]["dead"] = {"hosts": [dead]}
        gateway = self.start_gateway(config)
        for _ in range(3):
            response = self.ask(gateway, "/dead/x")
            self.assert_problem(response, 502, "bad_gateway")
            self.assert_nothing_leaks(response, dead)
        self.assertEqual(200, self.ask(gateway, "/x").status)
        self.assertEqual(200, self.ask(gateway, "/health").status)

    def test_an_upstream_that_comes_back_is_used_again(self):
        gateway = self.start()
        self.assertEqual(200, self.ask(gateway, "/x").status)
        self.upstream.close()
        self.assertEqual(502, self.ask(gateway, "/x").status)
        again = Upstream(port=self.upstream.port)
        self.addCleanup(again.close)
        eventually(lambda: self.ask(gateway, "/x").status == 200, "it serves again", 15, 0.1)

    def test_a_silent_upstream_is_504_at_the_routes_timeout(self):
        gateway = self.start(timeout="700ms", connect_timeout="500ms")
        self.upstream.behaviours["/silent"] = silent
        response = self.ask(gateway, "/silent")
        self.assert_problem(response, 504, "gateway_timeout")
        self.assertTrue(0.6 < response.elapsed < 2.5, response.elapsed)
        eventually(lambda: self.upstream.connections[0].ended.is_set(), "its connection is dropped")
        self.assertEqual(200, self.ask(gateway, "/x").status)

    def test_a_head_that_never_ends_is_504_too(self):
        def dribble(connection, request):
            del request
            connection.send(b"HTTP/1.1 200 OK\r\n")
            while not connection.wait_ended(0.05):
                if not connection.send(b"X-A: a\r\n"):
                    break
            return False

        gateway = self.start(timeout="700ms", connect_timeout="500ms")
        self.upstream.behaviours["/dribble"] = dribble
        response = self.ask(gateway, "/dribble")
        self.assertIn(response.status, (502, 504))
        self.assertLess(response.elapsed, 2.5)

    def test_answers_that_break_the_rules_are_502_and_the_connection_is_dropped(self):
        gateway = self.start(timeout="5s")
        for name, data in BAD_HEADS.items():
            with self.subTest(name):
                count = len(self.upstream.connections)
                self.upstream.behaviours["/bad"] = raw(data)
                client = self.client(gateway)
                client.send(request_bytes("GET", "/bad"))
                response = client.read_response()
                self.assert_problem(response, 502, "bad_gateway")
                self.assert_nothing_leaks(response)
                for connection in self.upstream.connections[count:]:
                    eventually(connection.ended.is_set, "the connection is dropped", 3)
                if "close" not in response.tokens("connection"):
                    self.assertEqual("/next", client.request("GET", "/next").json()["target"])
                client.close()

    def test_an_upstream_that_closes_without_an_answer_is_502(self):
        for name, behave in (("close", lambda connection, request: False), ("reset", lambda c, r: c.reset() or False)):
            with self.subTest(name):
                gateway = self.start()
                self.upstream.behaviours["/gone"] = behave
                self.assert_problem(self.ask(gateway, "/gone"), 502, "bad_gateway")
                self.assert_problem(self.ask(gateway, "/gone", "POST", body=b"x"), 502, "bad_gateway")

    def test_a_post_is_never_sent_twice(self):
        gateway = self.start()
        self.upstream.behaviours["/gone"] = lambda connection, request: False
        self.ask(gateway, "/gone", "POST", body=b"pay")
        self.assertEqual(1, self.upstream.paths().count("/gone"))

    def assert_cut_off(self, gateway, data, path="/short"):
        """The client gets a head, but never something that looks like the whole answer."""
        self.upstream.behaviours[path] = raw(data, close=True)
        client = self.client(gateway)
        client.send(request_bytes("GET", path))
        with self.assertRaises(Broken):
            response = client.read_response(timeout=5)
            if response.status == 502:  # it broke before anything was passed on: an honest answer as well
                self.assert_problem(response, 502, "bad_gateway")
                raise Broken("502")
        client.close()

    def test_a_body_that_ends_early_ends_the_clients_connection(self):
        gateway = self.start()
        self.assert_cut_off(gateway, OK + b"Content-Length: 100\r\n\r\nonly this")
        self.assert_cut_off(gateway, OK + b"Content-Length: 1000000\r\n\r\n" + b"x" * 500_000)
        self.assert_cut_off(gateway, OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        self.assert_cut_off(gateway, OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel")
        self.assertEqual(200, self.ask(gateway, "/x").status)

    def test_broken_chunks_end_the_clients_connection(self):
        gateway = self.start()
        chunks = OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
        for tail in (b"zz\r\n", b"5\nhello\r\n", b"-1\r\n", b"5\r\nhelloXX", b"fffffffffffffffff\r\n"):
            self.assert_cut_off(gateway, chunks + tail)

    def test_bytes_behind_an_answer_are_not_the_next_one(self):
        forged = OK + b"Content-Length: 6\r\n\r\nforged"
        self.upstream.behaviours["/more"] = raw(OK + b"Content-Length: 2\r\n\r\nok" + forged)
        gateway = self.start()
        client = self.client(gateway)
        self.assertEqual(b"ok", client.request("GET", "/more").body)
        for _ in range(3):
            with self.subTest("no later request gets it"):
                self.assertNotEqual(b"forged", self.ask(gateway, "/x").body)
        eventually(self.upstream.connections[0].ended.is_set, "the connection is not used again")

    def test_late_unasked_bytes_are_not_the_next_answer(self):
        gateway = self.start()
        self.assertEqual(200, self.ask(gateway, "/x").status)
        self.upstream.connections[0].send(OK + b"Content-Length: 6\r\n\r\nforged")
        for _ in range(3):
            self.assertEqual("/y", self.ask(gateway, "/y").json()["target"])

    def test_a_pooled_connection_that_died_costs_no_request(self):
        gateway = self.start()
        for _ in range(5):
            self.assertEqual(200, self.ask(gateway, "/x").status)
            connection = self.upstream.connections[-1]
            connection.socket.shutdown(2)
            eventually(connection.ended.is_set, "the upstream has closed its idle connection")
            self.assertEqual(200, self.ask(gateway, "/x", "POST", body=b"x").status)

    def test_with_one_host_dead_the_other_still_serves(self):
        config = self.config(self.upstream)
        config["upstreams"]["app"]["hosts"].append(f"127.0.0.1:{free_port()}")
        gateway = self.start_gateway(config)
        found = self.statuses(gateway, "/x", 40)
        self.assertEqual(set(), set(found) - {200, 502, 503})
        self.assertGreaterEqual(found.count(200), 10)

    def test_a_client_that_goes_away_takes_its_upstream_request_with_it(self):
        self.upstream.behaviours["/silent"] = silent
        gateway = self.start()
        client = self.client(gateway)
        client.send(request_bytes("GET", "/silent"))
        eventually(lambda: "/silent" in self.upstream.paths(), "the request is under way")
        client.close()
        eventually(self.upstream.connections[0].ended.is_set, "the upstream's connection is ended", 3)
        self.assertEqual(499, gateway.access_record(path="/silent")["status"])

    def test_a_client_that_stops_reading_and_leaves_does_no_harm(self):
        self.upstream.behaviours["/big"] = answer(200, (), b"x" * (16 << 20))
        gateway = self.start()
        for _ in range(5):
            client = self.client(gateway)
            client.send(request_bytes("GET", "/big"))
            client.read_head()
            client.close()
        eventually(lambda: all(c.ended.is_set() for c in self.upstream.connections), "all are ended", 10)
        self.assertEqual(200, self.ask(gateway, "/x").status)

    def test_a_flood_beyond_the_bulkhead_is_refused_at_once(self):
        self.upstream.behaviours["/silent"] = silent
        gateway = self.start(max_in_flight=4, timeout="3s")
        clients = [self.client(gateway) for _ in range(4)]
        for client in clients:
            client.send(request_bytes("GET", "/silent"))
        eventually(lambda: self.upstream.paths().count("/silent") == 4, "four are in flight")
        start = time.monotonic()
        response = self.ask(gateway, "/x")
        self.assert_problem(response, 503, "overloaded")
        self.assertLess(time.monotonic() - start, 1)
        self.assertRegex(response.get("retry-after", ""), r"^[1-9]\d*$")
        for client in clients:
            client.close()
        eventually(lambda: self.ask(gateway, "/x").status == 200, "there is room again", 5)


if __name__ == "__main__":
    unittest.main(verbosity=2)
