"""Who may change second factors, when is a proof fresh, and what is written down and told of all this?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.factors import fresh_mfa_needed
from accounts.factors.freshness import FRESH_FOR, session_proven
from accounts.factors.services import (
    app_begin,
    app_confirm,
    factor_remove,
    passkey_begin,
    recovery_renew,
    step_up_otp,
)
from accounts.factors.totp import Enrolment
from accounts.models import AuditLog, Method, Passkey, RecoverySet, Session, TotpFactor, User
from accounts.notices import Notice, notice_given
from accounts.services import session_begin
from tests.accounts.conftest import HERE
from tests.accounts.factors.conftest import NOON, STEP, shown
from tradingmw.errors import Code, Forbidden, NotFound

pytestmark = pytest.mark.django_db


@pytest.fixture
def told() -> Iterator[list[Notice]]:
    """What users were told."""
    heard: list[Notice] = []

    def hear(*, notice: Notice, **_facts: Any) -> None:
        heard.append(notice)

    notice_given.connect(hear)
    yield heard
    notice_given.disconnect(hear)


def refused(deed: Callable[[], object]) -> Code:
    with pytest.raises(Forbidden) as caught:
        deed()
    return caught.value.code


def test_a_proof_is_fresh_for_three_hundred_seconds(session: Session) -> None:
    now = timezone.now()
    assert refused(lambda: fresh_mfa_needed(session, now)) is Code.STEP_UP_REQUIRED
    session_proven(session, Method.TOTP, now)
    fresh_mfa_needed(session, now + FRESH_FOR)
    assert refused(lambda: fresh_mfa_needed(session, now + FRESH_FOR + timedelta(seconds=1))) is Code.STEP_UP_REQUIRED


def test_who_has_none_adds_the_first_factor_freely_and_the_second_while_that_is_fresh(session: Session) -> None:
    now = timezone.now()
    first = app_begin(session=session, name="telephone", now=now)
    code = shown(first.secret, now)
    app_confirm(session=session, client=HERE, factor_id=first.factor.id, code=code, now=now)
    app_begin(session=session, name="tablet", now=now + FRESH_FOR)
    passkey_begin(session=session, now=now + FRESH_FOR)


def test_without_a_fresh_proof_no_factor_is_changed(trader: User, app: Enrolment, session: Session) -> None:
    now = timezone.now()
    for deed in (
        lambda: app_begin(session=session, name="mine", now=now),
        lambda: app_confirm(session=session, client=HERE, factor_id=app.factor.id, code="000000", now=now),
        lambda: passkey_begin(session=session, now=now),
        lambda: recovery_renew(session=session, client=HERE, now=now),
        lambda: factor_remove(session=session, client=HERE, kind=TotpFactor, factor_id=app.factor.id, now=now),
    ):
        assert refused(deed) is Code.STEP_UP_REQUIRED


def test_an_app_begun_before_the_first_factor_is_not_confirmed_behind_its_back(trader: User) -> None:
    now = timezone.now()
    thief, owner = (session_begin(user=trader, client=HERE).session for _ in range(2))
    his, mine = (app_begin(session=one, name="app", now=now) for one in (thief, owner))
    app_confirm(session=owner, client=HERE, factor_id=mine.factor.id, code=shown(mine.secret, now), now=now)
    code = shown(his.secret, now)
    deed = lambda: app_confirm(session=thief, client=HERE, factor_id=his.factor.id, code=code, now=now)  # noqa: E731
    assert refused(deed) is Code.STEP_UP_REQUIRED


def test_a_step_up_is_of_this_session_alone(trader: User, app: Enrolment, session: Session) -> None:
    other = session_begin(user=trader, client=HERE).session
    step_up_otp(session=session, client=HERE, otp=shown(app.secret, NOON), now=NOON)
    fresh_mfa_needed(session, NOON)
    assert refused(lambda: fresh_mfa_needed(other, NOON)) is Code.STEP_UP_REQUIRED


def test_with_the_last_factor_the_recovery_codes_go_too(
    trader: User, app: Enrolment, recovery: list[str], session: Session
) -> None:
    now = timezone.now()
    session_proven(session, Method.TOTP, now)
    factor_remove(session=session, client=HERE, kind=TotpFactor, factor_id=app.factor.id, now=now)
    assert not RecoverySet.objects.exists()


def test_nobody_takes_away_what_is_somebody_elses(app: Enrolment, make_user: Callable[[str], User]) -> None:
    stranger = session_begin(user=make_user("stranger"), client=HERE).session
    for kind in (TotpFactor, Passkey):
        with pytest.raises(NotFound):
            factor_remove(session=stranger, client=HERE, kind=kind, factor_id=app.factor.id, now=timezone.now())
    assert TotpFactor.objects.exists()


def test_every_change_is_in_the_audit_and_told(session: Session, told: list[Notice]) -> None:
    now = timezone.now()
    made = app_begin(session=session, name="telephone", now=now)
    code = shown(made.secret, now)
    app_confirm(session=session, client=HERE, factor_id=made.factor.id, code=code, now=now)
    codes = recovery_renew(session=session, client=HERE, now=now)
    step_up_otp(session=session, client=HERE, otp=codes[0], now=now)
    assert refused(lambda: step_up_otp(session=session, client=HERE, otp=code, now=now)) is Code.MFA_INVALID
    factor_remove(session=session, client=HERE, kind=TotpFactor, factor_id=made.factor.id, now=now)
    rows = AuditLog.objects.exclude(action="auth.login").order_by("timestamp")
    assert [row.action for row in rows] == [
        "auth.factor_added",
        "auth.recovery_codes_made",
        "auth.stepped_up",
        "auth.mfa_failed",
        "auth.factor_removed",
    ]
    assert {(row.user_id, row.session_id, row.ip_address) for row in rows} == {
        (session.user_id, session.id, HERE.ip_address)
    }
    assert (rows[0].after, rows[3].details, rows[4].before) == (
        {"name": "telephone"}, {"why": "code used before"}, {"name": "telephone"},
    )  # fmt: skip
    assert told == [Notice.FACTOR_ADDED, Notice.FACTOR_ADDED, Notice.RECOVERY_USED, Notice.FACTOR_REMOVED]


def test_nothing_secret_is_in_the_audit(session: Session) -> None:
    now = timezone.now()
    made = app_begin(session=session, name="telephone", now=now)
    app_confirm(session=session, client=HERE, factor_id=made.factor.id, code=shown(made.secret, now), now=now)
    codes = recovery_renew(session=session, client=HERE, now=now)
    step_up_otp(session=session, client=HERE, otp=codes[0], now=now + STEP)
    rows = "".join(str((row.before, row.after, row.details)) for row in AuditLog.objects.all())
    assert not [secret for secret in (made.secret, shown(made.secret, now), *codes) if secret in rows]
