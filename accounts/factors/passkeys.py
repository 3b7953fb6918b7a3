"""Which passkeys does a user have, and what becomes of a device's answer?"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.factors.ceremony import (
    Answer,
    NewPasskey,
    Options,
    Site,
    as_bytes,
    as_text,
    assertion_check,
    assertion_options,
    credential_of,
    registration_check,
    registration_options,
    transports_of,
)
from accounts.factors.challenges import challenge_make
from accounts.factors.refused import Refused
from accounts.models import Passkey, PasskeyChallenge, Purpose, Session, User
from tradingmw.env import env
from tradingmw.errors import Code, Conflict

PER_USER: Final = 10


class CounterWentBack(Refused):
    """A device says that it was used less often than we have seen: there may be a copy of it."""

    def __init__(self, passkey: Passkey, said: int) -> None:
        super().__init__(f"counter went back to {said}")
        self.passkey = passkey


class Ceremony(NamedTuple):
    """What a browser is asked to do: the challenge's handle, and the options for `navigator.credentials`."""

    handle: str
    options: Options


def site() -> Site:
    return Site(env().rp_id, env().origins)


def registration_begin(session: Session, now: datetime) -> Ceremony:
    """Conflict (QUOTA_REACHED)."""
    known = passkeys_of(session.user)
    if len(known) >= PER_USER:
        raise Conflict(f"You have {PER_USER} passkeys: take one away first.", code=Code.QUOTA_REACHED)
    asked = challenge_make(Purpose.REGISTER, session.user, session, now)
    return Ceremony(asked.handle, registration_options(site(), session.user, known, asked.challenge))


def registration_finish(asked: PasskeyChallenge, name: str, answer: Answer, now: datetime) -> Passkey:
    """The passkey, kept; Refused."""
    made = registration_check(site(), answer, bytes.fromhex(asked.challenge))
    return _keep(asked.user, name, made, transports_of(answer), now)


def _keep(user: User, name: str, made: NewPasskey, transports: str, now: datetime) -> Passkey:
    try:
        with transaction.atomic():
            return Passkey.objects.create(
                user=user,
                name=name,
                credential_id=as_text(made.credential_id),
                credential_hash=credential_hash(made.credential_id),
                public_key=as_text(made.public_key),
                sign_count=made.sign_count,
                transports=transports,
                created_at=now,
            )
    except IntegrityError as error:
        raise Refused("credential known already") from error


def assertion_begin(purpose: Purpose, user: User, session: Session | None, now: datetime) -> Ceremony | None:
    """None where the user has no passkey."""
    known = passkeys_of(user)
    if not known:
        return None
    asked = challenge_make(purpose, user, session, now)
    return Ceremony(asked.handle, assertion_options(site(), known, asked.challenge))


def passkey_take(asked: PasskeyChallenge, answer: Answer, now: datetime) -> Passkey:
    """The user's passkey that has answered; Refused, CounterWentBack. Of answers with one count one is taken."""
    mine = Passkey.objects.filter(user=asked.user, credential_hash=credential_hash(credential_of(answer)))
    passkey = mine.first()
    if passkey is None:
        raise Refused("not a passkey of this user")
    count = assertion_check(site(), answer, bytes.fromhex(asked.challenge), as_bytes(passkey.public_key))
    if not mine.filter(grown(count)).update(sign_count=count, last_used_at=now):
        raise CounterWentBack(passkey, count)
    return passkey


def grown(count: int) -> Q:
    """Devices that do not count say 0 for ever."""
    return Q(sign_count__lt=count) if count else Q(sign_count=0)


def passkeys_of(user: User) -> list[Passkey]:
    return list(Passkey.objects.filter(user=user).order_by("created_at", "id"))


def credential_hash(credential_id: bytes) -> str:
    return hashlib.sha256(credential_id).hexdigest()
