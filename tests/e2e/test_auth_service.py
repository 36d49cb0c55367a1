"""The identity service by itself: accounts, sessions, tokens, lockout, cookies, and what it refuses."""

import json
import unittest

from harness import JSON, AuthService, AuthTest, claims_of, eventually

PASSWORD = "a long enough pass phrase"


class Story(AuthTest):
    def test_a_user_registers_logs_in_and_is_logged_out_when_a_stolen_token_is_used(self):
        response = self.post("/auth/register", {"email": " New@Example.test ", "password": PASSWORD, "name": "Zoë"})
        self.assertEqual(201, response.status)
        user = response.json()
        self.assertEqual({"id", "email", "name", "role", "status", "created_at"}, set(user))
        told = [user[name] for name in ("email", "name", "role", "status")]
        self.assertEqual(["new@example.test", "Zoë", "user", "active"], told)
        self.assertRegex(user["created_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")

        tokens = self.login("NEW@example.test")
        known = {"token_type": "Bearer", "expires_in": 900, "refresh_expires_in": 1209600}
        self.assertEqual({"access_token", "refresh_token", *known}, set(tokens))
        self.assertEqual(known, {name: tokens[name] for name in known})
        me = self.get("/auth/me", tokens["access_token"])
        self.assertEqual(user, me.json())
        self.assertIn("no-store", me.tokens("cache-control"))

        second = self.refresh(tokens["refresh_token"])
        self.assertEqual(200, second.status)
        self.assertIn("no-store", second.tokens("cache-control"))
        self.assertNotEqual(tokens["refresh_token"], second.json()["refresh_token"])

        elsewhere = self.login("new@example.test")
        stolen = self.assert_problem(self.refresh(tokens["refresh_token"]), 401, "refresh_token_reuse_detected")
        self.assertIs(True, stolen["forced_logout"])
        for token in (second.json()["refresh_token"], elsewhere["refresh_token"]):
            self.assert_problem(self.refresh(token), 401, "refresh_token_reuse_detected")
        for token in (tokens["access_token"], second.json()["access_token"], elsewhere["access_token"]):
            refused = self.get("/auth/me", token)
            self.assert_problem(refused, 401, "token_revoked")
            self.assertIn('error="invalid_token"', refused.get("www-authenticate"))
        again = self.login("new@example.test")
        self.assertEqual(200, self.get("/auth/me", again["access_token"]).status)
        critical = [record for record in self.service.records() if record.get("event") == "token.reuse_detected"]
        self.assertEqual(["critical"], [record["level"] for record in critical], "one event, however often it is used")

    def test_logout_ends_one_session_and_may_be_repeated(self):
        email = self.register()
        first, other = self.login(email), self.login(email)
        for token in (first["refresh_token"], first["refresh_token"], "rt1.rt1." + "A" * 43, "nonsense", ""):
            self.assertEqual(204, self.post("/auth/logout", {"refresh_token": token}).status)
        self.assert_problem(self.refresh(first["refresh_token"]), 401, "session_revoked")
        self.assert_problem(self.get("/auth/me", first["access_token"]), 401, "token_revoked")
        self.assertEqual(200, self.get("/auth/me", other["access_token"]).status)
        self.assertEqual(200, self.refresh(other["refresh_token"]).status)

    def test_logout_with_a_rotated_token_ends_the_session_and_is_no_reuse(self):
        tokens = self.login(self.register())
        newer = self.refresh(tokens["refresh_token"]).json()
        self.assertEqual(204, self.post("/auth/logout", {"refresh_token": tokens["refresh_token"]}).status)
        self.assert_problem(self.refresh(newer["refresh_token"]), 401, "session_revoked")

    def test_sessions_are_listed_and_ended_by_their_owner_only(self):
        email, stranger = self.register(), self.login(self.register())
        first = self.login(email, fields=[("User-Agent", "tests/1"), ("X-Forwarded-For", "203.0.113.9")])
        second = self.login(email)
        listed = self.get("/auth/sessions", second["access_token"]).json()["data"]
        self.assertEqual([False, True], [session["current"] for session in listed])
        self.assertEqual(["tests/1", "203.0.113.9"], [listed[0]["user_agent"], listed[0]["address"]])
        self.assertEqual(claims_of(first["access_token"])["sid"], listed[0]["id"])
        path = f"/auth/sessions/{listed[0]['id']}"
        self.assert_problem(self.call("DELETE", path, token=stranger["access_token"]), 404, "not_found")
        self.assert_problem(self.call("DELETE", path), 401, "authentication_required")
        self.assertEqual(204, self.call("DELETE", path, token=second["access_token"]).status)
        self.assert_problem(self.call("DELETE", path, token=second["access_token"]), 404, "not_found")
        self.assert_problem(self.call("DELETE", "/auth/sessions/x", token=second["access_token"]), 422, "validation_failed")
        self.assert_problem(self.get("/auth/me", first["access_token"]), 401, "token_revoked")
        self.assert_problem(self.refresh(first["refresh_token"]), 401, "session_revoked")
        self.assertEqual(1, len(self.get("/auth/sessions", second["access_token"]).json()["data"]))

    def test_logout_all_ends_every_session(self):
        email = self.register()
        sessions = [self.login(email) for _ in range(3)]
        self.assertEqual(204, self.post("/auth/logout-all", token=sessions[1]["access_token"]).status)
        for tokens in sessions:
            self.assert_problem(self.get("/auth/me", tokens["access_token"]), 401, "token_revoked")
            self.assert_problem(self.refresh(tokens["refresh_token"]), 401, "session_revoked")

    def test_a_new_password_ends_all_other_sessions(self):
        email = self.register()
        here, there = self.login(email), self.login(email)
        change = {"current_password": PASSWORD, "new_password": "another good pass phrase"}
        weak = self.post("/auth/password", {**change, "new_password": "password1"}, token=here["access_token"])
        self.assert_problem(weak, 422, "weak_password")
        self.assertEqual(204, self.post("/auth/password", change, token=here["access_token"]).status)
        self.assertEqual(200, self.get("/auth/me", here["access_token"]).status)
        self.assert_problem(self.get("/auth/me", there["access_token"]), 401, "token_revoked")
        self.assert_problem(self.refresh(there["refresh_token"]), 401, "session_revoked")
        old = self.post("/auth/login", {"email": email, "password": PASSWORD})
        self.assert_problem(old, 401, "invalid_credentials")
        self.login(email, "another good pass phrase")

    def test_guessing_the_current_password_ends_the_session_that_guesses(self):
        email = self.register()
        tokens, other = self.login(email), self.login(email)
        for number in range(5):
            guess = {"current_password": f"a wrong guess {number}", "new_password": "another good pass phrase"}
            response = self.post("/auth/password", guess, token=tokens["access_token"])
            self.assert_problem(response, 401, "invalid_credentials")
        self.assert_problem(self.get("/auth/me", tokens["access_token"]), 401, "token_revoked")
        self.assertEqual(200, self.get("/auth/me", other["access_token"]).status)
        self.login(email)  # and nobody else is locked out by it

    def test_refusals_of_a_registration_say_why(self):
        taken = self.register()
        rows = [
            ({"email": taken.upper(), "password": PASSWORD}, 409, "email_taken", None),
            ({"email": "a@b.test", "password": "short"}, 422, "weak_password", None),
            ({"email": "a@b.test", "password": "password123"}, 422, "weak_password", None),
            ({"email": "a@b.test", "password": "x" * 1025}, 422, "weak_password", None),
            ({"email": "nobody", "password": PASSWORD}, 422, "validation_failed", "/email"),
            ({"email": "ü@b.test", "password": PASSWORD}, 422, "validation_failed", "/email"),
            ({"email": "a@b.test", "password": PASSWORD, "name": ""}, 422, "validation_failed", "/name"),
            ({"email": "a@b.test", "password": PASSWORD, "name": "a\u0000b"}, 422, "validation_failed", "/name"),
        ]
        for body, status, code, pointer in rows:
            with self.subTest(body=str(body)[:80]):
                problem = self.assert_problem(self.post("/auth/register", body), status, code)
                self.assertEqual(pointer, problem["errors"][0]["pointer"] if pointer else None)


class Refresh(AuthTest):
    def test_a_lost_answer_comes_again_for_the_same_idempotency_key(self):
        tokens = self.login(self.register())
        key = [("Idempotency-Key", "0123456789abcdefghijkl")]
        first = self.refresh(tokens["refresh_token"], fields=key)
        for _ in range(3):
            again = self.refresh(tokens["refresh_token"], fields=key)
            self.assertEqual(200, again.status)
            self.assertEqual(first.json()["refresh_token"], again.json()["refresh_token"])
            self.assertEqual(200, self.get("/auth/me", again.json()["access_token"]).status)
        reused = self.refresh(first.json()["refresh_token"], fields=key)
        self.assert_problem(reused, 422, "idempotency_key_reused")
        self.assertEqual(200, self.refresh(first.json()["refresh_token"]).status)
        self.assert_problem(self.refresh(tokens["refresh_token"], fields=key), 401, "refresh_token_reuse_detected")

    def test_idempotency_keys_have_enough_bits(self):
        tokens = self.login(self.register())
        for keys in (["x" * 21], ["x" * 256], ["0123456789 bcdefghijkl"], [""], ["a" * 22, "a" * 22]):
            with self.subTest(keys=keys):
                response = self.refresh(tokens["refresh_token"], fields=[("Idempotency-Key", key) for key in keys])
                self.assertTrue(self.assert_problem(response, 422, "validation_failed")["errors"])
        self.assertEqual(200, self.refresh(tokens["refresh_token"]).status, "none of them used the token up")

    def test_of_many_at_once_one_wins_and_nobody_is_logged_out(self):
        tokens = self.login(self.register())
        body = json.dumps({"refresh_token": tokens["refresh_token"]}).encode()
        answers = self.together([("POST", "/auth/refresh", [JSON], body)] * 8, database=self.database)
        winners = [answer for answer in answers if answer.status == 200]
        self.assertEqual(1, len(winners), [answer.status for answer in answers])
        for answer in answers:
            if answer is not winners[0]:
                self.assert_problem(answer, 409, "concurrent_refresh")
                self.assertIsNone(answer.get("retry-after"))
        self.assertEqual(200, self.refresh(winners[0].json()["refresh_token"]).status)

    def test_what_is_no_refresh_token_is_invalid(self):
        access = self.login(self.register())["access_token"]
        mac = "A" * 43
        for token in ("", "x", access, "rt1.rt1.", f"rt1.rt1.{mac}", f"rt1.other.{mac}", "rt1.rt1." + "A" * 5000):
            with self.subTest(token=token[:40]):
                self.assert_problem(self.refresh(token), 401, "invalid_refresh_token")


class Cookies(AuthTest):
    config_changes = {"origins": ["https://app.example.test"]}

    def cookie_login(self):
        response = self.post("/auth/login?cookie=1", {"email": self.register(), "password": PASSWORD})
        self.assertEqual(200, response.status)
        self.assertNotIn("refresh_token", response.json())
        return self.cookie_of(response)

    def cookie_of(self, response):
        (line,) = [line for line in response.all("set-cookie") if line.startswith("__Secure-refresh=")]
        value, *attributes = line.split("; ")
        self.assertTrue({"Path=/auth", "Secure", "HttpOnly", "SameSite=Strict"} <= set(attributes), line)
        return value.partition("=")[2]

    def with_cookie(self, target, cookie, origin="http://localhost", body=b"", fields=(JSON,)):
        more = [("Cookie", f"a=b; __Secure-refresh={cookie}"), *fields]
        if origin:
            more.append(("Origin", origin))
        return self.post(target, body, fields=more)

    def test_the_token_lives_in_the_cookie_only(self):
        first = self.cookie_login()
        response = self.with_cookie("/auth/refresh", first)
        self.assertEqual(200, response.status, response.body)
        self.assertNotIn("refresh_token", response.json())
        second = self.cookie_of(response)
        self.assertNotEqual(first, second)
        third = self.cookie_of(self.with_cookie("/auth/refresh", second, "https://app.example.test", {}))
        out = self.with_cookie("/auth/logout", third)
        self.assertEqual([204, ""], [out.status, self.cookie_of(out)])
        self.assertIn("Max-Age=0", out.get("set-cookie"))
        gone = self.with_cookie("/auth/refresh", third)
        self.assert_problem(gone, 401, "session_revoked")
        self.assertEqual("", self.cookie_of(gone))

    def test_other_peoples_pages_cannot_use_it(self):
        cookie = self.cookie_login()
        foreign = ["https://evil.test", "https://localhost", "http://localhost:1", "http://localhost.evil.test"]
        for origin in (None, "null", *foreign):
            for target in ("/auth/refresh", "/auth/logout"):
                with self.subTest(origin=origin, target=target):
                    self.assert_problem(self.with_cookie(target, cookie, origin), 403, "forbidden")
        form = [("Content-Type", "application/x-www-form-urlencoded")]
        self.assert_problem(self.with_cookie("/auth/refresh", cookie, fields=form), 403, "forbidden")
        login = {"email": "a@b.test", "password": PASSWORD}
        response = self.post("/auth/login?cookie=1", login, fields=[("Origin", "https://evil.test")])
        self.assert_problem(response, 403, "forbidden")
        self.assertEqual(200, self.with_cookie("/auth/refresh", cookie).status, "and it was not used up")

    def test_two_tokens_are_one_too_many(self):
        cookie = self.cookie_login()
        for body in ({"refresh_token": "x"}, {"refresh_token": cookie}):
            response = self.with_cookie("/auth/refresh", cookie, body=body)
            problem = self.assert_problem(response, 422, "validation_failed")
            self.assertEqual("/refresh_token", problem["errors"][0]["pointer"])
        twice = self.with_cookie("/auth/refresh", f"{cookie}; __Secure-refresh=x")
        self.assert_problem(twice, 422, "validation_failed")
        for query in ("cookie=0", "cookie", "cookie=1&cookie=1"):
            login = self.post(f"/auth/login?{query}", {"email": "a@b.test", "password": PASSWORD})
            self.assert_problem(login, 422, "validation_failed")


class Lockout(AuthTest):
    def wrong(self, email, **more):
        return self.post("/auth/login", {"email": email, "password": "a wrong pass phrase"}, **more)

    def test_the_fifth_wrong_password_locks_and_says_so_from_the_next_try_on(self):
        email = self.register()
        for _ in range(5):
            self.assert_problem(self.wrong(email), 401, "invalid_credentials")
        locked = self.post("/auth/login", {"email": email, "password": PASSWORD})
        problem = self.assert_problem(locked, 423, "account_locked")
        self.assertEqual(int(locked.get("retry-after")), problem["retry_after"])
        self.assertTrue(890 <= problem["retry_after"] <= 900, problem)

    def test_an_address_without_account_answers_alike(self):
        email, nobody = self.register(), "nobody@example.test"
        for _ in range(6):
            known, unknown = self.wrong(email), self.wrong(nobody)
            self.assertEqual(known.status, unknown.status)
            a, b = known.json(), unknown.json()
            for key in ("request_id", "retry_after"):
                a.pop(key, None), b.pop(key, None)
            self.assertEqual(a, b)
            self.assertEqual([name for name, _ in known.fields], [name for name, _ in unknown.fields])
        self.assertEqual(423, unknown.status)

    def test_a_right_password_forgets_the_wrong_ones(self):
        email = self.register()
        for _ in range(3):
            for _ in range(4):
                self.assertEqual(401, self.wrong(email).status)
            self.login(email)

    def test_the_lock_stops_neither_sessions_nor_the_owners_device(self):
        email = self.register()
        login = self.post("/auth/login", {"email": email, "password": PASSWORD})
        device = next(line for line in login.all("set-cookie") if line.startswith("__Host-device=")).split(";")[0]
        for _ in range(5):
            self.wrong(email)
        self.assertEqual(423, self.post("/auth/login", {"email": email, "password": PASSWORD}).status)
        self.assertEqual(200, self.get("/auth/me", login.json()["access_token"]).status)
        self.assertEqual(200, self.refresh(login.json()["refresh_token"]).status)
        self.login(email, fields=[("Cookie", device)])
        forged = device[:-2] + ("AA" if not device.endswith("AA") else "BB")
        response = self.post("/auth/login", {"email": email, "password": PASSWORD}, fields=[("Cookie", forged)])
        self.assertEqual(423, response.status)

    def test_guesses_at_once_get_no_further_than_guesses_in_turn(self):
        email = self.register()
        body = json.dumps({"email": email, "password": "a wrong pass phrase"}).encode()
        answers = self.together([("POST", "/auth/login", [JSON], body)] * 20)
        statuses = sorted(answer.status for answer in answers)
        self.assertEqual(5, statuses.count(401), statuses)
        self.assertTrue(set(statuses) <= {401, 423, 503}, statuses)

    def test_without_redis_this_process_counts_and_sessions_go_on(self):
        email, tokens = self.register(), self.login(self.register())
        self.redis.kill()
        try:
            self.assertEqual(200, self.get("/auth/me", tokens["access_token"]).status)
            for _ in range(5):
                self.assertEqual(401, self.wrong(email).status)
            self.assertEqual(423, self.wrong(email).status)
            self.assertEqual(204, self.post("/auth/logout", {"refresh_token": tokens["refresh_token"]}).status)
            self.assert_problem(self.get("/auth/me", tokens["access_token"]), 401, "token_revoked")
            self.assertEqual("unreachable", self.get("/health/ready").json()["redis"])
        finally:
            self.redis.start()
        key = f"sp:deny:{{{claims_of(tokens['access_token'])['sid']}}}"
        eventually(lambda: key in self.redis.keys(), "the ended session is denied in the Redis that came back", 20)
        self.assertTrue(900 <= self.redis.command("TTL", key) <= 960)


class Wrong(AuthTest):
    def test_bodies(self):
        rows = [
            ("nothing", b"", 422, "validation_failed"),
            ("white space", b" ", 400, "malformed_request"),
            ("half", b'{"email":"a@b.test"', 400, "malformed_request"),
            ("a name twice", b'{"email":"a@b.test","email":"c@d.test","password":"x"}', 400, "malformed_request"),
            ("something behind", b'{"email":"a@b.test","password":"x"}x', 400, "malformed_request"),
            ("no UTF-8", b'{"email":"\xff","password":"x"}', 400, "malformed_request"),
            ("depth", b'{"email":' + b"[" * 40 + b"]" * 40 + b"}", 400, "malformed_request"),
            ("depth of 16 KiB", b"[" * 16384, 400, "malformed_request"),
            ("NaN", b'{"email":NaN,"password":"x"}', 400, "malformed_request"),
            ("a list", b"[]", 422, "validation_failed"),
            ("no members", b"{}", 422, "validation_failed"),
            ("a number", b'{"email":1,"password":"x"}', 422, "validation_failed"),
            ("null", b'{"email":null,"password":"x"}', 422, "validation_failed"),
            ("too large", b" " * 16385, 413, "body_too_large"),
        ]
        for target in ("/auth/login", "/auth/register"):
            for name, body, status, code in rows:
                with self.subTest(target=target, body=name):
                    self.assert_problem(self.post(target, body, fields=[JSON]), status, code)

    def test_all_errors_of_a_body_are_told_in_its_order(self):
        body = b'{"zip":1,"password":2,"email":"a@b.test","admin":true}'
        problem = self.assert_problem(self.post("/auth/login", body, fields=[JSON]), 422, "validation_failed")
        found = [(error["pointer"], error["code"]) for error in problem["errors"]]
        self.assertEqual([("/zip", "unknown_field"), ("/password", "type"), ("/admin", "unknown_field")], found)
        self.assertTrue(all(error["message"] for error in problem["errors"]))

    def test_the_largest_body_is_taken(self):
        body = b'{"email":"a@b.test","password":"not the right one"}'
        response = self.post("/auth/login", body.ljust(16384), fields=[JSON])
        self.assert_problem(response, 401, "invalid_credentials")

    def test_a_body_in_chunks_is_counted_too(self):
        chunk = b"1000\r\n" + b" " * 4096 + b"\r\n"
        head = [JSON, ("Transfer-Encoding", "chunked")]
        self.assert_problem(self.post("/auth/login", chunk * 5 + b"0\r\n\r\n", fields=head), 413, "body_too_large")
        body = b'{"email":"a@b.test","password":"not the right one"}'
        chunked = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
        self.assert_problem(self.post("/auth/login", chunked, fields=head), 401, "invalid_credentials")

    def test_media_types(self):
        body = b'{"email":"a@b.test","password":"not the right one"}'
        for value in ("application/json; charset=utf-8", "Application/JSON"):
            self.assertEqual(401, self.post("/auth/login", body, fields=[("Content-Type", value)]).status, value)
        for value in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1",
                      "application/jsonx", "application/problem+json", ""):
            with self.subTest(value=value):
                response = self.post("/auth/login", body, fields=[("Content-Type", value)])
                self.assert_problem(response, 415, "unsupported_media_type")
        self.assert_problem(self.post("/auth/login", body), 415, "unsupported_media_type")

    def test_access_tokens(self):
        tokens = self.login(self.register())
        good = tokens["access_token"]
        head, claims, signature = good.split(".")
        other_claims = self.login(self.register())["access_token"].split(".")[1]
        none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0Iiwia2lkIjoiYXQxIn0"
        rows = [
            ([], "authentication_required"),
            ([("Authorization", "Basic YTpi")], "authentication_required"),
            ([("Authorization", "Bearer")], "authentication_required"),
            ([("Authorization", "Bearer ")], "authentication_required"),
            ([("Authorization", "Bearer x")], "invalid_token"),
            ([("Authorization", f"Bearer {good} x")], "invalid_token"),
            ([("Authorization", f"Bearer {head}.{other_claims}.{signature}")], "invalid_token"),
            ([("Authorization", f"Bearer {none}.{claims}.")], "invalid_token"),
            ([("Authorization", f"Bearer {none}.{claims}.{signature}")], "invalid_token"),
            ([("Authorization", f"Bearer {tokens['refresh_token']}")], "invalid_token"),
            ([("Authorization", "Bearer " + "x" * 8000)], "invalid_token"),
        ]
        for fields, code in rows:
            with self.subTest(fields=str(fields)[:60]):
                response = self.get("/auth/me", fields=fields)
                self.assert_problem(response, 401, code)
                self.assertTrue(response.get("www-authenticate").startswith("Bearer"))
                self.assertEqual(code == "invalid_token", "error=" in response.get("www-authenticate"))
        self.assertEqual(200, self.get("/auth/me", fields=[("Authorization", f"bearer {good}")]).status)

    def test_routes_and_methods(self):
        for target in ("/", "/auth", "/auth/login/", "/auth/Login", "/auth/sessions/a/b", "/admin/users"):
            self.assert_problem(self.get(target), 404, "not_found")
        for method, target, allow in (("GET", "/auth/login", "POST"), ("POST", "/auth/me", "GET, HEAD"),
                                      ("GET", "/auth/sessions/x", "DELETE")):
            response = self.call(method, target)
            self.assert_problem(response, 405, "method_not_allowed")
            self.assertEqual(allow, response.get("allow"))
        forwarded = [("X-Forwarded-For", "203.0.113.1")]
        self.assertEqual(404, self.get("/metrics", fields=forwarded).status)
        self.assertEqual({"status": "ok"}, self.get("/health/ready", fields=forwarded).json())
        self.assertIn("auth_requests_total", self.get("/metrics").body.decode())


