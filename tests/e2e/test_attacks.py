"""Clients and upstreams that mean harm: many, half gone, out of order, all at once. Nobody notices, nothing leaks."""

import random
import resource
import signal
import socket
import threading
import time
import unittest

from harness import (
    Broken, E2ETest, RawClient, Response, answer, before_body, chunked, eventually, fresh_address, raw, request_bytes,
    route, silent
)

MIB = 1 << 20
RESET = b"\1\0\0\0\0\0\0\0"  # SO_LINGER of zero seconds


def length(count):
    return {"Content-Length": str(count)}


CHUNKED = {"Transfer-Encoding": "chunked"}


class Attacks(E2ETest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
        cls.addClassCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def setUp(self):
        super().setUp()
        self.upstream = self.start_upstream()

    def start(self, app=None, **changes):
        routes = [
            route("/s/*", streaming=True, body_max="256MiB"),
            route("/small/*", body_max="1KiB"),
            route("/any/*", body_on_any_method=True),
            route("/*", body_max="256MiB"),
        ]
        config = self.config(self.upstream, **{"routes": routes, **changes})
        config["upstreams"]["app"].update(app or {})
        return self.start_gateway(config)

    def assert_nothing_is_left(self, gateway, timeout=10):
        """Neither a request at an upstream nor a connection but the one that asks, and service is as before."""
        eventually(
            lambda: self.metric(gateway, "gateway_upstream_in_flight") == 0, "no request is at the upstream", timeout
        )
        eventually(lambda: self.metric(gateway, "gateway_connections") == 1, "no connection is left", timeout)
        self.assertEqual(200, self.ask(gateway, "/after").status)

    def dispatched(self, path, count=1):
        eventually(lambda: self.upstream.paths().count(path) == count, f"{count} x {path} at the upstream")

    def memory(self, gateway, key):
        """A line of /proc/PID/status, in bytes."""
        with open(f"/proc/{gateway.process.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith(key + ":"):
                    return int(line.split()[1]) * 1024
        self.fail(f"no {key}")

    def gone(self, address, source=None):
        """True when a new connection is closed at once, unserved."""
        with RawClient(address, source) as client:
            client.send(request_bytes("GET", "/health"))
            try:
                return client.rest_until_end(0.5) == b""
            except TimeoutError:
                return False

    # ---- too many of them

    def test_connections_of_one_address_are_limited_and_of_others_are_not(self):
        gateway = self.start(limits={"connections_per_address_max": 5})
        greedy, other = fresh_address(), fresh_address()
        held = [RawClient(gateway.address, greedy) for _ in range(5)]
        for client in held:
            self.assertEqual(200, client.request("GET", "/x").status)
        self.assertTrue(self.gone(gateway.address, greedy))
        self.assertEqual(200, self.ask(gateway, "/x", source=other).status)
        self.assertEqual(200, held[0].request("GET", "/x").status, "the old ones go on")
        held.pop().close()
        eventually(lambda: not self.gone(gateway.address, greedy), "there is room for one again")
        for client in held:
            client.close()
        self.assert_nothing_is_left(gateway)

    def test_connections_of_all_are_limited(self):
        gateway = self.start(limits={"connections_max": 20})
        held = [RawClient(gateway.address, fresh_address()) for _ in range(20)]
        for client in held:
            self.assertEqual(200, client.request("GET", "/health").status)
        for _ in range(50):
            self.assertTrue(self.gone(gateway.address, fresh_address()))
        self.assertEqual(200, held[0].request("GET", "/x").status, "those that are in are served")
        for client in held:
            client.close()
        eventually(lambda: not self.gone(gateway.address), "there is room again")
        self.assert_nothing_is_left(gateway)

    def test_two_thousand_idle_connections_disturb_nobody(self):
        gateway = self.start()
        before = self.memory(gateway, "VmRSS")
        sources = [fresh_address() for _ in range(8)]
        idle = [RawClient(gateway.address, sources[n % 8]) for n in range(2000)]
        try:
            for number, client in enumerate(idle):
                if number % 2:  # half of them have spoken before, the others never
                    client.send(request_bytes("GET", "/health"))
            for client in idle[1::2]:
                self.assertEqual(200, client.read_response().status)
            start = time.monotonic()
            self.assertEqual([200] * 100, self.statuses(gateway, "/x", 100, fresh_address()))
            self.assertLess(time.monotonic() - start, 3)
            self.assertEqual(2001, self.metric(gateway, "gateway_connections"))
            self.assertLess(self.memory(gateway, "VmRSS") - before, 64 * MIB)
        finally:
            for client in idle:
                client.close()
        self.assert_nothing_is_left(gateway)

    # ---- clients that leave

    def test_a_client_that_leaves_is_missed_within_a_second_whatever_it_left_behind(self):
        self.upstream.default = silent
        gateway = self.start()
        more = request_bytes("GET", "/never")
        cases = [
            ("nothing", "/a", b"", False),
            ("nothing but a reset", "/b", b"", True),
            ("another request", "/c", more, False),
            ("another request and a reset", "/d", more, True),
            ("a great many requests", "/e", more * 1000, False),
        ]
        for name, path, behind, reset in cases:
            with self.subTest(name):
                client = self.client(gateway)
                client.send(request_bytes("GET", path))
                self.dispatched(path)
                client.send(behind)
                if reset:
                    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                client.close()
                connection = next(c for c in self.upstream.connections if c.requests[0].target == path)
                eventually(connection.ended.is_set, "the upstream's work is given up", 1.5)
                self.assertEqual(499, gateway.access_record(path=path)["status"])
        self.assertNotIn("/never", self.upstream.paths())
        self.upstream.default = answer(200)
        self.assert_nothing_is_left(gateway)

    def test_clients_that_leave_in_the_middle_of_a_body_free_everything(self):
        def endless(connection, request):
            del request
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * MIB))
            while connection.send(b"x" * 65536):
                pass
            return False

        self.upstream.behaviours["/down"] = endless
        gateway = self.start()
        uploads = [("/s/up", length(9 * MIB), b"x" * 300_000), ("/up", CHUNKED, b"20000\r\n" + b"x" * 100_000),
                   ("/up", length(100), b"x"), ("/s/up", CHUNKED, b"5\r\nhel")]
        for target, fields, body in uploads:
            for reset in (False, True):
                client = self.client(gateway)
                client.send(request_bytes("POST", target, fields, body))
                time.sleep(0.05)
                if reset:
                    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                client.close()
        for pause in (0, 0.05, 0.3):
            client = self.client(gateway)
            client.send(request_bytes("GET", "/down"))
            self.assertEqual(200, client.read_head().status)
            time.sleep(pause)
            client.close()
        for connection in self.upstream.connections:
            eventually(connection.ended.is_set, "no upstream connection outlives its client", 5)
        self.assert_nothing_is_left(gateway)

    def test_a_thousand_clients_that_break_off_anywhere_leave_nothing_behind(self):
        dice = random.Random(7)

        @before_body
        def moody(connection, request):
            mood = dice.randrange(8)
            if mood == 0:
                return False  # no answer at all
            if mood == 1:
                connection.send(b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno")  # before the body
                return connection.wait_ended(0.2) and False
            if mood == 2:
                return connection.wait_ended(0.3) and False  # silence
            connection.read_body(request)
            if mood == 3:
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n" + b"x" * 100_000)
                return False  # cut off
            if mood == 4:
                connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n")
                return False  # broken
            body = b"x" * dice.choice([0, 10, 70_000, 400_000])
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            return None

        requests = [
            request_bytes("GET", "/g"), request_bytes("GET", "/g") * 5, request_bytes("HEAD", "/h"),
            request_bytes("PUT", "/p", body=b"y" * 1000), request_bytes("PUT", "/p", body=b"y" * 200_000),
            request_bytes("POST", "/s/p", body=b"y" * 200_000) + request_bytes("GET", "/g"),
            request_bytes("POST", "/s/p", CHUNKED, chunked(b"y" * 90_000, b"z", b"y" * 9000)) + request_bytes("GET", "/g"),
            request_bytes("POST", "/p", CHUNKED, b"5\r\nhello\r\nXX\r\n"),
            request_bytes("POST", "/nothing", body=b"z" * 2000),
            request_bytes("POST", "/p", {"Expect": "100-continue", **length(5)}, b"hello"),
            b"GET / HTTP/1.1\r\nbroken\r\n\r\n",
        ]
        self.upstream.behaviours.update({path: moody for path in ("/g", "/h", "/p", "/s/p")})
        gateway = self.start(app={"timeout": "1s"}, threads=2)
        failures = []

        def attack(seed):
            own = random.Random(seed)
            for _ in range(10):
                clients = [RawClient(gateway.address, timeout=2) for _ in range(4)]
                for client in clients:
                    data = own.choice(requests)
                    cut = len(data) if own.random() < 0.4 else own.randrange(len(data))
                    client.socket.settimeout(2)
                    try:
                        client.send(data[:cut])
                    except TimeoutError:
                        pass
                for client in clients:
                    try:
                        if own.random() < 0.5:
                            client.socket.settimeout(own.random() * 0.1)
                            client.socket.recv(own.choice([1, 100, 65536]))
                    except OSError:
                        pass
                    if own.random() < 0.5:
                        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    client.close()

        def guarded(seed):
            try:
                attack(seed)
            except Exception as failure:  # a thread's own would be lost
                failures.append(repr(failure))

        threads = [threading.Thread(target=guarded, args=(seed,)) for seed in range(25)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([], failures)
        self.assert_nothing_is_left(gateway, 20)
        self.upstream.failures.clear()  # half a request is what it was meant to get
        gateway.terminate()
        self.assertEqual(0, gateway.wait(15))

    # ---- uploads that end otherwise than planned

    def test_an_answer_before_the_end_of_an_upload_ends_both(self):
        held = []

        @before_body
        def early(connection, request):
            held.append(request.target)
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly")  # and keeps the connection
            connection.wait_ended(5)
            return False

        self.upstream.behaviours["/s/early"] = self.upstream.behaviours["/early"] = early
        gateway = self.start()
        for target, sent in (("/s/early", 5), ("/s/early", 200_000), ("/early", 150_000)):
            for fields in (length(64 * MIB), CHUNKED):
                with self.subTest(f"{target} after {sent} with {fields}"):
                    client = self.client(gateway)
                    body = b"x" * sent if fields is not CHUNKED else b"%x\r\n" % (2 * sent) + b"x" * sent
                    client.send(request_bytes("POST", target, fields, body))
                    response = client.read_response()
                    self.assertEqual((200, b"early"), (response.status, response.body))
                    self.assertEqual(["close"], response.tokens("connection"))
                    client.send(request_bytes("GET", "/smuggled"))
                    self.assertEqual((b"", "fin"), (client.rest_until_end(4), client.ended))
        self.assertNotIn("/smuggled", self.upstream.paths())
        self.assertEqual(len(held), len(self.upstream.connections), "none was used again")
        self.assert_nothing_is_left(gateway)

    def test_an_upstream_that_closes_during_an_upload_is_502_and_no_hang(self):
        def hang_up(reset):
            @before_body
            def behave(connection, request):
                del request
                if reset:
                    connection.reset()
                return False

            return behave

        self.upstream.behaviours["/s/fin"] = hang_up(False)
        self.upstream.behaviours["/s/reset"] = hang_up(True)
        gateway = self.start()
        for target in ("/s/fin", "/s/reset"):
            with self.subTest(target):
                client = self.client(gateway)
                client.send(request_bytes("POST", target, length(MIB), b"x" * 100_000))
                response = client.read_response(timeout=5)
                self.assert_problem(response, 502, "bad_gateway")
                self.assertEqual("fin", client.rest_until_end(4) or client.ended)
        self.assert_nothing_is_left(gateway)

    def test_half_an_upload_is_never_repeated_as_if_it_were_whole(self):
        def hang_up(connection, request):  # after the whole body, without an answer, on a connection used before
            del request
            connection.ended.wait(0.2)
            return False

        self.upstream.behaviours["/put"] = self.upstream.behaviours["/s/put"] = hang_up
        gateway = self.start()
        for target, size in (("/put", 100), ("/put", 200_000), ("/put", 70_000), ("/s/put", 200_000), ("/s/put", 10)):
            for fields in (length(size), CHUNKED):
                with self.subTest(f"{target} {size} {fields}"):
                    self.assertEqual(200, self.ask(gateway, "/warm").status)
                    self.upstream.requests.clear()
                    body = b"x" * size
                    client = self.client(gateway)
                    client.send(request_bytes("PUT", target, fields))
                    client.silent_for(0.05)  # the body is not there when the request is dispatched
                    client.send(body if fields is not CHUNKED else chunked(body))
                    self.assert_problem(client.read_response(timeout=5), 502, "bad_gateway")
                    client.close()
                    self.assertEqual({size}, {request.body_bytes for request in self.upstream.requests})
        self.assert_nothing_is_left(gateway)

    def test_a_body_over_the_limit_is_413_without_100(self):
        gateway = self.start()
        for fields in (length(1025), length(10**15)):
            client = self.client(gateway)
            client.send(request_bytes("POST", "/small/x", {"Expect": "100-continue", **fields}))
            response = client.read_response()
            self.assert_problem(response, 413, "body_too_large")
            self.assertEqual(([], ["close"]), (response.interim, response.tokens("connection")))
        client = self.client(gateway)  # nobody knows before it comes
        client.send(request_bytes("POST", "/small/x", {"Expect": "100-continue", **CHUNKED}))
        self.assertEqual(100, client.read_head(final=False).status)
        client.send(b"401\r\n" + b"x" * 1025)
        self.assert_problem(client.read_response(), 413, "body_too_large")
        self.assertEqual([], self.upstream.requests)

    # ---- several requests in one piece

    def test_requests_behind_bodies_of_every_framing_are_served_in_order(self):
        gateway = self.start()
        rng = random.Random(3)
        for size in (0, 1, 1000, 16_000, 17_000, 65_536, 66_000, 200_000):
            pieces = [bytes([65 + n % 26]) * rng.randrange(1, 2 + size // 3) for n in range(4)] if size else []
            body = b"".join(pieces)
            parts = [
                ("/p0", len(body), request_bytes("POST", "/p0", CHUNKED, chunked(*pieces))),
                ("/g1", 0, request_bytes("GET", "/g1")),
                ("/p2", len(body), request_bytes("POST", "/p2", body=body)),
                ("/s/p3", len(body), request_bytes("POST", "/s/p3", CHUNKED, chunked(*pieces))),
                ("/g4", 0, request_bytes("GET", "/g4")),
                ("/health", None, request_bytes("GET", "/health")),
                ("/p5", len(body), request_bytes("POST", "/p5", CHUNKED, chunked(*pieces)[:-2] + b"X-T: 1\r\n\r\n")),
                ("/g6", 0, request_bytes("GET", "/g6")),
            ]
            data = b"".join(part[2] for part in parts)
            for step in (len(data), 9973):
                with self.subTest(f"{size} in steps of {step}"):
                    client = self.client(gateway)
                    sender = threading.Thread(
                        target=lambda c=client, s=step: [c.send(data[at : at + s]) for at in range(0, len(data), s)])
                    sender.start()
                    for target, count, _ in parts:
                        response = client.read_response()
                        self.assertEqual(200, response.status)
                        if count is not None:
                            got = response.json()
                            self.assertEqual((target, count), (got["target"], got["body_bytes"]))
                    sender.join()
                    self.assertTrue(client.silent_for(0), "and nothing more")
                    client.close()
        self.assert_nothing_is_left(gateway)

    def test_nothing_is_served_behind_a_request_that_closes(self):
        gateway = self.start()
        behind = request_bytes("GET", "/never") * 3
        closing = [
            request_bytes("GET", "/x", {"Connection": "close"}),
            request_bytes("POST", "/x", {"Connection": "close", **CHUNKED}, chunked(b"hello")),
            b"GET /x HTTP/1.0\r\nHost: a\r\n\r\n",
            request_bytes("GET", "/x", length(5), b"hello"),
            request_bytes("POST", "/small/x", CHUNKED, b"401\r\n" + b"x" * 1025 + b"\r\n0\r\n\r\n"),
            request_bytes("POST", "/x", CHUNKED, b"5\r\nhelloX\r\n0\r\n\r\n"),
        ]
        for data in closing:
            with self.subTest(data[:60]):
                client = self.client(gateway)
                client.send(data + behind)
                client.read_response()
                self.assertEqual((b"", "fin"), (client.rest_until_end(4), client.ended))
        self.assertNotIn("/never", self.upstream.paths())

    def test_a_body_in_the_smallest_chunks_arrives_whole_and_holds_nobody_up(self):
        gateway = self.start()
        count = 150_000
        client = self.client(gateway, timeout=20)
        data = request_bytes("POST", "/x", CHUNKED, b"1\r\nx\r\n" * count + b"0\r\n\r\n")
        sender = threading.Thread(target=client.send, args=(data,))
        sender.start()
        worst = 0
        while sender.is_alive():
            worst = max(worst, self.ask(gateway, "/health").elapsed)
        self.assertEqual(count, client.read_response().json()["body_bytes"])
        sender.join()
        self.assertLess(worst, 0.5)

    def test_an_answer_in_the_smallest_chunks_arrives_whole(self):
        self.upstream.default = raw(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 30_000 + b"0\r\n\r\n")
        client = self.client(self.start())
        for _ in range(2):
            self.assertEqual(30_000, len(client.request("GET", "/x").body))

    # ---- upstreams

    def test_bodies_where_none_belongs_are_dropped_with_their_connection(self):
        ok = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
        cases = [
            ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"),
            ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nforged\r\n0\r\n\r\n"),
            ("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\nforged"),
            ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\nforged"),
            ("GET", b"HTTP/1.1 204 No Content\r\n\r\n" + ok),
            ("GET", b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n" + ok),
            ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + ok),
        ]
        gateway = self.start()
        for method, data in cases:
            with self.subTest(f"{method} {data[:40]}"):
                count = len(self.upstream.connections)
                self.upstream.behaviours["/odd"] = raw(data)
                client = self.client(gateway)
                response = client.request(method, "/odd")
                self.assertEqual((int(data[9:12]), b""), (response.status, response.body))
                if response.status == 204:
                    self.assertEqual([], response.all("content-length"))
                self.assertEqual("/next", client.request("GET", "/next").json()["target"])
                client.close()
                latest = self.upstream.connections[max(0, count - 1) :]
                eventually(lambda found=latest: any(c.ended.is_set() for c in found), "it is dropped")
        self.assert_nothing_is_left(gateway)

    def test_floods_of_heads_are_502(self):
        interim = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        gateway = self.start(app={"timeout": "2s"})
        for name, data in (("many", interim * 20 + ok), ("a great many", interim * 200_000 + ok),
                           ("one line", b"HTTP/1.1 200 OK\r\nX: " + b"a" * 65536 + b"\r\n\r\n"),
                           ("many lines", b"HTTP/1.1 200 OK\r\n" + b"X: %s\r\n" % (b"a" * 1000) * 64 + b"\r\n")):
            with self.subTest(name):
                self.upstream.behaviours["/flood"] = raw(data)
                self.assert_problem(self.ask(gateway, "/flood"), 502, "bad_gateway")
        self.upstream.behaviours["/flood"] = raw(interim * 3 + ok)
        self.assertEqual(b"ok", self.ask(gateway, "/flood").body, "a few are in order")

        def endless(connection, request):
            del request
            while not connection.wait_ended(0.05):
                connection.send(b"HTTP/1.1 100 Continue\r\n\r\n"[:5])
            return False

        self.upstream.behaviours["/flood"] = endless
        self.assertIn(self.ask(gateway, "/flood").status, (502, 504))
        self.assert_nothing_is_left(gateway)

    def test_a_fast_upstream_and_slow_readers_need_little_memory(self):
        def endless(connection, request):
            del request
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while connection.send(b"10000\r\n" + b"x" * 65536 + b"\r\n"):
                pass
            return False

        self.upstream.behaviours["/down"] = endless
        gateway = self.start()
        clients = [self.client(gateway) for _ in range(20)]
        for client in clients:
            client.send(request_bytes("GET", "/down"))
        for client in clients:
            self.assertEqual(200, client.read_head().status)
        before = self.memory(gateway, "VmHWM")
        for _ in range(20):
            for client in clients:
                client.socket.recv(65536)
            time.sleep(0.02)
        self.assertLess(self.memory(gateway, "VmHWM") - before, 16 * MIB)
        for client in clients:
            client.close()
        self.assert_nothing_is_left(gateway)

    def test_those_who_talk_on_behind_their_last_answer_need_little_memory(self):
        gateway = self.start()
        clients = [self.client(gateway) for _ in range(400)]
        before = self.memory(gateway, "VmHWM")
        for client in clients:
            client.send(b"GET / HTTP/1.1\r\nX : y\r\n\r\n")
        for client in clients:
            self.assertEqual(400, client.read_response().status)
            client.send(b"x" * 100_000)
        self.assertLess(self.memory(gateway, "VmHWM") - before, 12 * MIB)
        for client in clients:
            client.close()
        self.assert_nothing_is_left(gateway)

    def test_a_pause_does_not_cost_the_connections_that_rest(self):
        barrier = threading.Barrier(3)

        def together(connection, request):
            barrier.wait(5)
            answer(200)(connection, request)

        self.upstream.behaviours["/together"] = together
        gateway = self.start()

        def three_at_once():
            clients = [self.client(gateway) for _ in range(3)]
            for client in clients:
                client.send(request_bytes("GET", "/together"))
            self.assertEqual([200] * 3, [client.read_response().status for client in clients])

        three_at_once()
        time.sleep(2.2)
        self.assertEqual(200, self.ask(gateway, "/x", "POST").status, "on a connection that has not rested as long")
        three_at_once()
        self.assertEqual(4, len(self.upstream.connections), "the others were kept")

    def test_the_log_never_names_the_client_of_an_earlier_request(self):
        gateway = self.start(hosts=["good.example"])
        mine, other = fresh_address(), fresh_address()
        self.assertEqual(200, self.ask(gateway, "/mine", fields={"Host": "good.example"}, source=mine).status)
        self.assertEqual(421, self.ask(gateway, "/other", fields={"Host": "bad.example"}, source=other).status)
        self.assertEqual(other, gateway.access_record(status=421)["client"])

    # ---- the end

    def busy(self, gateway):
        """Clients in every state that a connection can be in."""
        self.upstream.behaviours.update({"/silent": silent, "/s/up": before_body(silent)})

        def endless(connection, request):
            del request
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            connection.wait_ended(60)
            return False

        self.upstream.behaviours["/down"] = endless
        names = ("fresh", "idle", "head", "body", "up", "down", "silent", "bad")
        clients = {name: self.client(gateway) for name in names}
        self.assertEqual(200, clients["idle"].request("GET", "/x").status)
        clients["head"].send(b"GET / HT")
        clients["body"].send(request_bytes("POST", "/x", length(10), b"hello"))
        clients["up"].send(request_bytes("POST", "/s/up", length(9 * MIB), b"x" * 100_000))
        clients["down"].send(request_bytes("GET", "/down"))
        clients["silent"].send(request_bytes("GET", "/silent"))
        clients["bad"].send(b"GET / HTTP/1.1\r\nX : y\r\n\r\n")
        self.assertEqual(200, clients["down"].read_head().status)
        self.assertEqual(400, clients["bad"].read_response().status)
        self.dispatched("/silent")
        self.dispatched("/s/up")
        return clients

    def test_sigterm_ends_in_time_whatever_is_under_way(self):
        for threads in (1, 2):
            with self.subTest(f"{threads} threads"):
                self.upstream.requests.clear()
                gateway = self.start(drain="0s", shutdown_timeout="1s", threads=threads)
                clients = self.busy(gateway)
                start = time.monotonic()
                gateway.terminate()
                self.assertEqual((b"", "fin"), (clients["idle"].rest_until_end(2), clients["idle"].ended))
                self.assertLess(time.monotonic() - start, 0.9, "idle ones are closed at once")
                self.assertEqual(0, gateway.wait(6))
                self.assertLess(time.monotonic() - start, 4)
                with self.assertRaises(Broken):
                    clients["down"].read_body(Response(200, "OK", "HTTP/1.1", [("Transfer-Encoding", "chunked")]))
                for client in clients.values():
                    client.close()

    def test_what_is_under_way_may_finish(self):
        go = threading.Event()

        @before_body
        def slow(connection, request):
            go.wait(10)
            connection.read_body(request)
            answer(200, (), b"x" * 300_000)(connection, request)

        self.upstream.behaviours["/s/slow"] = slow
        gateway = self.start(drain="0s", shutdown_timeout="20s")
        client = self.client(gateway)
        client.send(request_bytes("POST", "/s/slow", length(200_000), b"x" * 1000))
        self.dispatched("/s/slow")
        gateway.terminate()
        eventually(lambda: self.refused(gateway.address), "the listener is closed")
        go.set()
        client.send(b"x" * 199_000)
        response = client.read_response()
        self.assertEqual((200, 300_000), (response.status, len(response.body)))
        self.assertEqual(["close"], response.tokens("connection"))
        self.assertEqual(0, gateway.wait(5))

    def refused(self, address):
        try:
            RawClient(address, timeout=1).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:  # it stood in the listener's queue
            pass
        return False

    def test_a_second_sigterm_ends_at_once_whatever_is_under_way(self):
        for drain in ("30s", "0s"):
            with self.subTest(f"drain {drain}"):
                self.upstream.requests.clear()
                gateway = self.start(drain=drain, shutdown_timeout="30s")
                clients = self.busy(gateway)
                gateway.terminate()
                eventually(lambda g=gateway: "gateway_draining" in g.output, "it has heard")
                start = time.monotonic()
                gateway.signal(signal.SIGTERM)
                self.assertEqual(0, gateway.wait(3))
                self.assertLess(time.monotonic() - start, 1)
                for client in clients.values():
                    client.close()

    def test_sigterm_while_requests_wait_for_the_limiters_store(self):
        gateway = self.start(drain="0s", shutdown_timeout="1s")
        self.assertEqual(200, self.ask(gateway, "/x").status)
        self.redis.pause()
        try:
            clients = [self.client(gateway) for _ in range(20)]
            for client in clients:
                client.send(request_bytes("GET", "/x"))
            gateway.terminate()
            self.assertEqual(0, gateway.wait(6))
        finally:
            self.redis.resume()


if __name__ == "__main__":
    unittest.main(verbosity=2)
