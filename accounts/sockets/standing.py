"""Is whoever holds an open socket still the one it was opened for? His rights, his address and his second factor.

What was asked when the socket came is asked again while it is open: the same rights as then, an address that the rules
of today let in, and a second factor where a role of today needs one. Reads the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from accounts.addresses import Places, places_of_all
from accounts.factors.freshness import proven_at
from accounts.factors.policy import factor_required_of
from accounts.models import Session, User
from accounts.rights import Rights, rights_of
from accounts.selectors import users_now
from accounts.sockets.closing import CloseCode


class Standing(NamedTuple):
    """As whom a socket came, with which rights, and from where."""

    session: Session
    rights: Rights
    address: str | None


Key = TypeVar("Key")


def fallen(known: Mapping[Key, Standing]) -> dict[Key, CloseCode]:
    """Which of these must close, and with which code. A user who is gone is not looked at: his session ends."""
    users = users_now({standing.session.user_id for standing in known.values()})
    places = places_of_all(users.values())
    codes = {
        key: code_for(standing, user, places[user.id])
        for key, standing in known.items()
        if (user := users.get(standing.session.user_id))
    }
    return {key: code for key, code in codes.items() if code is not None}


def code_for(standing: Standing, user: User, places: Places) -> CloseCode | None:
    if not places.hold(standing.address) or owes_factor(standing.session, user):
        return CloseCode.FORBIDDEN
    return CloseCode.RIGHTS_CHANGED if rights_of(user) != standing.rights else None


def owes_factor(session: Session, user: User) -> bool:
    """The session in hand may be older than the proof: where it says no, the database is asked."""
    return session.mfa_at is None and factor_required_of(user) and proven_at(session) is None
