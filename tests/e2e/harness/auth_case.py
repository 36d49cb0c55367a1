"""What tests of the identity service start from: one service for each class, and short words for its routes."""

import contextlib
import itertools
import json

from .auth import AuthService, SqliteDatabase
from .case import E2ETest
from .raw_client import RawClient, request_bytes
from .waiting import eventually

JSON = ("Content-Type", "application/json")
_UNKNOWN = b'{"refresh_token":"rt1.rt1.%s"}' % (b"A" * 43)  # as only the database can tell
_numbers = itertools.count(1)


class AuthTest(E2ETest):
    """`service` serves the whole class. Whatever it was sent or gave away in confidence must never be in its log."""

    config_changes = {}
    make_database = SqliteDatabase

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = cls.make_database()
        cls.addClassCleanup(cls.database.close)
        cls.confidential = set()
        cls.service = AuthService(cls.redis.url, cls.database.url, cls.config_changes)
        cls.addClassCleanup(cls._close_service)
        cls.service.wait_listening()

    @classmethod
    def _close_service(cls):
        cls.service.terminate()
        status = cls.service.wait(20)
        output = cls.service.output
        complaint = cls.service.close()
        secrets = [value.split(":")[-1] for name, value in cls.service.variables.items() if not name.endswith("_URL")]
        told = [text for text in [*cls.confidential, *secrets] if text in output]
        if status != 0 or complaint or told:
            raise AssertionError(f"exit status {status}; {complaint}; in the log: {told}")

    def call(self, method, target, body=None, token=None, fields=(), service=None, source=None):
        fields = list(fields)
        if token:
            fields.append(("Authorization", f"Bearer {token}"))
        if isinstance(body, dict):
            for name in ("password", "current_password", "new_password", "refresh_token"):
                if isinstance(body.get(name), str) and len(body[name]) >= 8:
                    self.confidential.add(body[name])
            body = json.dumps(body).encode()
            if not any(name.lower() == "content-type" for name, _ in fields):
                fields.append(JSON)
        response = self.ask(service or self.service, target, method, fields, body or b"", source, 20)
        self._keep_confidential(response)
        return response

    def _keep_confidential(self, response):
        if response.get("content-type") == "application/json" and response.body.startswith(b'{"access_token"'):
            answer = response.json()
            self.confidential |= {answer["access_token"], answer.get("refresh_token") or answer["access_token"]}
        for line in response.all("set-cookie"):
            if value := line.partition("=")[2].partition(";")[0]:
                self.confidential.add(value)

    def post(self, target, body=None, **more):
        return self.call("POST", target, body, **more)

    def get(self, target, token=None, **more):
        return self.call("GET", target, token=token, **more)

    def register(self, password="a long enough pass phrase", **more):
        """A new user's e-mail address."""
        email = f"user{next(_numbers)}@example.test"
        response = self.post("/auth/register", {"email": email, "password": password}, **more)
        self.assertEqual(201, response.status, response.body)
        return email

    def login(self, email, password="a long enough pass phrase", **more):
        """The token answer."""
        response = self.post("/auth/login", {"email": email, "password": password}, **more)
        self.assertEqual(200, response.status, response.body)
        return response.json()

    def refresh(self, token, **more):
        return self.post("/auth/refresh", {"refresh_token": token}, **more)

    def together(self, requests, service=None, database=None):
        """The answers to requests that are all sent before any is read; each is (method, target, fields, body). With a
        database also before any has changed it: however slowly they are sent, all overlap. For as many as the service
        has connections."""
        if database:  # connections that are open already: a request does not wait long for one
            self.together([("POST", "/auth/refresh", [JSON], _UNKNOWN)] * len(requests), service)
        clients = [RawClient((service or self.service).address, None, 30) for _ in requests]
        try:
            with database.hold_writes() if database else contextlib.nullcontext():
                for client, request in zip(clients, requests):
                    client.send(request_bytes(*request))
                if database:
                    busy = "auth_database_connections_busy"
                    eventually(lambda: self.metric(self.service, busy) == len(requests), "all have arrived")
            answers = [client.read_response(request[0]) for client, request in zip(clients, requests)]
        finally:
            for client in clients:
                client.close()
        for answer in answers:
            self._keep_confidential(answer)
        return answers
