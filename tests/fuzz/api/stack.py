"""The system that is fuzzed: PostgreSQL, Redis, and all services behind the gateway, with limits out of the way."""

import contextlib
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "e2e"))

from harness import PLENTY, Postgres, Program, Redis, eventually, policy, to_yaml  # noqa: E402
from harness.raw_client import RawClient  # noqa: E402

# What a client would run into is tested elsewhere; here it would only hide what is behind it.
CONFIG = {"rate_limits": {"global": policy(PLENTY), "auth": policy(PLENTY, group="route")}}


class Stack:
    """`url`: of the gateway. `admin`: (address, password) of the first administrator. `owner_url`: of the database."""

    def __init__(self):
        with contextlib.ExitStack() as cleanup:
            self.postgres = Postgres()
            cleanup.callback(self.postgres.close)
            self.redis = Redis()
            cleanup.callback(self.redis.close)
            self.folder = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="sallyport-api-fuzz-"))
            config = Path(self.folder, "dev.yaml")
            config.write_text(to_yaml(CONFIG), encoding="utf-8")
            data = os.path.join(self.folder, "data")
            self.owner_url = self.postgres.owner_url
            # An upstream of our own, or else a service that echoes would answer whatever has no route.
            self.program = Program("dev", "--listen", "127.0.0.1:0", "--data", data, "--config", str(config),
                                   "--database", self.owner_url, "--redis", self.redis.url,
                                   "--upstream", "/nobody=http://127.0.0.1:9")
            cleanup.callback(self.program.close)
            host, port = self.program.wait_listening().address
            self.url = f"http://{host}:{port}"
            eventually(self._has_keys, "the gateway has the keys of access tokens", 20)
            self.admin = tuple(Path(data, "first-admin.txt").read_text(encoding="utf-8").split())
            self.cleanup = cleanup.pop_all()

    def _has_keys(self):
        with RawClient(self.program.address) as client:
            return client.request("GET", "/auth/me").status == 401

    def close(self):
        """Stops everything. What was wrong with the program, or None: a crash, a sanitizer's word, a bad exit."""
        self.program.terminate()
        try:
            status = self.program.wait(20)
        except AssertionError as late:
            status, output = None, str(late)
        else:
            output = self.program.output
        internal = [line for line in output.splitlines() if '"internal_error"' in line]
        complaint = self.program.close()
        self.cleanup.close()
        if complaint or status != 0:
            return complaint or f"ended with {status}:\n{output[-3000:]}"
        return "\n".join(internal[:5]) or None
