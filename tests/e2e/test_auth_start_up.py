"""The identity service starts with everything it needs or not at all, and stops without losing an answer."""

import base64
import json
import os
import socket
import tempfile
import time
import unittest

from harness import (JSON, AuthService, E2ETest, RawClient, Redis, SqliteDatabase, eventually, free_port, fresh_secrets,
                     request_bytes)

LOGIN = json.dumps({"email": "nobody@example.test", "password": "a wrong pass phrase"}).encode()


class StartUp(E2ETest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = SqliteDatabase()
        cls.addClassCleanup(cls.database.close)

    def fails(self, within=2.0, config=None, env=None, redis=None, database=None):
        start = time.monotonic()
        service = self.watch(AuthService(redis or self.redis.url, database or self.database.url, config, env))
        status = service.wait(within + 10)
        self.assertLess(time.monotonic() - start, within)
        self.assertEqual(1, status, service.output)
        self.assertEqual([], service.addresses(), "it never listened")
        return service.output

    def starts(self, config=None, env=None):
        return self.watch(AuthService(self.redis.url, self.database.url, config, env)).wait_listening()

    def test_a_missing_variable_is_named(self):
        for name in ("SALLYPORT_REDIS_URL", "SALLYPORT_DATABASE_URL", *fresh_secrets()):
            with self.subTest(name=name):
                self.assertIn(name, self.fails(env={name: None}))

    def test_all_missing_variables_are_named_at_once(self):
        output = self.fails(env={name: None for name in fresh_secrets()})
        for name in fresh_secrets():
            self.assertIn(name, output)

    def test_bad_secrets_are_named_and_not_shown(self):
        short = base64.urlsafe_b64encode(os.urandom(31)).decode().rstrip("=")
        fresh = fresh_secrets()
        pepper = fresh["SALLYPORT_LOOKUP_PEPPER"]
        rows = [
            ("SALLYPORT_LOOKUP_PEPPER", short, short),
            ("SALLYPORT_LOOKUP_PEPPER", "changeme", None),
            ("SALLYPORT_LOOKUP_PEPPER", "", None),
            ("SALLYPORT_LOOKUP_PEPPER", "what is this? it cannot be a secret of ours!!", "what is this"),
            ("SALLYPORT_REFRESH_TOKEN_KEYS", "rt1:" + short, short),
            ("SALLYPORT_REFRESH_TOKEN_KEYS", "rt1", None),
            ("SALLYPORT_ACCESS_TOKEN_KEYS", "at1:EdDSA:" + short, short),
            ("SALLYPORT_ACCESS_TOKEN_KEYS", "at1:HS256:" + pepper, pepper),
            ("SALLYPORT_DEVICE_COOKIE_KEYS", f"a:{pepper},a:{fresh['SALLYPORT_CURSOR_KEYS'][4:]}", pepper),
            ("SALLYPORT_REDIS_URL", "http://127.0.0.1:1", None),
            ("SALLYPORT_DATABASE_URL", "mysql://root:verysecretword@127.0.0.1/x", "verysecretword"),
        ]
        for name, value, hidden in rows:
            with self.subTest(name=name, value=value[:12]):
                output = self.fails(env={name: value})
                self.assertIn(name, output)
                if hidden:
                    self.assertNotIn(hidden, output)

    def test_one_secret_in_two_places_is_refused(self):
        value = fresh_secrets()["SALLYPORT_LOOKUP_PEPPER"]
        output = self.fails(env={"SALLYPORT_LOOKUP_PEPPER": value, "SALLYPORT_CURSOR_KEYS": "c:" + value})
        self.assertIn("SALLYPORT_LOOKUP_PEPPER", output)
        self.assertIn("SALLYPORT_CURSOR_KEYS", output)
        self.assertNotIn(value, output)

    def test_a_secret_may_come_from_a_file_but_not_from_both(self):
        fresh = fresh_secrets()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "pepper")
            with open(path, "w", encoding="utf-8") as file:
                file.write(fresh["SALLYPORT_LOOKUP_PEPPER"] + "\n")
            os.chmod(path, 0o600)
            env = {**fresh, "SALLYPORT_LOOKUP_PEPPER": None, "SALLYPORT_LOOKUP_PEPPER_FILE": path}
            self.starts(env=env)
            self.assertIn("SALLYPORT_LOOKUP_PEPPER", self.fails(env={**env, **fresh}))

    def test_a_schema_that_was_not_migrated_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            output = self.fails(database=f"sqlite:{folder}/empty.db")
            self.assertIn("database", output)
            self.assertIn("migrat", output)

    def test_stores_that_are_away_are_named(self):
        port = free_port()
        self.assertIn(f"127.0.0.1:{port}", self.fails(within=14, redis=f"redis://127.0.0.1:{port}"))
        url = f"postgresql://me:verysecretword@127.0.0.1:{port}/x?sslmode=disable"
        output = self.fails(within=6, database=url)
        self.assertIn(f"127.0.0.1:{port}", output)
        self.assertNotIn("verysecretword", output)

    def test_a_redis_that_may_forget_is_refused(self):
        forgetful = Redis("--maxmemory-policy", "allkeys-lru")
        self.addCleanup(forgetful.close)
        output = self.fails(redis=forgetful.url)
        self.assertIn("noeviction", output)
        self.assertIn(f"127.0.0.1:{forgetful.port}", output)

    def test_mistakes_in_the_file_are_all_told_with_their_places(self):
        output = self.fails(config={"issuer": None, "access_ttl": "5", "acces_log": "true"})
        self.assertRegex(output, r"auth\.yaml:\d+:\d+: access_ttl: ")
        self.assertRegex(output, r"auth\.yaml:\d+:\d+: unknown key 'acces_log'")
        self.assertIn("the key 'issuer' is missing", output)

    def test_a_port_in_use_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            self.assertIn(str(port), self.fails(config={"listen": f"127.0.0.1:{port}"}, within=5))

    def test_several_loops_and_listeners(self):
        service = self.watch(AuthService(self.redis.url, self.database.url,
                                         {"threads": 3, "listen": ["127.0.0.1:0", "[::1]:0"]})).wait_listening(2)
        for host, port in service.addresses():
            for _ in range(6):
                with RawClient((host, port)) as client:
                    self.assertEqual(200, client.request("GET", "/health/ready").status)

    def test_a_signal_finishes_what_is_in_flight(self):
        service = self.starts()
        client = self.client(service)
        client.send(request_bytes("POST", "/auth/login", [JSON], LOGIN))
        other = self.client(service)
        self.assertEqual(200, other.request("GET", "/health").status)
        service.terminate()
        self.assert_problem(client.read_response(), 401, "invalid_credentials")
        self.assertEqual(0, service.wait(10))
        with self.assertRaises(OSError):
            RawClient(service.address, None, 2)

    def test_draining_is_seen_before_the_door_closes(self):
        service = self.starts({"drain": "10s"})
        service.terminate()
        eventually(lambda: self.ask(service, "/health/ready").status == 503, "not ready any more")
        self.assertEqual("draining", self.ask(service, "/health/ready").json()["status"])
        self.assert_problem(self.ask(service, "/auth/login", "POST", [JSON], LOGIN), 401, "invalid_credentials")
        service.terminate()
        self.assertEqual(0, service.wait(5))


if __name__ == "__main__":
    unittest.main()
