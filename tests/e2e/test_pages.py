"""What the gateway shows people: the API reference, the contract that it is drawn from, a page for each problem."""

import gzip
import re
import unittest

from harness import E2ETest, policy, route

PLAIN = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
DOCUMENTS = ("auth", "payments", "admin")


def elsewhere(text):
    """Addresses in a page or stylesheet that lead off this site."""
    return re.findall(r"""(?:[a-z]+:)?//[^\s"')]+""", text)


class Pages(E2ETest):
    def setUp(self):
        super().setUp()
        self.upstream = self.start_upstream()

    def start(self, **changes):
        return self.start_gateway(self.config(self.upstream, **changes))

    def read(self, gateway, path, kind="text/html; charset=utf-8", **more):
        response = self.ask(gateway, path, **more)
        self.assertEqual(200, response.status, path)
        self.assertEqual([kind], response.all("content-type"), path)
        self.assertEqual(1, len(response.all("content-security-policy")), path)
        self.assertEqual(["nosniff"], response.all("x-content-type-options"), path)
        self.assertEqual(["DENY"], response.all("x-frame-options"), path)
        return response

    def script_of(self, gateway):
        (path,) = re.findall(r'src="(/docs/assets/redoc-[0-9.]+\.js)"', self.read(gateway, "/docs").body.decode())
        return path

    def test_the_reference_loads_only_from_here(self):
        gateway = self.start()
        for path in ("/docs", *(f"/docs/{name}" for name in DOCUMENTS)):
            with self.subTest(path):
                response = self.read(gateway, path)
                html = response.body.decode()
                self.assertEqual([], elsewhere(html))
                self.assertNotIn("<script>", html, "no script inside the page")
                policy_of_it = response.get("content-security-policy")
                for part in ("default-src 'none'", "script-src 'self';", "connect-src 'self'", "frame-ancestors 'none'"):
                    self.assertIn(part, policy_of_it)
                self.assertNotIn("unsafe-eval", policy_of_it)
                self.assertEqual([], elsewhere(policy_of_it))
                for target in re.findall(r'(?:src|href|data-document)="([^"]+)"', html):
                    self.assertEqual(200, self.ask(gateway, target).status, target)

    def test_styles_and_scripts_of_ours_name_no_other_site(self):
        gateway = self.start()
        style = self.read(gateway, "/docs/assets/pages.css", "text/css; charset=utf-8")
        script = self.read(gateway, "/docs/assets/reference.js", "text/javascript; charset=utf-8")
        self.assertEqual([], elsewhere(style.body.decode()))
        self.assertEqual([], re.findall(r"https?://", script.body.decode()))

    def test_the_library_is_sent_as_gzip_to_whoever_takes_it(self):
        gateway = self.start()
        path = self.script_of(gateway)
        kind = "text/javascript; charset=utf-8"
        plain = self.read(gateway, path, kind)
        self.assertEqual([], plain.all("content-encoding"))
        self.assertEqual([str(len(plain.body))], plain.all("content-length"))
        self.assertIn("immutable", plain.get("cache-control"))
        for accepted, packed in (
            ("gzip", True),
            ("deflate, GZIP;q=0.5, br", True),
            ("gzip; q=1", True),
            ("gzip;q=0", False),
            ("gzip;q=0.000", False),
            ("br, *", False),
            ("x-gzip-not", False),
        ):
            with self.subTest(accepted):
                response = self.read(gateway, path, kind, fields={"Accept-Encoding": accepted})
                self.assertEqual(["gzip"] * packed, response.all("content-encoding"))
                self.assertEqual(["Accept-Encoding"], response.all("vary"))
                self.assertEqual(plain.body, gzip.decompress(response.body) if packed else response.body)

    def test_head_says_the_same_without_a_body(self):
        gateway = self.start()
        for path in (self.script_of(gateway), "/docs", "/openapi/auth.yaml", "/problems", "/problems/rate_limited"):
            with self.subTest(path), self.client(gateway) as client:
                whole = client.request("GET", path)
                head = client.request("HEAD", path)
                self.assertEqual((200, b""), (head.status, head.body))
                self.assertEqual(whole.all("content-length"), head.all("content-length"))
                self.assertEqual(200, client.request("GET", "/problems").status, "the connection goes on")

    def test_the_contract_is_served_as_it_is_built_in(self):
        gateway = self.start()
        for name in DOCUMENTS:
            text = self.read(gateway, f"/openapi/{name}.yaml", "application/yaml").body.decode()
            self.assertIn("\nopenapi: 3.1.0\n", text)
            self.assertIn("operationId:", text)

    def test_every_code_has_a_page(self):
        gateway = self.start()
        index = self.read(gateway, "/problems")
        self.assertEqual(PLAIN, index.get("content-security-policy"))
        codes = re.findall(r'href="/problems/([a-z_]+)"', index.body.decode())
        self.assertGreaterEqual(len(codes), 40)
        for code in codes:
            page = self.read(gateway, f"/problems/{code}")
            html = page.body.decode()
            self.assertEqual(PLAIN, page.get("content-security-policy"))
            self.assertIn(f"<code>{code}</code>", html)
            self.assertEqual([], elsewhere(html))
        refusal = self.assert_problem(self.ask(gateway, "/problems/nothing"), 404, "not_found")
        self.read(gateway, refusal["type"])

    def test_what_is_not_there_is_a_problem_and_never_the_upstreams(self):
        gateway = self.start()
        for path in ("/problems/none", "/docs/none", "/docs/assets/none", "/openapi", "/openapi/none.yaml", "/openapi/auth"):
            self.assert_problem(self.ask(gateway, path), 404, "not_found")
        refused = self.ask(gateway, "/docs", "POST")
        self.assert_problem(refused, 405, "method_not_allowed")
        self.assertEqual(["GET, HEAD"], refused.all("allow"))
        self.assertEqual(200, self.ask(gateway, "/docsearch").status, "another path goes to the upstream")

    def test_other_spellings_show_the_same(self):
        gateway = self.start()
        for path in ("/docs/", "/DOCS", "//docs", "/x/../docs"):
            self.read(gateway, path)

    def test_pages_are_limited_like_any_request(self):
        gateway = self.start(rate_limits={"global": policy(3), "auth": policy(5, group="route")})
        answers = [self.ask(gateway, path) for path in ("/docs", "/problems", "/openapi/auth.yaml", "/docs")]
        self.assertEqual([200, 200, 200, 429], [answer.status for answer in answers])
        self.assertEqual(["3"], answers[0].all("x-ratelimit-limit"))

    def test_they_can_be_switched_off(self):
        gateway = self.start(docs=False, routes=[route("/app/*")])
        for path in ("/docs", "/openapi/auth.yaml", "/problems", "/problems/rate_limited"):
            self.assert_problem(self.ask(gateway, path), 404, "not_found")


if __name__ == "__main__":
    unittest.main(verbosity=2)
