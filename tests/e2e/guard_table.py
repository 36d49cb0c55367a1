"""Requests that the gateway must refuse, each with the exact status.

A row is (name, bytes, status). Each row's bytes are complete: a reader who takes them for a request has all of it.
Routes: /* takes any method with a body of at most 1 KiB.
"""

CODES = {
    400: "malformed_request",
    405: "method_not_allowed",
    413: "body_too_large",
    414: "uri_too_long",
    417: "expectation_failed",
    431: "headers_too_large",
    501: "not_implemented",
    505: "http_version_not_supported",
}


LAST = b"0\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked"


def line(text, host=b"Host: a\r\n"):
    return text + b"\r\n" + host + b"\r\n"


def target(text):
    return line(b"GET " + text + b" HTTP/1.1")


def field(text, method=b"GET", host=b"Host: a\r\n"):
    return method + b" /guard HTTP/1.1\r\n" + host + text + b"\r\n\r\n"


def host(text):
    return field(text, host=b"")


def length(text, body=b"hello"):
    return field(b"Content-Length:" + text, b"POST") + body


def coding(text, body=b"5\r\nhello\r\n0\r\n\r\n"):
    return field(b"Transfer-Encoding:" + text, b"POST") + body


def local(start, text):
    return start + b" HTTP/1.1\r\nHost: a\r\n" + text + b"\r\n\r\n"


def chunks(body):
    return coding(b" chunked", body)


REQUEST_LINE = [
    ("two spaces before the target", line(b"GET  /guard HTTP/1.1"), 400),
    ("two spaces before the version", line(b"GET /guard  HTTP/1.1"), 400),
    ("space at the start", line(b" GET /guard HTTP/1.1"), 400),
    ("space at the end", line(b"GET /guard HTTP/1.1 "), 400),
    ("TAB for a space", line(b"GET\t/guard HTTP/1.1"), 400),
    ("TAB before the version", line(b"GET /guard\tHTTP/1.1"), 400),
    ("vertical TAB for a space", line(b"GET\x0b/guard HTTP/1.1"), 400),
    ("bare LF", b"GET /guard HTTP/1.1\nHost: a\n\n", 400),
    ("bare LF after the request line only", b"GET /guard HTTP/1.1\nHost: a\r\n\r\n", 400),
    ("bare CR", b"GET /guard HTTP/1.1\rHost: a\r\n\r\n", 400),
    ("CR CR LF", b"GET /guard HTTP/1.1\r\r\nHost: a\r\n\r\n", 400),
    ("no target", line(b"GET HTTP/1.1"), 400),
    ("only a method", line(b"GET"), 400),
    ("HTTP/0.9", b"GET /guard\r\n", 400),
    ("four words", line(b"GET /guard x HTTP/1.1"), 400),
    ("lower-case protocol", line(b"GET /guard http/1.1"), 400),
    ("leading zero in the version", line(b"GET /guard HTTP/01.1"), 400),
    ("two digits after the dot", line(b"GET /guard HTTP/1.10"), 400),
    ("no minor version", line(b"GET /guard HTTP/1"), 400),
    ("comma in the version", line(b"GET /guard HTTP/1,1"), 400),
    ("another protocol", line(b"GET /guard HTTQ/1.1"), 400),
    ("ICY", line(b"GET /guard ICY/1.0"), 400),
    ("HTTP/2.0", line(b"GET /guard HTTP/2.0"), 505),
    ("HTTP/3.0", line(b"GET /guard HTTP/3.0"), 505),
    ("HTTP/9.9", line(b"GET /guard HTTP/9.9"), 505),
    ("two leading empty lines", b"\r\n\r\n" + line(b"GET /guard HTTP/1.1"), 400),
    ("leading bare LF", b"\n" + line(b"GET /guard HTTP/1.1"), 400),
    ("leading spaces line", b"  \r\n" + line(b"GET /guard HTTP/1.1"), 400),
    ("a method that is no token", line(b"G<T /guard HTTP/1.1"), 400),
    ("a method with a colon", line(b"GET: /guard HTTP/1.1"), 400),
    ("NUL in the method", line(b"GE\0T /guard HTTP/1.1"), 400),
    ("8-bit method", line(b"G\xc9T /guard HTTP/1.1"), 400),
    ("no method", line(b"/guard HTTP/1.1"), 400),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32) + b"\r\n\r\n", 400),
]

