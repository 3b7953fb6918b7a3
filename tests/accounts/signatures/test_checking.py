"""Which requests does a key let in? Every wrong one is refused by name and audited, every good one verifies again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiKey, AuditLog, Entitlement, SignedRequest, User
from accounts.policy import Function
from accounts.rights import rights_of
from accounts.services import TokenPair, ticket_redeem
from accounts.signatures.services import key_revoke
from tests.accounts.conftest import HERE
from tests.accounts.signatures.conftest import MakeKey, proven
from tests.accounts.signatures.program import Program, as_body
from tests.scoreboard import Measured

pytestmark = pytest.mark.django_db
ME, ORDERS, KEYS = "/api/v1/auth/me", "/api/v1/orders", "/api/v1/auth/keys"
#: Refused for its price, after the signature was looked at; nothing needs to run behind it.
ORDER = {"clientOrderId": "c1", "symbol": "AAPL", "side": "buy", "orderType": "limit", "quantity": "1", "price": "x"}
HOST = "http://testserver"


@pytest.fixture
def signer(trader: User, make_key: MakeKey) -> Program:
    return make_key(trader)[0]


def send(path: str, headers: dict[str, str], body: bytes = b"", method: str = "") -> Any:
    verb = method or ("POST" if body else "GET")
    return APIClient().generic(verb, path, body, content_type="application/json", headers=headers)


def ordered(program: Program, body: bytes | None = None, **said: Any) -> Any:
    """An order, signed; `body` is what is sent in place of what was signed."""
    signed = as_body(ORDER)
    headers = program.headers("POST", HOST + ORDERS, signed, **said)
    return send(ORDERS, headers, signed if body is None else body)


def test_a_signed_request_is_its_users(signer: Program) -> None:
    answer = send(ME, signer.headers("GET", HOST + ME))
    assert (answer.status_code, answer.json()["username"]) == (200, "trader")


def test_a_signed_order_is_let_in_and_kept_with_its_bytes(signer: Program) -> None:
    answer = ordered(signer)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")
    row = SignedRequest.objects.get()
    assert (row.kept, row.method, bytes(row.body)) == (True, "POST", as_body(ORDER))
    assert f'"@target-uri": {HOST}{ORDERS}' in row.base


class Wrong(NamedTuple):
    """A way to be refused, the code that is told and the reason that is audited."""

    code: str
    reason: str
    sent: Callable[[Program], Any]


WRONG = {
    "changed by a byte": Wrong(
        "SIGNATURE_INVALID", "digest", lambda p: ordered(p, as_body(ORDER).replace(b'"1"', b'"9"'))
    ),
    "signed 31 s ago": Wrong("SIGNATURE_EXPIRED", "created", lambda p: ordered(p, created=int(time.time()) - 32)),
    "signed in the future": Wrong("SIGNATURE_EXPIRED", "created", lambda p: ordered(p, created=int(time.time()) + 32)),
    "without created": Wrong("SIGNATURE_MALFORMED", "components", lambda p: ordered(p, created=None)),
    "without nonce": Wrong("SIGNATURE_MALFORMED", "components", lambda p: ordered(p, nonce=None)),
    "without keyid": Wrong("SIGNATURE_MALFORMED", "components", lambda p: ordered(p, keyid=None)),
    "body not covered": Wrong(
        "SIGNATURE_MALFORMED", "components", lambda p: ordered(p, components=["@method", "@target-uri"])
    ),
    "target not covered": Wrong(
        "SIGNATURE_MALFORMED", "components", lambda p: ordered(p, components=["@method", "content-digest"])
    ),
    "another label": Wrong("SIGNATURE_MALFORMED", "malformed", lambda p: ordered(p, label="seal")),
    "no such key": Wrong("SIGNATURE_INVALID", "key", lambda p: ordered(p, keyid=str(uuid4()))),
    "a key that is no id": Wrong("SIGNATURE_INVALID", "key", lambda p: ordered(p, keyid="mine")),
    "for another path": Wrong(
        "SIGNATURE_INVALID", "signature", lambda p: send(ME, p.headers("GET", HOST + "/api/v1/orders"))
    ),
    "half of it": Wrong(
        "SIGNATURE_MALFORMED", "malformed", lambda p: send(ME, {"Signature": p.headers("GET", HOST + ME)["Signature"]})
    ),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_signature_is_refused_by_name_and_audited(signer: Program, how: str, measured: Measured) -> None:
    code, reason, sent = WRONG[how]
    answer = sent(signer)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    audited = AuditLog.objects.filter(action="auth.signature_refused", details__reason=reason)
    assert (audited.count(), SignedRequest.objects.count()) == (1, 0)
    measured(36, f"accepted though {how}", 0, "0")


def test_a_nonce_is_taken_once(signer: Program, measured: Measured) -> None:
    headers = signer.headers("GET", HOST + ME)
    first, second = send(ME, headers), send(ME, headers)
    assert (first.status_code, second.status_code, second.json()["code"]) == (200, 401, "NONCE_USED")
    measured(36, "accepted a second time", 0, "0")


def test_a_revoked_key_signs_nothing(trader: User, make_key: MakeKey, login: TokenPair, measured: Measured) -> None:
    program, key = make_key(trader)
    key_revoke(session=login.session, rights=rights_of(trader), client=HERE, key=key)
    answer = send(ME, program.headers("GET", HOST + ME))
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGNATURE_INVALID")
    assert AuditLog.objects.filter(action="auth.key_revoked", resource_id=str(key.id)).exists()
    measured(36, "accepted of a revoked key", 0, "0")


def test_a_key_that_is_over_signs_nothing(trader: User, make_key: MakeKey) -> None:
    program, key = make_key(trader)
    ApiKey.objects.filter(id=key.id).update(expires_at=timezone.now())
    assert send(ME, program.headers("GET", HOST + ME)).json()["code"] == "SIGNATURE_INVALID"


def test_a_user_who_is_not_active_has_no_program(trader: User, make_key: MakeKey) -> None:
    program, _ = make_key(trader)
    User.objects.filter(id=trader.id).update(is_active=False)
    assert send(ME, program.headers("GET", HOST + ME)).json()["code"] == "SIGNATURE_INVALID"


def test_another_key_cannot_sign_in_its_name(trader: User, make_user: Any, make_key: MakeKey) -> None:
    key = make_key(trader)[1]
    stranger, _ = make_key(make_user("other"))
    answer = send(ME, stranger.headers("GET", HOST + ME, keyid=str(key.id)))
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGNATURE_INVALID")


def test_a_key_of_a_network_is_refused_from_elsewhere(trader: User, make_key: MakeKey) -> None:
    here, elsewhere = (make_key(trader, networks=[network])[0] for network in ("127.0.0.0/8", "192.0.2.0/24"))
    assert send(ME, here.headers("GET", HOST + ME)).status_code == 200
    assert send(ME, elsewhere.headers("GET", HOST + ME)).status_code == 401


def test_a_scope_bounds_the_key_and_the_users_rights_bound_the_scope(trader: User, make_key: MakeKey) -> None:
    program, _ = make_key(trader, scopes=[Function.SELF_READ.value])
    assert ordered(program).json()["code"] == "FORBIDDEN"
    full, _ = make_key(trader)
    trader.groups.clear()
    assert ordered(full).json()["code"] == "FORBIDDEN"


def test_no_key_makes_or_ends_a_key(signer: Program) -> None:
    for method, path in (("GET", KEYS), ("DELETE", f"{KEYS}/{signer.key_id}")):
        answer = send(path, signer.headers(method, HOST + path), method=method)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


def test_a_ticket_that_was_signed_for_opens_the_keys_session(signer: Program) -> None:
    path = "/api/v1/auth/ws-ticket"
    ticket = send(path, signer.headers("POST", HOST + path), method="POST").json()["ticket"]
    assert str(ticket_redeem(ticket, "127.0.0.1").api_key.id) == str(signer.key_id)


def test_who_must_sign_is_refused_unsigned(
    trader: User, make_key: MakeKey, login: TokenPair, measured: Measured
) -> None:
    Entitlement.objects.create(user=trader, signed_above=0)
    make_key(trader)
    body = as_body({**ORDER, "price": "1"})
    bearer = {"Authorization": f"Bearer {login.access_token}"}
    unsigned = send(ORDERS, bearer, body)
    assert (unsigned.status_code, unsigned.json()["code"]) == (403, "SIGNATURE_REQUIRED")
    with pytest.raises(Exception, match="signed"):
        make_key(trader)
    measured(36, "orders and keys accepted unsigned where a signature is needed", 0, "0")


def test_keys_are_made_with_a_fresh_second_factor_only(trader: User, login: TokenPair) -> None:
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat()
    wanted = {"name": "bot", "scopes": ["self.read"], "publicKey": Program().public_key, "expiresAt": tomorrow}
    body = as_body(wanted)
    bearer = {"Authorization": f"Bearer {login.access_token}"}
    assert send(KEYS, bearer, body).json()["code"] == "STEP_UP_REQUIRED"
    proven(login.session)
    answer = send(KEYS, bearer, body)
    assert (answer.status_code, answer.json()["scopes"]) == (201, ["self.read"])


def test_a_foreign_key_is_not_there(make_user: Any, make_key: MakeKey, login: TokenPair) -> None:
    foreign = make_key(make_user("other"))[1]
    bearer = {"Authorization": f"Bearer {login.access_token}"}
    for method in ("GET", "DELETE"):
        assert send(f"{KEYS}/{foreign.id}", bearer, method=method).status_code == 404
    assert ApiKey.objects.get(id=foreign.id).revoked_at is None


def report() -> tuple[int, list[dict[str, Any]]]:
    out = StringIO()
    try:
        call_command("verify_signatures", "--json", stdout=out)
        status = 0
    except SystemExit as ended:
        status = int(ended.code or 0)
    return status, [json.loads(line) for line in out.getvalue().splitlines()]


def test_all_that_was_accepted_verifies_again_from_the_stored_bytes(signer: Program, measured: Measured) -> None:
    for _ in range(20):
        ordered(signer)
    status, lines = report()
    good = [line for line in lines if not line["fault"]]
    measured(36, "accepted requests that verify again, of 20", len(good), "20")
    assert (status, len(good)) == (0, 20)


@pytest.mark.parametrize(
    ("column", "value"),
    [("body", b'{"quantity":"9"}'), ("signature", "A" * 86 + "=="), ("method", "DELETE")],
)
def test_a_stored_byte_that_was_changed_is_found(signer: Program, column: str, value: Any) -> None:
    ordered(signer)
    ordered(signer)
    one = SignedRequest.objects.order_by("id").first()
    SignedRequest.objects.filter(id=one.id).update(**{column: value})
    status, lines = report()
    assert status == 1
    assert [line["id"] for line in lines if line["fault"]] == [str(one.id)]
