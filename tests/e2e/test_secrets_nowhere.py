"""Everything a client can do, with everything that goes wrong, and then a search: no secret is in anything that was written."""

import unittest

from harness.needles import Needles
from secrets_clients import Clients
from secrets_scene import OnPostgres, OnSqlite, Scene

KEY_OF_THE_PROCESSOR = "SALLYPORT_PROCESSOR_KEY of payments"


class SecretsNowhere:
    """Run once for each engine."""

    make_database = None

    def test_no_secret_is_in_anything_that_was_written(self):
        scene = Scene(self.make_database)
        self.addCleanup(scene.close)
        clients = Clients(self, scene)
        form, user = clients.sessions()
        clients.new_password(form)
        clients.tokens_of_all_kinds(form)
        clients.secrets_where_they_do_not_belong(form)
        clients.broken_requests(form)
        locked = clients.lockout()
        root = clients.administration(locked)
        clients.payments(form)
        clients.upstream_failures(form)
        clients.broken_database(form)
        for kind in (*scene.database.outages, clients.redis_away):
            clients.outage(root, kind)
        clients.starts_that_fail()
        scene.internal_pages()
        hashes = self.hashes(scene)
        scene.database.evidence(scene.evidence)
        self.assertEqual({"gateway": 0, "payments": 0, "admin": 0, "auth": 0}, scene.stop())
        scene.database.evidence(scene.evidence)
        self.check_that_the_search_works(scene, user, locked[1])
        found = scene.evidence.search(scene.needles)
        found = [line for line in found if not line.startswith(f"{KEY_OF_THE_PROCESSOR} in what the processor got")]
        found += scene.evidence.search(hashes, leave_out={"the database", "PostgreSQL's log"})
        self.assertEqual([], found, "\n".join(found))

    def hashes(self, scene):
        """What a database may hold and its log may tell, but nothing else."""
        needles = Needles()
        for column, table in (("password_hash", "users"), ("token_hash", "refresh_tokens"), ("nonce", "refresh_tokens")):
            for value in scene.database.column(f"SELECT {column} FROM {table}"):
                needles.add(column, value.rpartition("$")[2])
        self.assertEqual({"password_hash", "token_hash", "nonce"}, needles.names)
        return needles

    def check_that_the_search_works(self, scene, *users):
        """A user's id is no secret, and it is found where it belongs."""
        known = Needles()
        for user in users:
            known.add("the user's id", user)
        places = {line.partition(" in ")[2].partition(":")[0] for line in scene.evidence.search(known)}
        wanted = {"answers", "the database", "Redis", "what Redis was asked", "output of auth"}
        self.assertEqual(set(), wanted - places)
        everywhere = wanted | {"output of gateway", "output of admin", "output of payments", "output of commands",
                               "files of auth", "command lines", "Redis's log", "what the processor got", "/metrics of auth"}
        self.assertEqual(set(), everywhere - scene.evidence.places())
        self.assertIn(KEY_OF_THE_PROCESSOR, str(scene.evidence.search(scene.needles)), "the processor is told its key")


class OnPostgresNowhere(SecretsNowhere, unittest.TestCase):
    make_database = OnPostgres

    def check_that_the_search_works(self, scene, *users):
        super().check_that_the_search_works(scene, *users)
        known = Needles()
        known.add("the user's id", users[0])
        log = [data for place, data in scene.evidence.pieces if place == "PostgreSQL's log"][-1]
        self.assertIn("the user's id", known.found_in(log))
        self.assertIn(b"e2e_refused", log)


class OnSqliteNowhere(SecretsNowhere, unittest.TestCase):
    make_database = OnSqlite


if __name__ == "__main__":
    unittest.main()
