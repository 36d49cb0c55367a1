"""Routes with a schema: what keeps to the OpenAPI document arrives byte for byte, and nothing else arrives at all."""

import hashlib
import json
import os
import tempfile
import threading
import unittest

from harness import E2ETest, Gateway, chunked, eventually, policy, request_bytes, route, run, to_yaml

JSON = ("Content-Type", "application/json")
MIB = 1 << 20

SHOP_31 = """
openapi: 3.1.0
info: {title: shop, version: '1'}
paths:
  /orders:
    get:
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 100}}
        - {name: X-Tag, in: header, schema: {type: string, pattern: '^[a-z]+$'}}
      responses: {'200': {description: fine}}
    post:
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: '#/components/schemas/Order'}}
          image/png: {}
      responses: {'201': {description: made}}
  /orders/{id}:
    get:
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      responses: {'200': {description: fine}}
    delete:
      parameters:
        - {name: id, in: path, required: true, schema: {type: integer}}
        - {name: Reason, in: header, required: true, schema: {type: string, minLength: 3}}
      responses: {'204': {description: gone}}
  /any:
    post:
      requestBody: {content: {application/json: {}}}
      responses: {'200': {description: fine}}
components:
  schemas:
    Order:
      type: object
      additionalProperties: false
      required: [item, count]
      properties:
        item: {type: string, minLength: 1}
        count: {type: integer, minimum: 1}
        note: {type: [string, 'null']}
"""

SHOP_30 = json.dumps({
    "openapi": "3.0.3",
    "info": {"title": "shop", "version": "1"},
    "servers": [{"url": "https://shop.example/v1"}],
    "paths": {"/carts": {"post": {
        "requestBody": {"required": True, "content": {"application/json": {"schema": {
            "type": "object", "required": ["total"], "additionalProperties": False,
            "properties": {"total": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
                           "voucher": {"type": "string", "nullable": True}}}}}},
        "responses": {"200": {"description": "fine"}}}}},
})

ORDER = b'{ "count" : 2,\n\t"item": "\\u0061 tea pot", "note": null }'


class SchemaTest(E2ETest):
    def setUp(self):
        super().setUp()
        self.upstream = self.start_upstream()
        folder = tempfile.TemporaryDirectory(prefix="sallyport-schema-")
        self.addCleanup(folder.cleanup)
        self.shop = self.write(folder.name, "shop.yaml", SHOP_31)
        self.carts = self.write(folder.name, "carts.json", SHOP_30)

    @staticmethod
    def write(folder, name, text):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def routes(self):
        return [
            route("/shop/*", schema=self.shop, strip_prefix="/shop", body_max="4MiB"),
            route("/shadow/*", schema={"file": self.shop, "mode": "shadow", "body_max": "64KiB"},
                  strip_prefix="/shadow", body_max="4MiB"),
            route("/v1/*", schema={"file": self.carts, "base_path": "/v1"}),
            route("/small/*", schema={"file": self.shop, "body_max": "1KiB"}, strip_prefix="/small"),
            route("/*"),
        ]

    def start(self, **changes):
        return self.start_gateway(self.config(self.upstream, **{"routes": self.routes(), **changes}))

    def post(self, gateway, target, body, *fields):
        return self.ask(gateway, target, "POST", [JSON, *fields], body)

    def violations(self, gateway, **labels):
        return self.metric(gateway, "gateway_schema_violations_total", **labels)

    def assert_invalid(self, response, *errors):
        problem = self.assert_problem(response, 422, "validation_failed")
        self.assertEqual(list(errors), [(error["pointer"], error["code"]) for error in problem["errors"]])
        self.assertTrue(all(error["message"] for error in problem["errors"]))


