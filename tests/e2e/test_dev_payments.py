"""`sallyport dev` takes payments with nothing to set up, and brings an example when it is asked for one."""

import contextlib
import json
import os
import sqlite3
import unittest
from pathlib import Path

from harness import Postgres, eventually
from test_dev_identity import ADA, DevTest

ORDER = {"amount": 4999, "currency": "EUR", "reference": "order-7"}
MIA = "mia@sallyport.dev"
STATES = {"demo-1": "captured", "demo-2": "partially_refunded", "demo-3": "refunded", "demo-4": "canceled",
          "demo-5": "failed", "demo-6": "authorized"}


class DevPaymentsTest(DevTest):
    def pay(self, dev, token, form=None, key="key-1", path="/payments"):
        fields = [("Content-Type", "application/json"), ("Authorization", f"Bearer {token}"), ("Idempotency-Key", key)]
        return self.ask(dev, path, "POST", fields, json.dumps(form or ORDER).encode())

    def register(self, dev):
        """Ada's tokens."""
        self.assertEqual(201, self.post(dev, "/auth/register", ADA).status)
        return self.login(dev, ADA)


class Payments(DevPaymentsTest):
    def test_a_payment_happens_once_and_can_be_refunded(self):
        dev = self.start("--data", self.folder)
        token = self.register(dev)["access_token"]
        first, again = (self.pay(dev, token) for _ in range(2))
        self.assertEqual((201, 201, first.body), (first.status, again.status, again.body))
        payment = first.json()["id"]
        refund = self.pay(dev, token, {"amount": 999}, "key-2", f"/payments/{payment}/refunds")
        self.assertEqual((201, "succeeded"), (refund.status, refund.json()["status"]))
        listed = self.get(dev, "/payments", token).json()["data"]
        self.assertEqual([(payment, 999)], [(one["id"], one["refunded_amount"]) for one in listed])
        self.assert_problem(self.ask(dev, "/payments"), 401, "authentication_required")
        self.assert_problem(self.pay(dev, token, {"amount": 1.5}, "key-3"), 422, "validation_failed")

    def test_magic_amounts_are_declined_and_asked_about(self):
        dev = self.start("--data", self.folder)
        token = self.register(dev)["access_token"]
        declined = self.pay(dev, token, {**ORDER, "amount": 10002}).json()
        self.assertEqual(("failed", "insufficient_funds"), (declined["status"], declined["failure_code"]))
        unknown = self.pay(dev, token, {**ORDER, "amount": 10005}, "key-2")
        self.assertEqual((202, "processing"), (unknown.status, unknown.json()["status"]))
        path = f"/payments/{unknown.json()['id']}"
        eventually(lambda: self.get(dev, path, token).json()["status"] == "captured", "the processor was asked", 15)

    def test_an_ended_session_pays_nothing_more(self):
        dev = self.start("--data", self.folder)
        tokens = self.register(dev)
        self.assertEqual(201, self.pay(dev, tokens["access_token"]).status)
        self.assertEqual(204, self.post(dev, "/auth/logout", {"refresh_token": tokens["refresh_token"]}).status)
        self.assert_problem(self.pay(dev, tokens["access_token"], key="key-2"), 401, "token_revoked")

    def test_what_was_paid_before_can_be_refunded_after_a_new_start(self):
        dev = self.start("--data", self.folder)
        payment = self.pay(dev, self.register(dev)["access_token"]).json()["id"]
        self.stop(dev)
        again = self.start("--data", self.folder)
        token = self.login(again, ADA)["access_token"]
        refund = self.pay(again, token, {"amount": 4999}, "key-2", f"/payments/{payment}/refunds")
        self.assertEqual((201, "succeeded"), (refund.status, refund.json()["status"]))
        self.assertEqual("refunded", self.get(again, f"/payments/{payment}", token).json()["status"])

    def test_another_program_may_look_into_the_database_meanwhile(self):
        dev = self.start("--data", self.folder)
        token = self.register(dev)["access_token"]

        def look():
            with contextlib.closing(sqlite3.connect(os.path.join(self.folder, "accounts.db"))) as database:
                return database.execute("SELECT count(*) FROM payments").fetchone()[0]

        self.assertEqual(0, look())
        self.assertEqual(201, self.pay(dev, token).status)
        self.assertEqual(1, look())
        self.stop(dev)
        self.assertEqual(1, look(), "what was paid is still there")

    def test_a_service_of_yours_may_take_the_place(self):
        upstream = self.start_upstream()
        path = os.path.join(self.folder, "overlay.yaml")
        Path(path).write_text(f"upstreams:\n  mine: {{ hosts: [\"{upstream.host}\"] }}\n"
                              "routes:\n  - { path: /payments/*, upstream: mine, auth: none }\n")
        for number, words in enumerate((("--upstream", f"/payments=http://{upstream.host}"), ("--config", path)), 1):
            dev = self.start_dev("--data", os.path.join(self.folder, str(number)), *words)
            self.assertEqual(200, self.ask(dev, "/payments/x").status)
            self.assertEqual(number, len(upstream.requests))


class Demo(DevPaymentsTest):
    def passwords(self):
        return dict(line.split() for line in Path(self.folder, "demo-users.txt").read_text().splitlines())

    def payments_of(self, dev, email, password):
        token = self.login(dev, {"email": email, "password": password})["access_token"]
        found = self.get(dev, "/payments", token).json()["data"]
        return {one["reference"]: one["status"] for one in found}, found

    def check_both_starts(self, *words):
        dev = self.start("--data", self.folder, "--demo", *words)
        people = self.passwords()
        self.assertEqual([MIA, "noah@sallyport.dev", "olga@sallyport.dev"], list(people))
        self.assertEqual(0o600, os.stat(os.path.join(self.folder, "demo-users.txt")).st_mode & 0o777)
        self.assertIn("Example users: ", dev.output)
        self.assertIn(f"example    {MIA}", dev.output)
        states, first = self.payments_of(dev, MIA, people[MIA])
        self.assertEqual(STATES, states)
        self.assertEqual(({}, []), self.payments_of(dev, "noah@sallyport.dev", people["noah@sallyport.dev"]))
        root = self.login(dev, {"email": "olga@sallyport.dev", "password": people["olga@sallyport.dev"]})["access_token"]
        eventually(lambda: self.get(dev, "/admin/users", root).status == 200, "Olga is an administrator", 10)
        self.assertEqual(4, len(self.get(dev, "/admin/users", root).json()["data"]))
        self.stop(dev)
        for password in people.values():
            self.assertNotIn(password, dev.output)

        again = self.start("--data", self.folder, "--demo", *words)
        self.assertNotIn("Example users", again.output)
        self.assertEqual((STATES, first), self.payments_of(again, MIA, people[MIA]))
        self.stop(again)

    def test_it_is_made_once(self):
        self.check_both_starts()

    def test_it_is_made_once_on_postgresql(self):
        server = Postgres()
        self.addCleanup(server.close)
        server.query("CREATE DATABASE dev")
        self.check_both_starts("--database", server.owner_url.replace("/postgres?", "/dev?"))

    def test_what_is_missing_is_added(self):
        self.stop(self.start("--data", self.folder))
        dev = self.start("--data", self.folder, "--demo")
        self.assertEqual(STATES, self.payments_of(dev, MIA, self.passwords()[MIA])[0])

    def test_nobody_is_made_unasked(self):
        dev = self.start("--data", self.folder)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "demo-users.txt")))
        self.assertNotIn(MIA, dev.output)


if __name__ == "__main__":
    unittest.main()
