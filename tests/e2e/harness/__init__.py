"""Black-box tests of the executable: real Redis, real upstreams, exact bytes. Standard library only."""

from .admin import AdminService
from .auth import AuthService, SqliteDatabase, claims_of, fresh_secrets, migrate
from .auth_case import JSON, AuthTest
from .certificates import Certificates
from .case import PLENTY, E2ETest, policy, route
from .gateway import Gateway, Program, run, to_yaml
from .identity_provider import IdentityProvider
from .payments import PaymentsService, Processor
from .postgres import Postgres
from .raw_client import Broken, RawClient, Response, chunked, request_bytes
from .redis import Redis, RedisError
from .tcp_gate import TcpGate
from .upstream import Upstream, answer, before_body, echo, raw, silent
from .waiting import eventually, free_port, fresh_address

__all__ = [
    "PLENTY", "E2ETest", "policy", "route", "Gateway", "Program", "run", "to_yaml", "Broken", "RawClient", "Response",
    "chunked", "request_bytes", "Redis", "RedisError", "TcpGate", "Upstream", "answer", "before_body", "echo", "raw",
    "silent", "eventually", "free_port", "fresh_address", "AuthService", "SqliteDatabase", "claims_of", "fresh_secrets",
    "migrate", "AdminService", "AuthTest", "JSON", "Postgres", "Certificates", "IdentityProvider",
    "PaymentsService", "Processor",
]
