"""Upstreams over TLS: verified, reused, and refused when what answers is somebody else."""

import os
import ssl
import tempfile
import unittest

from harness import Certificates, E2ETest, Upstream, answer, eventually, run, to_yaml


class UpstreamTls(E2ETest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificates = Certificates("DNS:shop.test,IP:127.0.0.1")
        cls.addClassCleanup(cls.certificates.close)

    def start_tls_upstream(self, **limits):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.certificates.certificate, self.certificates.key)
        tls.set_alpn_protocols(["http/1.1"])
        for name, value in limits.items():
            setattr(tls, name, value)
        upstream = Upstream(tls=tls)
        self.addCleanup(upstream.close)
        return upstream

    def start_with(self, upstream, **more):
        config = self.config(upstream)
        config["upstreams"]["app"].update({"tls": True, "ca_file": self.certificates.ca, **more})
        return self.start_gateway(config)

    def test_requests_go_over_one_verified_connection(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version=version):
                upstream = self.start_tls_upstream(minimum_version=version, maximum_version=version)
                gateway = self.start_with(upstream, server_name="shop.test")
                for size in (0, 1, 20_000, 300_000):
                    response = self.ask(gateway, "/x", "POST", body=b"b" * size)
                    self.assertEqual(200, response.status)
                    self.assertEqual(size, upstream.requests[-1].body_bytes)
                upstream.behaviours["/large"] = answer(body=b"a" * 3_000_000)
                self.assertEqual(b"a" * 3_000_000, self.ask(gateway, "/large").body)
                self.assertEqual(1, len(upstream.connections))
                self.assertEqual("http/1.1", upstream.connections[0].socket.selected_alpn_protocol())

    def test_the_host_is_verified_without_a_name(self):
        upstream = self.start_tls_upstream()
        self.assertEqual(200, self.ask(self.start_with(upstream), "/x").status)

    def test_somebody_else_is_a_502_and_gets_nothing(self):
        others = Certificates("DNS:shop.test")
        self.addCleanup(others.close)
        upstream = self.start_tls_upstream()
        for more in ({"server_name": "other.test"}, {"server_name": "shop.test", "ca_file": others.ca}):
            gateway = self.start_with(upstream, **more)
            self.assert_problem(self.ask(gateway, "/x"), 502, "bad_gateway")
        self.assertEqual([], upstream.requests)

    def test_a_handshake_that_stalls_is_a_504(self):
        upstream = self.start_tls_upstream()
        upstream.tls = None  # it accepts, and waits for a request in plain text
        gateway = self.start_with(upstream, connect_timeout="200ms")
        self.assert_problem(self.ask(gateway, "/x"), 504, "gateway_timeout")

    def test_a_closed_connection_is_noticed_before_it_is_used_again(self):
        upstream = self.start_tls_upstream()
        upstream.default = lambda connection, request: answer(body=b"x")(connection, request) or False
        gateway = self.start_with(upstream)
        for _ in range(3):
            self.assertEqual(200, self.ask(gateway, "/x", "POST", body=b"once").status)
            eventually(upstream.connections[-1].ended.is_set, "the service has closed")
        self.assertEqual(3, len(upstream.requests))

    def test_a_file_that_cannot_be_used_ends_the_start(self):
        config = self.config(self.start_upstream())
        config["upstreams"]["app"].update({"tls": True, "ca_file": "/nonexistent/ca.pem"})
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "gateway.yaml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(to_yaml(config))
            status, _, err, _ = run("gateway", "--config", path, env={"SALLYPORT_REDIS_URL": self.redis.url})
        self.assertEqual(1, status)
        self.assertIn("/nonexistent/ca.pem", err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
