"""The command line: help, mistakes, config check, and what `dev` shows and takes."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import tempfile
import unittest

from harness import E2ETest, eventually, policy, route, run, to_yaml

GOOD = {
    "listen": "127.0.0.1:0",
    "instances": 1,
    "rate_limits": {"global": policy(100), "auth": policy(5, group="route")},
    "upstreams": {"shop": {"hosts": ["127.0.0.1:9001"], "timeout": "15s", "max_in_flight": 256}},
    "routes": [route("/shop/*", "shop", strip_prefix="/shop", body_max="1MiB")],
}

# Each wrong line says in its comment what the complaint about that line must mention.
BAD = """\
listen: 127.0.0.1:99999            # listen
threds: 4                          # threds
instances: 1
trusted_proxies: [10.0.0.0/99]     # 10.0.0.0/99
rate_limits:
  global: { limit: 100, window: 15 minutes }   # window
  auth: { limit: 5, window: 15m, cost: 6 }     # cost
  late: { limit: 5, window: 15m, algorithm: fxed }   # fxed
upstreams:
  shop: { hosts: ["127.0.0.1:9001"], tiemout: 15s }   # tiemout
routes:
  - { path: /a, upstream: nowhere, auth: none }       # nowhere
  - { path: /b, upstream: shop }                      # auth
  - { path: /c, upstream: shop, auth: none }
  - { path: /c, upstream: shop, auth: none }          # /c
  - { path: /d, upstream: shop, auth: none, rate_limits: [nothing] }   # nothing
  - { path: /e, upstream: shop, auth: none, body_max: lots }           # body_max
