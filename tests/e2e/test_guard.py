"""Every request of guard_table.py is refused in exactly one way, in one piece and byte by byte, and reaches nobody."""

import select
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from guard_table import CODES, IN_STEP, TABLES
from harness import Broken, E2ETest, RawClient, eventually, fresh_address, request_bytes, route

FIN_WITHIN = 2.0
SMALL = 2000  # bytes; what is larger is sent byte by byte without pauses
PIPELINED = b"GET /pipelined HTTP/1.1\r\nHost: a\r\n\r\n"


class Guard(E2ETest):
    def setUp(self):
        super().setUp()
        self.upstream = self.start_upstream()
        self.gateway = self.start_gateway(self.config(self.upstream, routes=[route("/*", body_max="1KiB")]))

    def refusal(self, row, bytewise):
        """None when the row was refused as it must be, else what was wrong."""
        name, data, status = row
        try:
            with RawClient(self.gateway.address, fresh_address()) as client:
                if bytewise:
                    client.send_bytewise(data + PIPELINED, 0.0001 if len(data) < SMALL else 0)
                else:
                    client.send(data + PIPELINED)
                return self.judge(client, data, status)
        except (Broken, TimeoutError, OSError, ValueError, KeyError) as failure:
            return f"{type(failure).__name__}: {failure}"

    @staticmethod
    def wrong_answer(response, method, status):
        if response.status != status:
            return f"status {response.status} {response.body[:200]!r}"
        if response.interim:
            return f"interim answers {response.interim}"
        if response.get("content-type") != "application/problem+json":
            return f"content type {response.get('content-type')}"
        if method != "HEAD":
            problem = response.json()
            if (problem["status"], problem["code"]) != (status, CODES[status]):
                return f"problem {problem}"
            if problem["request_id"] != response.get("x-request-id"):
                return "the problem has another request id"
        if status == 405 and not response.get("allow"):
            return "405 without Allow"
        return None

    def judge(self, client, data, status):
        method = "HEAD" if data.startswith(b"HEAD ") else "GET"
        response = client.read_response(method, timeout=5)
        answered = time.monotonic()
        if wrong := self.wrong_answer(response, method, status):
            return wrong
        if "close" not in response.tokens("connection"):
            return "no Connection: close"
        rest = client.rest_until_end(FIN_WITHIN + 1)
        took = time.monotonic() - answered
        if rest:
            return f"{len(rest)} bytes behind the answer: {rest[:100]!r}"
        if client.ended != "fin" or took > FIN_WITHIN:
            return f"the end was {client.ended} after {took:.2f} s"
        return None

    def test_each_row_is_refused_in_one_piece_and_byte_by_byte(self):
        rows = [(table, row, bytewise) for table, rows in TABLES.items() for row in rows for bytewise in (False, True)]
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda item: self.refusal(item[1], item[2]), rows))
        for (table, row, bytewise), wrong in zip(rows, results):
            with self.subTest(table=table, row=row[0], how="byte by byte" if bytewise else "in one piece"):
                self.assertIsNone(wrong)
        with self.subTest("nothing reached the upstream"):
            self.assertEqual([], [bytes(c.received[:200]) for c in self.upstream.connections])
        with self.subTest("and the gateway is well"):
            self.assertEqual(200, self.ask(self.gateway, "/fine").status)

    def test_what_is_refused_with_its_framing_in_order_leaves_the_connection_closed_or_in_step(self):
        for name, data, status in IN_STEP:
            for bytewise in (False, True):
                with self.subTest(name, how="byte by byte" if bytewise else "in one piece"):
                    client = self.client(self.gateway, fresh_address())
                    sent = client.send_bytewise(data) if bytewise else 0  # an early answer stops it: the rest follows
                    client.send(data[sent:] + PIPELINED)
                    response = client.read_response()
                    self.assertIsNone(self.wrong_answer(response, "GET", status))
                    if "close" in response.tokens("connection"):
                        self.assertEqual(b"", client.rest_until_end(FIN_WITHIN))
                    else:
                        self.assertEqual("/pipelined", client.read_response().json()["target"])
                    client.close()
        self.assertEqual(set(), set(self.upstream.paths()) - {"/pipelined"})

    def test_each_refusal_is_counted_by_its_reason(self):
        for data in (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"):
            client = self.client(self.gateway)
            client.send(data)
            self.assertEqual(400, client.read_response().status)
        text = self.ask(self.gateway, "/metrics").body.decode()
        self.assertRegex(text, r'(?m)^\w*(refused|rejected|rejections)\w*\{[^}]*reason="[^"]+"[^}]*\} [1-9]')

    def test_a_good_request_before_a_bad_one_is_still_answered(self):
        client = self.client(self.gateway)
        client.send(request_bytes("GET", "/good") + b"GET /bad HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n" + PIPELINED)
        self.assertEqual("/good", client.read_response().json()["target"])
        self.assertEqual(400, client.read_response().status)
        self.assertEqual(b"", client.rest_until_end(FIN_WITHIN + 1))
        self.assertEqual(["/good"], self.upstream.paths())

    def test_no_flood_behind_a_bad_request_keeps_the_connection_open(self):
        client = self.client(self.gateway)
        client.send(b"GET / HTTP/1.1\r\nX : y\r\n\r\n")
        self.assertEqual(400, client.read_response().status)
        end = time.monotonic() + 6
        while client.send(b"x" * 65536) and time.monotonic() < end:
            select.select([], [], [], 0.05)
        self.assertLess(time.monotonic(), end, "the gateway let go of it")

    def test_a_head_of_one_byte_a_second_is_408_at_ten_seconds(self):
        client = self.client(self.gateway, timeout=15)
        start = time.monotonic()
        for byte in b"GET /slow HTTP/1.1\r\nHost: a\r\nX-Padding: more and more\r\n":
            if client.send(bytes([byte])) == 0 or select.select([client.socket], [], [], 1.0)[0]:
                break
        response = client.read_response()
        self.assert_problem(response, 408, "request_timeout")
        self.assertTrue(9 <= time.monotonic() - start <= 11, time.monotonic() - start)
        self.assertIn("close", response.tokens("connection"))
        self.assertEqual(b"", client.rest_until_end(FIN_WITHIN))
        self.assertEqual([], self.upstream.connections)

    def test_five_hundred_half_sent_heads_hold_nobody_up(self):
        address = fresh_address()
        idle = [RawClient(self.gateway.address, address) for _ in range(500)]
        try:
            for number, client in enumerate(idle):
                client.send(b"GET / HTTP/1.1\r\nHost"[: 1 + number % 19])
            start = time.monotonic()
            self.assertEqual([200] * 20, self.statuses(self.gateway, "/x", 20, fresh_address()))
            self.assertLess(time.monotonic() - start, 2)
        finally:
            for client in idle:
                client.close()
        eventually(lambda: self.ask(self.gateway, "/x").status == 200, "and afterwards")


if __name__ == "__main__":
    unittest.main(verbosity=2)
