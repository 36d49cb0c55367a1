"""Starting without what is needed ends soon, with a message that helps and gives nothing away."""

import os
import select
import signal
import socket
import threading
import time
import unittest

from harness import E2ETest, Gateway, Redis, eventually, free_port, fresh_address, route

GIVES_UP_WITHIN = 15


class StartUp(E2ETest):
    def start_failing(self, redis_url, config=None):
        gateway = self.watch(Gateway(config or self.config(self.upstream), redis_url))
        status = gateway.wait(GIVES_UP_WITHIN + 5)
        self.assertNotEqual(0, status)
        self.assertEqual([], gateway.addresses(), "it never listened")
        return gateway

    def setUp(self):
        super().setUp()
        self.upstream = self.start_upstream()

    def test_an_absent_redis_is_named(self):
        port, start = free_port(), time.monotonic()
        gateway = self.start_failing(f"redis://127.0.0.1:{port}")
        self.assertLess(time.monotonic() - start, GIVES_UP_WITHIN)
        self.assertIn(f"127.0.0.1:{port}", gateway.output)

    def test_a_redis_that_accepts_and_says_nothing_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as mute:
            port, start = mute.getsockname()[1], time.monotonic()
            gateway = self.start_failing(f"redis://127.0.0.1:{port}")
            self.assertLess(time.monotonic() - start, GIVES_UP_WITHIN)
            self.assertIn(f"127.0.0.1:{port}", gateway.output)

    def test_a_redis_that_talks_nonsense_is_named(self):
        mute = socket.create_server(("127.0.0.1", 0))

        def talk():
            while True:
                try:
                    peer, _ = mute.accept()
                    with peer:
                        peer.recv(1024)
                        peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 100)
                except OSError:
                    return

        threading.Thread(target=talk, daemon=True).start()
        try:
            start = time.monotonic()
            gateway = self.start_failing(f"redis://127.0.0.1:{mute.getsockname()[1]}")
            self.assertLess(time.monotonic() - start, GIVES_UP_WITHIN)
            self.assertIn(f"127.0.0.1:{mute.getsockname()[1]}", gateway.output)
        finally:
            mute.shutdown(socket.SHUT_RDWR)
            mute.close()

    def test_a_wrong_password_is_not_printed(self):
        guarded = Redis(password="the-right-one-4711")
        self.addCleanup(guarded.close)
        start = time.monotonic()
        gateway = self.start_failing(f"redis://:wrong-secret-0815@127.0.0.1:{guarded.port}")
        self.assertLess(time.monotonic() - start, GIVES_UP_WITHIN)
        self.assertIn(f"127.0.0.1:{guarded.port}", gateway.output)
        self.assertNotIn("wrong-secret-0815", gateway.output)

    def test_the_right_password_is_not_printed_either_and_lets_it_start(self):
        guarded = Redis(password="the-right-one-4711")
        self.addCleanup(guarded.close)
        gateway = self.start_gateway(self.config(self.upstream), guarded.url)
        self.assertEqual(200, self.ask(gateway, "/x").status)
        self.assertNotIn("the-right-one-4711", gateway.output)

    def test_a_redis_that_cannot_be_written_to_is_refused(self):
        replica = Redis("--replicaof", "127.0.0.1 1")
        self.addCleanup(replica.close)
        gateway = self.start_failing(replica.url)
        self.assertIn(f"127.0.0.1:{replica.port}", gateway.output)

    def test_a_redis_that_comes_up_in_time_is_waited_for(self):
        late = Redis()
        self.addCleanup(late.close)
        late.kill()
        gateway = self.watch(Gateway(self.config(self.upstream), late.url))
        self.assert_stays(gateway.addresses, [], 1.0, "it does not listen without Redis")
        late.start()
        gateway.wait_listening(timeout=GIVES_UP_WITHIN)
        self.assertEqual(200, self.ask(gateway, "/x").status)

    def test_the_missing_variable_is_named(self):
        gateway = self.start_failing(None)
        self.assertIn("SALLYPORT_REDIS_URL", gateway.output)

    def test_a_malformed_url_is_refused_without_its_password(self):
        start = time.monotonic()
        gateway = self.start_failing("redis://:secret-0815@127.0.0.1:notaport")
        self.assertLess(time.monotonic() - start, 5, "no waiting for what can never work")
        self.assertNotIn("secret-0815", gateway.output)

    def test_a_redis_off_loopback_without_tls_is_refused(self):
        start = time.monotonic()
        gateway = self.start_failing("redis://192.0.2.77:6379")
        self.assertLess(time.monotonic() - start, 5)
        self.assertIn("allow_plaintext", gateway.output)

    def test_a_bad_config_ends_it_with_file_line_and_column(self):
        config = self.config(self.upstream, routes=[route("/*", upstream="nowhere")])
        gateway = self.start_failing(self.redis.url, config)
        self.assertRegex(gateway.output, rf"{gateway.config_file}:\d+:\d+: ")
        self.assertIn("nowhere", gateway.output)

    def test_a_port_in_use_ends_it_with_the_address(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            gateway = self.start_failing(self.redis.url, self.config(self.upstream, listen=f"127.0.0.1:{port}"))
            self.assertIn(f"127.0.0.1:{port}", gateway.output)

    def test_several_listeners_on_both_families(self):
        gateway = self.start_gateway(self.config(self.upstream, listen=["127.0.0.1:0", "[::1]:0"]), listeners=2)
        self.assertEqual(["127.0.0.1", "::1"], sorted(host for host, _ in gateway.addresses()))
        for address in gateway.addresses():
            with socket.create_connection(address, 5) as peer:
                peer.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                self.assertTrue(peer.recv(65536).startswith(b"HTTP/1.1 200 "))

    def test_no_file_is_left_in_the_working_folder(self):
        gateway = self.start_gateway(self.config(self.upstream))
        self.assertEqual([], os.listdir(gateway.working_folder))


class Shutdown(E2ETest):
    def slow(self, seconds):
        def behave(connection, request):
            del request
            select.select([], [], [], seconds)
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")

        return behave

    def test_sigterm_lets_what_is_in_flight_finish_and_exits_0(self):
        upstream = self.start_upstream()
        upstream.behaviours["/slow"] = self.slow(2)
        gateway = self.start_gateway(self.config(upstream))
        client = self.client(gateway, fresh_address())
        client.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        eventually(lambda: "/slow" in upstream.paths(), "the request is in flight")
        gateway.terminate()
        response = client.read_response(timeout=10)
        self.assertEqual((200, b"done"), (response.status, response.body))
        self.assertEqual(0, gateway.wait(15))

    def test_sigterm_while_draining_readiness_fails_and_connections_close(self):
        gateway = self.start_gateway(self.config(self.start_upstream()))
        client = self.client(gateway)
        self.assertEqual(200, client.request("GET", "/x").status)
        gateway.terminate()
        eventually(lambda: self.ask(gateway, "/health/ready").status == 503, "readiness fails", 3)
        response = client.request("GET", "/x")
        self.assertEqual(200, response.status, "still served")
        self.assertIn("close", response.tokens("connection"))
        self.assertEqual(0, gateway.wait(15))

    def test_an_idle_gateway_exits_0_on_both_signals(self):
        gateways = [(self.start_gateway(self.config(self.start_upstream())), number)
                    for number in (signal.SIGTERM, signal.SIGINT)]
        for gateway, number in gateways:
            gateway.signal(number)
        for gateway, _ in gateways:
            self.assertEqual(0, gateway.wait(15))

    def test_a_second_signal_ends_it_at_once(self):
        upstream = self.start_upstream()
        upstream.behaviours["/slow"] = self.slow(20)
        upstreams = {"app": {"hosts": [upstream.host], "timeout": "30s"}}
        gateway = self.start_gateway(self.config(upstream, upstreams=upstreams))
        client = self.client(gateway)
        client.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        eventually(lambda: "/slow" in upstream.paths(), "the request is in flight")
        gateway.terminate()
        eventually(lambda: self.ask(gateway, "/health/ready").status == 503, "draining has begun", 3)
        gateway.terminate()
        gateway.wait(2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
