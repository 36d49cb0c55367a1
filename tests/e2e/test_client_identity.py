"""Whose budget a request is charged to."""

import unittest

from harness import E2ETest, RawClient, fresh_address, policy, route

LIMITS = {"global": policy(100_000), "auth": policy(5, group="route")}


class ClientIdentity(E2ETest):
    def setUp(self):
        super().setUp()
        self.proxy = fresh_address()  # the one trusted proxy
        self.upstream = self.start_upstream()

    def start(self, **changes):
        changes = {"rate_limits": LIMITS, "trusted_proxies": [f"{self.proxy}/32"], **changes}
        return self.start_gateway(self.config(self.upstream, **changes))

    def login(self, gateway, source, fields):
        return self.ask(gateway, "/auth/login", "POST", fields, source=source).status

    def charged(self):
        """Whom the logins since the last look were charged to."""
        names = {key.split("{")[1].split("}")[0] for key in self.redis.keys("*:auth:*")}
        self.redis.command("FLUSHALL")
        return names

    def test_forwarding_fields_of_an_untrusted_peer_change_nothing(self):
        gateway = self.start()
        source = fresh_address()
        for number in range(8):
            fields = {
                "X-Forwarded-For": f"203.0.113.{number}",
                "Forwarded": f"for=203.0.113.{number}",
                "X-Real-IP": f"203.0.113.{number}",
                "X-Client-IP": f"203.0.113.{number}",
                "True-Client-IP": f"203.0.113.{number}",
            }
            self.assertEqual(200 if number < 5 else 429, self.login(gateway, source, fields))
        self.assertEqual({f"ip:{source}"}, self.charged())

    def test_a_trusted_proxy_names_the_client(self):
        gateway = self.start()
        found = [self.login(gateway, self.proxy, {"X-Forwarded-For": "203.0.113.1"}) for _ in range(6)]
        self.assertEqual([200] * 5 + [429], found)
        self.assertEqual(200, self.login(gateway, self.proxy, {"X-Forwarded-For": "203.0.113.2"}))
        self.assertEqual({"ip:203.0.113.1", "ip:203.0.113.2"}, self.charged())

    def test_the_walk_goes_from_the_right_past_trusted_hops(self):
        gateway = self.start(trusted_proxies=[f"{self.proxy}/32", "10.1.0.0/16"])
        cases = [
            ("a client put something in front", ["6.6.6.6, 203.0.113.5"], "203.0.113.5"),
            ("a trusted hop in between", ["6.6.6.6, 203.0.113.5, 10.1.2.3"], "203.0.113.5"),
            ("two lines are one list", ["6.6.6.6", "203.0.113.5, 10.1.2.3"], "203.0.113.5"),
            ("all hops are trusted: the leftmost", ["10.1.0.9, 10.1.0.8"], "10.1.0.9"),
            ("an unreadable hop ends the walk", ["203.0.113.5, garbage, 10.1.2.3"], "10.1.2.3"),
            ("nothing readable", ["garbage"], self.proxy),
            ("no header at all", [], self.proxy),
            ("with a port", ["203.0.113.5:4711"], "203.0.113.5"),
            ("IPv6 in brackets with a port", ["[2001:db8:9::5]:443"], "2001:db8:9::"),
            ("IPv4 mapped into IPv6", ["::ffff:203.0.113.7"], "203.0.113.7"),
            ("NAT64", ["64:ff9b::cb00:7107"], "203.0.113.7"),
            ("a zone id goes", ["2001:db8:9::5%eth0"], "2001:db8:9::"),
        ]
        for name, lines, client in cases:
            with self.subTest(name):
                self.assertEqual(200, self.login(gateway, self.proxy, [("X-Forwarded-For", line) for line in lines]))
                self.assertEqual(1, len(charged := self.charged()))
                self.assertEqual(f"ip:{client}", charged.pop().split("/")[0])

    def test_only_the_configured_field_of_a_trusted_proxy_is_read(self):
        fields = {"X-Forwarded-For": "203.0.113.1", "Forwarded": "for=203.0.113.2;proto=https"}
        self.assertEqual(200, self.login(self.start(), self.proxy, fields))
        self.assertEqual({"ip:203.0.113.1"}, self.charged())
        self.assertEqual(200, self.login(self.start(forwarded_header="forwarded"), self.proxy, fields))
        self.assertEqual({"ip:203.0.113.2"}, self.charged())

    def test_the_forwarded_field_is_read_in_its_own_grammar(self):
        gateway = self.start(forwarded_header="forwarded")
        cases = [
            ('for="[2001:db8:9::5]:4711"', "2001:db8:9::"),
            ("for=6.6.6.6, for=203.0.113.9;by=10.0.0.1", "203.0.113.9"),
            ('For="203.0.113.9:80"', "203.0.113.9"),
            ("for=unknown", self.proxy),
            ("for=_hidden", self.proxy),
        ]
        for line, client in cases:
            with self.subTest(line):
                self.assertEqual(200, self.login(gateway, self.proxy, {"Forwarded": line}))
                self.assertEqual(1, len(charged := self.charged()))
                self.assertEqual(f"ip:{client}", charged.pop().split("/")[0])

    def test_a_refused_host_is_logged_with_the_client_that_asked(self):
        gateway = self.start(hosts=["localhost"])
        with RawClient(gateway.address, self.proxy) as client:
            self.assertEqual(200, client.request("GET", "/x", {"X-Forwarded-For": "203.0.113.1"}).status)
            second = {"Host": "other.test", "X-Forwarded-For": "203.0.113.2"}
            self.assertEqual(421, client.request("GET", "/x", second).status)
        self.assertEqual("203.0.113.2", gateway.access_record(status=421)["client"])

    def proto(self, gateway, source, fields):
        self.assertEqual(200, self.ask(gateway, "/x", fields=fields, source=source).status)
        (found,) = self.upstream.requests[-1].all("x-forwarded-proto")
        return found

    def test_the_proto_of_proxies_that_do_not_say_is_configured(self):
        claim = {"X-Forwarded-For": "203.0.113.1", "X-Forwarded-Proto": "https", "Forwarded": "for=1.1.1.1;proto=https"}
        for changes, proxied in (({}, "http"), ({"forwarded_proto": "http"}, "http"), ({"forwarded_proto": "https"}, "https")):
            with self.subTest(changes):
                gateway = self.start(**changes)
                self.assertEqual(proxied, self.proto(gateway, self.proxy, claim))
                self.assertEqual("http", self.proto(gateway, fresh_address(), claim), "it connected directly")

    def test_the_forwarded_field_says_the_proto_of_the_client(self):
        gateway = self.start(forwarded_header="forwarded")
        cases = [
            ("for=203.0.113.1;proto=https", "https"),
            ("for=203.0.113.1;proto=http", "http"),
            ("for=203.0.113.1", "http"),
            ('for=203.0.113.1;proto="https"', "https"),
            ("for=203.0.113.1;proto=javascript", "http"),
            ("for=6.6.6.6;proto=https, for=203.0.113.1;proto=http", "http"),
        ]
        for value, wanted in cases:
            with self.subTest(value):
                self.assertEqual(wanted, self.proto(gateway, self.proxy, {"Forwarded": value}))
                self.assertEqual("http", self.proto(gateway, fresh_address(), {"Forwarded": value}))
        gateway = self.start(forwarded_header="forwarded", forwarded_proto="https")
        self.assertEqual("http", self.proto(gateway, self.proxy, {"Forwarded": "for=203.0.113.1;proto=http"}))
        self.assertEqual("https", self.proto(gateway, self.proxy, {"Forwarded": "for=203.0.113.1"}))

    def test_clients_of_one_ipv6_network_share_a_budget(self):
        gateway = self.start()
        neighbours = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2:a:b:c:d", "2001:DB8:1:2::1"]
        for number in range(6):
            status = self.login(gateway, self.proxy, {"X-Forwarded-For": neighbours[number % 4]})
            self.assertEqual(200 if number < 5 else 429, status)
        self.assertEqual(200, self.login(gateway, self.proxy, {"X-Forwarded-For": "2001:db8:1:3::1"}))
        self.assertEqual(2, len(self.charged()))

    def test_the_spellings_of_one_ipv4_client_share_a_budget(self):
        gateway = self.start()
        spellings = ["203.0.113.7", "::ffff:203.0.113.7", "64:ff9b::203.0.113.7", "203.0.113.7:99", "::ffff:cb00:7107"]
        for spelling in spellings:
            self.assertEqual(200, self.login(gateway, self.proxy, {"X-Forwarded-For": spelling}))
        self.assertEqual(429, self.login(gateway, self.proxy, {"X-Forwarded-For": "64:ff9b::cb00:7107"}))
        self.assertEqual({"ip:203.0.113.7"}, self.charged())

    def test_a_client_over_ipv6_is_limited(self):
        gateway = self.start(listen=["[::1]:0"])
        self.assertEqual("::1", gateway.address[0])
        found = []
        for _ in range(6):
            with RawClient(gateway.address, "::1") as client:
                found.append(client.request("POST", "/auth/login").status)
        self.assertEqual([200] * 5 + [429], found)

    def test_no_client_text_becomes_a_redis_key(self):
        limits = {**LIMITS, "keyed": policy(100, key="header:x-api-key")}
        gateway = self.start(rate_limits=limits, routes=[route("/*", rate_limits=["keyed"])])
        secret = "tell-nobody-" + "k" * 2000
        self.assertEqual(200, self.ask(gateway, "/x", fields={"X-Api-Key": secret}).status)
        keys = self.redis.keys()
        self.assertTrue(any("{h:" in key for key in keys), keys)
        for key in keys:
            self.assertNotIn("tell-nobody", key)
            self.assertLessEqual(len(key), 192)


if __name__ == "__main__":
    unittest.main(verbosity=2)
