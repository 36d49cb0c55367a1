"""`sallyport dev` with accounts: nothing to set up, a first administrator, and secrets that stay where they belong."""

import json
import os
import pty
import re
import select
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from harness import E2ETest, Postgres, Program, eventually, run
from harness.auth import claims_of
from harness.gateway import binary

ADMIN = "admin@sallyport.dev"
ADA = {"email": "ada@example.com", "password": "correct horse battery"}


class DevTest(E2ETest):
    @classmethod
    def setUpClass(cls):
        """Dev needs no Redis."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sallyport-data-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def post(self, dev, path, form, token=None):
        fields = [("Content-Type", "application/json"), *([("Authorization", f"Bearer {token}")] if token else [])]
        return self.ask(dev, path, "POST", fields, json.dumps(form).encode())

    def get(self, dev, path, token):
        return self.ask(dev, path, fields=[("Authorization", f"Bearer {token}")])

    def command(self, dev, path, token):
        """A POST without a body."""
        return self.ask(dev, path, "POST", [("Authorization", f"Bearer {token}")])

    def ready(self, dev):
        """The gateway has the keys of the auth service, which it fetches when it starts."""
        eventually(lambda: self.ask(dev, "/auth/me").status != 503, "the keys are there", 10)
        return dev

    def start(self, *words):
        return self.ready(self.start_dev(*words))

    def login(self, dev, form):
        answer = self.post(dev, "/auth/login", form)
        self.assertEqual(200, answer.status, answer.body)
        return answer.json()

    def first_admin(self, data):
        email, password = Path(data, "first-admin.txt").read_text().split()
        return {"email": email, "password": password}

    def stop(self, dev):
        dev.terminate()
        self.assertEqual(0, dev.wait(20))


class FirstStart(DevTest):
    def test_it_needs_nothing_and_keeps_everything_in_one_private_folder(self):
        dev = self.start()
        self.assertEqual(201, self.post(dev, "/auth/register", ADA).status)
        data = os.path.join(dev.working_folder, ".sallyport", "dev")
        self.assertEqual([".sallyport"], os.listdir(dev.working_folder))
        self.assertLessEqual({".gitignore", "accounts.db", "first-admin.txt", "secrets.env"}, set(os.listdir(data)))
        self.assertEqual("*\n", Path(data, ".gitignore").read_text())
        self.assertEqual(0o700, os.stat(data).st_mode & 0o777)
        for name in os.listdir(data):
            self.assertEqual(0o600, os.stat(os.path.join(data, name)).st_mode & 0o777, name)

    def test_the_first_admin_can_log_in_and_is_told_once(self):
        data = os.path.join(self.folder, "a", "b")
        dev = self.start("--data", data)
        admin = self.first_admin(data)
        self.assertEqual(ADMIN, admin["email"])
        self.assertGreaterEqual(len(admin["password"]), 20)
        self.assertEqual("admin", claims_of(self.login(dev, admin)["access_token"])["role"])
        self.assertIn(f"First administrator: {ADMIN}, with the password in {data}/first-admin.txt", dev.output)
        self.stop(dev)
        again = self.start("--data", data)
        self.assertNotIn("First administrator", again.output)
        self.assertEqual(200, self.post(again, "/auth/login", admin).status)

    def test_secrets_that_somebody_else_could_have_written_are_refused(self):
        data = os.path.join(self.folder, "data")
        self.stop(self.start("--data", data))
        path = os.path.join(data, "secrets.env")
        os.chmod(path, 0o620)
        self.assert_refuses(data, "chmod 600")
        os.unlink(path)
        os.mkfifo(path, 0o600)
        self.assert_refuses(data, "is not a regular file")

    def assert_refuses(self, data, why):
        status, _, complaint, _ = run("dev", "--listen", "127.0.0.1:0", "--data", data)
        self.assertEqual(1, status)
        self.assertIn(f"{data}/secrets.env: {why}" if why.startswith("is") else why, complaint)

    def test_no_secret_is_in_what_it_says(self):
        data = os.path.join(self.folder, "data")
        dev = self.start("--data", data, "--log-sql")
        tokens = self.login(dev, self.first_admin(data))
        self.stop(dev)
        secrets = [line.split("=", 1)[1] for line in Path(data, "secrets.env").read_text().split()]
        for secret in [*secrets, self.first_admin(data)["password"], *tokens.values()]:
            if isinstance(secret, str) and len(secret) > 8:
                self.assertNotIn(secret, dev.output)

    def test_a_terminal_shows_the_password_and_no_file_does(self):
        master, terminal = pty.openpty()
        self.addCleanup(os.close, master)
        dev = subprocess.Popen([binary(), "dev", "--listen", "127.0.0.1:0", "--data", self.folder], stdout=terminal,
                               stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        os.close(terminal)
        self.addCleanup(dev.communicate)
        self.addCleanup(dev.kill)
        shown, end = "", time.monotonic() + 20
        while "listening on" not in shown:
            self.assertTrue(select.select([master], [], [], end - time.monotonic())[0], shown)
            shown += os.read(master, 65536).decode()
        found = re.search(rf"First administrator, shown this once:\s+{re.escape(ADMIN)}  (\S+)", shown)
        self.assertTrue(found, shown)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "first-admin.txt")))
        dev.terminate()
        self.assertNotIn(found[1], dev.stderr.read())

    def test_a_folder_that_cannot_be_is_told(self):
        status, out, err, _ = run("dev", "--listen", "127.0.0.1:0", "--data", "/proc/nowhere")
        self.assertEqual((1, ""), (status, out))
        self.assertIn("/proc/nowhere", err)
        self.assertIn("--data", err)

    def test_two_that_start_at_once_share_one_set_of_secrets(self):
        data = os.path.join(self.folder, "data")
        both = [self.watch(Program("dev", "--listen", "127.0.0.1:0", "--data", data)) for _ in range(2)]
        for dev in both:
            self.ready(dev.wait_listening())
        token = self.login(both[0], self.first_admin(data))["access_token"]
        self.assertEqual(200, self.get(both[1], "/auth/me", token).status)
        self.assertEqual(1, sum("First administrator" in dev.output for dev in both))


class Life(DevTest):
    def test_accounts_outlive_it(self):
        dev = self.start("--data", self.folder)
        self.assertEqual(201, self.post(dev, "/auth/register", ADA).status)
        refresh = {"refresh_token": self.login(dev, ADA)["refresh_token"]}
        self.stop(dev)
        again = self.start("--data", self.folder)
        self.assertEqual(200, self.post(again, "/auth/refresh", refresh).status)
        self.assertEqual(200, self.ask(again, "/hello").status)

    def test_the_gateway_checks_tokens_and_hears_of_the_end_of_a_session_at_once(self):
        dev = self.start("--data", self.folder)
        tokens = self.login(dev, self.first_admin(self.folder))
        token = tokens["access_token"]
        self.assertEqual(ADMIN, self.get(dev, "/auth/me", token).json()["email"])
        self.assert_problem(self.get(dev, "/auth/me", token[:-4] + "AAAA"), 401, "invalid_token")
        self.assert_problem(self.ask(dev, "/auth/me"), 401, "authentication_required")
        # Where a password or a refresh token is the proof, a bad access token is not in the way.
        self.assertEqual(401, self.post(dev, "/auth/login", ADA, token="rubbish").status)
        self.assert_problem(self.post(dev, "/auth/login", ADA, token="rubbish"), 401, "invalid_credentials")
        self.assertEqual(204, self.post(dev, "/auth/logout", {"refresh_token": tokens["refresh_token"]}).status)
        self.assert_problem(self.get(dev, "/auth/me", token), 401, "token_revoked")

    def test_an_administrator_governs_through_the_gateway(self):
        dev = self.start("--data", self.folder)
        self.assertEqual(201, self.post(dev, "/auth/register", ADA).status)
        ada = self.login(dev, ADA)["access_token"]
        root = self.login(dev, self.first_admin(self.folder))["access_token"]
        eventually(lambda: self.get(dev, "/admin/users", root).status != 503, "the admin service has the keys", 10)
        self.assert_problem(self.ask(dev, "/admin/users"), 401, "authentication_required")
        self.assert_problem(self.get(dev, "/admin/users", ada), 403, "forbidden")
        users = self.get(dev, "/admin/users", root).json()["data"]
        self.assertEqual([ADMIN, ADA["email"]], [user["email"] for user in users])
        # One process, one denylist, one set of counters.
        self.assertEqual({"revoked": 1}, self.command(dev, f"/admin/users/{users[1]['id']}/revoke-sessions", root).json())
        self.assert_problem(self.get(dev, "/auth/me", ada), 401, "token_revoked")

    def test_an_administrator_unlocks_an_account(self):
        path = os.path.join(self.folder, "overlay.yaml")
        Path(path).write_text("rate_limits:\n  auth: { limit: 1000, window: 15m }\n")
        dev = self.start("--data", self.folder, "--config", path)
        self.assertEqual(201, self.post(dev, "/auth/register", ADA).status)
        root = self.login(dev, self.first_admin(self.folder))["access_token"]
        eventually(lambda: self.get(dev, "/admin/users", root).status != 503, "the admin service has the keys", 10)
        for _ in range(5):
            self.post(dev, "/auth/login", {**ADA, "password": "a wild guess"})
        self.assert_problem(self.post(dev, "/auth/login", ADA), 423, "account_locked")
        user = self.get(dev, "/admin/users?query=ada", root).json()["data"][0]["id"]
        self.assertEqual(204, self.command(dev, f"/admin/users/{user}/unlock", root).status)
        self.login(dev, ADA)

    def test_the_keys_are_published_through_the_gateway(self):
        dev = self.start("--data", self.folder)
        answer = self.ask(dev, "/.well-known/jwks.json")
        self.assertEqual((200, 1), (answer.status, len(answer.json()["keys"])))

    def test_a_service_of_yours_may_take_the_place(self):
        upstream = self.start_upstream()
        dev = self.start_dev("--data", self.folder, "--upstream", f"/auth=http://{upstream.host}")
        self.assertEqual(200, self.post(dev, "/auth/login", ADA).status)
        self.assertEqual(1, len(upstream.requests))

    def test_a_config_file_may_take_the_place(self):
        upstream = self.start_upstream()
        path = os.path.join(self.folder, "overlay.yaml")
        Path(path).write_text(f"upstreams:\n  mine: {{ hosts: [\"{upstream.host}\"] }}\n"
                              "routes:\n  - { path: /auth/*, upstream: mine, auth: none }\n")
        dev = self.start_dev("--data", self.folder, "--config", path)
        self.assertEqual(200, self.post(dev, "/auth/login", ADA).status)
        self.assertEqual(1, len(upstream.requests))


class OtherStores(DevTest):
    def test_a_file_elsewhere(self):
        path = os.path.join(self.folder, "mine.db")
        dev = self.start("--data", os.path.join(self.folder, "data"), "--database", f"sqlite:{path}")
        self.assertEqual(201, self.post(dev, "/auth/register", ADA).status)
        self.assertTrue(os.path.exists(path))
        self.assertFalse(os.path.exists(os.path.join(self.folder, "data", "accounts.db")))

    def test_postgresql_is_brought_up_to_date(self):
        server = Postgres()
        self.addCleanup(server.close)
        server.query("CREATE DATABASE dev_accounts")
        url = server.owner_url.replace("/postgres?", "/dev_accounts?")
        data = os.path.join(self.folder, "data")
        dev = self.start("--data", data, "--database", url)
        self.assertIn("dev_accounts", "\n".join(dev.out))
        self.assertEqual(200, self.post(dev, "/auth/login", self.first_admin(data)).status)
        self.stop(dev)
        self.assertNotIn("First administrator", self.start("--data", data, "--database", url).output)

    def test_a_database_that_is_away_is_told_without_its_password(self):
        status, out, err, _ = run("dev", "--data", self.folder, "--listen", "127.0.0.1:0", "--database",
                                  "postgresql://me:hunter22@127.0.0.1:1/x")
        self.assertEqual((1, ""), (status, out))
        self.assertIn("127.0.0.1:1", err)
        self.assertNotIn("hunter22", err)


if __name__ == "__main__":
    unittest.main()