TARGET = [
    ("8193 bytes", target(b"/" + b"a" * 8192), 414),
    ("20000 bytes", target(b"/" + b"a" * 20000), 414),
    ("a long query", target(b"/guard?" + b"a" * 9000), 414),
    ("fragment", target(b"/guard#part"), 400),
    ("fragment in the query", target(b"/guard?a#part"), 400),
    ("NUL", target(b"/gu\0ard"), 400),
    ("control character", target(b"/gu\x01ard"), 400),
    ("DEL", target(b"/gu\x7fard"), 400),
    ("8-bit byte", target(b"/gu\xe4rd"), 400),
    ("UTF-8", target("/gärd".encode()), 400),
    ("backslash", target(b"/x\\..\\guard"), 400),
    ("percent at the end", target(b"/guard%"), 400),
    ("one hexadecimal digit", target(b"/guard%2"), 400),
    ("no hexadecimal digits", target(b"/guard%zz"), 400),
    ("%u0041", target(b"/guard%u0041"), 400),
    ("encoded NUL", target(b"/guard%00"), 400),
    ("encoded CR", target(b"/guard%0d"), 400),
    ("encoded LF", target(b"/guard%0A"), 400),
    ("encoded CRLF", target(b"/guard%0d%0aX:%20y"), 400),
    ("no leading slash", target(b"guard"), 400),
    ("asterisk with GET", target(b"*"), 400),
    ("only a query", target(b"?guard"), 400),
    ("absolute-form for another host", target(b"http://b/guard"), 400),
    ("absolute-form for another port", target(b"http://a:81/guard"), 400),
    ("absolute-form with userinfo", target(b"http://u:p@a/guard"), 400),
    ("absolute-form with empty userinfo", target(b"http://@a/guard"), 400),
    ("absolute-form without authority", target(b"http:///guard"), 400),
    ("another scheme", target(b"ftp://a/guard"), 400),
]

HOST = [
    ("missing", b"GET /guard HTTP/1.1\r\nX-A: b\r\n\r\n", 400),
    ("no fields at all", b"GET /guard HTTP/1.1\r\n\r\n", 400),
    ("twice", host(b"Host: a\r\nHost: b"), 400),
    ("twice and equal", host(b"Host: a\r\nHost: a"), 400),
    ("twice, spelled differently", host(b"Host: a\r\nhOST: a"), 400),
    ("empty", host(b"Host:"), 400),
    ("blank", host(b"Host:   "), 400),
    ("a list", host(b"Host: a, b"), 400),
    ("two words", host(b"Host: a b"), 400),
    ("userinfo", host(b"Host: u@a"), 400),
    ("a path", host(b"Host: a/b"), 400),
    ("a URL", host(b"Host: http://a"), 400),
    ("a query", host(b"Host: a?b"), 400),
    ("a fragment", host(b"Host: a#b"), 400),
    ("a backslash", host(b"Host: a\\b"), 400),
    ("a quote", host(b'Host: a"b'), 400),
    ("8-bit", host(b"Host: \xe4"), 400),
    ("port too large", host(b"Host: a:65536"), 400),
    ("port with letters", host(b"Host: a:8o"), 400),
    ("signed port", host(b"Host: a:+80"), 400),
    ("two ports", host(b"Host: a:80:81"), 400),
    ("port only", host(b"Host: :80"), 400),
    ("IPv6 that is none", host(b"Host: [::g]"), 400),
    ("IPv6 without its end", host(b"Host: [::1"), 400),
    ("IPv6 with a tail", host(b"Host: [::1]x"), 400),
    ("IPv6 without brackets", host(b"Host: ::1"), 400),
    ("folded", host(b"Host:\r\n a"), 400),
]

