"""Every wait has an end: slow and silent clients, on every stretch of a connection's life, with short limits."""

import socket
import threading
import time
import unittest

from harness import E2ETest, before_body, eventually, request_bytes, route, silent

TICK = 0.25  # deadlines may be noticed this much late
LATE = TICK + 0.75  # and a busy machine later
MIB = 1 << 20


class Deadlines(E2ETest):
    def setUp(self):
        super().setUp()
        self.upstream = self.start_upstream()

    def start(self, app=None, **limits):
        routes = [route("/s/*", streaming=True, body_max="64MiB"), route("/*", body_max="64MiB")]
        config = self.config(self.upstream, routes=routes, **({"limits": limits} if limits else {}))
        config["upstreams"]["app"].update(app or {})
        return self.start_gateway(config)

    def assert_at(self, seconds, start, what):
        took = time.monotonic() - start
        self.assertTrue(seconds - 0.05 <= took <= seconds + LATE, f"{what} after {took:.2f} s, not {seconds} s")

    def assert_408(self, client, start, after):
        response = client.read_response(timeout=after + LATE + 2)
        self.assert_at(after, start, "408")
        self.assert_problem(response, 408, "request_timeout")
        self.assertEqual(["close"], response.tokens("connection"))
        self.assertEqual((b"", "fin"), (client.rest_until_end(3), client.ended))

    def nothing_is_under_way(self, gateway):
        """Neither a request at an upstream nor a connection but the one that asks."""
        eventually(lambda: self.metric(gateway, "gateway_upstream_in_flight") == 0, "no request is at the upstream")
        eventually(lambda: self.metric(gateway, "gateway_connections") == 1, "no connection is left")

    # ---- heads

    def test_half_a_head_is_408_at_its_deadline(self):
        gateway = self.start(head_timeout="600ms")
        for name, sent in (("one byte", b"G"), ("a field", b"GET / HTTP/1.1\r\nHost: a\r\nX"), ("CRLF", b"\r\n")):
            with self.subTest(name):
                client, start = self.client(gateway), time.monotonic()
                client.send(sent)
                self.assert_408(client, start, 0.6)
        self.assertEqual([], self.upstream.connections)
        eventually(lambda: len(gateway.access_log(status=408, code="request_timeout")) == 3, "all are in the log")

    def test_a_head_that_trickles_in_gains_no_time(self):
        gateway = self.start(head_timeout="600ms")
        client, start = self.client(gateway), time.monotonic()
        client.send_bytewise(b"GET / HTTP/1.1\r\nHost: a\r\nX-Padding: " + b"x" * 500, pace=0.02)
        self.assert_408(client, start, 0.6)

    def test_the_second_head_on_a_connection_has_a_deadline_too(self):
        gateway = self.start(head_timeout="600ms")
        client = self.client(gateway)
        client.send(request_bytes("GET", "/first") + b"GET /half")
        self.assertEqual(200, client.read_response().status)
        self.assert_408(client, time.monotonic(), 0.6)

    # ---- silence between requests

    def test_an_idle_connection_is_closed_without_a_word(self):
        gateway = self.start(keep_alive_timeout="500ms")
        fresh, used = self.client(gateway), self.client(gateway)
        start = time.monotonic()
        self.assertEqual((b"", "fin"), (fresh.rest_until_end(3), fresh.ended))
        self.assert_at(0.5, start, "the end of a connection that never spoke")
        self.assertEqual("fin", used.rest_until_end(3) or used.ended)
        used = self.client(gateway)
        for _ in range(4):  # each request begins the time anew
            self.assertEqual(200, used.request("GET", "/x").status)
            self.assertTrue(used.silent_for(0.3))
        self.assertEqual((b"", "fin"), (used.rest_until_end(3), used.ended))

    # ---- bodies

    def test_a_body_that_falls_silent_is_408(self):
        gateway = self.start(body_idle_timeout="500ms")
        length = {"Content-Length": "300000"}
        cases = [
            ("short", "/x", {"Content-Length": "10"}, b"hello"),
            ("nothing of it", "/x", {"Content-Length": "10"}, b""),
            ("chunked", "/x", {"Transfer-Encoding": "chunked"}, b"5\r\nhello\r\n"),
            ("in a size line", "/x", {"Transfer-Encoding": "chunked"}, b"5"),
            ("in the trailer", "/x", {"Transfer-Encoding": "chunked"}, b"0\r\nX-A"),
            ("while it streams", "/s/x", {"Content-Length": "10"}, b"hello"),
            ("while a long one streams", "/x", length, b"x" * 200_000),
        ]
        for name, target, fields, body in cases:
            with self.subTest(name):
                client, start = self.client(gateway), time.monotonic()
                client.send(request_bytes("POST", target, fields, body))
                self.assert_408(client, start, 0.5)
        for connection in self.upstream.connections:
            eventually(connection.ended.is_set, "the upstream is told by an aborted connection")
        self.nothing_is_under_way(gateway)

    def test_a_body_below_the_least_rate_is_408_after_five_seconds(self):
        gateway = self.start(body_rate_min=100, body_idle_timeout="10s")
        slow = [self.client(gateway), self.client(gateway)]
        fair = self.client(gateway)
        start = time.monotonic()
        for client, target in zip((*slow, fair), ("/x", "/s/x", "/x")):
            client.send(request_bytes("POST", target, {"Content-Length": "1000"}))
        sent = 0
        while time.monotonic() - start < 5 + LATE and not all(c.buffer or not c.silent_for(0) for c in slow):
            for client in slow:
                client.send(b"x" * 5)
            if sent < 950:
                sent += fair.send(b"y" * 15)
            time.sleep(0.1)
        for client in slow:
            self.assert_408(client, start, 5)
        fair.send(b"y" * (1000 - sent))
        self.assertEqual(1000, fair.read_response().json()["body_bytes"])

    def test_a_client_may_pause_in_its_upload_longer_than_an_upstream_may_think(self):
        gateway = self.start(app={"timeout": "700ms"}, body_idle_timeout="5s")
        body = b"x" * 200_000
        for name, target, first in (("at once", "/s/x", 0), ("streaming", "/s/x", 5), ("a long body", "/x", 150_000)):
            with self.subTest(name):
                client = self.client(gateway)
                client.send(request_bytes("POST", target, {"Content-Length": str(len(body))}, body[:first]))
                self.assertTrue(client.silent_for(1.5), "the pause is the client's own")
                client.send(body[first:])
                self.assertEqual(len(body), client.read_response().json()["body_bytes"])

    def test_the_upstreams_own_time_starts_at_the_end_of_a_long_upload(self):
        gateway = self.start(app={"timeout": "700ms"}, body_idle_timeout="5s")
        self.upstream.behaviours["/s/silent"] = silent
        client = self.client(gateway)
        client.send(request_bytes("POST", "/s/silent", {"Content-Length": "10"}, b"hello"))
        self.assertTrue(client.silent_for(1))
        start = time.monotonic()
        client.send(b"world")
        response = client.read_response()
        self.assert_problem(response, 504, "gateway_timeout")
        self.assert_at(0.7, start, "504")

    def test_a_client_that_is_gone_while_the_upstream_takes_nothing_of_its_upload_is_noticed(self):
        @before_body
        def deaf(connection, request):
            del request
            connection.ended.wait(30)
            return False

        self.upstream.behaviours["/deaf"] = deaf
        gateway = self.start()
        client = self.client(gateway)
        client.send(b"POST /deaf HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (64 * MIB))
        client.socket.settimeout(1)
        try:
            while client.socket.send(b"x" * 65536):
                pass
        except TimeoutError:
            pass  # nothing moves any more
        self.assertEqual(1, self.metric(gateway, "gateway_upstream_in_flight"))
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        eventually(lambda: self.metric(gateway, "gateway_upstream_in_flight") == 0, "the upload is given up", 3)
        self.upstream.connections[0].ended.set()
        self.nothing_is_under_way(gateway)

    # ---- clients that do not read

    def narrow_client(self, gateway, window=4096):
        """A client whose kernel takes hardly anything that it does not read."""
        client = self.client(gateway)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        return client

    def big_answer(self, connection, request):
        del request
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * MIB))
        while connection.send(b"x" * 65536):
            pass
        return False

    def test_a_client_that_takes_nothing_of_its_answer_is_reset(self):
        self.upstream.behaviours["/big"] = self.big_answer
        gateway = self.start(write_stall_timeout="600ms")
        client = self.narrow_client(gateway)
        client.send(request_bytes("GET", "/big"))
        eventually(lambda: self.upstream.connections, "the request is under way")
        start = time.monotonic()
        eventually(self.upstream.connections[0].ended.is_set, "the upstream's connection is freed")
        self.assertLess(time.monotonic() - start, 0.6 + LATE + 2)
        client.rest_until_end(5)
        self.assertEqual("reset", client.ended, "a cut answer must not look whole")
        self.nothing_is_under_way(gateway)

    def test_an_upload_that_trickles_on_does_not_excuse_a_client_that_takes_nothing(self):
        @before_body
        def answer_at_once(connection, request):
            return self.big_answer(connection, request)

        self.upstream.behaviours["/s/both"] = answer_at_once
        gateway = self.start(write_stall_timeout="600ms", body_idle_timeout="2s", body_rate_min=1)
        client = self.narrow_client(gateway)
        client.send(request_bytes("POST", "/s/both", {"Content-Length": "100000"}, b"x"))
        eventually(lambda: self.upstream.connections, "the request is under way")
        ended, end = self.upstream.connections[0].ended, time.monotonic() + 0.6 + LATE + 3
        while not ended.is_set() and time.monotonic() < end:
            client.send(b"x" * 10)
            time.sleep(0.02)
        self.assertTrue(ended.is_set(), "the upstream's connection is freed")
        self.nothing_is_under_way(gateway)

    def test_a_slow_reader_that_goes_on_reading_gets_all(self):
        gateway = self.start(write_stall_timeout="600ms")
        body = bytes(range(256)) * 4096
        self.upstream.behaviours["/mid"] = lambda connection, request: connection.send(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body) and False
        client = self.narrow_client(gateway, 65536)
        client.send(request_bytes("GET", "/mid"))
        got, response = bytearray(), client.read_head()

        def slowly(piece):
            got.extend(piece)
            time.sleep(len(piece) / 400_000)

        client.read_body(response, sink=slowly, timeout=20)
        self.assertEqual(body, bytes(got))

    # ---- the end

    def test_a_flood_behind_the_last_answer_gains_no_time(self):
        gateway = self.start()
        clients = [self.client(gateway) for _ in range(4)]
        for client in clients:
            client.send(b"GET / HTTP/1.1\r\nX : y\r\n\r\n")
            self.assertEqual(400, client.read_response().status)
        end = time.monotonic() + 6
        block = bytes(4 * MIB)

        def flood(client):
            while client.send(block) == len(block) and time.monotonic() < end:
                pass

        threads = [threading.Thread(target=flood, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertLess(time.monotonic(), end, "the gateway let go of them")

    def test_a_connection_is_closed_after_its_number_of_requests(self):
        gateway = self.start(requests_per_connection_max=3)
        client = self.client(gateway)
        client.send(request_bytes("GET", "/x") * 5)
        found = [client.read_response() for _ in range(3)]
        self.assertEqual([200] * 3, [response.status for response in found])
        self.assertEqual([[], [], ["close"]], [response.tokens("connection") for response in found])
        self.assertEqual((b"", "fin"), (client.rest_until_end(3), client.ended))
        self.assertEqual(3, len(self.upstream.requests))

    def test_a_connection_is_closed_when_it_has_grown_old(self):
        gateway = self.start(connection_age_max="1s")
        client = self.client(gateway)
        start = time.monotonic()
        while "close" not in client.request("GET", "/x").tokens("connection"):
            self.assertLess(time.monotonic() - start, 3, "it ends")
            time.sleep(0.05)
        self.assertGreater(time.monotonic() - start, 0.85)
        self.assertEqual((b"", "fin"), (client.rest_until_end(3), client.ended))

    def test_a_keep_alive_promise_of_the_upstream_is_kept_within_reason(self):
        for seconds, kept in ((2147483647, True), (99999999999, True), (1, False), (0, True)):
            with self.subTest(seconds):
                upstream = self.start_upstream(
                    lambda connection, request, n=seconds: connection.send(
                        b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=%d, max=9\r\nContent-Length: 0\r\n\r\n" % n))
                gateway = self.start_gateway(self.config(upstream))
                self.assertEqual(200, self.ask(gateway, "/x").status)
                time.sleep(0.3)
                self.assertEqual(200, self.ask(gateway, "/x").status)
                self.assertEqual(1 if kept else 2, len(upstream.connections))


if __name__ == "__main__":
    unittest.main(verbosity=2)
