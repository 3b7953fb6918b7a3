"""How is one user frozen? His trading is halted first, then his sessions end; with `suspend` he gets no new ones."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from accounts.audit import audit
from accounts.client import Client
from accounts.models import User
from accounts.services import sessions_end_all
from orders.requests import WantedState
from orders.states.asking import Killed, killed

REASON = "frozen"


class Frozen(NamedTuple):
    killed: Killed
    sessions_ended: int


def user_freeze(*, user: User, wanted: WantedState, client: Client, by: UUID | None, suspend: bool = False) -> Frozen:
    """`wanted`: the halt of his trading."""
    halted = killed(wanted)
    if suspend and user.is_active:
        user.is_active = False
        user.save(update_fields=["is_active"])
        audit(
            action="user.suspended",
            resource="user",
            resource_id=str(user.id),
            user_id=by,
            ip_address=client.ip_address,
            before={"is_active": "True"},
            after={"is_active": "False"},
        )
    return Frozen(halted, sessions_end_all(user=user, client=client, reason=REASON, by=by))
