"""The identity service and its PostgreSQL at the start: TLS is proved or refused, the role is the service's own, the log says
what was found, and nobody wants more connections than there are."""

import unittest

from harness import AuthService, AuthTest, Certificates, E2ETest, Postgres


class DatabaseTest(E2ETest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificates = Certificates("DNS:localhost")
        cls.addClassCleanup(cls.certificates.close)
        cls.database = Postgres(certificates=cls.certificates)
        cls.addClassCleanup(cls.database.close)

    def tls_url(self, host="localhost", ca=None, database=None):
        parameters = f"sslmode=verify-full&sslrootcert={(ca or self.certificates).ca}"
        return (database or self.database).url_of("sallyport_auth", host, parameters)

    def starts(self, url, **config):
        """The log of a service that has started."""
        service = self.watch(AuthService(self.redis.url, url, config)).wait_listening()
        service.terminate()
        self.assertEqual(0, service.wait(20), service.output)
        return service.output

    def fails(self, url, **config):
        service = self.watch(AuthService(self.redis.url, url, config))
        self.assertEqual(1, service.wait(20), service.output)
        self.assertEqual([], service.addresses(), "it never listened")
        return service.output


class Tls(DatabaseTest):
    def test_a_proven_server_is_reported_with_its_protocol_and_cipher(self):
        self.assertRegex(self.starts(self.tls_url()), r'"database_ready".*"tls":"TLSv1\.3 TLS_AES_\w+"')

    def test_the_name_must_be_the_certificates(self):
        self.assertIn("does not match host name", self.fails(self.tls_url(host="127.0.0.1")))

    def test_an_unknown_authority_proves_nothing(self):
        other = Certificates("DNS:localhost")
        self.addCleanup(other.close)
        self.assertIn("certificate verify failed", self.fails(self.tls_url(ca=other)))

    def test_a_server_without_tls_is_refused(self):
        plain = Postgres()
        self.addCleanup(plain.close)
        self.assertIn("does not support SSL", self.fails(self.tls_url(database=plain)))

    def test_off_this_machine_nothing_less_is_taken(self):
        # No name is looked up and no packet sent: what is refused is the URL.
        for mode in ("disable", "prefer", "require", "verify-ca"):
            with self.subTest(mode=mode):
                output = self.fails(f"postgresql://me:verysecretword@db.invalid/x?sslmode={mode}")
                self.assertIn(f"sslmode={mode}", output)
                self.assertIn("allow_plaintext", output)
                self.assertNotIn("verysecretword", output)

    def test_without_a_mode_it_is_verify_full_off_this_machine(self):
        """db.invalid is the name, and hostaddr the address, of the server: off this machine by the look of its address only."""
        url = f"postgresql://sallyport_auth@db.invalid:{self.database.port}/postgres?hostaddr=0.0.0.0"
        self.assertRegex(self.fails(url + f"&sslrootcert={self.certificates.ca}"), "does not match host name")
        # Said aloud, the plain connection is taken, and told.
        output = self.starts(url + "&sslmode=disable", allow_plaintext=True)
        self.assertIn('"database_plaintext"', output)


class Budget(DatabaseTest):
    def test_more_connections_than_the_server_has_are_told_at_the_start(self):
        self.assertNotIn("scarce", self.starts(self.database.url, instances=4, database_connections=8))
        output = self.starts(self.database.url, instances=5, database_connections=8)
        self.assertRegex(output, r'"level":"warn","event":"database_connections_scarce"')


class QuietLog(DatabaseTest):
    def test_statements_are_in_no_service_log(self):
        for level in ("info", "debug"):
            output = self.starts(self.database.url, log_level=level)
            for word in ("SELECT", "sql_statement", "refresh_tokens"):
                self.assertNotIn(word, output)

    def test_a_service_that_shall_log_them_does_not_start(self):
        self.assertIn("log_sql", self.fails(self.database.url, log_sql=True))


class Role(AuthTest):
    make_database = Postgres

    def test_the_service_is_its_own_role_and_can_change_no_schema(self):
        self.register()
        users = self.database.query("SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = 'sallyport'")
        self.assertEqual(["sallyport_auth"], users)
        for sql in ("ALTER TABLE users ADD COLUMN x INT", "DROP TABLE users", "UPDATE audit_events SET type = 'x'",
                    "DELETE FROM audit_events", "TRUNCATE audit_events"):
            with self.subTest(sql=sql), self.assertRaisesRegex(RuntimeError, "must be owner|permission denied"):
                self.database.query(sql, user="sallyport_auth")


if __name__ == "__main__":
    unittest.main()
