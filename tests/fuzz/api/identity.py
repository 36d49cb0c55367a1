"""Whose access token the fuzzer sends: one that still works, although the fuzzer ends sessions and locks accounts."""

import itertools
import json
import os
import subprocess
import urllib.error
import urllib.request

PASSWORD = "only the fuzzer's own pass phrase"
_numbers = itertools.count(1)


class Identity:
    """An account with `role`, and a session of it. A new session when the last one may be over, a new account when
    the account cannot log in any more: locked, disabled or with another role."""

    def __init__(self, url, role, database_url, binary):
        self.url, self.role, self.database_url, self.binary = url, role, database_url, binary
        self.email = self.device = self.token = self.refresh_token = None

    def access_token(self):
        if not self.token and not (self.email and self._log_in()):
            self._make_account()
            if not self._log_in():
                raise RuntimeError(f"{self.email} cannot log in")
        return self.token

    def doubt(self):
        """The session may be over."""
        self.token = None

    def fresh_refresh_token(self):
        """Of a session that nobody else uses."""
        self.doubt()
        self.access_token()
        return self.refresh_token

    def _log_in(self):
        status, answer, cookie = self._post("/auth/login", {"email": self.email, "password": PASSWORD}, self.device)
        self.device = cookie or self.device
        self.token = answer.get("access_token") if status == 200 else None
        self.refresh_token = answer.get("refresh_token")
        if self.token and self.role == "admin" and self._get_role() != "admin":
            self.token = None
        return self.token is not None

    def _make_account(self):
        self.device = None
        self.email = f"fuzzer-{os.getpid()}-{next(_numbers)}@example.test"
        if self.role == "admin":
            words = [self.binary, "user", "create", "--email", self.email, "--role", "admin"]
            subprocess.run(words, input=PASSWORD + "\n", text=True, check=True, capture_output=True, timeout=30,
                           env={**os.environ, "SALLYPORT_MIGRATE_DATABASE_URL": self.database_url})
            return
        status, answer, _ = self._post("/auth/register", {"email": self.email, "password": PASSWORD})
        if status != 201:
            raise RuntimeError(f"register answered {status}: {answer}")

    def _get_role(self):
        return self._send("/auth/me", None, {"Authorization": f"Bearer {self.token}"})[1].get("role")

    def _post(self, path, form, cookie=None):
        return self._send(path, json.dumps(form).encode(),
                          {"Content-Type": "application/json", **({"Cookie": cookie} if cookie else {})})

    def _send(self, path, body, headers):
        """(status, answer, the cookie that marks this device)."""
        request = urllib.request.Request(self.url + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                cookies = [line.partition(";")[0] for line in response.headers.get_all("Set-Cookie") or []]
                device = next((cookie for cookie in cookies if cookie.startswith("__Host-device=")), None)
                return response.status, json.load(response), device
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"{}"), None
