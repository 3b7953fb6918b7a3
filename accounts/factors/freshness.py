"""When did this session last prove a second factor, and is that recent enough for a critical deed?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.live import live_sessions
from accounts.models import Method, Session
from tradingmw.errors import Code, Forbidden

FRESH_FOR: Final = timedelta(seconds=300)


def fresh_mfa_needed(session: Session, now: datetime | None = None) -> None:
    """Forbidden (STEP_UP_REQUIRED) unless a second factor was proven in this session within the last 300 s.

    A session from memory may be some seconds old: where it says no, the database is asked.
    """
    if not is_proven_lately(session, now or timezone.now()):
        raise step_up_needed()


def is_proven_lately(session: Session, now: datetime) -> bool:
    return is_fresh(session.mfa_at, now) or is_fresh(proven_at(session), now)


def step_up_needed() -> Forbidden:
    return Forbidden("Prove a second factor again first: POST /auth/mfa/step-up.", code=Code.STEP_UP_REQUIRED)


def is_fresh(mfa_at: datetime | None, now: datetime) -> bool:
    return mfa_at is not None and now - mfa_at <= FRESH_FOR


def proven_at(session: Session) -> datetime | None:
    """As the database has it now."""
    return Session.objects.filter(id=session.id).values_list("mfa_at", flat=True).first()


@transaction.atomic
def session_proven(session: Session, method: Method, now: datetime) -> None:
    """`method` was proven in this session."""
    kept = Session.objects.filter(id=session.id)
    amr = kept.values_list("amr", flat=True).get().split()
    kept.update(mfa_at=now, amr=" ".join(dict.fromkeys([*amr, method.value])))
    transaction.on_commit(lambda: live_sessions.renew(session.id))
