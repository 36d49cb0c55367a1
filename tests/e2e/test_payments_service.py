"""The payments service behind the gateway, on PostgreSQL: no money is taken twice or forgotten, whatever dies when."""

import contextlib
import os
import re
import signal
import tempfile
import unittest
import uuid

from harness import (JSON, AuthTest, PaymentsService, Postgres, Processor, RawClient, eventually, free_port,
                     request_bytes, route)

ORDER = {"amount": 4999, "currency": "EUR", "description": "Two cups", "reference": "order-7"}
BODY = b'{"amount":4999,"currency":"EUR"}'


class PaymentsTest(AuthTest):
    """`service` issues the tokens; each test has a processor, a payments service and a gateway of its own."""

    make_database = Postgres

    def setUp(self):
        super().setUp()
        self.processor = Processor()
        self.addCleanup(self.processor.close)

    def payments_url(self):
        return self.database.url_of("sallyport_payments")

    def program(self, config=None, env=None):
        return self.watch(PaymentsService(self.service, self.redis.url, self.payments_url(), self.processor, config, env))

    def serve(self, **config):
        """A payments service with the auth service's keys."""
        payments = self.program(config).wait_listening()
        eventually(lambda: self.ask(payments, "/payments").status == 401, "the keys are there")
        return payments

    def front(self, payments):
        """A gateway in front of it."""
        addresses = {name: "{}:{}".format(*at.address) for name, at in (("auth", self.service), ("payments", payments))}
        config = self.config([], issuer="https://auth.test", audience="sallyport-test",
                             jwks_url=f"http://{addresses['auth']}/.well-known/jwks.json")
        config["upstreams"] = {name: {"hosts": [address]} for name, address in addresses.items()}
        config["routes"] = [route("/auth/*", "auth"),
                            route("/payments/*", "payments", auth="required", revocation="strict_writes")]
        gateway = self.start_gateway(config)
        eventually(lambda: self.metric(gateway, "gateway_token_keys") == 1, "the gateway has the keys")
        return gateway

    def token(self):
        return self.login(self.register())["access_token"]

    def pay(self, at, token, form=None, key=None, path="/payments"):
        fields = [("Idempotency-Key", key or str(uuid.uuid4()))]
        return self.call("POST", path, form or ORDER, token=token, fields=fields, service=at)

    def start_paying(self, at, token, key):
        """A client that has sent the order and waits."""
        client = RawClient(at.address, None, 30)
        self.addCleanup(client.close)
        fields = [JSON, ("Authorization", f"Bearer {token}"), ("Idempotency-Key", key)]
        client.send(request_bytes("POST", "/payments", fields, BODY))
        eventually(lambda: self.processor.received, "the processor has been asked", 10)
        return client

    def make_due(self):
        """As if the time to ask the processor again had come."""
        self.database.query("UPDATE payment_operations SET due_at = 0 WHERE state = 'pending'")

    def shown(self, at, token, payment):
        return self.get(f"/payments/{payment}", token, service=at).json()


