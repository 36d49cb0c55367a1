"""A fresh CA and one certificate signed by it, made with the openssl program."""

import os
import subprocess
import tempfile


class Certificates:
    """Paths: `ca`, `certificate`, `key`."""

    def __init__(self, names="DNS:localhost"):
        self.folder = tempfile.TemporaryDirectory(prefix="sallyport-ca-")
        os.chmod(self.folder.name, 0o755)
        self.ca, ca_key = self._path("ca.pem"), self._path("ca.key")
        self.certificate, self.key = self._path("server.pem"), self._path("server.key")
        fresh = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        self._openssl(*fresh, "-subj", "/CN=test CA", "-keyout", ca_key, "-out", self.ca)
        self._openssl(*fresh, "-subj", "/CN=test server", "-keyout", self.key, "-out", self.certificate, "-CA", self.ca,
                      "-CAkey", ca_key, "-addext", f"subjectAltName={names}", "-addext", "basicConstraints=critical,CA:FALSE")

    def _path(self, name):
        return os.path.join(self.folder.name, name)

    def _openssl(self, *words):
        done = subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=20)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def close(self):
        self.folder.cleanup()
