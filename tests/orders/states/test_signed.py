"""Is a kill of who must sign taken signed only? One of nobody is told that only where its signature was good."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.models import ApiKey, AuditLog
from tests.accounts.signatures.program import Program, as_body
from tests.orders.limits.people import People, Told
from tests.orders.limits.test_signed import HOST, Signer
from tests.scoreboard import Measured

pytestmark = pytest.mark.django_db
STATE = "/api/v1/trading-state"
KILL = {"scope": "user", "target": "nobody", "state": "halted", "reason": "a test"}
LET_IN = (404, "NOT_FOUND")


@pytest.fixture
def signer(people: People) -> Signer:
    signer = Signer(people)
    ApiKey.objects.update(scopes="trading.halt trading.halt_own")
    return signer


def replayed(signer: Signer) -> Told:
    body = as_body(KILL)
    headers = signer.headers(STATE, body)
    assert signer.brings(STATE, body, headers).refused == LET_IN
    return signer.brings(STATE, body, headers)


def revoked(signer: Signer) -> Told:
    ApiKey.objects.update(revoked_at=timezone.now())
    return signer.sends(STATE, KILL)


def foreign(signer: Signer) -> Told:
    other = Program(key_id=signer.key.id)
    return signer.brings(STATE, as_body(KILL), other.headers("POST", HOST + STATE, as_body(KILL)))


WRONG: dict[str, tuple[int, str, Callable[[Signer], Told]]] = {
    "unsigned": (403, "SIGNATURE_REQUIRED", lambda signer: signer.people.ask("carl", "POST", "/trading-state", KILL)),
    "with a bad signature": (401, "SIGNATURE_INVALID", foreign),
    "with a nonce of before": (401, "NONCE_USED", replayed),
    "signed 31 s ago": (
        401,
        "SIGNATURE_EXPIRED",
        lambda signer: signer.sends(STATE, KILL, created=int(time.time()) - 32),
    ),
    "changed by a byte": (
        401,
        "SIGNATURE_INVALID",
        lambda signer: signer.sends(STATE, KILL, as_body(KILL).replace(b"a test", b"a tent")),
    ),
    "of a revoked key": (401, "SIGNATURE_INVALID", revoked),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_kill_that_is_not_well_signed_is_refused_and_audited(signer: Signer, how: str, measured: Measured) -> None:
    status, code, sent = WRONG[how]
    answer = sent(signer)
    assert answer.refused == (status, code)
    assert AuditLog.objects.filter(action__in=["auth.signature_refused", "trading_state.denied"]).count() == 1
    measured(36, f"kills accepted {how}", int(answer.refused == LET_IN), "0")


def test_a_kill_that_is_well_signed_is_let_in_and_one_of_who_need_not_sign_too(signer: Signer) -> None:
    assert signer.sends(STATE, KILL).refused == LET_IN
    assert signer.people.ask("cleo", "POST", "/trading-state", KILL).refused == LET_IN