class StartUp(PaymentsTest):
    def fails(self, env=None, config=None):
        payments = self.program(config, env)
        self.assertEqual(1, payments.wait(2), payments.output)
        self.assertEqual([], payments.addresses(), "it never listened")
        return payments.output

    def test_a_missing_variable_is_named(self):
        for name in ("SALLYPORT_REDIS_URL", "SALLYPORT_DATABASE_URL", "SALLYPORT_CURSOR_KEYS", "SALLYPORT_PROCESSOR_URL",
                     "SALLYPORT_PROCESSOR_KEY"):
            with self.subTest(name=name):
                self.assertIn(name, self.fails({name: None}))

    def test_all_missing_variables_are_named_at_once(self):
        names = ("SALLYPORT_CURSOR_KEYS", "SALLYPORT_PROCESSOR_URL", "SALLYPORT_PROCESSOR_KEY")
        output = self.fails({name: None for name in names})
        for name in names:
            self.assertIn(name, output)

    def test_a_processor_that_cannot_be_used_is_named_and_its_url_is_not_shown(self):
        for url in ("https://processor.example.com", "http://processor.example.com/", "ftp://1.2.3.4/", "http://me:hunter22@1.2.3.4/",
                    "http://192.0.2.7:8443/v2"):
            with self.subTest(url=url):
                output = self.fails({"SALLYPORT_PROCESSOR_URL": url})
                self.assertIn("SALLYPORT_PROCESSOR_URL", output)
                self.assertNotIn(url, output)
        output = self.fails({"SALLYPORT_PROCESSOR_KEY": "changeme"})
        self.assertIn("SALLYPORT_PROCESSOR_KEY", output)

    def test_a_key_may_come_from_a_file_but_not_from_both(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "key")
            with open(path, "w", encoding="utf-8") as file:
                file.write(self.processor.key + "\n")
            os.chmod(path, 0o600)
            env = {"SALLYPORT_PROCESSOR_KEY": None, "SALLYPORT_PROCESSOR_KEY_FILE": path}
            self.program(env=env).wait_listening()
            self.assertIn("SALLYPORT_PROCESSOR_KEY", self.fails({"SALLYPORT_PROCESSOR_KEY_FILE": path}))

    def test_mistakes_in_the_file_are_all_told_with_their_places(self):
        output = self.fails(config={"jwks_url": None, "processor_timeout": "26s", "reconcile": "1s"})
        self.assertRegex(output, r"payments\.yaml:\d+:\d+: processor_timeout: ")
        self.assertRegex(output, r"payments\.yaml:\d+:\d+: unknown key 'reconcile'")
        self.assertIn("the key 'jwks_url' is missing", output)

    def test_a_schema_that_was_not_migrated_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn("migrat", self.fails({"SALLYPORT_DATABASE_URL": f"sqlite:{folder}/empty.db"}))

    def test_it_starts_without_a_processor_and_says_so_to_those_who_pay(self):
        url = f"http://127.0.0.1:{free_port()}"
        payments = self.program(env={"SALLYPORT_PROCESSOR_URL": url}).wait_listening()
        eventually(lambda: self.ask(payments, "/payments").status == 401, "the keys are there")
        token = self.token()
        answer = self.pay(payments, token)
        self.assertEqual((201, "failed", "processor_unavailable"),
                         (answer.status, answer.json()["status"], answer.json()["failure_code"]))
        self.assertEqual(200, self.get("/payments", token, service=payments).status)


class Story(PaymentsTest):
    def setUp(self):
        super().setUp()
        self.gateway = self.front(self.serve())
        self.ada = self.token()

    def test_pay_repeat_refund_and_list(self):
        first = self.pay(self.gateway, self.ada, key="order-7-try-1")
        self.assertEqual(201, first.status, first.body)
        self.assertEqual("no-store", first.get("cache-control"))
        payment = first.json()
        self.assertEqual(("captured", 4999, 4999, 0), tuple(payment[name] for name in (
            "status", "amount", "captured_amount", "refunded_amount")))
        again = self.pay(self.gateway, self.ada, key="order-7-try-1")
        self.assertEqual((201, first.body), (again.status, again.body))
        self.assertEqual(4999, self.processor.charged())
        self.assert_problem(self.pay(self.gateway, self.ada, {**ORDER, "amount": 1}, "order-7-try-1"), 422,
                            "idempotency_key_reused")
        refunds = f"/payments/{payment['id']}/refunds"
        refund = self.pay(self.gateway, self.ada, {"amount": 1000, "reason": "one was broken"}, path=refunds)
        self.assertEqual((201, 1000, "succeeded"), (refund.status, refund.json()["amount"], refund.json()["status"]))
        self.assert_problem(self.pay(self.gateway, self.ada, {"amount": 4000}, path=refunds), 409, "invalid_payment_state")
        listed = self.get("/payments?status=partially_refunded", self.ada, service=self.gateway).json()
        self.assertEqual([(payment["id"], 1000)], [(one["id"], one["refunded_amount"]) for one in listed["data"]])
        self.assertEqual(["authorized|4999", "captured|4999", "refunded|1000"], self.database.query(
            f"SELECT type, amount FROM payment_events WHERE payment_id = '{payment['id']}' ORDER BY at, id"))

    def test_authorize_capture_and_cancel(self):
        later = {**ORDER, "capture": False}
        first, second = (self.pay(self.gateway, self.ada, later).json() for _ in range(2))
        self.assertEqual(("authorized", 0), (first["status"], self.processor.charged()))
        captured = self.call("POST", f"/payments/{first['id']}/capture", {"amount": 4000}, token=self.ada, service=self.gateway)
        self.assertEqual((200, "captured", 4000), (captured.status, captured.json()["status"], captured.json()["captured_amount"]))
        canceled = self.call("POST", f"/payments/{second['id']}/cancel", token=self.ada, service=self.gateway)
        self.assertEqual((200, "canceled"), (canceled.status, canceled.json()["status"]))
        self.assertEqual(4000, self.processor.charged())

    def test_nobody_sees_what_others_pay(self):
        payment = self.pay(self.gateway, self.ada).json()["id"]
        eve = self.token()
        self.assert_problem(self.get(f"/payments/{payment}", eve, service=self.gateway), 404, "not_found")
        self.assert_problem(self.pay(self.gateway, eve, {"amount": 1}, path=f"/payments/{payment}/refunds"), 404, "not_found")
        self.assertEqual([], self.get("/payments", eve, service=self.gateway).json()["data"])
        self.assert_problem(self.get("/payments", service=self.gateway), 401, "authentication_required")

    def test_mistakes_are_all_listed_and_cost_nothing(self):
        answer = self.pay(self.gateway, self.ada, {"amount": 0, "currency": "XXX", "admin": True})
        self.assertEqual(3, len(self.assert_problem(answer, 422, "validation_failed")["errors"]))
        self.assert_problem(self.call("POST", "/payments", ORDER, token=self.ada, service=self.gateway), 422,
                            "validation_failed")
        self.assertEqual([], self.processor.received)

    def test_an_ended_session_pays_nothing_more(self):
        email = self.register()
        tokens = self.login(email)
        self.assertEqual(201, self.pay(self.gateway, tokens["access_token"]).status)
        self.assertEqual(204, self.post("/auth/logout", {"refresh_token": tokens["refresh_token"]}).status)
        self.assert_problem(self.pay(self.gateway, tokens["access_token"]), 401, "token_revoked")
        self.assertEqual(1, len(self.processor.received))


