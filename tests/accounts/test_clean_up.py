"""Which sessions and tickets go, and which are kept?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.clean_up import SESSIONS_KEPT, TICKETS_KEPT, expired_delete
from accounts.factors.challenges import LIFE, challenge_make
from accounts.models import AuditLog, PasskeyChallenge, Purpose, Session, SocketTicket, User
from accounts.services import session_begin, ticket_issue
from tests.accounts.conftest import HERE

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def test_a_live_session_and_its_ticket_stay(session: Session) -> None:
    ticket_issue(session=session)
    assert expired_delete() == 0


def test_a_session_goes_some_days_after_it_expired_and_the_audit_stays(trader: User) -> None:
    now = timezone.now()
    old, recent = (session_begin(user=trader, client=HERE).session for _ in range(2))
    ticket_issue(session=old)
    Session.objects.filter(id=old.id).update(expires_at=now - SESSIONS_KEPT - MINUTE)
    Session.objects.filter(id=recent.id).update(expires_at=now - SESSIONS_KEPT + MINUTE)
    audited = AuditLog.objects.count()
    assert expired_delete() == 2
    assert list(Session.objects.values_list("id", flat=True)) == [recent.id]
    assert not SocketTicket.objects.exists()
    assert AuditLog.objects.count() == audited


def test_a_challenge_goes_an_hour_after_it_expired(trader: User) -> None:
    now = timezone.now()
    for age in (TICKETS_KEPT - MINUTE, TICKETS_KEPT + MINUTE):
        challenge_make(Purpose.LOGIN, trader, None, now - age - LIFE)
    assert expired_delete() == 1
    assert PasskeyChallenge.objects.count() == 1


def test_a_ticket_goes_an_hour_after_it_expired(session: Session) -> None:
    for age in (TICKETS_KEPT - MINUTE, TICKETS_KEPT + MINUTE):
        ticket_issue(session=session)
        SocketTicket.objects.filter(expires_at__gt=timezone.now()).update(expires_at=timezone.now() - age)
    assert expired_delete() == 1
    assert SocketTicket.objects.count() == 1
