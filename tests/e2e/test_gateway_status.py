"""GET /admin/gateway/status: the gateway tells administrators, and nobody else, how it is doing."""

import re
import unittest

from harness import eventually, policy, request_bytes, route, silent
from test_authentication import TokenTest

STATUS = "/admin/gateway/status"
ROUTE = {"path": str, "methods": list, "upstream": str, "auth": str, "role": str, "rate_limits": list, "schema": str}
UPSTREAM = {"name": str, "in_flight": int, "max_in_flight": int, "hosts": list}
HOST = {"address": str, "connections": int, "idle_connections": int}
WHOLE = {"status": str, "uptime_seconds": int, "rate_limit_store": str, "connections": int, "routes": list,
         "upstreams": list}


class GatewayStatus(TokenTest):
    def setUp(self):
        super().setUp()
        self.app = self.start_upstream()
        self.admin_service = self.start_upstream()

    def start(self, **changes):
        changes.setdefault("routes", [
            route("/shop/*", methods=["GET", "POST"], schema={"file": "builtin:payments", "mode": "shadow"}),
            route("/shop/*", methods=["PUT"], auth="optional"),
            route("/admin/*", upstream="admin", auth="required", role="admin", rate_limits=["slow"]),
            route("/*"),
        ])
        upstreams = {"app": {"hosts": [self.app.host], "max_in_flight": 7},
                     "admin": {"hosts": [self.admin_service.host]},
                     "auth": {"hosts": ["{}:{}".format(*self.service.address)]}}
        limits = {"global": policy(1000), "auth": policy(1000, group="route"), "slow": policy(500)}
        return self.start_with_keys(app=self.app, upstreams=upstreams, rate_limits=limits, **changes)

    def status(self, gateway, token):
        response = self.get(STATUS, token, service=gateway)
        self.assertEqual(200, response.status, response.body)
        return response.json()

    def host(self, gateway, token, name="app"):
        (upstream,) = (item for item in self.status(gateway, token)["upstreams"] if item["name"] == name)
        return upstream, upstream["hosts"][0]

    def assert_members(self, value, types):
        self.assertEqual({name: kind.__name__ for name, kind in types.items()},
                         {name: type(item).__name__ for name, item in value.items()})

    def test_an_administrator_sees_all_of_it(self):
        gateway, token = self.start(), self.admin()
        response = self.get(STATUS, token, service=gateway)
        self.assertEqual((200, "application/json"), (response.status, response.get("content-type")))
        self.assertEqual(["no-store"], response.all("cache-control"))
        status = response.json()
        self.assert_members(status, WHOLE)
        self.assertEqual(("ok", "ok"), (status["status"], status["rate_limit_store"]))
        self.assertGreaterEqual(status["connections"], 1)
        for item in status["routes"]:
            self.assert_members(item, ROUTE)
        self.assertEqual(
            [("/shop/*", ["GET", "POST"], "app", "none", "any", ["global"], "shadow"),
             ("/shop/*", ["PUT"], "app", "optional", "any", ["global"], "none"),
             ("/admin/*", [], "admin", "required", "admin", ["global", "slow"], "none"),
             ("/*", [], "app", "none", "any", ["global"], "none")],
            [tuple(item[name] for name in ROUTE) for item in status["routes"]])
        self.assertEqual(["app", "admin", "auth"], [item["name"] for item in status["upstreams"]])
        for item in status["upstreams"]:
            self.assert_members(item, UPSTREAM)
            for host in item["hosts"]:
                self.assert_members(host, HOST)
        self.assertEqual([], self.admin_service.requests, "the admin service is not asked")

    def test_others_do_not(self):
        gateway, user = self.start(), self.user()
        self.assert_problem(self.get(STATUS, service=gateway), 401, "authentication_required")
        self.assert_problem(self.get(STATUS, "nonsense", service=gateway), 401, "invalid_token")
        self.assert_problem(self.get(STATUS, user, service=gateway), 403, "forbidden")
        self.assert_problem(self.get("/Admin/x/..//gateway/STATUS/", user, service=gateway), 403, "forbidden")

    def test_every_way_to_write_the_path_leads_to_the_gateway(self):
        gateway, token = self.start(), self.admin()
        for target in ("/ADMIN/gateway/status", "/admin/./gateway//status/", "/admin/gateway/%73tatus"):
            with self.subTest(target=target):
                response = self.get(target, token, service=gateway)
                self.assertIn(response.status, (200, 404), response.body)
        self.assertEqual([], self.admin_service.requests)
        self.assertEqual(200, self.get("/admin/gateway/other", token, service=gateway).status)
        self.assertEqual(["/admin/gateway/other"], self.admin_service.paths())

    def test_it_takes_no_parameters_no_body_and_no_other_method(self):
        gateway, token = self.start(), self.admin()
        problem = self.assert_problem(self.get(STATUS + "?verbose=1", token, service=gateway), 422, "validation_failed")
        self.assertEqual([("/query/verbose", "unknown_field")],
                         [(error["pointer"], error["code"]) for error in problem["errors"]])
        response = self.post(STATUS, {}, token=token, service=gateway)
        self.assert_problem(response, 405, "method_not_allowed")
        self.assertEqual(["GET, HEAD"], response.all("allow"))
        head = self.call("HEAD", STATUS, token=token, service=gateway)
        self.assertEqual((200, b""), (head.status, head.body))
        self.assertEqual([], self.admin_service.requests)

    def test_it_counts_and_is_logged_like_any_request(self):
        gateway, token = self.start(), self.admin()
        response = self.get(STATUS, token, service=gateway)
        self.assertEqual({"global", "slow"}, set(self.limits(response)), "those of the route to the admin service too")
        record = gateway.access_record(path=STATUS, status=200)
        self.assertEqual((STATUS, None, None), (record["route"], record["upstream"], record["upstream_us"]))
        self.assertEqual(response.get("x-request-id"), record["request_id"])
        self.assertEqual(1, self.metric(gateway, "gateway_requests_total", route=STATUS, **{"class": "2xx"}))

    def test_its_numbers_are_those_of_all_threads(self):
        gateway, token = self.start(), self.admin()
        self.app.behaviours["/silent"] = silent
        waiting = [self.client(gateway) for _ in range(6)]
        for client in waiting:
            client.send(request_bytes("GET", "/silent"))
        eventually(lambda: self.app.paths().count("/silent") == 6, "all wait")
        upstream, host = self.host(gateway, token)
        self.assertEqual((6, 7), (upstream["in_flight"], upstream["max_in_flight"]))
        self.assertEqual({"address": self.app.host, "connections": 6, "idle_connections": 0}, host)
        self.assertGreaterEqual(self.status(gateway, token)["connections"], 7)
        self.assertEqual(200, self.ask(gateway, "/quick").status)
        self.assertEqual((7, 1), (self.host(gateway, token)[1]["connections"], self.host(gateway, token)[1]["idle_connections"]))
        for client in waiting:
            client.close()
        eventually(lambda: self.host(gateway, token)[0]["in_flight"] == 0, "nobody waits any more", 5)
        self.assertEqual(self.host(gateway, token)[1]["connections"], self.host(gateway, token)[1]["idle_connections"])

    def test_uptime_runs(self):
        gateway, token = self.start(), self.admin()
        self.assertLess(self.status(gateway, token)["uptime_seconds"], 60)
        eventually(lambda: self.status(gateway, token)["uptime_seconds"] >= 1, "a second has gone", 5)

    def test_it_works_while_the_admin_service_is_away(self):
        gateway, token = self.start(), self.admin()
        self.admin_service.close()
        self.assertEqual(200, self.get(STATUS, token, service=gateway).status)

    def test_many_at_once_are_all_answered(self):
        gateway, token = self.start(), self.admin()
        fields = [("Authorization", f"Bearer {token}")]
        answers = self.together([("GET", STATUS, fields, b"")] * 40, gateway)
        self.assertEqual({200}, {answer.status for answer in answers})

    def test_without_tokens_there_is_no_such_path(self):
        gateway = self.start_gateway(self.config(self.app, routes=[route("/shop/*")]))
        self.assert_problem(self.ask(gateway, STATUS), 404, "not_found")
        gateway = self.start_gateway(self.config(self.app))
        self.assertEqual(200, self.ask(gateway, STATUS).status)
        self.assertEqual([STATUS], self.app.paths(), "the route as configured")

    def test_the_contract_says_the_same(self):
        gateway = self.start()
        document = self.ask(gateway, "/openapi/admin.yaml").body.decode()
        for name, types in (("GatewayStatus", WHOLE), ("RouteState", ROUTE), ("UpstreamState", UPSTREAM),
                            ("HostState", HOST)):
            required = re.search(rf"^    {name}:\n(?:      .*\n)*?      required: \[(.*)\]", document, re.M)[1]
            self.assertEqual(sorted(types), sorted(required.split(", ")))


if __name__ == "__main__":
    unittest.main(verbosity=2)
