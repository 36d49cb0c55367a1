"""The documentation says what is there."""

import os
import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def pages():
    """Every page that is ours."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in ("build", "node_modules") and not name.startswith(".")]
        yield from (Path(folder) / name for name in files if name.endswith(".md"))


def anchors(page):
    """What its headings can be linked by."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


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


if __name__ == "__main__":
    unittest.main(verbosity=2)
