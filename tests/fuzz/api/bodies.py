"""Makes some of the generated bodies succeed: a password that is strong, a token and an address that are somebody's.

Random ones never are, so that without this nothing behind the first refusal would ever be fuzzed. A body that was made
to break the contract still breaks it: only values that keep it are replaced, by values that keep it.
"""

import itertools
import os
import re

from identity import PASSWORD

_ADDRESS = re.compile(r"[ \t]*(?=[^@ \t]{1,64}@)[a-zA-Z0-9._+-]+@([a-zA-Z0-9-]{1,40}\.)*[a-zA-Z0-9-]{1,40}[ \t]*")
_numbers = itertools.count()


def _is_address(value):
    return isinstance(value, str) and len(value) <= 254 and _ADDRESS.fullmatch(value)


def _is_login_name(value):
    return isinstance(value, str) and len(value) <= 320 and "\0" not in value


def _is_password(value):
    return isinstance(value, str) and len(value) <= 4096


def _is_token(value):
    return isinstance(value, str) and len(value) <= 8192


class Bodies:
    """`identity` sends the requests; `spare` is another user, whose sessions may be used up."""

    def __init__(self, identity, spare):
        self.identity, self.spare = identity, spare

    def enrich(self, operation, body):
        """The body to send: every other time one that can succeed, as far as it is valid at all."""
        make = getattr(self, f"_{operation}", None)
        if not make or not isinstance(body, dict) or next(_numbers) % 2:
            return body
        return make(dict(body))

    def _register(self, body):
        if _is_address(body.get("email")) and _is_password(body.get("password")):
            body.update(email=f" Made-{os.getpid()}-{next(_numbers)}@example.test\t", password=PASSWORD)
        return body

    def _login(self, body):
        if _is_login_name(body.get("email")) and _is_password(body.get("password")):
            self.spare.access_token()
            body.update(email=self.spare.email, password=PASSWORD)
        return body

    def _changePassword(self, body):
        if _is_password(body.get("current_password")) and _is_password(body.get("new_password")):
            body.update(current_password=PASSWORD, new_password=PASSWORD)
        return body

    def _refresh(self, body):
        if _is_token(body.get("refresh_token")):
            body["refresh_token"] = self.spare.fresh_refresh_token()
        return body

    _logout = _refresh
