"""Is a change of limits by who must sign taken signed only, once, lately, as it was signed, and by a key that counts?

A session proves the second factor, one of the user's keys beside it that he agreed to these very bytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiKey, AuditLog, Entitlement, Session, SignedRequest
from accounts.services import session_begin
from orders.models import RiskLimit
from tests.accounts.signatures.program import Program, as_body
from tests.orders.limits.people import HERE, LIMIT, People, Told
from tests.scoreboard import Measured

pytestmark = pytest.mark.django_db
HOST, LIMITS = "http://testserver", "/api/v1/limits"


class Signer:
    """Carl, who must sign, and his key."""

    def __init__(self, people: People, name: str = "carl") -> None:
        self.people, self.name = people, name
        user = people.users[name]
        Entitlement.objects.create(user=user, signed_above=0)
        self.program = Program()
        later = timezone.now() + timedelta(days=1)
        public = self.program.public_key
        self.key = ApiKey.objects.create(
            user=user, name="bot", scopes="self.read", public_key=public, expires_at=later, session=self.session()
        )
        self.program.key_id = self.key.id

    def session(self) -> Session:
        return session_begin(user=self.people.users[self.name], client=HERE).session

    def sends(self, path: str, document: dict[str, Any], sent: bytes | None = None, **said: Any) -> Told:
        """`sent` is what arrives in place of what was signed."""
        body = as_body(document)
        return self.brings(path, body if sent is None else sent, self.headers(path, body, **said))

    def headers(self, path: str, body: bytes, **said: Any) -> dict[str, str]:
        return self.program.headers("POST", HOST + path, body, **said)

    def brings(self, path: str, body: bytes, headers: dict[str, str]) -> Told:
        bearer = {"Authorization": f"Bearer {self.people.token(self.name)}"}
        client = APIClient()
        return Told(client.post(path, body, content_type="application/json", headers={**bearer, **headers}))


@pytest.fixture
def signer(people: People) -> Signer:
    return Signer(people)


def replayed(signer: Signer) -> Told:
    """The same request a second time; the first one is taken back, so that none is left over."""
    body = as_body(LIMIT)
    headers = signer.headers(LIMITS, body)
    assert signer.brings(LIMITS, body, headers).status == 202
    RiskLimit.objects.all().delete()
    return signer.brings(LIMITS, body, headers)


def revoked(signer: Signer) -> Told:
    ApiKey.objects.update(revoked_at=timezone.now())
    return signer.sends(LIMITS, LIMIT)


def foreign(signer: Signer) -> Told:
    """Of another key than the one that is named."""
    other = Program(key_id=signer.key.id)
    return signer.brings(LIMITS, as_body(LIMIT), other.headers("POST", HOST + LIMITS, as_body(LIMIT)))


WRONG: dict[str, tuple[int, str, Callable[[Signer], Told]]] = {
    "unsigned": (403, "SIGNATURE_REQUIRED", lambda signer: signer.people.proposes("carl")),
    "with a bad signature": (401, "SIGNATURE_INVALID", foreign),
    "with a nonce of before": (401, "NONCE_USED", replayed),
    "signed 31 s ago": (
        401,
        "SIGNATURE_EXPIRED",
        lambda signer: signer.sends(LIMITS, LIMIT, created=int(time.time()) - 32),
    ),
    "changed by a byte": (
        401,
        "SIGNATURE_INVALID",
        lambda signer: signer.sends(LIMITS, LIMIT, as_body(LIMIT).replace(b"1000", b"9000")),
    ),
    "of a revoked key": (401, "SIGNATURE_INVALID", revoked),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_change_of_limits_that_is_not_well_signed_is_refused_and_audited(
    signer: Signer, how: str, measured: Measured
) -> None:
    status, code, sent = WRONG[how]
    assert sent(signer).refused == (status, code)
    refusals = AuditLog.objects.filter(action__in=["auth.signature_refused", "limit.denied"])
    assert (refusals.count(), RiskLimit.objects.count()) == (1, 0)
    measured(36, f"changes of limits accepted {how}", RiskLimit.objects.count(), "0")


def test_a_decision_and_an_end_must_be_signed_as_well(people: People) -> None:
    limit = people.agreed().body["id"]
    proposal = people.proposes("carl")
    signer = Signer(people, "cleo")
    assert people.decides("cleo", proposal).refused == (403, "SIGNATURE_REQUIRED")
    assert people.ask("cleo", "DELETE", f"/limits/{limit}").refused == (403, "SIGNATURE_REQUIRED")
    path = f"{LIMITS}/{proposal.body['id']}/decision"
    assert signer.sends(path, {"decision": "approve"}).body["state"] == "approved"


def test_a_signature_of_another_users_key_signs_nothing(people: People, signer: Signer) -> None:
    other = Signer(people, "cleo")
    headers = other.headers(LIMITS, as_body(LIMIT))
    assert signer.brings(LIMITS, as_body(LIMIT), headers).refused == (401, "SIGNATURE_INVALID")


def test_a_program_alone_proposes_nothing(signer: Signer) -> None:
    body = as_body(LIMIT)
    headers = signer.headers(LIMITS, body)
    answer = Told(APIClient().post(LIMITS, body, content_type="application/json", headers=headers))
    assert answer.refused == (403, "FORBIDDEN")


def test_what_was_accepted_names_its_signature_and_verifies_again(signer: Signer, measured: Measured) -> None:
    answers = [signer.sends(LIMITS, {**LIMIT, "value": str(number)}) for number in range(1, 6)]
    assert [answer.status for answer in answers] == [202] * 5
    audited = AuditLog.objects.filter(action="limit.proposed")
    named = {row.details["signedRequest"] for row in audited}
    out = StringIO()
    try:
        call_command("verify_signatures", "--json", stdout=out)
    except SystemExit as ended:
        assert not ended.code
    kept = {str(key) for key in SignedRequest.objects.values_list("id", flat=True)}
    assert (named, len(named), '"fault": ""' in out.getvalue()) == (kept, 5, True)
    measured(36, "accepted changes of limits whose signature verifies again, of 5", len(named & kept), "5")


def test_an_unsigned_kill_by_who_must_sign_is_audited_too(signer: Signer) -> None:
    body = {"scope": "firm", "state": "halted", "reason": "A test."}
    assert signer.people.ask("carl", "POST", "/trading-state", body).refused == (403, "SIGNATURE_REQUIRED")
    told = AuditLog.objects.get(action="trading_state.denied")
    assert (told.user, told.details["code"]) == (signer.people.users["carl"], "SIGNATURE_REQUIRED")
