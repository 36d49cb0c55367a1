"""Users made and promoted from the command line: the database of the schema's owner, a password from standard input."""

import os
import pty
import select
import sqlite3
import subprocess
import termios
import time
import unittest

from harness import AuthTest, Postgres, SqliteDatabase, eventually
from harness.auth import claims_of
from harness.gateway import binary

VARIABLE = "SALLYPORT_MIGRATE_DATABASE_URL"
PASSWORD = "a long enough pass phrase"


def user(*words, url=None, stdin=PASSWORD + "\n", env=None):
    """Runs `sallyport user …`; returns (exit status, stdout, stderr)."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SALLYPORT_")}
    clean.update({VARIABLE: url} if url else {})
    clean.update(env or {})
    done = subprocess.run([binary(), "user", *words], input=stdin if isinstance(stdin, bytes) else stdin.encode(),
                          capture_output=True, env=clean, timeout=30)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class UserCommandTest(AuthTest):
    @property
    def owner_url(self):
        return getattr(self.database, "owner_url", self.database.url)

    def create(self, *words, **more):
        return user("create", *words, url=self.owner_url, **more)

    def promote(self, *words, **more):
        return user("promote", *words, url=self.owner_url, **more)

    def admin_token(self, email="root@example.test"):
        self.assertEqual(0, self.create("--email", email, "--role", "admin")[0])
        return self.login(email)["access_token"]


class Create:
    def test_a_user_who_was_made_here_can_log_in(self):
        status, out, err = self.create("--email", " Ada@Example.Test ", "--name", "Ada Lövelace")
        self.assertEqual((0, ""), (status, err))
        me = self.get("/auth/me", self.login("ada@example.test")["access_token"]).json()
        self.assertEqual(("ada@example.test", "Ada Lövelace", "user"), (me["email"], me["name"], me["role"]))
        self.assertEqual(f"created ada@example.test {me['id']} with the role user\n", out)

    def test_the_first_admin_is_made_here(self):
        self.assertEqual("admin", claims_of(self.admin_token("first@example.test"))["role"])

    def test_the_line_end_is_no_part_of_the_password(self):
        for number, end in enumerate(("", "\n", "\r\n", "\nanother line\n")):
            with self.subTest(end=end):
                email = f"line{number}@example.test"
                self.assertEqual(0, self.create("--email", email, stdin=PASSWORD + end)[0])
                self.login(email)

    def test_it_leaves_an_audit_event(self):
        self.create("--email", "audited@example.test")
        self.assertIn("command line", self.audit_actors("user.registered"))

    def test_what_cannot_be_made_says_why(self):
        self.create("--email", "taken@example.test")
        rows = [
            ("taken", ["--email", "TAKEN@example.test"], PASSWORD, "there is a user with this address already"),
            ("no address", ["--email", "nobody"], PASSWORD, "no e-mail address"),
            ("weak", ["--email", "weak@example.test"], "short", "needs at least 8 bytes"),
            ("common", ["--email", "weak@example.test"], "password123", "one of the most used ones"),
            ("too long", ["--email", "weak@example.test"], "x" * 1025, "at most 1024 bytes"),
            ("far too long", ["--email", "weak@example.test"], "x" * 100_000, "too long"),
            ("not UTF-8", ["--email", "weak@example.test"], b"\xff" * 12, "not valid UTF-8"),
            ("no password", ["--email", "weak@example.test"], "", "no password on standard input"),
            ("an empty line", ["--email", "weak@example.test"], "\n", "no password on standard input"),
            ("a long name", ["--email", "weak@example.test", "--name", "x" * 201], PASSWORD, "1 to 200 characters"),
            ("a control character", ["--email", "weak@example.test", "--name", "a\x1b[2J"], PASSWORD, "control"),
        ]
        for name, words, stdin, reason in rows:
            with self.subTest(name):
                status, out, err = self.create(*words, stdin=stdin)
                self.assertEqual((1, ""), (status, out), err)
                self.assertIn(reason, err)
                self.assertTrue(err.startswith("sallyport user: ") and err.count("\n") == 1, err)
        self.assertEqual(401, self.post("/auth/login", {"email": "weak@example.test", "password": "password123"}).status)

    def test_the_password_is_never_told(self):
        for words in (["--email", "told@example.test"], ["--email", "told@example.test"], ["--email", "nobody"]):
            status, out, err = self.create(*words, stdin="secret but long phrase\n")
            self.assertNotIn("secret but", out + err, status)


class Promote:
    def test_a_promoted_user_is_an_admin_after_the_next_login(self):
        email = self.register()
        before = self.login(email)
        status, out, err = self.promote("--email", email.upper())
        self.assertEqual((0, f"{email} has the role admin now, was user\n", ""), (status, out, err))
        self.assertEqual("session_revoked", self.refresh(before["refresh_token"]).json()["code"])
        # The service finds the ended session by itself.
        eventually(lambda: self.get("/auth/me", before["access_token"]).status == 401, "the old token is denied", 20)
        self.assertEqual("admin", claims_of(self.login(email)["access_token"])["role"])
        self.assertIn("command line", self.audit_actors("role.changed"))

    def test_to_promote_twice_changes_nothing(self):
        email = self.register()
        self.promote("--email", email)
        tokens = self.login(email)
        status, out, err = self.promote("--email", email)
        self.assertEqual((0, f"nothing to do: {email} has the role admin\n", ""), (status, out, err))
        self.assertEqual(200, self.refresh(tokens["refresh_token"]).status)

    def test_an_unknown_user_is_told(self):
        for email in ("nobody@example.test", "nobody"):
            status, out, err = self.promote("--email", email)
            self.assertEqual((1, "", f"sallyport user: {email}: there is no user with this address\n"),
                             (status, out, err))


class OnSqlite(Create, Promote, UserCommandTest):
    def audit_actors(self, kind):
        with sqlite3.connect(self.database.url.removeprefix("sqlite:")) as db:
            return [row[0] for row in db.execute("SELECT actor_id FROM audit_events WHERE type = ?", (kind,))]


class OnPostgres(Create, Promote, UserCommandTest):
    make_database = Postgres

    def audit_actors(self, kind):
        return self.database.query(f"SELECT actor_id FROM audit_events WHERE type = '{kind}'")


class Call(unittest.TestCase):
    """How the command is called, and where it finds its database."""

    @classmethod
    def setUpClass(cls):
        cls.database = SqliteDatabase()
        cls.addClassCleanup(cls.database.close)

    def test_the_last_admin_stays(self):
        self.assertEqual(0, user("create", "--email", "last@example.test", "--role", "admin", url=self.database.url)[0])
        status, _, err = user("promote", "--email", "last@example.test", "--role", "user", url=self.database.url)
        self.assertEqual(1, status)
        self.assertIn("the last active admin", err)

    def test_the_database_must_be_there(self):
        rows = [
            ({}, "SALLYPORT_MIGRATE_DATABASE_URL is not set"),
            ({"SALLYPORT_DATABASE_URL": self.database.url}, "SALLYPORT_MIGRATE_DATABASE_URL is not set"),
            ({VARIABLE: "mysql://localhost/x"}, VARIABLE),
            ({VARIABLE: "postgresql://owner:hunter22@192.0.2.1/x?sslmode=require"}, "verify-full"),
            ({VARIABLE: "postgresql://owner:hunter22@127.0.0.1:1/x"}, "127.0.0.1:1"),
            ({VARIABLE: "sqlite:/nowhere/at/all.db"}, "/nowhere/at/all.db"),
            ({VARIABLE: f"sqlite:{self.database.folder.name}/fresh.db"}, "migrate"),
        ]
        for env, reason in rows:
            for words in (["create", "--email", "a@example.test"], ["promote", "--email", "a@example.test"]):
                with self.subTest(reason=reason, words=words):
                    status, out, err = user(*words, env=env)
                    self.assertEqual((1, ""), (status, out))
                    self.assertIn(reason, err)
                    self.assertNotIn("hunter22", err)

    def test_wrong_calls_are_told(self):
        for words in ([], ["create"], ["promote"], ["create", "--email", "a@b.c", "--role", "root"],
                      ["create", "--email", "a@b.c", "--password", "x"], ["delete"]):
            with self.subTest(words=words):
                status, _, err = user(*words, url=self.database.url)
                self.assertEqual(2, status)
                self.assertNotEqual("", err)


class AtATerminal(unittest.TestCase):
    """The prompt: twice, and nothing typed is shown."""

    @classmethod
    def setUpClass(cls):
        cls.database = SqliteDatabase()
        cls.addClassCleanup(cls.database.close)

    def setUp(self):
        self.master, slave = pty.openpty()
        self.addCleanup(os.close, self.master)
        env = {**os.environ, VARIABLE: self.database.url}
        self.process = subprocess.Popen([binary(), "user", "create", "--email", f"tty{self.master}-{time.monotonic_ns()}@x.test"],
                                        stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True)
        os.close(slave)
        self.addCleanup(self.process.wait, 10)
        self.addCleanup(self.process.kill)
        self.seen = ""

    def read_until(self, text, timeout=20):
        end = time.monotonic() + timeout
        while text not in self.seen:
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            try:
                chunk = os.read(self.master, 1000) if ready else b""
            except OSError:  # Linux's way of telling the end of a pseudo-terminal
                chunk = b""
            if not chunk:
                self.fail(f"no {text!r} in {self.seen!r}")
            self.seen += chunk.decode()

    def type(self, text):
        os.write(self.master, text.encode())

    def test_the_password_is_asked_for_twice_and_not_shown(self):
        self.read_until("Password: ")
        self.type(PASSWORD + "\n")
        self.read_until("Once more: ")
        self.type(PASSWORD + "\n")
        self.read_until("with the role user")
        self.assertEqual(0, self.process.wait(10))
        self.assertNotIn("pass phrase", self.seen)

    def test_two_different_passwords_make_nobody(self):
        self.read_until("Password: ")
        self.type(PASSWORD + "\n")
        self.read_until("Once more: ")
        self.type("another long pass phrase\n")
        self.read_until("two different passwords")
        self.assertEqual(1, self.process.wait(10))

    def test_an_interrupt_gives_the_terminal_back(self):
        self.read_until("Password: ")
        self.assertFalse(termios.tcgetattr(self.master)[3] & termios.ECHO)
        self.process.send_signal(2)
        self.read_until("interrupted")
        self.assertTrue(termios.tcgetattr(self.master)[3] & termios.ECHO)
        self.assertEqual(1, self.process.wait(10))


if __name__ == "__main__":
    unittest.main()