class Enforced(SchemaTest):
    def setUp(self):
        super().setUp()
        self.gateway = self.start()

    def test_what_keeps_to_the_document_arrives_unchanged(self):
        response = self.post(self.gateway, "/shop/orders", ORDER)
        self.assertEqual((200, ORDER.decode()), (response.status, response.json()["body"]))
        request = self.upstream.requests[-1]
        self.assertEqual(("/orders", ORDER), (request.target, request.body))
        self.assertEqual([str(len(ORDER))], request.all("content-length"))
        self.assertEqual([], request.all("transfer-encoding"))

    def test_a_chunked_body_arrives_whole_with_its_length(self):
        fields = [JSON, ("Transfer-Encoding", "chunked")]
        pieces = chunked(ORDER[:7], ORDER[7:8], ORDER[8:])
        self.assertEqual(200, self.ask(self.gateway, "/shop/orders", "POST", fields, pieces).status)
        client = self.client(self.gateway)
        client.send_bytewise(request_bytes("POST", "/shop/orders", fields, pieces))
        self.assertEqual(200, client.read_response().status)
        self.assertEqual([ORDER, ORDER], [request.body for request in self.upstream.requests])

    def test_parameters_are_checked(self):
        for target in ("/shop/orders", "/shop/orders?limit=5", "/shop/orders?", "/shop/orders/7", "/shop/orders/%37"):
            self.assertEqual(200, self.ask(self.gateway, target).status, target)
        self.assertEqual(200, self.ask(self.gateway, "/shop/orders", fields=[("x-TAG", "abc")]).status)
        seen = len(self.upstream.requests)
        rows = [
            ("/shop/orders?limit=0", (), ("/query/limit", "minimum")),
            ("/shop/orders?limit=many", (), ("/query/limit", "type")),
            ("/shop/orders?limit=1&limit=2", (), ("/query/limit", "repeated")),
            ("/shop/orders?Limit=1", (), ("/query/Limit", "unknown_field")),
            ("/shop/orders", [("X-Tag", "ABC")], ("/header/x-tag", "pattern")),
            ("/shop/orders/seven", (), ("/path/id", "type")),
        ]
        for target, fields, error in rows:
            with self.subTest(target=target):
                self.assert_invalid(self.ask(self.gateway, target, fields=fields), error)
        both = self.ask(self.gateway, "/shop/orders?limit=0&x=1")
        self.assertEqual(2, len(both.json()["errors"]), "all of them")
        self.assertEqual(seen, len(self.upstream.requests), "none reached the upstream")

    def test_a_field_that_is_not_passed_on_counts_as_missing(self):
        fields = [("Reason", "a good one")]
        self.assertEqual(200, self.ask(self.gateway, "/shop/orders/1", "DELETE", fields).status)
        missing = ("/header/reason", "required")
        self.assert_invalid(self.ask(self.gateway, "/shop/orders/1", "DELETE"), missing)
        fields.append(("Connection", "close, Reason"))
        self.assert_invalid(self.ask(self.gateway, "/shop/orders/1", "DELETE", fields), missing)
        self.assertEqual(1, len(self.upstream.requests))

    def test_all_errors_of_a_body_are_told_at_once(self):
        response = self.post(self.gateway, "/shop/orders", b'{"count": 0, "colour": "red"}')
        self.assert_invalid(response, ("/count", "minimum"), ("/colour", "unknown_field"), ("/item", "required"))
        self.assertEqual(self.upstream.requests, [])
        self.assertNotIn("close", response.tokens("connection"), "the whole body was read: the connection can go on")
        record = self.gateway.access_record(status=422)
        self.assertEqual(("body", "validation_failed", None),
                         (record["schema_violation"], record["code"], record["upstream"]))

    def test_paths_and_methods_outside_of_the_document_do_not_exist(self):
        for target in ("/shop/nothing", "/shop", "/shop/orders/1/2", "/shop/orders/", "/shop/Orders"):
            with self.subTest(target=target):
                self.assert_problem(self.ask(self.gateway, target), 404, "not_found")
        response = self.ask(self.gateway, "/shop/orders", "PUT", [JSON], ORDER)
        self.assert_problem(response, 405, "method_not_allowed")
        self.assertEqual(["GET, HEAD, POST"], response.all("allow"))
        self.assertEqual(["GET, HEAD, DELETE"], self.ask(self.gateway, "/shop/orders/1", "OPTIONS").all("allow"))
        self.assertEqual([], self.upstream.requests)

    def test_head_is_checked_as_get(self):
        self.assertEqual(200, self.ask(self.gateway, "/shop/orders?limit=1", "HEAD").status)
        self.assertEqual("HEAD", self.upstream.requests[-1].method)
        refused = self.ask(self.gateway, "/shop/orders?limit=0", "HEAD")
        self.assertEqual((422, b""), (refused.status, refused.body))
        self.assertEqual(1, len(self.upstream.requests))

    def test_media_types(self):
        rows = [
            ("none", []),
            ("another", [("Content-Type", "text/plain")]),
            ("nonsense", [("Content-Type", "json")]),
            ("two", [JSON, ("Content-Type", "image/png")]),
            ("another charset", [("Content-Type", "application/json; charset=utf-16")]),
            ("compressed", [JSON, ("Content-Encoding", "gzip")]),
        ]
        for name, fields in rows:
            with self.subTest(name):
                response = self.ask(self.gateway, "/shop/orders", "POST", fields, ORDER)
                self.assert_problem(response, 415, "unsupported_media_type")
        self.assertEqual(["identity"], response.all("accept-encoding"))
        self.assertEqual([], self.upstream.requests)
        for type_ in ("APPLICATION/JSON", "application/json;charset=UTF-8"):
            self.assertEqual(200, self.ask(self.gateway, "/shop/orders", "POST", [("Content-Type", type_)], ORDER).status)

    def test_another_media_type_of_the_document_streams_on_unread(self):
        body = bytes(range(256)) * 8192  # 2 MiB, more JSON than would be taken
        png = [("Content-Type", "image/png")]
        response = self.ask(self.gateway, "/shop/orders", "POST", png, body)
        self.assertEqual((200, hashlib.sha256(body).hexdigest()), (response.status, response.json()["digest"]))
        self.assert_invalid(self.ask(self.gateway, "/shop/orders?x=1", "POST", png, b"x"), ("/query/x", "unknown_field"))

    def test_bodies_where_there_should_be_none_and_the_reverse(self):
        self.assert_invalid(self.ask(self.gateway, "/shop/orders", "POST", [JSON]), ("", "required"))
        self.assert_invalid(self.ask(self.gateway, "/shop/orders", "POST", [JSON, ("Transfer-Encoding", "chunked")],
                                     chunked()), ("", "required"))
        self.assertEqual(200, self.ask(self.gateway, "/shop/any", "POST").status, "optional")

    def test_json_that_is_read_in_two_ways_is_malformed(self):
        rows = [
            ("syntax", b'{"item": "a", "count": 1'),
            ("trailing", ORDER + b" 1"),
            ("twice", b'{"item": "a", "count": 1, "count": 2}'),
            ("twice, escaped", b'{"item": "a", "count": 1, "\\u0063ount": 2}'),
            ("utf-8", b'{"item": "\xff", "count": 1}'),
            ("mark", b"\xef\xbb\xbf" + ORDER),
            ("nan", b'{"item": "a", "count": NaN}'),
            ("deep", b"[" * 33 + b"]" * 33),
            ("very deep", b"[" * 500_000),
        ]
        for name, body in rows:
            for target in ("/shop/orders", "/shop/any"):
                with self.subTest(name, target=target):
                    self.assert_problem(self.post(self.gateway, target, body), 400, "malformed_request")
        self.assertEqual([], self.upstream.requests)
        self.assertEqual(200, self.post(self.gateway, "/shop/any", b"[" * 32 + b"]" * 32).status)
        self.assertEqual(2 * len(rows), self.violations(self.gateway, route="/shop/.*", mode="enforce", reason="syntax"))

    def test_a_body_over_the_limit_is_413(self):
        filled = b'{"item": "%s", "count": 1}'
        fits = filled % (b"x" * (1024 - len(filled) + 2))
        self.assertEqual((1024, 200), (len(fits), self.post(self.gateway, "/small/orders", fits).status))
        seen = len(self.upstream.requests)
        big = filled % (b"x" * (3 * MIB))
        rows = [
            ("announced", "/small/orders", [], fits + b" "),
            ("not sent", "/small/orders", [("Content-Length", "1025")], b""),
            ("chunked", "/small/orders", [("Transfer-Encoding", "chunked")], chunked(fits, b" ")),
            ("1 MiB by default", "/shop/orders", [("Content-Length", str(MIB + 1))], b""),
            ("1 MiB, chunked", "/shop/orders", [("Transfer-Encoding", "chunked")], chunked(big)),
        ]
        for name, target, fields, body in rows:
            with self.subTest(name):
                client = self.client(self.gateway)
                client.send(request_bytes("POST", target, [JSON, *fields], body))
                self.assert_problem(client.read_response(), 413, "body_too_large")
        self.assertEqual(seen, len(self.upstream.requests), "none reached the upstream")
        self.assertEqual(len(rows), self.violations(self.gateway, reason="too_large"))

    def test_almost_a_mebibyte_arrives_unchanged(self):
        body = b'{"item": "%s", "count": 1}' % (b"x" * (MIB - 100))
        for fields, sent in (([], body), ([("Transfer-Encoding", "chunked")], chunked(body[:70000], body[70000:]))):
            response = self.post(self.gateway, "/shop/orders", sent, *fields)
            self.assertEqual((200, hashlib.sha256(body).hexdigest()), (response.status, response.json()["digest"]))

    def test_100_continue_comes_when_the_body_is_wanted_and_only_then(self):
        client = self.client(self.gateway)
        expect = [JSON, ("Expect", "100-continue"), ("Content-Length", str(len(ORDER)))]
        client.send(request_bytes("POST", "/shop/orders", expect))
        self.assertEqual(100, client.read_head(5, final=False).status)
        self.assertEqual([], self.upstream.requests)
        client.send(ORDER)
        self.assertEqual((200, ORDER), (client.read_response().status, self.upstream.requests[0].body))
        for target, fields, status in (("/shop/orders?x=1", expect, 422), ("/shop/nothing", expect, 404),
                                       ("/shop/orders", [("Content-Type", "a/b"), *expect[1:]], 415),
                                       ("/small/orders", [*expect[:2], ("Content-Length", "1025")], 413)):
            client = self.client(self.gateway)
            client.send(request_bytes("POST", target, fields))
            response = client.read_response()
            self.assertEqual((status, []), (response.status, response.interim))

    def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(self):
        for fields, part in (([("Content-Length", "1000")], ORDER[:10]),
                             ([("Transfer-Encoding", "chunked")], chunked(ORDER)[:12])):
            client = self.client(self.gateway)
            client.send(request_bytes("POST", "/shop/orders", [JSON, *fields], part))
            client.close()
        eventually(lambda: len(self.gateway.access_log(status=499)) == 2, "both are in the log")
        self.assertEqual(200, self.post(self.gateway, "/shop/orders", ORDER).status)
        self.assertEqual(1, len(self.upstream.requests))

    def test_framing_that_breaks_is_400(self):
        client = self.client(self.gateway)
        fields = [JSON, ("Transfer-Encoding", "chunked")]
        client.send(request_bytes("POST", "/shop/orders", fields, b"5\r\nhello\r\nxyz\r\n"))
        self.assert_problem(client.read_response(), 400, "malformed_request")
        self.assertEqual([], self.upstream.requests)

    def test_requests_behind_one_another_keep_their_bodies(self):
        client = self.client(self.gateway)
        bad = b'{"item": 1, "count": 1}'
        client.send(b"".join(request_bytes("POST", "/shop/orders", [JSON], body) for body in (ORDER, bad, ORDER)))
        self.assertEqual([200, 422, 200], [client.read_response().status for _ in range(3)])
        self.assertEqual([ORDER, ORDER], [request.body for request in self.upstream.requests])

    def test_an_openapi_3_0_document_with_a_base_path(self):
        self.assertEqual(200, self.post(self.gateway, "/v1/carts", b'{"total": 0.5, "voucher": null}').status)
        self.assertEqual("/v1/carts", self.upstream.requests[-1].target)
        self.assert_invalid(self.post(self.gateway, "/v1/carts", b'{"total": 0, "voucher": 5}'),
                            ("/total", "exclusive_minimum"), ("/voucher", "type"))
        self.assert_problem(self.post(self.gateway, "/v1/v1/carts", b"{}"), 404, "not_found")

    def test_routes_without_a_schema_are_not_looked_at(self):
        response = self.post(self.gateway, "/orders?x=1", b"{nonsense")
        self.assertEqual((200, "{nonsense"), (response.status, response.json()["body"]))
        self.assertIsNone(self.gateway.access_record(status=200)["schema_violation"])