FIELDS = [
    ("space before the colon", field(b"X-A : b"), 400),
    ("TAB before the colon", field(b"X-A\t: b"), 400),
    ("Content-Length with a space before the colon", field(b"Content-Length : 5", b"POST") + b"hello", 400),
    ("Transfer-Encoding, space before the colon", field(b"Transfer-Encoding : chunked", b"POST") + b"0\r\n\r\n", 400),
    ("empty name", field(b": b"), 400),
    ("no colon", field(b"nonsense"), 400),
    ("space in a name", field(b"X A: b"), 400),
    ("@ in a name", field(b"X@A: b"), 400),
    ("slash in a name", field(b"X/A: b"), 400),
    ("NUL in a name", field(b"X\0A: b"), 400),
    ("8-bit name", field(b"X\xe4A: b"), 400),
    ("_ in a name", field(b"X_A: b"), 400),
    ("Content_Length", field(b"Content_Length: 5", b"POST") + b"hello", 400),
    ("folded with a space", field(b"X-A: b\r\n c"), 400),
    ("folded with a TAB", field(b"X-A: b\r\n\tc"), 400),
    ("first line folded", b"GET /guard HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    ("an empty folded line", field(b"X-A: b\r\n "), 400),
    ("NUL in a value", field(b"X-A: b\0c"), 400),
    ("control character in a value", field(b"X-A: b\x01c"), 400),
    ("escape in a value", field(b"X-A: b\x1b[31m"), 400),
    ("DEL in a value", field(b"X-A: b\x7fc"), 400),
    ("bare CR in a value", field(b"X-A: b\rX-B: c"), 400),
    ("bare LF in a value", field(b"X-A: b\nX-B: c"), 400),
    ("bare LF ends a line", field(b"X-A: b\nX-B: c\r\nX-D: e"), 400),
    ("bare LF ends the head", b"GET /guard HTTP/1.1\r\nHost: a\r\n\n", 400),
    ("bare CR ends the head", b"GET /guard HTTP/1.1\r\nHost: a\r\n\rX", 400),
    ("a line over 8 KiB", field(b"X-A: " + b"b" * 8200), 431),
    ("a name over 8 KiB", field(b"X" * 8200 + b": b"), 431),
    ("a block over 32 KiB", field(b"\r\n".join(b"X-%d: " % n + b"b" * 6000 for n in range(6))), 431),
    ("over 100 fields", field(b"\r\n".join(b"X-%d: b" % n for n in range(100))), 431),
    ("5000 fields", field(b"\r\n".join(b"X: b" for _ in range(5000))), 431),
    ("Connection takes the host away", field(b"Connection: host"), 400),
    ("Connection takes the host away, in a list", field(b"Connection: keep-alive, Host"), 400),
    ("Connection takes the credentials away", field(b"Connection: Authorization\r\nAuthorization: x"), 400),
    ("unknown expectation", field(b"Expect: magic"), 417),
    ("two expectations", field(b"Expect: 100-continue, magic\r\nContent-Length: 2", b"POST") + b"hi", 417),
]

LENGTH = [
    ("signed", length(b" +5"), 400),
    ("negative", length(b" -5"), 400),
    ("hexadecimal", length(b" 0x5"), 400),
    ("exponent", length(b" 5e0"), 400),
    ("with a point", length(b" 5.0"), 400),
    ("a word", length(b" five"), 400),
    ("two numbers", length(b" 5 5"), 400),
    ("a list of equals", length(b" 5,5"), 400),
    ("a list", length(b" 5, 6"), 400),
    ("a list with an empty member", length(b" 5,"), 400),
    ("empty", length(b""), 400),
    ("leading zero", length(b" 05"), 400),
    ("two zeros", length(b" 00", b""), 400),
    ("quoted", length(b' "5"'), 400),
    ("vertical TAB", length(b" \x0b5"), 400),
    ("8-bit space", length(b" \xa05"), 400),
    ("2^63", length(b" 9223372036854775808"), 400),
    ("2^64 + 5", length(b" 18446744073709551621"), 400),
    ("thirty digits", length(b" 111111111111111111111111111111"), 400),
    ("twice and equal", length(b" 5\r\nContent-Length: 5"), 400),
    ("twice and different", length(b" 5\r\nContent-Length: 6"), 400),
    ("twice, spelled differently", length(b" 5\r\ncontent-length: 5"), 400),
    ("over the limit", length(b" 1025", b"x" * 1025), 413),
    ("2^63 - 1", length(b" 9223372036854775807"), 413),
]

CODING = [
    ("with a length", coding(b" chunked\r\nContent-Length: 5"), 400),
    ("with a length before it", field(b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"POST") + b"0\r\n\r\n", 400),
    ("in HTTP/1.0", b"POST /guard HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("xchunked", coding(b" xchunked"), 400),
    ("chunkedx", coding(b" chunkedx"), 400),
    ("quoted", coding(b' "chunked"'), 400),
    ("identity", coding(b" identity", b""), 400),
    ("chunked, identity", coding(b" chunked, identity"), 400),
    ("identity, chunked", coding(b" identity, chunked"), 400),
    ("chunked, chunked", coding(b" chunked, chunked"), 400),
    ("two lines", coding(b" chunked\r\nTransfer-Encoding: chunked"), 400),
    ("two lines, one unknown", coding(b" chunked\r\nTransfer-Encoding: x"), 400),
    ("gzip alone", coding(b" gzip", b""), 400),
    ("gzip, chunked", coding(b" gzip, chunked"), 501),
    ("empty", coding(b""), 400),
    ("a parameter", coding(b" chunked;q=1"), 400),
    ("a comma behind it", coding(b" chunked,"), 400),
    ("vertical TAB before it", coding(b" \x0bchunked"), 400),
    ("folded", coding(b"\r\n chunked"), 400),
]

CHUNKS = [
    ("0x prefix", chunks(b"0x5\r\nhello\r\n0\r\n\r\n"), 400),
    ("signed", chunks(b"+5\r\nhello\r\n0\r\n\r\n"), 400),
    ("negative", chunks(b"-5\r\nhello\r\n0\r\n\r\n"), 400),
    ("space before the size", chunks(b" 5\r\nhello\r\n0\r\n\r\n"), 400),
    ("space behind the size", chunks(b"5 \r\nhello\r\n0\r\n\r\n"), 400),
    ("no size", chunks(b"\r\nhello\r\n0\r\n\r\n"), 400),
    ("not hexadecimal", chunks(b"g\r\nhello\r\n0\r\n\r\n"), 400),
    ("17 digits", chunks(b"00000000000000005\r\nhello\r\n0\r\n\r\n"), 400),
    ("2^64 + 5", chunks(b"10000000000000005\r\nhello\r\n0\r\n\r\n"), 400),
    ("bare LF behind the size", chunks(b"5\nhello\r\n0\r\n\r\n"), 400),
    ("bare CR behind the size", chunks(b"5\rhello\r\n0\r\n\r\n"), 400),
    ("bare LF behind the data", chunks(b"5\r\nhello\n0\r\n\r\n"), 400),
    ("no CRLF behind the data", chunks(b"5\r\nhello0\r\n\r\n"), 400),
    ("data longer than its size", chunks(b"3\r\nhello\r\n0\r\n\r\n"), 400),
    ("data shorter than its size", chunks(b"6\r\nhello\r\n0\r\n\r\n"), 400),
    ("bare LF in an extension", chunks(b"5;a=b\nhello\r\n0\r\n\r\n"), 400),
    ("bare CR in an extension", chunks(b"5;a=\rb\r\nhello\r\n0\r\n\r\n"), 400),
    ("NUL in an extension", chunks(b"5;a=\0\r\nhello\r\n0\r\n\r\n"), 400),
    ("an extension over 256 bytes", chunks(b"5;" + b"a" * 300 + b"\r\nhello\r\n0\r\n\r\n"), 400),
    ("extensions over 4 KiB in all", chunks((b"1;" + b"a" * 200 + b"\r\nx\r\n") * 30 + b"0\r\n\r\n"), 400),
    ("bare LF behind the last size", chunks(b"5\r\nhello\r\n0\n\r\n"), 400),
    ("bare LF at the very end", chunks(b"5\r\nhello\r\n0\r\n\n"), 400),
    ("a trailer without colon", chunks(b"5\r\nhello\r\n0\r\nnonsense\r\n\r\n"), 400),
    ("a trailer with a space before its colon", chunks(b"5\r\nhello\r\n0\r\nX-A : b\r\n\r\n"), 400),
    ("a folded trailer", chunks(b"5\r\nhello\r\n0\r\nX-A: b\r\n c\r\n\r\n"), 400),
    ("NUL in a trailer", chunks(b"5\r\nhello\r\n0\r\nX-A: \0\r\n\r\n"), 400),
    ("bare LF behind a trailer", chunks(b"5\r\nhello\r\n0\r\nX-A: b\n\r\n"), 400),
    ("over the limit", chunks(b"400\r\n" + b"x" * 1024 + b"\r\n1\r\nx\r\n0\r\n\r\n"), 413),
    ("one chunk over the limit", chunks(b"7fffffffffffffff\r\n" + b"x" * 1100), 413),
]

BODY = [
    ("GET", field(b"Content-Length: 5") + b"hello", 400),
    ("HEAD", field(b"Content-Length: 5", b"HEAD") + b"hello", 400),
    ("DELETE", field(b"Content-Length: 5", b"DELETE") + b"hello", 400),
    ("OPTIONS", field(b"Content-Length: 5", b"OPTIONS") + b"hello", 400),
    ("GET, chunked", field(b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n", 400),
    ("GET, a request as its body", field(b"Content-Length: 38") + b"GET /smuggled HTTP/1.1\r\nHost: abcd\r\n\r\n", 400),
]

# What a local answer must frame exactly as the proxy does.
LOCAL = [
    ("health with a body", local(b"GET /health", b"Content-Length: 5") + b"hello", 400),
    ("metrics, chunked and length", local(b"GET /metrics", b"Content-Length: 5\r\n" + CHUNKED) + LAST, 400),
    ("health, unknown coding", local(b"POST /health", b"Transfer-Encoding: xchunked") + LAST, 400),
    ("OPTIONS * with two lengths", local(b"OPTIONS *", b"Content-Length: 0\r\nContent-Length: 0"), 400),
]

# Refused as well, but the framing was never in doubt: the connection may live on, and then it must be in step.
IN_STEP = [
    ("unknown method", line(b"BREW /guard HTTP/1.1"), 501),
    ("lower-case method", line(b"get /guard HTTP/1.1"), 501),
    ("PROPFIND", line(b"PROPFIND /guard HTTP/1.1"), 501),
    ("CONNECT", line(b"CONNECT a:443 HTTP/1.1", b"Host: a:443\r\n"), 405),
    ("TRACE", line(b"TRACE /guard HTTP/1.1"), 405),
    ("encoded dots", target(b"/x/%2e%2e/guard"), 400),
    ("one encoded dot", target(b"/x/.%2E/guard"), 400),
    ("encoded slash", target(b"/x%2fguard"), 400),
    ("encoded slash, upper case", target(b"/x%2Fguard"), 400),
    ("encoded backslash", target(b"/x%5cguard"), 400),
    ("encoded backslash, upper case", target(b"/x%5Cguard"), 400),
    ("overlong slash", target(b"/x%c0%afguard"), 400),
    ("encoded dots with a body", b"POST /x/%2e%2e HTTP/1.1\r\nHost: a\r\nContent-Length: 38\r\n\r\n"
     b"GET /smuggled HTTP/1.1\r\nHost: abcd\r\n\r\n", 400),
]

TABLES = {
    "request line": REQUEST_LINE,
    "target": TARGET,
    "host": HOST,
    "fields": FIELDS,
    "content-length": LENGTH,
    "transfer-encoding": CODING,
    "chunks": CHUNKS,
    "body": BODY,
    "local answers": LOCAL,
}
