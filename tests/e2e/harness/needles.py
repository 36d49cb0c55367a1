"""Secrets that must not be seen, and a search for them in all that was written: in any case, in the usual encodings, in part."""

import base64
import json
import urllib.parse

# As many characters of a secret in a row are a leak. A whole one cut short by a limit is found like this, too.
WINDOW = 12


def _base64_forms(data):
    """Base64 of the data wherever it begins in what was encoded, without the characters that its neighbours decide."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + data).decode()
        inner = encoded[4 if before else 0 : -4 if encoded.endswith("=") else None]
        yield inner.encode()
        yield inner.translate(str.maketrans("+/", "-_")).encode()


def _forms(value):
    data = value.encode() if isinstance(value, str) else value
    yield data
    yield data.hex().encode()
    yield from _base64_forms(data)
    yield urllib.parse.quote(data, safe="").encode()
    yield urllib.parse.quote(data).encode()
    yield urllib.parse.quote_plus(data).encode()
    if isinstance(value, str):
        for plain_ascii in (True, False):
            once = json.dumps(value, ensure_ascii=plain_ascii)[1:-1]
            yield once.encode()
            yield json.dumps(once, ensure_ascii=plain_ascii)[1:-1].encode()
        yield value.replace("'", "''").encode()  # as SQL has it


class Needles:
    """`names` are what the secrets are called, in reports too: never the secrets."""

    def __init__(self):
        self._windows = {}
        self.names = set()

    def add(self, name, value):
        """value: text or bytes, at least 12 of them."""
        if len(value) < WINDOW:
            raise ValueError(f"{name} is too short to be looked for")
        self.names.add(name)
        for form in _forms(value):
            form = form.lower()
            for start in range(len(form) - WINDOW + 1):
                self._windows.setdefault(form[start : start + WINDOW], name)

    def found_in(self, data):
        """{name: the texts around its first occurrences, for the report}."""
        found, folded, windows, shown_until = {}, data.lower(), self._windows, 0
        for start in range(len(folded) - WINDOW + 1):
            if folded[start : start + WINDOW] in windows and start >= shown_until:
                shown_until = start + 400
                around = found.setdefault(windows[folded[start : start + WINDOW]], [])
                if len(around) < 4:
                    around.append(data[max(0, start - 240) : start + 60].decode("utf-8", "replace"))
        return found


class Evidence:
    """All that was written, by place."""

    def __init__(self):
        self.pieces = []

    def add(self, place, data):
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogateescape")
        if data:
            self.pieces.append((place, data))

    def places(self):
        return {place for place, _ in self.pieces}

    def search(self, needles, leave_out=()):
        """A line for each secret and place where it was found, a few for each pair."""
        lines = {}
        for place, data in self.pieces:
            if place in leave_out:
                continue
            for name, texts in needles.found_in(data).items():
                lines.setdefault((place, name), []).extend(f"{name} in {place}: …{text}…" for text in texts)
        return [line for some in lines.values() for line in some[:6]]
