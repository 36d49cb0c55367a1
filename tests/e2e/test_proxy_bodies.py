"""Bodies of all shapes: streamed, chunked, huge, slow, early, and never wanted."""

import hashlib
import socket
import threading
import time
import unittest

from harness import Broken, E2ETest, before_body, chunked, eventually, request_bytes, route

MIB = 1 << 20
BIG = 64 * MIB


class ProxyBodies(E2ETest):
    def setUp(self):
        super().setUp()
        self.upstream = self.start_upstream()

    def start(self, **more):
        """A gateway with /s/* streaming, /big/* streaming up to 100 MiB, and the rest as by default."""
        routes = [
            route("/s/*", streaming=True),
            route("/big/*", streaming=True, body_max="100MiB"),
            route("/small/*", body_max="1KiB"),
            route("/any/*", body_on_any_method=True),
            route("/*"),
        ]
        return self.start_gateway(self.config(self.upstream, routes=routes, **more))

    def wait_for_upstream_to_have(self, data):
        eventually(lambda: any(data in c.received for c in self.upstream.connections), f"the upstream has {data!r}")

    def test_a_chunked_upload_arrives_whole(self):
        pieces = [b"a" * 10, b"b" * 5000, b"c", b"d" * 70000]
        response = self.ask(self.start(), "/x", "POST", {"Transfer-Encoding": "chunked"}, chunked(*pieces))
        self.assertEqual(hashlib.sha256(b"".join(pieces)).hexdigest(), response.json()["digest"])

    def test_a_chunked_upload_in_single_bytes_arrives_whole(self):
        client = self.client(self.start())
        body = chunked(b"hello", b" world")
        client.send_bytewise(request_bytes("POST", "/x", {"Transfer-Encoding": "chunked"}, body))
        self.assertEqual("hello world", client.read_response().json()["body"])

    def test_trailers_and_chunk_extensions_are_dropped(self):
        body = b"5;name=value\r\nhello\r\n0;last\r\nX-Trailer: 1\r\nAuthorization: Bearer x\r\n\r\n"
        response = self.ask(self.start(), "/x", "POST", {"Transfer-Encoding": "chunked"}, body)
        self.assertEqual("hello", response.json()["body"])
        self.assertEqual([], self.upstream.requests[-1].all("authorization"))
        self.assertNotIn(b"name=value", bytes(self.upstream.connections[-1].received))
        self.assertNotIn(b"Bearer x", bytes(self.upstream.connections[-1].received))

    def test_a_chunked_download_arrives_piece_by_piece(self):
        gate = threading.Event()

        def behave(connection, request):
            del request
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
            gate.wait(10)
            connection.send(b"6\r\nsecond\r\n0\r\nX-Trailer: 1\r\n\r\n")

        self.upstream.default = behave
        client = self.client(self.start())
        client.send(request_bytes("GET", "/x"))
        head, got = client.read_head(), bytearray()

        def sink(piece):
            got.extend(piece)
            if got == b"first":
                gate.set()  # only now does the upstream go on: a gateway that holds back would wait for ever

        client.read_body(head, sink=sink, timeout=5)
        self.assertEqual(b"firstsecond", bytes(got))
        self.assertEqual(200, client.request("GET", "/x").status, "the connection lives on")

    def test_server_sent_events_are_not_held_back(self):
        step, seen = threading.Semaphore(0), []

        def behave(connection, request):
            del request
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
            for number in range(4):
                connection.send(b"data: %d\n\n" % number)
                if not step.acquire(timeout=5):
                    return False
            return False

        self.upstream.behaviours["/s/events"] = behave
        client = self.client(self.start())
        client.send(request_bytes("GET", "/s/events"))
        head = client.read_head()
        self.assertEqual("text/event-stream", head.get("content-type"))

        def sink(piece):
            seen.append(bytes(piece))
            if piece.endswith(b"\n\n"):
                step.release()

        client.read_body(head, sink=sink, timeout=5)
        self.assertEqual(b"".join(b"data: %d\n\n" % n for n in range(4)), b"".join(seen))

    def test_64_mib_go_up_unchanged(self):
        gateway = self.start()
        client = self.client(gateway, timeout=60)
        block, digest = bytes(range(256)) * 256, hashlib.sha256()
        client.send(b"POST /big/up HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % BIG)
        for number in range(BIG // len(block)):
            piece = number.to_bytes(8, "big") + block[8:]
            digest.update(piece)
            self.assertEqual(len(piece), client.send(piece))
        got = client.read_response(timeout=60).json()
        self.assertEqual((BIG, digest.hexdigest()), (got["body_bytes"], got["digest"]))

    def test_64_mib_come_down_unchanged(self):
        block, digest = bytes(range(256)) * 256, hashlib.sha256()

        def behave(connection, request):
            del request
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG)
            for number in range(BIG // len(block)):
                piece = number.to_bytes(8, "big") + block[8:]
                digest.update(piece)
                connection.send(piece)

        self.upstream.default = behave
        client = self.client(self.start(), timeout=60)
        client.send(request_bytes("GET", "/big/down"))
        got, total = hashlib.sha256(), []

        def sink(piece):
            got.update(piece)
            total.append(len(piece))

        client.read_body(client.read_head(), sink=sink, timeout=60)
        self.assertEqual((BIG, digest.hexdigest()), (sum(total), got.hexdigest()))

    def test_a_slow_reader_does_not_make_the_gateway_keep_the_download(self):
        sent = []

        def behave(connection, request):
            del request
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG)
            for _ in range(BIG // 65536):
                if not connection.send(b"x" * 65536):
                    return False
                sent.append(65536)
            return None

        self.upstream.default = behave
        client = self.client(self.start())
        client.send(request_bytes("GET", "/big/down"))
        eventually(lambda: sent, "the download has begun")
        last = -1
        while last != len(sent):  # until nothing moves any more
            last = len(sent)
            time.sleep(0.5)
        self.assertLess(sum(sent), 32 * MIB, "what is not read stays with the upstream")

    def test_a_body_of_200_kib_streams_on_an_ordinary_route(self):
        client = self.client(self.start())
        body = bytes(range(256)) * 800
        client.send(request_bytes("POST", "/x", {"Content-Length": str(len(body))}, body[:150_000]))
        eventually(lambda: self.upstream.bytes_received > 65536, "the first part reaches the upstream before the last")
        client.send(body[150_000:])
        self.assertEqual(hashlib.sha256(body).hexdigest(), client.read_response().json()["digest"])

    def test_a_small_body_is_complete_before_the_upstream_hears_of_it(self):
        client = self.client(self.start())
        client.send(request_bytes("POST", "/x", {"Content-Length": "10"}, b"hello"))
        self.assert_stays(lambda: len(self.upstream.requests), 0, 0.3, "half a body is not passed on")
        client.send(b"world")
        self.assertEqual("helloworld", client.read_response().json()["body"])

    def test_a_streaming_route_passes_on_what_is_there(self):
        client = self.client(self.start())
        client.send(request_bytes("POST", "/s/x", {"Content-Length": "10"}, b"hello"))
        self.wait_for_upstream_to_have(b"hello")
        client.send(b"world")
        self.assertEqual("helloworld", client.read_response().json()["body"])

    def test_a_framing_error_in_the_middle_of_a_stream_reaches_the_upstream_as_an_abort(self):
        client = self.client(self.start())
        client.send(request_bytes("POST", "/s/x", {"Transfer-Encoding": "chunked"}, b"5\r\nhello\r\n"))
        self.wait_for_upstream_to_have(b"hello")
        client.send(b"xyz\r\n" + request_bytes("GET", "/smuggled"))
        rest = client.rest_until_end(5)
        self.assertLessEqual(rest.count(b"HTTP/1."), 1)
        self.assertNotIn(b" 200 ", rest[:16])
        eventually(lambda: self.upstream.connections[0].ended.is_set(), "the upstream's connection is ended")
        self.assertNotIn("/smuggled", self.upstream.paths())
        passed_on = bytes(self.upstream.connections[0].received).partition(b"\r\n\r\n")[2]
        self.assertFalse(passed_on.endswith(b"0\r\n\r\n"), "not ended as if complete")

    def test_a_body_over_the_routes_limit_is_413(self):
        gateway = self.start()
        self.assertEqual(200, self.ask(gateway, "/small/x", "POST", body=b"x" * 1024).status)
        count = len(self.upstream.requests)
        cases = [
            ("announced", {}, b"x" * 1025),
            ("chunked", {"Transfer-Encoding": "chunked"}, chunked(b"x" * 600, b"x" * 425)),
            ("announced, not sent", {"Content-Length": "1025"}, b""),
        ]
        for name, fields, body in cases:
            with self.subTest(name):
                client = self.client(gateway)
                client.send(request_bytes("POST", "/small/x", fields, body))
                response = client.read_response()
                self.assert_problem(response, 413, "body_too_large")
                self.assertIn("close", response.tokens("connection"))
                self.assertEqual(b"", client.rest_until_end(2))
        self.assertEqual(count, len(self.upstream.requests), "none reached the upstream")
        by_default = self.ask(gateway, "/x", "POST", {"Content-Length": str(MIB + 1)})
        self.assertEqual(413, by_default.status, "1 MiB")

    def test_expect_100_continue_is_answered_before_the_body(self):
        client = self.client(self.start())
        client.send(request_bytes("POST", "/x", {"Expect": "100-continue", "Content-Length": "5"}))
        self.assertEqual(100, client.read_head(5, final=False).status)
        self.assertEqual(0, len(self.upstream.requests))
        client.send(b"hello")
        response = client.read_response()
        self.assertEqual((200, [], "hello"), (response.status, response.interim, response.json()["body"]))
        self.assertEqual([], self.upstream.requests[0].all("expect"))

    def test_no_100_continue_for_what_is_refused(self):
        client = self.client(self.start())
        client.send(request_bytes("POST", "/small/x", {"Expect": "100-continue", "Content-Length": "9999"}))
        response = client.read_response()
        self.assertEqual((413, []), (response.status, response.interim))

    def test_get_with_a_body_only_where_the_route_says_so(self):
        gateway = self.start()
        response = self.ask(gateway, "/x", fields={"Content-Length": "2"}, body=b"hi")
        self.assert_problem(response, 400, "malformed_request")
        response = self.ask(gateway, "/any/x", "DELETE", {"Content-Length": "2"}, b"hi")
        self.assertEqual((200, "hi"), (response.status, response.json()["body"]))

    def test_an_early_answer_during_an_upload_reaches_the_client(self):
        @before_body
        def refuse(connection, request):
            del request
            connection.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
            connection.wait_ended(5)
            return False

        self.upstream.behaviours["/big/up"] = refuse
        gateway = self.start()
        client = self.client(gateway)
        client.send(b"POST /big/up HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (8 * MIB))
        sender = threading.Thread(target=client.send, args=(b"x" * (8 * MIB),))
        sender.start()
        try:
            response = client.read_response()
            self.assertEqual((403, b"no"), (response.status, response.body))
        finally:
            client.socket.shutdown(socket.SHUT_RDWR)
            sender.join()
        self.assertEqual(200, self.ask(gateway, "/x").status)
        self.assertEqual(2, len(self.upstream.connections), "a connection with an unsent body is not used again")

    def test_a_client_that_leaves_in_the_middle_of_its_upload_is_gone_for_the_upstream_too(self):
        client = self.client(self.start())
        client.send(request_bytes("POST", "/s/x", {"Content-Length": "100"}, b"only this"))
        eventually(lambda: self.upstream.connections and self.upstream.connections[0].requests, "dispatched")
        client.close()
        eventually(lambda: self.upstream.connections[0].ended.is_set(), "the upstream's connection is ended", 5)

    def test_a_short_body_from_the_client_is_never_completed(self):
        client = self.client(self.start())
        client.send(request_bytes("POST", "/x", {"Content-Length": "100"}, b"only this"))
        client.socket.shutdown(socket.SHUT_WR)
        try:
            self.assertGreaterEqual(client.read_response(timeout=5).status, 400)
        except Broken:
            pass
        self.assertEqual([], self.upstream.requests)


if __name__ == "__main__":
    unittest.main(verbosity=2)
