"""The admin service: users, sessions, locks and the audit trail, for administrators and for nobody else."""

import sqlite3
import tempfile
import unittest
import uuid

from harness import JSON, AdminService, AuthTest, Postgres, eventually
from test_user_command import user as user_command

PASSWORD = "a long enough pass phrase"
NOBODY = str(uuid.uuid4())

# (method, target with {id} for a user's, body)
CALLS = [
    ("GET", "/admin/users", None),
    ("GET", "/admin/users/{id}", None),
    ("PATCH", "/admin/users/{id}", {"status": "active"}),
    ("POST", "/admin/users/{id}/unlock", None),
    ("POST", "/admin/users/{id}/revoke-sessions", None),
    ("GET", "/admin/audit-events", None),
]


class AdminTest(AuthTest):
    """`admin` serves beside `service`, the auth service, for the whole class; `root` is an administrator."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        url_of = getattr(cls.database, "url_of", None)
        cls.admin = AdminService(cls.service, cls.redis.url, url_of("sallyport_admin") if url_of else cls.database.url)
        cls.addClassCleanup(cls._close_admin)
        cls.admin.wait_listening()

    @classmethod
    def _close_admin(cls):
        cls.admin.terminate()
        status = cls.admin.wait(20)
        output = cls.admin.output
        complaint = cls.admin.close()
        told = [text for text in cls.confidential if text in output]
        if status != 0 or complaint or told:
            raise AssertionError(f"exit status {status}; {complaint}; in the log: {told}")

    def setUp(self):
        super().setUp()
        self.root_email, self.root_id, self.root = self.make_admin()
        eventually(lambda: self.on_admin("GET", "/admin/users").status == 200, "the keys are there", 10)

    def make_admin(self):
        """(address, id, access token) of a new administrator."""
        email = f"root-{uuid.uuid4()}@example.test"
        url = getattr(self.database, "owner_url", self.database.url)
        status, out, err = user_command("create", "--email", email, "--role", "admin", url=url)
        self.assertEqual(0, status, err)
        return email, out.split()[2], self.login(email)["access_token"]

    def on_admin(self, method, target, body=None, token=None, **more):
        return self.call(method, target, body, token=token or self.root, service=self.admin, **more)

    def make_user(self):
        """(address, id) of a new user."""
        email = self.register()
        found = self.on_admin("GET", f"/admin/users?query={email}").json()["data"]
        self.assertEqual([email], [user["email"] for user in found])
        return email, found[0]["id"]

    def events(self, query):
        response = self.on_admin("GET", f"/admin/audit-events?{query}")
        self.assertEqual(200, response.status, response.body)
        return response.json()["data"]


class Story(AdminTest):
    def test_a_user_is_shown_as_everywhere(self):
        email, user = self.make_user()
        shown = self.on_admin("GET", f"/admin/users/{user}")
        self.assertEqual((200, "no-store"), (shown.status, shown.get("cache-control")))
        self.assertEqual(self.get("/auth/me", self.login(email)["access_token"]).json(), shown.json())
        self.assertEqual({"id", "email", "name", "role", "status", "created_at"}, set(shown.json()))

    def test_a_change_of_role_ends_the_sessions_and_is_on_record(self):
        email, user = self.make_user()
        tokens = self.login(email)
        changed = self.on_admin("PATCH", f"/admin/users/{user}", {"role": "admin"})
        self.assertEqual((200, "admin"), (changed.status, changed.json()["role"]))
        # Before the answer: no waiting.
        self.assert_problem(self.get("/auth/me", tokens["access_token"]), 401, "token_revoked")
        self.assert_problem(self.refresh(tokens["refresh_token"]), 401, "session_revoked")
        event = self.events(f"user_id={user}&type=role.changed")[0]
        self.assertEqual((self.root_id, user), (event["actor"], event["user_id"]))
        self.assertEqual({"before": "user", "after": "admin", "sessions_ended": "1"}, event["details"])
        self.assertEqual(changed.get("x-request-id"), event["request_id"])

    def test_who_is_disabled_is_out_until_enabled(self):
        email, user = self.make_user()
        token = self.login(email)["access_token"]
        self.assertEqual("disabled", self.on_admin("PATCH", f"/admin/users/{user}", {"status": "disabled"}).json()["status"])
        self.assert_problem(self.get("/auth/me", token), 401, "token_revoked")
        form = {"email": email, "password": PASSWORD}
        self.assert_problem(self.post("/auth/login", form), 401, "invalid_credentials")
        self.assertEqual("disabled", self.events(f"user_id={user}&type=user.disabled")[0]["details"]["after"])
        self.assertEqual("active", self.on_admin("PATCH", f"/admin/users/{user}", {"status": "active"}).json()["status"])
        self.login(email)
        event = self.events(f"user_id={user}&type=admin.action")[0]
        self.assertEqual(("user.enabled", "disabled", "active"),
                         tuple(event["details"][name] for name in ("action", "before", "after")))

    def test_sessions_are_revoked_and_counted(self):
        email, user = self.make_user()
        tokens = [self.login(email)["access_token"] for _ in range(3)]
        target = f"/admin/users/{user}/revoke-sessions"
        self.assertEqual({"revoked": 3}, self.on_admin("POST", target).json())
        for token in tokens:
            self.assert_problem(self.get("/auth/me", token), 401, "token_revoked")
        self.assertEqual({"revoked": 0}, self.on_admin("POST", target).json())
        events = self.events(f"user_id={user}&type=session.ended")
        self.assertEqual(["0", "3"], [event["details"]["sessions_ended"] for event in events])
        self.assertEqual({self.root_id}, {event["actor"] for event in events})

    def test_an_account_that_is_locked_is_unlocked(self):
        email, user = self.make_user()
        for _ in range(5):
            self.assertEqual(401, self.post("/auth/login", {"email": email, "password": "a wild guess"}).status)
        form = {"email": email, "password": PASSWORD}
        self.assert_problem(self.post("/auth/login", form), 423, "account_locked")
        self.assertEqual(204, self.on_admin("POST", f"/admin/users/{user}/unlock").status)
        self.login(email)
        self.assertEqual(self.root_id, self.events(f"user_id={user}&type=account.unlocked")[0]["actor"])

    def test_nothing_changes_when_nothing_is_asked(self):
        email, user = self.make_user()
        token = self.login(email)["access_token"]
        self.assertEqual(200, self.on_admin("PATCH", f"/admin/users/{user}", {"role": "user", "status": "active"}).status)
        self.assertEqual(200, self.get("/auth/me", token).status)

    def test_users_come_in_pages(self):
        mine = [self.make_user()[1] for _ in range(5)]
        found, target = [], "/admin/users?limit=2"
        while target:
            page = self.on_admin("GET", target).json()
            self.assertLessEqual(len(page["data"]), 2)
            found += [user["id"] for user in page["data"]]
            target = page["next_cursor"] and f"/admin/users?limit=2&cursor={page['next_cursor']}"
        self.assertEqual(sorted(set(found)), found, "in one order, nobody twice")
        self.assertLessEqual(set(mine), set(found))
        self.assertEqual([], self.on_admin("GET", "/admin/users?query=nobody-is-called-so").json()["data"])

    def test_the_last_page_has_no_cursor(self):
        email, _ = self.make_user()
        page = self.on_admin("GET", f"/admin/users?query={email}&limit=1").json()
        self.assertEqual((1, None), (len(page["data"]), page["next_cursor"]))

    def test_events_come_in_pages_newest_first(self):
        email, user = self.make_user()
        for _ in range(4):
            self.login(email)
        found, cursor = [], ""
        while cursor is not None:
            page = self.on_admin("GET", f"/admin/audit-events?user_id={user}&limit=2{cursor}").json()
            found += page["data"]
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        self.assertEqual(["login.succeeded"] * 4 + ["user.registered"], [event["type"] for event in found])
        times = [event["at"] for event in found]
        self.assertEqual(sorted(times, reverse=True), times)
        for event in found:
            self.assertRegex(event["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")

    def test_events_are_cut_to_a_time(self):
        email, user = self.make_user()
        self.login(email)
        login, registered = self.events(f"user_id={user}")
        self.assertEqual([login], self.events(f"user_id={user}&from={login['at']}"))
        self.assertEqual([registered], self.events(f"user_id={user}&to={login['at']}"))
        self.assertEqual([], self.events(f"user_id={user}&from={login['at']}&to={login['at']}"))

    def test_a_head_asks_like_a_get(self):
        answer = self.on_admin("HEAD", "/admin/users")
        self.assertEqual((200, b""), (answer.status, answer.body))


class Refusals(AdminTest):
    def test_no_token_is_401_and_a_users_is_403(self):
        email, user = self.make_user()
        token = self.login(email)["access_token"]
        before = self.on_admin("GET", f"/admin/users/{user}").json()
        for method, target, body in CALLS:
            with self.subTest(method=method, target=target):
                path = target.format(id=user)
                self.assert_problem(self.call(method, path, body, service=self.admin), 401, "authentication_required")
                self.assert_problem(self.on_admin(method, path, body, token="rubbish"), 401, "invalid_token")
                self.assert_problem(self.on_admin(method, path, body, token=token), 403, "forbidden")
        self.assertEqual(before, self.on_admin("GET", f"/admin/users/{user}").json())
        self.assertEqual(200, self.get("/auth/me", token).status, "and no session was ended")

    def test_a_demoted_administrators_token_is_good_for_nothing(self):
        _, other_id, other = self.make_admin()
        self.assertEqual(200, self.on_admin("PATCH", f"/admin/users/{other_id}", {"role": "user"}).status)
        for method, target, body in CALLS:
            answer = self.on_admin(method, target.format(id=self.root_id), body, token=other)
            self.assert_problem(answer, 401, "token_revoked")

    def test_unknown_users_are_404(self):
        for method, target, body in CALLS:
            if "{id}" in target:
                self.assert_problem(self.on_admin(method, target.format(id=NOBODY), body), 404, "not_found")

    def test_ids_that_are_none_are_422(self):
        for method, target, body in CALLS:
            if "{id}" in target:
                for bad in ("1", "x" * 36, NOBODY + "0", "%27%20or%201=1", "%FF", "%C3", "%ED%A0%80"):
                    answer = self.on_admin(method, target.format(id=bad), body)
                    self.assert_problem(answer, 422, "validation_failed")
                    self.assertEqual("/path/id", answer.json()["errors"][0]["pointer"])

    def test_parameters_that_are_wrong_are_named(self):
        users = self.on_admin("GET", "/admin/users?limit=1").json()["next_cursor"]
        rows = [
            ("users?limit=0", "/query/limit"),
            ("users?limit=101", "/query/limit"),
            ("users?limit=1.5", "/query/limit"),
            ("users?limit=ten", "/query/limit"),
            ("users?limit=1&limit=2", "/query/limit"),
            ("users?status=dead", "/query/status"),
            ("users?query=", "/query/query"),
            ("users?role=admin", "/query/role"),
            ("users?cursor=x", "/query/cursor"),
            (f"users?cursor={users}x", "/query/cursor"),
            (f"users?query=a&cursor={users}", "/query/cursor"),
            (f"audit-events?cursor={users}", "/query/cursor"),
            ("audit-events?type=nonsense", "/query/type"),
            ("audit-events?user_id=1", "/query/user_id"),
            ("audit-events?from=yesterday", "/query/from"),
            ("audit-events?to=2026-13-01T00:00:00Z", "/query/to"),
            (f"users/{self.root_id}?x=1", "/query/x"),
        ]
        for target, pointer in rows:
            with self.subTest(target):
                answer = self.on_admin("GET", f"/admin/{target}")
                self.assert_problem(answer, 422, "validation_failed")
                self.assertEqual({pointer}, {error["pointer"] for error in answer.json()["errors"]})

    def test_a_cursor_is_good_for_its_administrator_only(self):
        self.make_user()
        cursor = self.on_admin("GET", "/admin/users?limit=1").json()["next_cursor"]
        _, _, other = self.make_admin()
        self.assertEqual(200, self.on_admin("GET", f"/admin/users?limit=1&cursor={cursor}").status)
        answer = self.on_admin("GET", f"/admin/users?limit=1&cursor={cursor}", token=other)
        self.assert_problem(answer, 422, "validation_failed")

    def test_bodies_that_are_wrong_change_nothing(self):
        _, user = self.make_user()
        target = f"/admin/users/{user}"
        rows = [
            (b"{}", JSON, 422), (b"[]", JSON, 422), (b"null", JSON, 422), (b"", JSON, 422),
            (b'{"role":"root"}', JSON, 422), (b'{"role":null}', JSON, 422), (b'{"role":["admin"]}', JSON, 422),
            (b'{"role":"admin","id":"1"}', JSON, 422), (b'{"status":"Active"}', JSON, 422),
            (b'{"role":"admin","role":"user"}', JSON, 400), (b'{"role":"admin"', JSON, 400),
            (b'{"role":"\xff"}', JSON, 400), (b'{"role":"admin"} x', JSON, 400),
            (b"role=admin", ("Content-Type", "application/x-www-form-urlencoded"), 415),
            (b'{"role":"admin"}', ("Content-Type", "text/plain"), 415),
            (b'{"role":"' + b"x" * 20000 + b'"}', JSON, 413),
        ]
        for body, field, status in rows:
            with self.subTest(body=body[:40]):
                self.assertEqual(status, self.on_admin("PATCH", target, body, fields=[field]).status)
        self.assertEqual(("user", "active"),
                         tuple(self.on_admin("GET", target).json()[name] for name in ("role", "status")))

    def test_other_methods_are_405_and_other_paths_404(self):
        self.assert_problem(self.on_admin("DELETE", "/admin/users"), 405, "method_not_allowed")
        self.assert_problem(self.on_admin("PUT", f"/admin/users/{self.root_id}", {}), 405, "method_not_allowed")
        for path in ("/admin", "/admin/nonsense", "/auth/me", "/admin/users/"):
            self.assertIn(self.on_admin("GET", path).status, (200, 404) if path.endswith("users/") else (404,), path)


class LastAdmin(AdminTest):
    def others_out(self):
        """Nobody but root is an administrator any more."""
        for user in self.all_users():
            if user["role"] == "admin" and user["id"] != self.root_id:
                self.assertEqual(200, self.on_admin("PATCH", f"/admin/users/{user['id']}", {"role": "user"}).status)

    def all_users(self):
        users, cursor = [], ""
        while cursor is not None:
            page = self.on_admin("GET", f"/admin/users?limit=100{cursor}").json()
            users += page["data"]
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        return users

    def test_the_last_active_administrator_stays(self):
        self.others_out()
        for change in ({"role": "user"}, {"status": "disabled"}, {"role": "user", "status": "disabled"}):
            answer = self.on_admin("PATCH", f"/admin/users/{self.root_id}", change)
            self.assert_problem(answer, 409, "last_admin")
        self.assertEqual(200, self.on_admin("GET", "/admin/users").status, "still in office")

    def test_of_two_who_demote_each_other_at_once_one_stays(self):
        for _ in range(5):
            self.others_out()
            _, other_id, other = self.make_admin()
            requests = [("PATCH", f"/admin/users/{victim}", [("Authorization", f"Bearer {token}"), JSON], b'{"role":"user"}')
                        for victim, token in ((other_id, self.root), (self.root_id, other))]
            answers = self.together(requests, self.admin)
            # The loser's session may have ended before the request was looked at.
            statuses = sorted(answer.status for answer in answers)
            self.assertIn(statuses, ([200, 409], [200, 401]))
            admins = self.query_admins()
            self.assertEqual(1, len(admins))
            if admins != [self.root_id]:
                self.root_id, self.root = other_id, other

    def query_admins(self):
        sql = "SELECT id FROM users WHERE role = 'admin' AND status = 'active'"
        if isinstance(self.database, Postgres):
            return self.database.query(sql)
        with sqlite3.connect(self.database.url.removeprefix("sqlite:")) as db:
            return [row[0] for row in db.execute(sql)]


class StoryOnPostgres(Story):
    make_database = Postgres


class LastAdminOnPostgres(LastAdmin):
    make_database = Postgres


class StartUp(AuthTest):
    def fails(self, **more):
        admin = self.watch(AdminService(self.service, more.pop("redis", self.redis.url),
                                        more.pop("database", self.database.url), **more))
        self.assertEqual(1, admin.wait(15), admin.output)
        self.assertEqual([], admin.addresses(), "it never listened")
        return admin.output

    def test_what_is_missing_is_named(self):
        for name in ("SALLYPORT_REDIS_URL", "SALLYPORT_DATABASE_URL", "SALLYPORT_CURSOR_KEYS"):
            self.assertIn(name, self.fails(env={name: None}))
        for key in ("listen", "issuer", "audience", "jwks_url"):
            self.assertIn(key, self.fails(config={key: None}))

    def test_a_database_without_the_schema_is_refused(self):
        folder = self.watch_folder()
        self.assertIn("migrat", self.fails(database=f"sqlite:{folder}/new.db"))

    def watch_folder(self):
        folder = tempfile.TemporaryDirectory(prefix="sallyport-db-")
        self.addCleanup(folder.cleanup)
        return folder.name

    def test_secrets_it_has_no_use_for_are_a_warning(self):
        admin = self.watch(AdminService(self.service, self.redis.url, self.database.url,
                                        env={"SALLYPORT_LOOKUP_PEPPER": self.service.variables["SALLYPORT_LOOKUP_PEPPER"]}))
        admin.wait_listening()
        self.assertIn("SALLYPORT_LOOKUP_PEPPER is set, but this service has no use for it", admin.output)

    def test_health_is_answered_without_a_token(self):
        admin = self.watch(AdminService(self.service, self.redis.url, self.database.url)).wait_listening()
        self.assertEqual(200, self.ask(admin, "/health").status)
        eventually(lambda: self.ask(admin, "/health/ready").status == 200, "ready", 10)


if __name__ == "__main__":
    unittest.main()