class Keys(AuthTest):
    def test_the_key_set_holds_public_keys_only(self):
        response = self.get("/.well-known/jwks.json")
        self.assertEqual(["public, max-age=300"], response.all("cache-control"))
        (key,) = response.json()["keys"]
        self.assertEqual({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "at1"},
                         {name: value for name, value in key.items() if name != "x"})
        self.assertEqual(b"", self.call("HEAD", "/.well-known/jwks.json").body)
        claims = claims_of(self.login(self.register())["access_token"])
        self.assertEqual({"iss", "aud", "sub", "sid", "jti", "role", "iat", "exp"}, set(claims))
        self.assertEqual(["https://auth.test", "sallyport-test", "user", 900],
                         [claims["iss"], claims["aud"], claims["role"], claims["exp"] - claims["iat"]])


class ShortLives(AuthTest):
    config_changes = {"access_ttl": "1s", "refresh_ttl": "2s", "session_max": "1h"}

    def test_tokens_expire(self):
        tokens = self.login(self.register())
        # Clocks of verifiers may be half a minute behind; the refresh token has no such leeway.
        expired = lambda: self.get("/auth/me", tokens["access_token"]).status == 401
        eventually(expired, "the access token has expired", 40, 0.5)
        response = self.get("/auth/me", tokens["access_token"])
        self.assert_problem(response, 401, "token_expired")
        self.assertIn('error="invalid_token"', response.get("www-authenticate"))
        self.assert_problem(self.refresh(tokens["refresh_token"]), 401, "refresh_token_expired")


