"""Starting without what is needed ends soon, with a message that helps and gives nothing away."""

import os
import resource
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

    def test_a_user_that_may_not_run_the_scripts_is_refused(self):
        self.redis.command("ACL", "SETUSER", "narrow", "reset", "on", ">narrow-pass", "~*", "+@all", "-incrby")
        start = time.monotonic()
        gateway = self.start_failing(f"redis://narrow:narrow-pass@127.0.0.1:{self.redis.port}")
        self.assertLess(time.monotonic() - start, 5)
        self.assertIn("incrby", gateway.output)

    def test_the_message_names_the_endpoint_once(self):
        guarded = Redis(password="the-right-one-4711")
        self.addCleanup(guarded.close)
        port = free_port()
        for redis, at in ((f"redis://127.0.0.1:{port}", port), (f"redis://127.0.0.1:{guarded.port}", guarded.port)):
            gateway = self.start_failing(redis)
            (line,) = [line for line in gateway.err if "cannot start" in line]
            self.assertEqual(1, line.count(f"127.0.0.1:{at}"), line)

    def test_a_password_that_redis_has_not_is_called_that(self):
        gateway = self.start_failing(f"redis://:secret-0815@127.0.0.1:{self.redis.port}")
        self.assertRegex(gateway.output, "this Redis has none")
        self.assertNotIn("secret-0815", gateway.output)

    def test_tls_to_a_plain_redis_is_called_that(self):
        gateway = self.start_failing(f"rediss://127.0.0.1:{self.redis.port}")
        (line,) = [line for line in gateway.err if "cannot start" in line]
        self.assertIn("TLS", line)

    def test_a_ca_file_that_cannot_be_read_is_named_with_the_variable(self):
        start = time.monotonic()
        gateway = self.start_failing("rediss://:secret-0815@127.0.0.1:1?ca=/nonexistent/ca.pem")
        self.assertLess(time.monotonic() - start, 5)
        self.assertIn("SALLYPORT_REDIS_URL: ", gateway.output)
        self.assertIn("/nonexistent/ca.pem", gateway.output)
        self.assertNotIn("secret-0815", gateway.output)

    def test_a_signal_ends_it_while_it_still_looks_for_redis(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with socket.create_server(("127.0.0.1", 0)) as mute:
                gateway = self.watch(Gateway(self.config(self.upstream), f"redis://127.0.0.1:{mute.getsockname()[1]}"))
                mute.accept()[0].close()
                start = time.monotonic()
                gateway.signal(number)
                self.assertEqual(1, gateway.wait(10))
                self.assertLess(time.monotonic() - start, 2)
                self.assertRegex(gateway.output, "cannot start: a signal came")

    def test_the_limit_of_open_files_is_raised_or_complained_about(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
        few = self.start_gateway(self.config(self.upstream, limits={"connections_max": 10}))
        with open(f"/proc/{few.process.pid}/limits", encoding="ascii") as limits:
            self.assertRegex(limits.read(), rf"(?m)^Max open files +{hard} +{hard} ")
        self.assertEqual([], [record for record in few.records() if record["event"] == "file_limit_low"])
        if hard >= 1_000_000:
            self.skipTest("the hard limit is too high to be too low")
        many = self.start_gateway(self.config(self.upstream, limits={"connections_max": 1_000_000}))
        (record,) = [record for record in many.records() if record["event"] == "file_limit_low"]
        self.assertEqual((hard, 1_000_000), (record["limit"], record["connections_max"]))
        self.assertGreater(record["needed"], 1_000_000)

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

    def test_sighup_changes_nothing(self):
        gateway = self.start_gateway(self.config(self.start_upstream()))
        gateway.signal(signal.SIGHUP)
        self.assert_stays(gateway.process.poll, None, 0.3, "it lives")
        self.assertEqual(200, self.ask(gateway, "/x").status)

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
