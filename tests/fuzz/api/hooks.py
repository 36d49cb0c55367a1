"""What schemathesis cannot know of our services: who asks, and which refusals of valid requests are right.

Loaded by schemathesis (SCHEMATHESIS_HOOKS); fuzz.py says the rest in the environment.
"""

import atexit
import collections
import itertools
import json
import os
import re
import sys
import urllib.parse
from pathlib import Path

import schemathesis

sys.path.insert(0, str(Path(__file__).parent))

from bodies import Bodies  # noqa: E402
from identity import Identity  # noqa: E402

ENVIRONMENT = os.environ
PLACES = (ENVIRONMENT["API_FUZZ_DATABASE"], ENVIRONMENT["SALLYPORT_BIN"])
IDENTITY = Identity(ENVIRONMENT["API_FUZZ_URL"], ENVIRONMENT["API_FUZZ_ROLE"], *PLACES)
BODIES = Bodies(IDENTITY, Identity(ENVIRONMENT["API_FUZZ_URL"], "user", *PLACES))

# Operations that may end the session of whoever asks.
ENDING = {"logoutAll", "deleteSession", "changePassword", "changeUser", "revokeSessions"}

# Refusals of requests that keep the contract, each because the contract cannot say the reason in a schema:
# (operation, code, pointer or None for any or no error list). Anything else that is refused is a failure.
RIGHT_REFUSALS = {
    ("register", "weak_password", None),  # bytes after normalisation, and a list of common passwords
    ("changePassword", "weak_password", None),
    ("changePassword", "account_locked", None),  # five wrong ones before
    ("login", "account_locked", None),
    ("refresh", "validation_failed", "/refresh_token"),  # required unless there is a cookie
    ("logout", "validation_failed", "/refresh_token"),
    ("refresh", "idempotency_key_reused", None),
    ("createPayment", "idempotency_key_reused", None),
    ("createRefund", "idempotency_key_reused", None),
    ("listPayments", "validation_failed", "/query/cursor"),  # good only for the list that it came with
    ("listUsers", "validation_failed", "/query/cursor"),
    ("listAuditEvents", "validation_failed", "/query/cursor"),
    ("getRateLimits", "validation_failed", "/query/value"),  # what it must be depends on `kind`
    ("resetRateLimits", "validation_failed", "/query/value"),
}

BODY_BYTES_MAX = 16384
USABLE_KEY = re.compile("[!-~]{1,255}")

_keys = itertools.count()
_requests = collections.defaultdict(collections.Counter)
_failures = collections.defaultdict(collections.Counter)


def operation_of(case):
    return case.operation.definition.raw.get("operationId", case.operation.label)


def problem_of(response):
    if "problem+json" not in ",".join(response.headers.get("content-type", [])):
        return {}
    try:
        problem = json.loads(response.content)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


@schemathesis.auth(refresh_interval=None)
class Bearer:
    def get(self, _case, _context):
        return IDENTITY.access_token()

    def set(self, case, token, _context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {token}"


@schemathesis.hook
def after_call(_context, case, response):
    status, operation = response.status_code, operation_of(case)
    _requests[operation][status] += 1
    if status == 401 or (status < 300 and operation in ENDING):
        IDENTITY.doubt()


@schemathesis.hook
def map_body(context, body):
    return BODIES.enrich(context.operation.definition.raw.get("operationId"), body)


@schemathesis.hook
def map_headers(_context, headers):
    """No name with an underscore, which the gateway takes for an attack on what is behind it; every other time a fresh
    key, since one that was used before makes whatever comes with it a repetition."""
    if not isinstance(headers, dict):
        return headers
    headers = {name: value for name, value in headers.items() if "_" not in name}
    key = headers.get("Idempotency-Key")
    if isinstance(key, str) and USABLE_KEY.fullmatch(key) and next(_keys) % 2:
        headers["Idempotency-Key"] = f"api-fuzz-{os.getpid()}-{next(_keys)}-0123456789"
    return headers


def is_right(failure, case, response):
    kind, problem, operation = type(failure).__name__, problem_of(response), operation_of(case)
    if kind == "UnsupportedMethodResponse":  # said before anybody looks where the request leads
        return problem.get("detail") == "This method does not take a body."
    if kind != "RejectedPositiveData":
        return False
    if problem.get("code") == "body_too_large":  # a character that is escaped takes up to twelve bytes
        return len(response.request.body or b"") > BODY_BYTES_MAX
    pointers = [error["pointer"] for error in problem.get("errors", [])] or [None]
    return all((operation, problem.get("code"), pointer) in RIGHT_REFUSALS for pointer in pointers)


@schemathesis.hook
def filter_failure(_context, failure, case, response):
    if is_right(failure, case, response):
        return False
    _failures[operation_of(case)][type(failure).__name__] += 1
    return True


@schemathesis.check
def documented_code(_context, response, case):
    """The code of a refusal stands in the `x-codes` of its response."""
    problem = problem_of(response)
    if not problem:
        return
    root = case.operation.schema.raw_schema
    responses = case.operation.definition.raw["responses"]
    told = responses.get(str(response.status_code)) or responses.get("default", {})
    while "$ref" in told:
        found = root
        for step in told["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        told = found
    if problem.get("code") not in told.get("x-codes", []):
        raise AssertionError(f"{response.status_code} {problem.get('code')} is not among {told.get('x-codes')}")
    if problem.get("status") != response.status_code:
        raise AssertionError(f"the document says {problem.get('status')}, the answer {response.status_code}")


@schemathesis.check
def every_answer_is_named_and_guarded(_context, response, _case):
    """The fields that stand on every answer of the gateway."""
    wanted = {"x-request-id": None, "x-content-type-options": "nosniff", "x-frame-options": "DENY"}
    for name, value in wanted.items():
        found = response.headers.get(name, [])
        if len(found) != 1 or (value and found != [value]):
            raise AssertionError(f"{name}: {found}")


@schemathesis.check
def unknown_query_is_refused(_context, response, case):
    """Schemathesis lets servers off that ignore what they do not know; ours promise not to."""
    declared = {parameter.name for parameter in case.operation.query}
    sent = urllib.parse.urlsplit(response.request.url).query  # a value of nothing is not sent at all
    unknown = {name for name, _ in urllib.parse.parse_qsl(sent, keep_blank_values=True)} - declared
    if unknown and response.status_code < 300 and operation_of(case) != "getKeys":  # a document: no code looks at it
        raise AssertionError(f"accepted with {sorted(unknown)} in its query")


@atexit.register
def write_numbers():
    with open(ENVIRONMENT["API_FUZZ_NUMBERS"], "w", encoding="utf-8") as file:
        json.dump({"requests": _requests, "failures": _failures}, file)
