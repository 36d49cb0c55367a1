"""The documentation says what is there, and what the README shows is what happens."""

import os
import re
import subprocess
import unittest
from pathlib import Path

from harness import E2ETest, eventually

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
LINK = re.compile(r"\]\(([^)\s]+)\)")

# A block that a newcomer copies, and the one right below it with what then is shown.
BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.M | re.S)
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What is another thing each time: (pattern, what stands for it).
CHANGES = [
    (r"eyJ[\w.-]+…?", "ACCESS"),
    (r"rt1\.[\w.-]*…?|(?<=\"refresh_token\":\")[\w.:-]+…?", "REFRESH"),
    (r"\b00-[0-9a-f]{32}-[0-9a-f]{16}-\d\d\b", "TRACE"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"(?m)^Date: .*$", "Date: TIME"),
    (r"curl/[\d.]+", "curl/VERSION"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"\bt=\d+", "t=SECONDS"),
    (r"(?<=\"retry_after\":)\d+", "SECONDS"),
    (r"(?<=\"X-Request-Timeout-Ms\",\")\d+", "MS"),
    (r"(?m)^Content-Length: \d+$", "Content-Length: BYTES"),
]


def pages():
    """Every page that is ours."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in ("build", "node_modules") and not name.startswith(".")]
        yield from (Path(folder) / name for name in files if name.endswith(".md"))


def anchors(page):
    """What its headings can be linked by."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Plain:
    """Texts with what changes replaced; ids by their number, so that what was the same stays the same."""

    def __init__(self):
        self.ids = {}

    def __call__(self, text):
        for pattern, name in CHANGES:
            text = re.sub(pattern, name, text)
        text = ID.sub(lambda match: f"ID-{self.ids.setdefault(match[0], len(self.ids) + 1)}", text)
        return [line.rstrip() for line in text.replace("\r", "").strip().splitlines()]


class Documentation(unittest.TestCase):
    def test_relative_links_lead_somewhere(self):
        seen = 0
        for page in pages():
            for target in LINK.findall(FENCE.sub("", page.read_text())):
                if re.match(r"[a-z]+:", target):
                    continue
                seen += 1
                with self.subTest(page=str(page.relative_to(ROOT)), target=target):
                    path, _, anchor = target.partition("#")
                    there = (page.parent / path).resolve() if path else page
                    self.assertTrue(there.exists())
                    if anchor:
                        self.assertIn(anchor, anchors(there))
        self.assertGreater(seen, 30, "links are found at all")

    def test_the_middleware_order_is_quoted_as_it_is(self):
        source = (ROOT / "apps/api-gateway/src/composition.cpp").read_text()
        function = re.search(r"(?:^//[^\n]*\n)+^void Worker::compose\(\) \{\n.*?^\}\n", source, re.M | re.S)
        quotes = re.findall(r"^```cpp\n(.*?)^```$", (ROOT / "docs/architecture.md").read_text(), re.M | re.S)
        self.assertIn(function[0], quotes)


class Readme(E2ETest):
    """The blocks of the README, one after the other in one shell, against a fresh `sallyport dev` with its defaults."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        """Dev needs no Redis."""

    def setUp(self):
        """Nor anything else."""

    def blocks(self):
        """(commands, what they show, None when that is not said). Those that start programs are left out."""
        for commands, shown in BLOCK.findall((ROOT / "README.md").read_text()):
            if not re.search(r"^(script|build)/|\sbuild/release/bin/", commands, re.M):
                yield commands, shown

    def run_all(self, dev, blocks, typed):
        """What each block has shown, in a shell with nothing but its user's answers on its input."""
        mark = "-- next block --"
        text = "set -e\n" + "".join(f"{commands}echo '{mark}'\n" for commands, _ in blocks)
        done = subprocess.run(["bash", "-c", text.replace(":8080", f":{dev.address[1]}")], input=typed, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        self.assertEqual(0, done.returncode, done.stdout[-2000:])
        return done.stdout.split(mark + "\n")[:-1]

    def test_its_blocks_show_what_it_says_when_they_are_copied_in_order(self):
        dev = self.start_dev()
        eventually(lambda: self.ask(dev, "/auth/me", source="127.0.0.77").status == 401, "the gateway has the keys")
        password = Path(dev.working_folder, ".sallyport/dev/first-admin.txt").read_text().split()[1]
        blocks = list(self.blocks())
        self.assertGreater(len(blocks), 10, "blocks are found at all")
        outputs = self.run_all(dev, blocks, password + "\n")
        self.assertEqual(len(blocks), len(outputs))
        said, found = Plain(), Plain()
        for (commands, shown), output in zip(blocks, outputs):
            with self.subTest(commands):
                self.assertNotIn("curl: (", output)
                self.assertEqual(said(shown), found(output))


if __name__ == "__main__":
    unittest.main(verbosity=2)