class Shadowed(SchemaTest):
    def setUp(self):
        super().setUp()
        self.gateway = self.start()

    def test_everything_passes_and_what_would_not_is_counted(self):
        rows = [
            ("path", "GET", "/shadow/nothing", [], b""),
            ("method", "PUT", "/shadow/orders", [JSON], ORDER),
            ("parameters", "GET", "/shadow/orders?x=1", [], b""),
            ("media_type", "POST", "/shadow/orders", [("Content-Type", "text/plain")], b"hello"),
            ("media_type", "POST", "/shadow/orders", [JSON, ("Content-Encoding", "gzip")], b"\x1f\x8b"),
            ("syntax", "POST", "/shadow/orders", [JSON], b"{"),
            ("syntax", "POST", "/shadow/orders", [JSON, ("Transfer-Encoding", "chunked")], chunked(b"{", b"{")),
            ("body", "POST", "/shadow/orders", [JSON], b'{"item": "x"}'),
            ("body", "POST", "/shadow/orders", [JSON], b""),
            ("too_large", "POST", "/shadow/orders", [JSON], b" " * 65537),
            ("too_large", "POST", "/shadow/orders", [JSON, ("Transfer-Encoding", "chunked")],
             chunked(b" " * 50_000, b" " * 200_000)),
        ]
        for reason, method, target, fields, body in rows:
            with self.subTest(reason, method=method, body=body[:20]):
                before = self.violations(self.gateway, route="/shadow/.*", mode="shadow", reason=reason)
                response = self.ask(self.gateway, target, method, fields, body)
                self.assertEqual(200, response.status)
                self.assertEqual(before + 1, self.violations(self.gateway, mode="shadow", reason=reason))
                request = self.upstream.requests[-1]
                self.assertEqual(target.removeprefix("/shadow"), request.target)
                sent = body if ("Transfer-Encoding", "chunked") not in fields else b"".join(
                    line for line in body.split(b"\r\n")[1::2])
                self.assertEqual(hashlib.sha256(sent).hexdigest(), request.digest)
        self.assertEqual(len(rows), len(self.upstream.requests))
        self.assertEqual(0, self.violations(self.gateway, mode="enforce"))
        logged = lambda: [record["schema_violation"] for record in self.gateway.access_log(route="/shadow/*")]
        eventually(lambda: logged() == [row[0] for row in rows], lambda: f"the log says the same: {logged()}", 5)

    def test_what_keeps_to_the_document_is_not_counted(self):
        self.assertEqual(200, self.post(self.gateway, "/shadow/orders", ORDER).status)
        self.assertEqual(200, self.ask(self.gateway, "/shadow/orders?limit=3").status)
        self.assertEqual(0, self.violations(self.gateway))

    def test_the_routes_own_limit_still_refuses(self):
        response = self.ask(self.gateway, "/shadow/orders", "POST", [JSON, ("Content-Length", str(4 * MIB + 1))])
        self.assert_problem(response, 413, "body_too_large")
        self.assertEqual(0, self.violations(self.gateway))