class Death(PaymentsTest):
    def test_a_signal_lets_a_payment_come_to_its_end(self):
        payments = self.serve()
        token = self.token()
        self.processor.hold()
        client = self.start_paying(payments, token, "slow-1")
        payments.terminate()
        eventually(lambda: self.refuses(payments), "nobody new is let in")
        self.processor.release()
        answer = client.read_response()
        self.assertEqual((201, "captured"), (answer.status, answer.json()["status"]))
        self.assertEqual(0, payments.wait(10))

    def refuses(self, payments):
        with contextlib.suppress(OSError), RawClient(payments.address, None, 2):
            return False
        return True

    def test_draining_is_seen_before_the_door_closes(self):
        payments = self.serve(drain="10s")
        payments.terminate()
        eventually(lambda: self.ask(payments, "/health/ready").status == 503, "not ready any more")
        self.assertEqual(201, self.pay(payments, self.token()).status)
        payments.terminate()
        self.assertEqual(0, payments.wait(5))

    def kill(self, payments):
        payments.signal(signal.SIGKILL)
        payments.process.wait(10)
        payments.process.returncode = 0  # not a crash of its own

    def test_killed_while_the_processor_works_it_settles_the_payment_later_and_charges_once(self):
        port = free_port()
        payments = self.serve(listen=f"127.0.0.1:{port}")
        gateway = self.front(payments)
        token = self.token()
        self.processor.hold()
        client = self.start_paying(gateway, token, "slow-2")
        self.kill(payments)
        self.assert_problem(client.read_response(), 502, "bad_gateway")
        again = self.serve(listen=f"127.0.0.1:{port}")

        payment = self.get("/payments", token, service=gateway).json()["data"][0]["id"]
        self.assertEqual("processing", self.shown(gateway, token, payment)["status"])
        self.assert_problem(self.call("POST", "/payments", BODY, token=token, service=gateway,
                                      fields=[JSON, ("Idempotency-Key", "slow-2")]), 409, "request_in_progress")
        # Asked before it is done, the processor knows nothing; that must not be taken for "never".
        self.make_due()
        eventually(lambda: self.metric(again, "payments_reconciled_total") >= 1, "the processor has been asked")
        self.assertEqual("processing", self.shown(gateway, token, payment)["status"])
        self.processor.release()
        eventually(lambda: self.processor.done, "the processor has done it")
        self.make_due()
        eventually(lambda: self.shown(gateway, token, payment)["status"] == "captured", "settled", 10)
        self.assertEqual(["authorized|4999", "captured|4999"], self.database.query(
            f"SELECT type, amount FROM payment_events WHERE payment_id = '{payment}' ORDER BY at, id"))
        answer = self.call("POST", "/payments", BODY, token=token, service=gateway,
                           fields=[JSON, ("Idempotency-Key", "slow-2")])
        self.assertEqual((201, payment, "captured"), (answer.status, answer.json()["id"], answer.json()["status"]))
        self.assertEqual((1, 4999), (len(self.processor.received), self.processor.charged()))
        self.assertEqual(1, len(self.get("/payments", token, service=gateway).json()["data"]))

    def test_no_secret_of_it_is_in_its_log(self):
        payments = self.serve(log_level="debug")
        token = self.token()
        self.pay(payments, token)
        payments.terminate()
        self.assertEqual(0, payments.wait(10))
        for secret in (self.processor.key, token, payments.variables["SALLYPORT_CURSOR_KEYS"].split(":")[-1]):
            self.assertIsNone(re.search(re.escape(secret), payments.output))


if __name__ == "__main__":
    unittest.main()