class Distrust(AuthTest):
    config_changes = {"trusted_gateways": []}

    def test_what_a_stranger_says_about_itself_is_not_believed(self):
        said = [("X-Forwarded-For", "203.0.113.9"), ("X-Request-Id", "01a20caa-f63a-7b9f-b7e8-b149dfed8146")]
        response = self.post("/auth/login", {"email": self.register(), "password": PASSWORD}, fields=said)
        self.assertNotEqual(said[1][1], response.get("x-request-id"))
        (session,) = self.get("/auth/sessions", response.json()["access_token"]).json()["data"]
        self.assertEqual("127.0.0.1", session["address"])
        self.assertEqual(404, self.get("/metrics").status)

    def test_a_gateway_is_believed(self):
        trusting = self.watch(AuthService(self.redis.url, self.database.url)).wait_listening()
        said = [("X-Forwarded-For", "203.0.113.9"), ("X-Request-Id", "01a20caa-f63a-7b9f-b7e8-b149dfed8146")]
        response = self.get("/auth/me", fields=said, service=trusting)
        self.assertEqual(said[1][1], response.get("x-request-id"))
        self.assertEqual(said[1][1], response.json()["request_id"])
        trusting.access_record(client="203.0.113.9", request_id=said[1][1])


if __name__ == "__main__":
    unittest.main()
