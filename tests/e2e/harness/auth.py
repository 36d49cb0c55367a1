"""The identity service under test, with fresh secrets and a migrated database of its own."""

import base64
import contextlib
import json
import os
import sqlite3
import tempfile

from .gateway import Program, run, to_yaml


def _random(count=32):
    return base64.urlsafe_b64encode(os.urandom(count)).decode().rstrip("=")


def fresh_secrets():
    """Every variable that holds a secret of the service's own."""
    return {
        "SALLYPORT_ACCESS_TOKEN_KEYS": "at1:EdDSA:" + _random(),
        "SALLYPORT_REFRESH_TOKEN_KEYS": "rt1:" + _random(),
        "SALLYPORT_LOOKUP_PEPPER": _random(),
        "SALLYPORT_DEVICE_COOKIE_KEYS": "dc1:" + _random(),
        "SALLYPORT_CURSOR_KEYS": "cu1:" + _random(),
    }


class SqliteDatabase:
    """A migrated file that is gone after close()."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="sallyport-db-")
        self.url = f"sqlite:{self.folder.name}/accounts.db"
        migrate(self.url)

    @contextlib.contextmanager
    def hold_writes(self):
        """Nobody's changes get done meanwhile."""
        with contextlib.closing(sqlite3.connect(self.url.removeprefix("sqlite:"), 20, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            yield
            db.execute("ROLLBACK")

    def close(self):
        self.folder.cleanup()


def migrate(url):
    status, out, err, _ = run("migrate", env={"SALLYPORT_MIGRATE_DATABASE_URL": url}, timeout=60)
    if status != 0:
        raise AssertionError(f"migrate ended with {status}:\n{out}\n{err}")


class AuthService(Program):
    """`sallyport auth`. `config` overrides the defaults; a value of None leaves a key or a variable out."""

    DEFAULTS = {"listen": "127.0.0.1:0", "issuer": "https://auth.test", "audience": "sallyport-test", "drain": "0s"}

    def __init__(self, redis_url, database_url, config=None, env=None):
        folder = tempfile.TemporaryDirectory(prefix="sallyport-e2e-")
        config_file = os.path.join(folder.name, "auth.yaml")
        with open(config_file, "w", encoding="utf-8") as file:
            settings = {**self.DEFAULTS, **(config or {})}
            file.write(to_yaml({key: value for key, value in settings.items() if value is not None}))
        variables = {"SALLYPORT_REDIS_URL": redis_url, "SALLYPORT_DATABASE_URL": database_url, **fresh_secrets()}
        variables.update(env or {})
        self.variables = {name: value for name, value in variables.items() if value is not None}
        super().__init__("auth", "--config", config_file, env=self.variables, folder=folder)


def claims_of(token):
    """The claims of a JWT, unverified."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
