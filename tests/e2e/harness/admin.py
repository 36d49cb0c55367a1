"""The admin service under test, beside an auth service whose tokens it takes."""

import os
import tempfile

from .auth import AuthService
from .gateway import Program, to_yaml


class AdminService(Program):
    """`sallyport admin`. `config` overrides the defaults; a value of None leaves a key or a variable out."""

    def __init__(self, auth, redis_url, database_url, config=None, env=None):
        folder = tempfile.TemporaryDirectory(prefix="sallyport-e2e-")
        config_file = os.path.join(folder.name, "admin.yaml")
        host, port = auth.address
        settings = {**AuthService.DEFAULTS, "jwks_url": f"http://{host}:{port}/.well-known/jwks.json", **(config or {})}
        with open(config_file, "w", encoding="utf-8") as file:
            file.write(to_yaml({key: value for key, value in settings.items() if value is not None}))
        variables = {"SALLYPORT_REDIS_URL": redis_url, "SALLYPORT_DATABASE_URL": database_url,
                     "SALLYPORT_CURSOR_KEYS": auth.variables["SALLYPORT_CURSOR_KEYS"], **(env or {})}
        self.variables = {name: value for name, value in variables.items() if value is not None}
        super().__init__("admin", "--config", config_file, env=self.variables, folder=folder)