"""


def bash(text, timeout=60):
    """Runs what a newcomer would paste into a terminal; returns (exit status, all output)."""
    done = subprocess.run(["bash", "-c", text], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=timeout, text=True)
    return done.returncode, done.stdout


def config_file(case, text):
    with tempfile.NamedTemporaryFile("w", prefix="sallyport-", suffix=".yaml", delete=False) as file:
        file.write(text)
    case.addCleanup(os.unlink, file.name)
    return file.name


class CommandLine(unittest.TestCase):
    def test_help_names_the_commands(self):
        for words in (("--help",), ("-h",)):
            status, out, err, _ = run(*words)
            self.assertEqual((0, ""), (status, err))
            for command in ("gateway", "auth", "payments", "admin", "dev", "config"):
                self.assertIn(command, out)
        for command, option in (("gateway", "--config"), ("dev", "--upstream"), ("dev", "--demo")):
            status, out, _, _ = run(command, "--help")
            self.assertEqual(0, status)
            self.assertIn(option, out)

    def test_version_is_one_line(self):
        status, out, err, _ = run("--version")
        self.assertEqual((0, ""), (status, err))
        self.assertRegex(out, r"\A(sallyport )?\d+\.\d+\.\d+[^\n]*\Z")

    def test_mistakes_on_the_command_line_exit_2_and_show_the_usage(self):
        mistakes = [
            ("--nonsense",),
            ("nonsense",),
            ("dev", "--nonsense"),
            ("dev", "--listen"),
            ("gateway", "--config"),
            ("gateway",),
            ("config",),
            ("config", "nonsense"),
            ("config", "check"),
        ]
        for words in mistakes:
            with self.subTest(" ".join(words) or "no words"):
                status, out, err, seconds = run(*words)
                self.assertEqual(2, status, out + err)
                self.assertRegex(err.lower(), r"usage|--help")
                self.assertEqual("", out)
                self.assertLess(seconds, 5)

    def test_an_unknown_command_is_named(self):
        for words, known in ((("nonsense",), "gateway, dev, config"), (("config", "nonsense"), "check, reference")):
            status, out, err, _ = run(*words)
            self.assertEqual((2, ""), (status, out))
            self.assertIn("unknown command 'nonsense'", err)
            self.assertIn(known, err)

    def test_values_that_make_no_sense_are_named(self):
        mistakes = [("--listen", "nowhere"), ("--threads", "many"), ("--upstream", "no-equals"), ("--redis", "x:y:z"),
                    ("--database", "mysql://localhost/x"), ("--data", "/proc/nowhere")]
        for words in mistakes:
            with self.subTest(" ".join(words)):
                status, out, err, seconds = run("dev", *words)
                self.assertIn(status, (1, 2), out + err)
                self.assertRegex(out + err, f"{words[0].strip('-')}|{words[1]}")
                self.assertLess(seconds, 15)

    def test_config_check_passes_a_good_file(self):
        status, _, err, _ = run("config", "check", config_file(self, to_yaml(GOOD)))
        self.assertEqual(0, status, err)

    def test_config_check_needs_no_environment_and_opens_nothing(self):
        text = to_yaml({**GOOD, "listen": "192.0.2.99:80"})  # nobody's address here
        status, _, err, seconds = run("config", "check", config_file(self, text))
        self.assertEqual(0, status, err)
        self.assertLess(seconds, 5)

    def test_config_check_reports_every_mistake_at_once_with_its_place(self):
        path = config_file(self, BAD)
        status, out, err, _ = run("config", "check", path)
        self.assertEqual(1, status)
        found = {}
        for line in (out + "\n" + err).splitlines():
            if match := re.match(rf"{re.escape(path)}:(\d+):(\d+): (.+)", line):
                self.assertGreaterEqual(int(match[2]), 1)
                found.setdefault(int(match[1]), []).append(match[3])
        for number, text in enumerate(BAD.splitlines(), 1):
            _, marked, mention = text.partition("# ")
            with self.subTest(f"line {number}: {text}"):
                if marked:
                    self.assertIn(mention.strip().lower(), " ".join(found.get(number, [])).lower())
                elif number != 14:  # the first of two equal routes may be named as well
                    self.assertEqual([], found.get(number, []))

    def test_config_check_of_what_is_no_config(self):
        broken = config_file(self, "routes: [\n  { path: /a,\n")
        cases = [("no such file", "/nonexistent/gateway.yaml"), ("a folder", "/"), ("broken YAML", broken),
                 ("a duplicate key", config_file(self, to_yaml(GOOD) + "threads: 1\nthreads: 2\n")),
                 ("empty", config_file(self, "")), ("a list", config_file(self, "- a\n")),
                 ("binary", config_file(self, "\x01\x02\x7f" * 100))]
        for name, path in cases:
            with self.subTest(name):
                status, out, err, _ = run("config", "check", path)
                self.assertEqual(1, status, out + err)
                self.assertIn(path, out + err)

    def test_a_port_in_use_is_a_clear_error(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            status, out, err, seconds = run("dev", "--listen", f"127.0.0.1:{port}")
        self.assertEqual(1, status)
        self.assertIn(f"127.0.0.1:{port}", out + err)
        self.assertIn("in use", (out + err).lower())
        self.assertLess(seconds, 10)

    def test_dev_off_loopback_is_refused(self):
        status, out, err, seconds = run("dev", "--listen", "0.0.0.0:0")
        self.assertIn(status, (1, 2))
        self.assertIn("loopback", (out + err).lower())
        self.assertLess(seconds, 5)


class Dev(E2ETest):
    @classmethod
    def setUpClass(cls):
        """Dev needs no Redis."""

    def setUp(self):
        """Nor anything else."""

    def banner(self, dev):
        """The curl commands that dev prints, with what a shell needs around them."""

        def commands():
            lines = [re.sub(r"^\s*(\$ )?", "", line) for line in list(dev.out)]
            found = [line for line in lines if re.match(r"(curl |for .*curl )", line)]
            return found if len(found) >= 3 else None

        return eventually(commands, lambda: f"three curl commands; it said:\n{dev.output}", 5)

    def test_the_three_printed_commands_show_a_200_the_limits_and_a_429(self):
        dev = self.start_dev()
        commands = self.banner(dev)
        self.assertEqual(3, len(commands), commands)
        outputs = []
        for command in commands:
            status, output = bash(command)
            self.assertEqual(0, status, f"{command}\n{output}")
            outputs.append(output)
        text = "\n".join(outputs)
        self.assertRegex(text, r"\b200\b")
        self.assertRegex(text.lower(), r"ratelimit(-policy)?: ")
        self.assertRegex(text, r"\b429\b")

    def test_the_built_in_service_tells_what_it_got(self):
        dev = self.start_dev()
        response = self.ask(dev, "/hello?x=1", "POST", {"X-Mine": "yes"}, b'{"a":1}')
        self.assertEqual(200, response.status)
        got = response.json()
        self.assertEqual("POST", got["method"])
        self.assertIn("/hello", got["path"])
        self.assertIn('"a":1', response.body.decode().replace("\\", ""))
        self.assertIn("x-mine", response.body.decode().lower())

    def test_the_sixth_login_is_429(self):
        dev = self.start_dev()
        form = {"email": "eve@example.com", "password": "a wild guess"}
        found = [self.post_json(dev, "/auth/login", form).status for _ in range(6)]
        self.assertEqual([401] * 5 + [429], found)

    def post_json(self, gateway, path, form):
        return self.ask(gateway, path, "POST", [("Content-Type", "application/json")], json.dumps(form).encode())

    def test_dev_fronts_a_service_of_yours(self):
        upstream = self.start_upstream()
        dev = self.start_dev("--upstream", f"/shop=http://{upstream.host}")
        self.assertEqual(200, self.ask(dev, "/shop/x").status)
        self.assertEqual(1, len(upstream.requests))
        self.assertEqual(200, self.ask(dev, "/health").status)

    def said(self, dev):
        """The banner up to the commands, and the commands."""
        eventually(lambda: any("listening on" in line for line in list(dev.out)), "the banner", 5)
        eventually(lambda: not dev.out[-1], "its last, empty line", 5)
        return dev.output.partition("\nTry:\n")[::2]

    def test_the_commands_are_for_what_is_there(self):
        upstream = self.start_upstream()
        address = f"http://{upstream.host}"
        for prefix, path in (("/shop", "/shop/hello"), ("/auth", "/auth/hello"), ("/", "/hello")):
            with self.subTest(prefix):
                banner, commands = self.said(self.start_dev("--upstream", f"{prefix}={address}"))
                self.assertRegex(banner, rf"route +{prefix.rstrip('/')}/\*  ->  {address}\n")
                self.assertEqual(3, commands.count("curl "))
                self.assertIn("/auth/login", commands)
                for line in commands.strip().splitlines()[:2]:
                    self.assertTrue(line.endswith(path), line)
                    status, output = bash(line)
                    self.assertEqual(0, status, output)
                    self.assertNotIn("not_found", output)

    def test_the_banner_says_what_limits_apply_to(self):
        path = config_file(self, "rate_limits:\n  slow: { limit: 2, window: 1m }\nroutes:\n"
                                 "  - { path: /slow/*, upstream: dev, auth: none, rate_limits: [slow] }\n")
        banner, _ = self.said(self.start_dev("--config", path))
        self.assertRegex(banner, r"limit +global: 100 in 15m on every path\n")
        self.assertRegex(banner, r"limit +auth: 5 in 15m on /auth/login, /auth/register, /auth/refresh\n")
        self.assertRegex(banner, r"limit +slow: 2 in 1m on /slow/\*\n")

    def test_on_a_terminal_requests_are_told_in_short_lines(self):
        master, terminal = pty.openpty()
        self.addCleanup(os.close, master)
        folder = tempfile.TemporaryDirectory(prefix="sallyport-data-")
        self.addCleanup(folder.cleanup)
        dev = subprocess.Popen([os.environ["SALLYPORT_BIN"], "dev", "--listen", "127.0.0.1:0", "--data", folder.name],
                               stdout=subprocess.PIPE, stderr=terminal, stdin=subprocess.DEVNULL, text=True)
        os.close(terminal)
        self.addCleanup(dev.communicate)
        self.addCleanup(dev.kill)
        address = next(line.split("http://")[1].strip() for line in dev.stdout if "listening on" in line)
        with socket.create_connection(address.split(":"), 5) as peer:
            peer.sendall(b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            self.assertTrue(peer.recv(65536).startswith(b"HTTP/1.1 200 "))
        shown = ""
        while "/hello" not in shown or not shown.endswith("\n"):
            shown += os.read(master, 65536).decode()
        self.assertRegex(shown, r"(?m)^\d\d:\d\d:\d\d\.\d{3} GET  /hello 200 \d+\.\d ms 127\.0\.0\.1 -> 127\.0\.0\.1:\d+\r?$")
        self.assertNotIn('{"', shown)

    def test_dev_overlays_a_config_file(self):
        path = config_file(self, "rate_limits:\n  global: { limit: 2, window: 15m }\n")
        dev = self.start_dev("--config", path)
        self.assertEqual([200, 200, 429], self.statuses(dev, "/x", 3))

    def test_dev_answers_unknown_hosts_with_421(self):
        dev = self.start_dev()
        self.assert_problem(self.ask(dev, "/x", fields={"Host": "rebound.evil.test"}), 421, "misdirected_request")
        port = dev.address[1]
        for host in (f"127.0.0.1:{port}", f"localhost:{port}"):
            self.assertEqual(200, self.ask(dev, "/x", fields={"Host": host}).status, host)

    def test_one_line_tells_where_it_listens(self):
        dev = self.start_dev()
        lines = [line for line in dev.out if "listening on http://" in line]
        self.assertEqual([f"listening on http://127.0.0.1:{dev.address[1]}"], lines)

    def test_signals_end_it_with_0(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            dev = self.start_dev()
            self.assertEqual(200, self.ask(dev, "/health").status)
            dev.signal(number)
            self.assertEqual(0, dev.wait(15))


if __name__ == "__main__":
    unittest.main(verbosity=2)
