"""The identity service on PostgreSQL: the same story, and a database that goes away."""

import unittest

import test_auth_service as on_sqlite
from harness import AuthTest, Postgres, eventually

PASSWORD = on_sqlite.PASSWORD


class StoryOnPostgres(on_sqlite.Story):
    make_database = Postgres


class RefreshOnPostgres(on_sqlite.Refresh):
    make_database = Postgres

    def test_parallel_refreshes_of_many_sessions_do_not_hinder_each_other(self):
        """Two clients for each of four sessions: one winner each, no deadlock that anybody sees."""
        email = self.register()
        tokens = [self.login(email)["refresh_token"] for _ in range(4)]
        for _ in range(8):
            requests = [("POST", "/auth/refresh", [on_sqlite.JSON], b'{"refresh_token":"%s"}' % token.encode())
                        for token in tokens for _ in range(2)]
            answers = self.together(requests, database=self.database)
            for pair in (answers[start:start + 2] for start in range(0, 8, 2)):
                self.assertEqual([200, 409], sorted(answer.status for answer in pair))
            tokens = [answer.json()["refresh_token"] for answer in answers if answer.status == 200]


class Outage(AuthTest):
    make_database = Postgres

    def test_a_database_that_is_away_costs_answers_and_nothing_else(self):
        email = self.register()
        tokens = self.login(email)
        self.database.kill()
        eventually(lambda: self.get("/health/ready").status == 503, "not ready", 10)
        self.assertEqual("unreachable", self.get("/health/ready").json()["database"])
        self.assertEqual(200, self.get("/health").status)
        for response in (self.refresh(tokens["refresh_token"]), self.get("/auth/me", tokens["access_token"]),
                         self.post("/auth/login", {"email": email, "password": PASSWORD})):
            self.assert_problem(response, 503, "service_unavailable")
            self.assertRegex(response.get("retry-after"), r"^[1-9]\d*$")
            self.assertNotIn("127.0.0.1", response.body.decode(), "no address leaves")
        self.database.start()
        eventually(lambda: self.get("/health/ready").status == 200, "ready again", 10)
        self.assertEqual(200, self.refresh(tokens["refresh_token"]).status, "the token was not used up")
        self.login(email)

    def test_no_secret_reaches_the_database(self):
        password, tokens = "a long enough pass phrase", self.login(self.register())
        rows = "\n".join(
            line
            for table in ("users", "sessions", "refresh_tokens", "audit_events")
            for line in self.database.query(f"SELECT * FROM {table}")
        )
        self.assertIn("$argon2id$", rows)
        refresh = tokens["refresh_token"]
        for secret in (password, refresh, refresh.split(".")[2], tokens["access_token"]):
            self.assertNotIn(secret, rows)


# Imported for their own file's runner; here only what runs on PostgreSQL counts.
def load_tests(loader, _tests, _pattern):
    suite = unittest.TestSuite()
    for case in (StoryOnPostgres, RefreshOnPostgres, Outage):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite


if __name__ == "__main__":
    unittest.main()
