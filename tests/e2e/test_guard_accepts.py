"""What is unusual and still right: strictness must not refuse it."""

import unittest

from harness import E2ETest, chunked, request_bytes


LAST = b"0\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
HIDDEN = b"GET /smuggled HTTP/1.1\r\nHost: abcd\r\n\r\n"


def get(target=b"/ok", fields=b"Host: a\r\n", version=b"HTTP/1.1"):
    return b"GET " + target + b" " + version + b"\r\n" + fields + b"\r\n"


def post(fields, body):
    return b"POST /ok HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n" + body


ACCEPTED = [
    ("an ordinary request", get()),
    ("one leading empty line", b"\r\n" + get()),
    ("a target of 8000 bytes", get(b"/" + b"a" * 7999)),
    ("absolute-form with the same authority", get(b"http://a/ok")),
    ("absolute-form without a path", get(b"http://a")),
    ("absolute-form in another case", get(b"HTTP://A/ok")),
    ("a field without a value", get(fields=b"Host: a\r\nX-Empty:\r\n")),
    ("a value with 8-bit bytes", get(fields=b"Host: a\r\nX-A: \xe4\xf6\r\n")),
    ("no space behind the colon", get(fields=b"Host:a\r\n")),
    ("white space around a value", get(fields=b"Host:  \t a \t \r\n")),
    ("TAB inside a value", get(fields=b"Host: a\r\nX-A: b\tc\r\n")),
    ("a name of all token characters", get(fields=b"Host: a\r\n!#$%&'*+-.^`|~09: b\r\n")),
    ("a line of nearly 8 KiB", get(fields=b"Host: a\r\nX-A: " + b"b" * 8000 + b"\r\n")),
    ("100 fields", get(fields=b"Host: a\r\n" + b"X-A: b\r\n" * 99)),
    ("a host with a port", get(fields=b"Host: a:8080\r\n")),
    ("an IPv6 host", get(fields=b"Host: [::1]:8080\r\n")),
    ("an IPv4 host", get(fields=b"Host: 127.0.0.1\r\n")),
    ("encoded reserved characters", get(b"/ok/%20%21%3f%7E?x=%2f%2e")),
    ("a query with everything that may be in it", get(b"/ok?a=b/c?d&e=:@!$'()*+,;-._~[]")),
    ("dots above the root", get(b"/../../ok")),
    ("GET with Content-Length: 0", get(fields=b"Host: a\r\nContent-Length: 0\r\n")),
    ("several values of Connection", get(fields=b"Host: a\r\nConnection: keep-alive, my-hop\r\nMy-Hop: 1\r\n")),
    ("a length of zero", post(b"Content-Length: 0\r\n", b"")),
    ("a length", post(b"Content-Length: 5\r\n", b"hello")),
    ("chunks", post(CHUNKED, chunked(b"hello", b"world"))),
    ("no chunk but the last", post(CHUNKED, b"0\r\n\r\n")),
    ("several zeros for the last chunk", post(CHUNKED, b"5\r\nhello\r\n000\r\n\r\n")),
    ("leading zeros in a size", post(CHUNKED, b"0000000000000005\r\nhello\r\n0\r\n\r\n")),
    ("hexadecimal of both cases", post(CHUNKED, b"a\r\n0123456789\r\nA\r\n9876543210\r\n" + LAST)),
    ("chunk extensions", post(CHUNKED, b'5;a;b=c;d="e"\r\nhello\r\n0;z\r\n\r\n')),
    ("trailers", post(CHUNKED, b"5\r\nhello\r\n0\r\nX-A: b\r\nX-C: d\r\n\r\n")),
    ("a body that looks like a request", post(b"Content-Length: 38\r\n", HIDDEN)),
    ("an upgrade that nobody takes", get(fields=b"Host: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n")),
]


class GuardAccepts(E2ETest):
    def test_each_row_is_served_in_one_piece_and_byte_by_byte(self):
        upstream = self.start_upstream()
        gateway = self.start_gateway(self.config(upstream))
        for name, data in ACCEPTED:
            for bytewise in (False, True):
                with self.subTest(name, how="byte by byte" if bytewise else "in one piece"):
                    count = len(upstream.requests)
                    with self.client(gateway) as client:
                        if bytewise:
                            client.send_bytewise(data, 0.0001 if len(data) < 2000 else 0)
                        else:
                            client.send(data)
                        self.assertEqual(200, client.read_response().status)
                        self.assertEqual(200, client.request("GET", "/next").status, "and the connection lives on")
                    self.assertEqual(["/next"], upstream.paths()[count + 1 :])
        self.assertNotIn("/smuggled", upstream.paths())

    def test_unknown_versions_of_http_1_are_served_as_1_1_or_refused_but_never_misread(self):
        gateway = self.start_gateway(self.config(self.start_upstream()))
        client = self.client(gateway)
        client.send(b"GET /ok HTTP/1.2\r\nHost: a\r\n\r\n")
        self.assertIn(client.read_response().status, (200, 400, 505))

    def test_http_1_0_is_served_and_keeps_what_it_says_about_the_connection(self):
        gateway = self.start_gateway(self.config(self.start_upstream()))
        for fields in (b"Host: a\r\n", b"Host: a\r\nConnection: keep-alive\r\n"):
            client = self.client(gateway)
            client.send(get(version=b"HTTP/1.0", fields=fields))
            response = client.read_response()
            self.assertEqual(200, response.status)
            if "keep-alive" in response.tokens("connection"):
                self.assertEqual(200, client.request("GET", "/next").status)
            else:
                self.assertEqual(b"", client.rest_until_end(2))

    def test_slicing_does_not_change_a_conversation(self):
        upstream = self.start_upstream()
        gateway = self.start_gateway(self.config(upstream))
        talk = b"".join([
            request_bytes("POST", "/1", body=b"one"),
            request_bytes("GET", "/2"),
            request_bytes("POST", "/3", {"Transfer-Encoding": "chunked"}, chunked(b"thr", b"ee")),
            request_bytes("GET", "/4"),
        ])
        for size in (1, 2, 3, 7, 16, 61, 128, len(talk)):
            with self.subTest(size=size):
                count = len(upstream.requests)
                client = self.client(gateway)
                for at in range(0, len(talk), size):
                    client.send(talk[at : at + size])
                got = [client.read_response().json() for _ in range(4)]
                self.assertEqual(["/1", "/2", "/3", "/4"], [item["target"] for item in got])
                self.assertEqual(["one", "", "three", ""], [item["body"] for item in got])
                self.assertEqual(4, len(upstream.requests) - count)


if __name__ == "__main__":
    unittest.main(verbosity=2)
