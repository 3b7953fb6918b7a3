"""What does a passkey have to sign? 32 random bytes: for one purpose, one user and one session, soon and once."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from accounts.credentials import digest, ticket_make
from accounts.factors.refused import Refused
from accounts.models import PasskeyChallenge, Purpose, Session, User

LIFE: Final = timedelta(minutes=2)
CHALLENGE_BYTES: Final = 32


class Asked(NamedTuple):
    """`handle` names the challenge and is known to its asker alone."""

    handle: str
    challenge: bytes


def challenge_make(purpose: Purpose, user: User, session: Session | None, now: datetime) -> Asked:
    asked = Asked(ticket_make(), secrets.token_bytes(CHALLENGE_BYTES))
    PasskeyChallenge.objects.create(
        handle_hash=digest(asked.handle),
        purpose=purpose.value,
        user=user,
        session=session,
        challenge=asked.challenge.hex(),
        expires_at=now + LIFE,
    )
    return asked


def challenge_take(purpose: Purpose, handle: str, session: Session | None, now: datetime) -> PasskeyChallenge:
    """The challenge, which is used up by this, whatever is answered to it; Refused where there is none for this."""
    open_ones = PasskeyChallenge.objects.filter(
        handle_hash=digest(handle), purpose=purpose.value, session=session, used_at=None, expires_at__gt=now
    )
    if not open_ones.update(used_at=now):
        raise Refused("challenge used, late or of another session")
    return PasskeyChallenge.objects.select_related("user").get(handle_hash=digest(handle))
