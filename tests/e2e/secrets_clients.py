"""What clients do, and what goes wrong meanwhile, with secrets that a search will look for."""

import base64
import json
import os
import subprocess
import tempfile
import time
import uuid

from harness import Broken, claims_of, raw, request_bytes, silent
from harness.identity_provider import encode
from secrets_scene import fresh_password


def signed(scene, token, **changes):
    """The token with other claims, signed with the real key."""
    _, _, seed = scene.programs["auth"].variables["SALLYPORT_ACCESS_TOKEN_KEYS"].split(":")
    der = bytes.fromhex("302e020100300506032b657004220420") + base64.urlsafe_b64decode(seed + "=")
    head = token.partition(".")[0]
    text = head + "." + encode({**claims_of(token), **changes})
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (("key", der), ("text", text.encode())):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)
        done = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey", f"{folder}/key",
                               "-in", f"{folder}/text"], capture_output=True, check=True, timeout=20)
    made = text + "." + encode(done.stdout)
    scene.add_token("an access token made here", made)
    return made


class Clients:
    """What they do, in the order of the story. Each step checks that it happened: a request that failed early would prove little."""

    def __init__(self, test, scene):
        self.test, self.scene = test, scene
        self.sends = scene.sends

    def expect(self, status, response):
        self.test.assertEqual(status, response.status, response.body[:300])
        return response

    def password(self, what="password"):
        value = fresh_password()
        self.scene.needles.add(what, value)
        return value

    def key(self, target="/auth/refresh"):
        """One of a payment names it and is stored as it is; one of a refresh gets new tokens."""
        value = str(uuid.uuid4()) + str(uuid.uuid4())
        if target != "/payments":
            self.scene.needles.add("Idempotency-Key of a refresh", value)
        return value

    def account(self):
        form = {"email": f"{uuid.uuid4()}@example.test", "password": self.password()}
        user = self.expect(201, self.sends("POST", "/auth/register", form)).json()
        return form, user["id"]

    def login(self, form, cookie=None, query=""):
        fields = [("Cookie", cookie)] if cookie else []
        return self.expect(200, self.sends("POST", f"/auth/login{query}", form, fields=fields, secret_answer=True))

    def refresh(self, token, key=None, status=200):
        fields = [("Idempotency-Key", key)] if key else []
        return self.expect(status, self.sends("POST", "/auth/refresh", {"refresh_token": token}, fields=fields,
                                              secret_answer=True))

    # Identity.

    def sessions(self):
        form, user = self.account()
        self.expect(409, self.sends("POST", "/auth/register", form))
        answered = self.login(form)
        tokens = answered.json()
        device = answered.all("set-cookie")[0].partition(";")[0]
        self.expect(401, self.sends("POST", "/auth/login", {**form, "password": self.password("wrong password")}))
        self.expect(401, self.sends("POST", "/auth/login", {"email": f"{uuid.uuid4()}@example.test",
                                                            "password": self.password("password of nobody")}))
        self.login(form, cookie=device)
        self.expect(200, self.sends("GET", "/auth/me", token=tokens["access_token"]))
        self.expect(200, self.sends("GET", "/auth/sessions", token=tokens["access_token"]))
        key = self.key()
        second = self.refresh(tokens["refresh_token"], key).json()
        self.test.assertEqual(second["refresh_token"], self.refresh(tokens["refresh_token"], key).json()["refresh_token"])
        self.refresh(second["refresh_token"], key, 422)
        self.refresh(second["refresh_token"], "short", 422)
        self.refresh(second["refresh_token"], status=200)
        self.refresh(second["refresh_token"], status=401)  # a replay: everything ends
        for token in (tokens["access_token"], second["access_token"]):
            self.expect(401, self.sends("GET", "/auth/me", token=token))
        self.browser(form)
        return form, user

    def browser(self, form):
        origin = [("Origin", "https://elsewhere.test")]
        cookie = self.login(form, query="?cookie=1").all("set-cookie")
        jar = "; ".join(line.partition(";")[0] for line in cookie)
        self.expect(403, self.sends("POST", "/auth/refresh", {}, fields=[("Cookie", jar), *origin]))
        self.expect(422, self.sends("POST", "/auth/refresh", {"refresh_token": "rt1.x.y"},
                                    fields=[("Cookie", jar), ("Origin", "http://localhost")]))

    def new_password(self, form):
        tokens = self.login(form).json()
        change = {"current_password": self.password("wrong current password"), "new_password": self.password("new password")}
        self.expect(401, self.sends("POST", "/auth/password", change, tokens["access_token"]))
        change["current_password"] = form["password"]
        self.expect(204, self.sends("POST", "/auth/password", change, tokens["access_token"]))
        form["password"] = change["new_password"]
        tokens = self.login(form).json()
        for _ in range(2):
            self.expect(204, self.sends("POST", "/auth/logout", {"refresh_token": tokens["refresh_token"]}))
        self.refresh(tokens["refresh_token"], status=401)
        tokens = self.login(form).json()
        self.expect(204, self.sends("POST", "/auth/logout-all", token=tokens["access_token"]))

    def tokens_of_all_kinds(self, form):
        token = self.login(form).json()["access_token"]
        self.scene.needles.add("a whole access token", token.partition(".")[2])
        head, payload, signature = token.split(".")
        expired = signed(self.scene, token, exp=int(time.time()) - 3600)
        other = signed(self.scene, token, aud="elsewhere")
        broken = (f"{head}.{payload}.{signature[::-1]}", f"{head}.{payload}", token + "=", f"{payload}.{head}.{signature}",
                  head + "." + payload + "." + signature + "\x01", "Bearer " + token, expired, other)
        self.scene.needles.add("a signature turned round", signature[::-1])
        for target in ("/auth/me", "/payments", "/admin/users", "/shop/x"):
            for bad in broken:
                response = self.sends("GET", target, token=bad)
                self.test.assertIn(response.status, (400, 401), (target, response.body))
        for scheme in ("Token", "bearer", "JWT", "Negotiate"):
            self.sends("GET", "/payments", fields=[("Authorization", f"{scheme} {token}")])
        basic = base64.b64encode(f"{form['email']}:{form['password']}".encode()).decode()
        self.expect(401, self.sends("GET", "/payments", fields=[("Authorization", "Basic " + basic)]))
        self.expect(403, self.sends("GET", "/admin/users", token=token))

    # Mistakes.

    def secrets_where_they_do_not_belong(self, form):
        tokens = self.login(form).json()
        for secret in tokens["access_token"], tokens["refresh_token"]:
            for target in (f"/auth/me?access_token={secret}", f"/auth/me?t={secret}", f"/payments?cursor={secret}",
                           f"/payments/{secret}", f"/payments/{secret}/capture", f"/auth/{secret}",
                           f"/auth/sessions/{secret}", f"/open/{secret}", f"/open/x;{secret}", f"/nowhere/{secret}",
                           f"/{secret}", f"/open/?{secret}", f"/payments?{secret}=1", f"/open/x?next=%2Fy%3Ftoken%3D{secret}",
                           "/open/" + "".join(f"%{ord(c):02x}" for c in secret), f"/open/{'x' * 2000}{secret}",
                           f"http://localhost/open/{secret}", f"/open/?{'x' * 9000}{secret}", f"/open/{secret}/../%zz"):
                for method in ("GET", "POST"):
                    self.sends(method, target, token=tokens["access_token"])
            for name in ("Referer", "Cookie", "X-Request-Id", "Traceparent", "Tracestate", "X-Api-Key", "X-Access-Token",
                         "User-Agent", "X-Forwarded-For", "Origin", "Accept", "Content-Type", "Expect", "Via"):
                self.sends("GET", "/auth/me", token=tokens["access_token"], fields=[(name, secret)])
                self.sends("POST", "/auth/refresh", {"refresh_token": "rt1.a.b"}, fields=[(name, secret)])
            self.expect(200, self.sends("POST", "/auth/login", form, fields=[("User-Agent", f"app/1 {secret}")], secret_answer=True))
            for target in ("/auth/login", "/payments"):
                self.expect(422, self.sends("POST", target, {secret: 1}, tokens["access_token"]))
        self.in_the_wrong_member(form, tokens)

    def in_the_wrong_member(self, form, tokens):
        password = self.password("password in the e-mail member")
        self.expect(422, self.sends("POST", "/auth/register", {"email": password, "password": password}))
        for email in (password, password + "@example.test"):
            self.test.assertIn(self.sends("POST", "/auth/login", {"email": email, "password": "x" * 12}).status, (401, 422))
        rows = [{"email": form["email"], "password": [password]}, {"email": form["email"], "pasword": password},
                {"email": form["email"], "password": {"is": password}}, [password], password]
        for row in rows:
            self.expect(422, self.sends("POST", "/auth/login", json.dumps(row).encode()))
        for target in ("/auth/refresh", "/auth/logout"):
            self.sends("POST", target, {"refresh_token": tokens["access_token"]})
            self.sends("POST", target, {"token": tokens["refresh_token"]})
            self.sends("POST", target, {"refresh_token": tokens["refresh_token"][:-4]})
        self.sends("POST", f"/auth/login?password={password[:16]}&access_token={tokens['access_token']}", form)

    def broken_requests(self, form):
        token = self.login(form).json()["access_token"]
        password = self.password("password in broken JSON")
        whole = json.dumps({"email": form["email"], "password": password})
        bodies = [whole[:-1], whole[:-3], whole.replace(":", "", 1), "[" + whole, whole + "}", whole[:-1] + ",}",
                  whole.replace('"password"', '"password":"1","password"'), f"email=a%40b&password={password}",
                  whole.replace('{"', '{"\\x', 1), whole[:-1] + ',"a":NaN}', whole[:-1] + ',"a":' + "[" * 40 + "}"]
        for body in bodies:
            self.expect(400, self.sends("POST", "/auth/login", body.encode()))
            self.expect(400, self.sends("POST", "/auth/register", body.encode()))
        self.expect(400, self.sends("POST", "/auth/login", whole.encode() + b"\xff"))
        self.expect(415, self.sends("POST", "/auth/login", whole.encode(), fields=[("Content-Type", "text/plain")]))
        self.sends("POST", "/auth/login", whole.encode() + b" " * 2_000_000)
        head = request_bytes("POST", "/auth/login", [("Content-Type", "application/json"), ("Content-Length", str(len(whole)))])
        request = head + whole.encode()
        for length in (len(head) - 4, len(head), len(head) + 20, len(request) - 1):
            for reset in (False, True):
                self.scene.sends_bytes(request[:length], reset)
        # Too short a length: what is left over is read as the next request's first line.
        short = head.replace(f"Content-Length: {len(whole)}".encode(), b"Content-Length: 2")
        self.test.assertIn(b"400", self.scene.sends_bytes(short + whole.encode() + b"\r\n\r\n"))
        for line in (f"Authorization: Bearer {token}\x01", f"Authorization : Bearer {token}", f"Bearer {token}",
                     f" folded: {token}", f"Cookie: {token}\x00"):
            self.test.assertIn(b" 400 ", self.scene.sends_bytes(f"GET /auth/me HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n".encode()))
        self.scene.sends_bytes(f"{token} /auth/me HTTP/1.1\r\n\r\n".encode())
        self.scene.sends_bytes(f"GET /auth/me HTTP/1.1\r\nHost: {token}\r\n\r\n".encode())

    # Lockout, administration, payments.

    def lockout(self):
        form, user = self.account()
        for _ in range(5):
            wrong = {**form, "password": self.password("guess")}
            self.expect(401, self.sends("POST", "/auth/login", wrong))
        self.expect(423, self.sends("POST", "/auth/login", form))
        self.scene.redis_now()
        return form, user

    def administration(self, locked):
        password = self.password("password of the administrator")
        root = {"email": "root@example.test", "password": password}
        owner = {"SALLYPORT_MIGRATE_DATABASE_URL": self.scene.database.owner_url}
        create = ("user", "create", "--email", root["email"], "--role", "admin")
        self.test.assertEqual(0, self.scene.runs(*create, env=owner, stdin=password.encode())[0])
        self.test.assertEqual(1, self.scene.runs(*create, env=owner, stdin=password.encode())[0])
        token = self.login(root).json()["access_token"]
        form, user = locked
        for method, target, body, status in (
                ("GET", f"/admin/users?query={form['email']}", None, 200), ("GET", f"/admin/users/{user}", None, 200),
                ("POST", f"/admin/users/{user}/unlock", None, 204), ("POST", f"/admin/users/{user}/revoke-sessions", None, 200),
                ("PATCH", f"/admin/users/{user}", {"role": "admin"}, 200), ("PATCH", f"/admin/users/{user}", {"role": "user"}, 200),
                ("PATCH", f"/admin/users/{user}", {"password": self.password("password for the wrong service")}, 422),
                ("GET", f"/admin/users?token={token}", None, 422),
                ("GET", "/admin/audit-events?limit=100", None, 200), ("GET", f"/admin/audit-events?cursor={token[-90:]}", None, 422)):
            self.expect(status, self.sends(method, target, body, token))
        self.login(form)
        return root

    def payments(self, form):
        token = self.login(form).json()["access_token"]
        keys = []

        def pay(amount, status, body=None, key=None):
            keys.append(key or f"pay-{uuid.uuid4()}")
            form = {"amount": amount, "currency": "EUR", "description": "Two tickets", **(body or {})}
            return self.expect(status, self.sends("POST", "/payments", form, token, [("Idempotency-Key", keys[-1])]))

        paid = pay(1000, 201).json()["id"]
        for amount, status in ((1000, 201), (1001, 422)):
            pay(amount, status, key=keys[0])
        for amount, status in ((10101, 201), (10106, 202), (10109, 202), (1000, 201)):
            pay(amount, status)
        pay(1000, 422, {"card": {"number": "4111 1111 1111 1111"}})
        self.expect(201, self.sends("POST", f"/payments/{paid}/refunds", {"amount": 10}, token, [("Idempotency-Key", "r" * 20)]))
        self.expect(409, self.sends("POST", f"/payments/{paid}/capture", {}, token))
        self.expect(200, self.sends("GET", "/payments", token=token))
        self.expect(404, self.sends("GET", f"/payments/{uuid.uuid4()}", token=token))

    # Trouble.

    def upstream_failures(self, form):
        token = self.login(form).json()["access_token"]
        app = self.scene.app
        for behaviour in (raw(b"", close=True), raw(b"nonsense\r\n\r\n", close=True), silent,
                          raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx", close=True)):
            app.default = behaviour
            body = {"password": self.password("password for an upstream"), "refresh_token": token}
            try:
                response = self.sends("POST", f"/shop/x?token={token}", body, token)
                self.test.assertIn(response.status, (502, 504, 200))
            except Broken:
                pass  # the answer was cut short with the upstream's

    def broken_database(self, form):
        tokens = self.login(form).json()
        database = self.scene.database
        for table, requests in (
                ("users", lambda: [("/auth/register", {"email": f"{uuid.uuid4()}@example.test", "password": self.password()})]),
                ("sessions", lambda: [("/auth/login", form)]),
                ("refresh_tokens", lambda: [("/auth/refresh", {"refresh_token": tokens["refresh_token"]}), ("/auth/login", form)]),
                ("audit_events", lambda: [("/auth/login", form), ("/auth/logout", {"refresh_token": tokens["refresh_token"]}),
                                          ("/auth/password", {"current_password": form["password"],
                                                              "new_password": self.password("refused password")})]),
                ("payments", lambda: [("/payments", {"amount": 7, "currency": "EUR"})])):
            with database.broken_statements(table):
                for target, body in requests():
                    response = self.sends("POST", target, body, tokens["access_token"], [("Idempotency-Key", self.key(target))])
                    self.test.assertIn(response.status, (500, 503), (table, target, response.body))
        self.refresh(tokens["refresh_token"])

    def outage(self, form, kind):
        tokens, new = self.login(form).json(), self.password()
        statuses = {}
        with kind():
            for target, body in (("/auth/login", form), ("/auth/refresh", {"refresh_token": tokens["refresh_token"]}),
                                 ("/auth/register", {"email": f"{uuid.uuid4()}@example.test", "password": self.password()}),
                                 ("/auth/password", {"current_password": form["password"], "new_password": new}),
                                 ("/payments", {"amount": 1, "currency": "EUR"}),
                                 ("/auth/logout", {"refresh_token": tokens["refresh_token"]})):
                statuses[target] = self.sends("POST", target, body, tokens["access_token"], [("Idempotency-Key", self.key(target))],
                                              secret_answer=True).status
            self.sends("GET", "/auth/me", token=tokens["access_token"])
        self.test.assertIn(503, statuses.values(), "somebody noticed")
        if statuses["/auth/password"] == 204:
            form["password"] = new
        self.scene.wait_ready()

    def redis_away(self):
        class Away:
            def __enter__(_):
                self.scene.redis_written()
                self.scene.redis.kill()

            def __exit__(_, *_error):
                self.scene.restart_redis()
        return Away()

    def starts_that_fail(self):
        """Misconfigured by people who are in a hurry."""
        password = uuid.uuid4().hex
        self.scene.needles.add("password in a bad setting", password)
        rows = [("auth", "SALLYPORT_DATABASE_URL", f"postgresql://u:{password}@127.0.0.1:notaport/d"),
                ("auth", "SALLYPORT_DATABASE_URL", f"postgresql://u:{password}@127.0.0.1:1/d?sslmode=disable"),
                ("auth", "SALLYPORT_DATABASE_URL", f"postgresql://u:{password}/x@[::1/d?options={password}"),
                ("auth", "SALLYPORT_DATABASE_URL", f"host=127.0.0.1 port=1 password={password} nonsense"),
                ("auth", "SALLYPORT_DATABASE_URL", f"mysql://u:{password}@h/d"),
                ("auth", "SALLYPORT_DATABASE_URL", f"sqlite:/nowhere/{uuid.uuid4()}"),
                ("gateway", "SALLYPORT_REDIS_URL", f"redis://:{password}@127.0.0.1:x"),
                ("gateway", "SALLYPORT_REDIS_URL", f"redis//:{password}@127.0.0.1"),
                ("admin", "SALLYPORT_REDIS_URL", f"redis://:{password}@127.0.0.1:{self.scene.redis.port}"),
                ("auth", "SALLYPORT_ACCESS_TOKEN_KEYS", f"at1:EdDSA:{password}"),
                ("auth", "SALLYPORT_ACCESS_TOKEN_KEYS", password), ("auth", "SALLYPORT_CURSOR_KEYS", f"c:{password}!"),
                ("auth", "SALLYPORT_REFRESH_TOKEN_KEYS", f"{password}:{password}"),
                ("auth", "SALLYPORT_LOOKUP_PEPPER", password[:30]), ("payments", "SALLYPORT_PROCESSOR_KEY", password[:14]),
                ("payments", "SALLYPORT_PROCESSOR_URL", f"http://u:{password}@127.0.0.1"),
                ("payments", "SALLYPORT_PROCESSOR_URL", password)]
        with tempfile.TemporaryDirectory() as folder:
            bad = os.path.join(folder, "bad.yaml")
            with open(bad, "w", encoding="utf-8") as file:
                file.write(f"database_url: postgresql://u:{password}@h/d\npassword: {password}\nredis_url: redis://:{password}@h\n")
            for service, name, value in rows:
                program = self.scene.programs[service]
                self.fails(service, program.config_file, {**program.variables, name: value})
            for service in ("auth", "admin", "payments", "gateway"):
                self.fails(service, bad, self.scene.programs[service].variables)
            self.test.assertEqual(1, self.scene.runs("config", "check", bad)[0])
        owner = {"SALLYPORT_MIGRATE_DATABASE_URL": f"postgresql://u:{password}@127.0.0.1:1/d?sslmode=disable"}
        self.test.assertEqual(1, self.scene.runs("migrate", env=owner)[0])
        self.test.assertEqual(1, self.scene.runs("user", "create", "--email", "a@b.test", env=owner, stdin=password.encode())[0])

    def fails(self, service, config, env):
        status, told = self.scene.runs(service, "--config", config, env=env)
        self.test.assertEqual(1, status, told)