class InPlace(SchemaTest):
    """Where in the order of things a schema is looked at."""

    def test_a_slow_body_is_408(self):
        gateway = self.start(limits={"body_idle_timeout": "500ms"})
        client = self.client(gateway)
        client.send(request_bytes("POST", "/shop/orders", [JSON, ("Content-Length", str(len(ORDER)))], ORDER[:-1]))
        self.assert_problem(client.read_response(timeout=5), 408, "request_timeout")
        self.assertEqual([], self.upstream.requests)

    def test_refusals_use_up_limits_and_limits_come_first(self):
        gateway = self.start(rate_limits={"global": policy(3), "auth": policy(3, group="route")})
        statuses = self.statuses(gateway, "/shop/orders?x=1", 4)
        self.assertEqual([422, 422, 422, 429], statuses)

    def test_many_bodies_at_once_arrive_unmixed(self):
        gateway = self.start(threads=2)
        bodies = [b'{"item": "%d", "count": 1, "note": "%s"}' % (n, b"x" * (n * 7919 % 200_000)) for n in range(24)]
        got = [None] * len(bodies)

        def send(number):
            got[number] = self.post(gateway, "/shop/orders", bodies[number])

        threads = [threading.Thread(target=send, args=(number,)) for number in range(len(bodies))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for body, response in zip(bodies, got):
            self.assertEqual(hashlib.sha256(body).hexdigest(), response.json()["digest"])

    def test_more_than_can_be_gathered_at_once_is_503_and_the_room_comes_back(self):
        schema = {"file": self.shop, "body_max": "16MiB"}
        routes = [route("/shop/*", schema=schema, strip_prefix="/shop", body_max="16MiB")]
        gateway = self.start(routes=routes)
        size = 16 * MIB
        body = b'{"item": "%s", "count": 1}' % (b"x" * (size - 27))
        clients = [self.client(gateway, timeout=60) for _ in range(5)]
        for client in clients[:4]:  # all but the last byte
            client.send(request_bytes("POST", "/shop/orders", [JSON, ("Content-Length", str(len(body)))], body[:-1]))
        clients[4].send(request_bytes("POST", "/shop/orders", [JSON, ("Content-Length", str(len(body)))],
                                      body[:200_000]))
        response = clients[4].read_response(timeout=30)
        self.assert_problem(response, 503, "overloaded")
        self.assertEqual(["1"], response.all("retry-after"))
        self.assertEqual(1, self.violations(gateway, reason="overloaded"))
        for client in clients[:4]:
            client.send(body[-1:])
            self.assertEqual(200, client.read_response(timeout=60).status)
        self.assertEqual(200, self.post(gateway, "/shop/orders", body[:300_000] + b'", "count": 1}').status)

    def test_a_document_of_ours_needs_no_file(self):
        gateway = self.start(routes=[route("/payments/*", schema="builtin:payments"), route("/*")])
        self.assert_invalid(self.ask(gateway, "/payments?limit=0"), ("/query/limit", "minimum"))
        self.assertEqual(200, self.ask(gateway, "/payments?limit=1").status)


class Files(SchemaTest):
    """What `sallyport config check` says of documents."""

    def check(self, schema, document=None):
        folder = tempfile.TemporaryDirectory(prefix="sallyport-schema-")
        self.addCleanup(folder.cleanup)
        config = self.config(self.upstream, routes=[route("/shop/*", schema=schema)])
        file = self.write(folder.name, "gateway.yaml", to_yaml(config))
        if document is not None:
            self.write(folder.name, "shop.yaml", document)
        status, out, err, _ = run("config", "check", file)
        return status, (out + err).replace(file, "F"), config

    def test_a_relative_name_starts_from_the_folder_of_the_config(self):
        document = SHOP_31.replace("  /orders", "  /shop/orders").replace("  /any", "  /shop/any")
        status, said, _ = self.check("shop.yaml", document)
        self.assertEqual((0, True), (status, said.startswith("F: ok")), said)

    def test_errors_have_a_place_in_both_files(self):
        rows = [
            ("none.yaml", None, r"schema: none.yaml: cannot be read: No such file"),
            ("shop.yaml", "{}", r"schema: shop.yaml: .*openapi"),
            ("shop.yaml", SHOP_31.replace("minLength", "minLenght"), r"schema: shop.yaml: line \d+, .*minLenght"),
            ("shop.yaml", SHOP_31.replace("'^[a-z]+$'", "'(?=a)b'"), r"schema: shop.yaml: line \d+, .*pattern"),
            ("builtin:shop", None, r"schema: expected a file, or one of builtin:auth, builtin:payments, builtin:admin"),
        ]
        for name, document, wanted in rows:
            with self.subTest(wanted):
                status, said, _ = self.check(name, document)
                self.assertEqual(1, status)
                self.assertRegex(said, r"(?m)^F:\d+:\d+: " + wanted)

    def test_a_document_that_the_route_does_not_lead_to_is_warned_of(self):
        status, said, _ = self.check("shop.yaml", SHOP_31)
        self.assertEqual(0, status)
        self.assertRegex(said, r"F:\d+:\d+: warning: schema: shop.yaml has no path that this route leads to: .*/shop")

    def test_a_gateway_does_not_start_without_its_document(self):
        gateway = self.watch(Gateway(self.config(self.upstream, routes=[route("/*", schema="none.yaml")]), self.redis.url))
        self.assertEqual(1, gateway.wait(20))
        self.assertIn("none.yaml: cannot be read", gateway.output)


if __name__ == "__main__":
    unittest.main(verbosity=2)
