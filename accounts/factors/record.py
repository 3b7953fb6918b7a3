"""How is what happens to second factors written down and told? Both in the transaction of what happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from accounts.audit import audit
from accounts.client import Client
from accounts.factors.guesses import CLOSED_AT
from accounts.factors.otp import WrongCode
from accounts.factors.passkeys import CounterWentBack
from accounts.factors.refused import Refused
from accounts.models import Session, User
from accounts.notices import Notice, notice_give


class Caller(NamedTuple):
    """Who asks, from where, in which session; a login has none yet."""

    user: User
    client: Client
    session: Session | None = None

    @property
    def session_id(self) -> UUID | None:
        return self.session.id if self.session else None


def record(caller: Caller, action: str, resource: str, resource_id: UUID | str, **facts: Any) -> None:
    """An audit row; `facts` are `before`, `after`, `details`."""
    audit(
        action=action,
        resource=resource,
        resource_id=resource_id,
        user_id=caller.user.id,
        session_id=caller.session_id,
        ip_address=caller.client.ip_address,
        **facts,
    )


def tell(caller: Caller, notice: Notice, at: datetime, **facts: Any) -> None:
    """The last thing in a transaction."""
    notice_give(notice, user_id=caller.user.id, at=at, address=caller.client.ip_address, **facts)


@transaction.atomic
def refusal_record(caller: Caller, refused: Refused, at: datetime) -> None:
    """Why a proof was not taken; the user is told where it looks like somebody else's."""
    record(caller, "auth.mfa_failed", "user", caller.user.id, details={"why": str(refused)})
    if isinstance(refused, CounterWentBack):
        tell(caller, Notice.PASSKEY_COPIED, at, passkey=refused.passkey.name)
    elif isinstance(refused, WrongCode) and refused.guess == CLOSED_AT:
        tell(caller, Notice.FACTOR_LOCKED, at, method=refused.method.value)
