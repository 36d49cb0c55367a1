"""Another identity provider: signs JWTs with the openssl program and publishes its keys over https."""

import base64
import json
import os
import ssl
import subprocess
import time

from .certificates import Certificates
from .upstream import Upstream, answer


def _openssl(*words, data=b""):
    done = subprocess.run(["openssl", *words], input=data, capture_output=True, timeout=20)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode())
    return done.stdout


def encode(data):
    """base64url without padding, of bytes or of a value as JSON."""
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """A private key in a file. alg: RS256, ES256 or EdDSA."""

    _FRESH = {
        "RS256": ("RSA", "rsa_keygen_bits:2048"),
        "ES256": ("EC", "ec_paramgen_curve:P-256"),
        "EdDSA": ("ED25519", None),
    }

    def __init__(self, folder, kid, alg):
        self.kid, self.alg = kid, alg
        self.file = os.path.join(folder, f"{kid}.pem")
        kind, option = self._FRESH[alg]
        _openssl("genpkey", "-algorithm", kind, *(["-pkeyopt", option] if option else []), "-out", self.file)

    def jwk(self):
        common = {"kid": self.kid, "alg": self.alg, "use": "sig"}
        public = _openssl("pkey", "-in", self.file, "-pubout", "-outform", "DER")
        if self.alg == "RS256":
            modulus = bytes.fromhex(_openssl("rsa", "-in", self.file, "-noout", "-modulus").decode().strip().split("=")[1])
            return {"kty": "RSA", "n": encode(modulus), "e": "AQAB", **common}
        if self.alg == "ES256":
            return {"kty": "EC", "crv": "P-256", "x": encode(public[-64:-32]), "y": encode(public[-32:]), **common}
        return {"kty": "OKP", "crv": "Ed25519", "x": encode(public[-32:]), **common}

    def sign(self, data):
        if self.alg == "EdDSA":
            path = self.file + ".signed"
            with open(path, "wb") as file:
                file.write(data)
            return _openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.file, "-in", path)
        signature = _openssl("dgst", "-sha256", "-sign", self.file, data=data)
        return signature if self.alg == "RS256" else _raw_ecdsa(signature)


def _raw_ecdsa(der):
    """SEQUENCE { r, s } as 64 bytes."""
    size_of_r = der[3]
    r = int.from_bytes(der[4 : 4 + size_of_r])
    s = int.from_bytes(der[6 + size_of_r :])
    return r.to_bytes(32) + s.to_bytes(32)


class IdentityProvider:
    """`keys` are published at `jwks_url`; publish() changes them. `server` is an Upstream, so it can be told to fail."""

    def __init__(self, issuer="https://partner.test", audience="sallyport-partner", algs=("RS256", "ES256", "EdDSA")):
        self.issuer, self.audience = issuer, audience
        self.certificates = Certificates("DNS:localhost")
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.certificates.certificate, self.certificates.key)
        self.server = Upstream(tls=tls)
        self.jwks_url = f"https://localhost:{self.server.port}/keys"
        self.keys = {}
        for alg in algs:
            self.add_key(f"{alg.lower()}-1", alg)
        self.publish()

    def add_key(self, kid, alg):
        self.keys[kid] = Key(self.certificates.folder.name, kid, alg)
        return self.keys[kid]

    def publish(self, *kids):
        """These keys, or all."""
        body = json.dumps({"keys": [self.keys[kid].jwk() for kid in kids or self.keys]}).encode()
        self.server.default = answer(200, {"Content-Type": "application/json"}, body)

    def token(self, kid="es256-1", header=None, key=None, **claims):
        """Claims that are None are left out."""
        key = key or self.keys[kid]
        now = int(time.time())
        body = {"iss": self.issuer, "aud": self.audience, "sub": "somebody", "iat": now, "exp": now + 300, **claims}
        head = {"typ": "JWT", "alg": key.alg, "kid": kid, **(header or {})}
        signed = encode(head) + "." + encode({name: value for name, value in body.items() if value is not None})
        return signed + "." + encode(key.sign(signed.encode()))

    def config(self, name="partner", **more):
        return {"name": name, "issuer": self.issuer, "audience": self.audience, "jwks_url": self.jwks_url,
                "ca_file": self.certificates.ca, **more}

    def close(self):
        self.server.close()
        self.certificates.close()
