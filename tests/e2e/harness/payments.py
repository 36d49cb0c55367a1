"""The payments service under test, and a card processor whose every step the test decides."""

import base64
import json
import os
import re
import tempfile
import threading

from .auth import AuthService
from .gateway import Program, to_yaml
from .upstream import Upstream, answer

_WAY = re.compile(r"/v1/(?:authorizations(?:/([\w-]+)/(captures|refunds|void))?|operations/([\w-]+))")


class Processor:
    """Speaks the protocol of a card processor and approves everything once. It remembers `received`, the operations that
    it was asked to do, each time, and `done`, {operation: what it did}. While it is held it does nothing yet, and what came
    is done by release() even when nobody waits for the answer any more."""

    def __init__(self):
        self.key = base64.urlsafe_b64encode(os.urandom(30)).decode()
        self.received, self.done = [], {}
        self.mutex = threading.Lock()
        self.free = threading.Event()
        self.free.set()
        self.server = Upstream(self._behave)
        self.url = f"http://{self.server.host}"

    def hold(self):
        self.free.clear()

    def release(self):
        self.free.set()

    def charged(self):
        """Minor units that were taken, in all."""
        return sum(amount for kind, amount in self.done.values() if kind in ("charge", "captures"))

    def _behave(self, connection, request):
        if request.get("x-api-key") != self.key:
            return answer(401)(connection, request)
        of, action, asked = _WAY.fullmatch(request.target).groups()
        if asked:
            known = asked in self.done
            return self._say(connection, request, 200 if known else 404, asked, "succeeded" if known else "unknown", asked)
        operation, form = request.get("idempotency-key"), json.loads(request.body)
        self.received.append(operation)
        self.free.wait(60)
        with self.mutex:
            self.done.setdefault(operation, (action or ("charge" if form["capture"] else "authorize"), form.get("amount", 0)))
        return self._say(connection, request, 200, operation, "succeeded", of or operation)

    @staticmethod
    def _say(connection, request, status, operation, outcome, reference):
        body = json.dumps({"operation_id": operation, "status": outcome, "reference": reference}).encode()
        return answer(status, {"Content-Type": "application/json"}, body)(connection, request)

    def close(self):
        self.release()
        self.server.close()


class PaymentsService(Program):
    """`sallyport payments`. `config` overrides the defaults; a value of None leaves a key or a variable out."""

    def __init__(self, auth, redis_url, database_url, processor, config=None, env=None):
        folder = tempfile.TemporaryDirectory(prefix="sallyport-e2e-")
        config_file = os.path.join(folder.name, "payments.yaml")
        host, port = auth.address
        settings = {**AuthService.DEFAULTS, "jwks_url": f"http://{host}:{port}/.well-known/jwks.json",
                    "reconcile_every": "100ms", **(config or {})}
        with open(config_file, "w", encoding="utf-8") as file:
            file.write(to_yaml({key: value for key, value in settings.items() if value is not None}))
        variables = {"SALLYPORT_REDIS_URL": redis_url, "SALLYPORT_DATABASE_URL": database_url,
                     "SALLYPORT_CURSOR_KEYS": auth.variables["SALLYPORT_CURSOR_KEYS"],
                     "SALLYPORT_PROCESSOR_URL": processor.url, "SALLYPORT_PROCESSOR_KEY": processor.key, **(env or {})}
        self.variables = {name: value for name, value in variables.items() if value is not None}
        super().__init__("payments", "--config", config_file, env=self.variables, folder=folder)
