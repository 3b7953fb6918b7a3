"""Which codes of an authenticator app are taken, and how does an app come to share a seed with us?

RFC 6238 as apps speak it: SHA-1, six digits, 30 s. The code of now and the one before it are taken: typing takes time,
and a server whose clock is right (health watches it) needs none from the future. Each code is taken once.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode
from uuid import UUID

from django.db import transaction
from django_otp.oath import TOTP

from accounts.factors.refused import Refused
from accounts.models import TotpFactor, User
from tradingmw.errors import Code, Conflict, NotFound

ISSUER: Final = "Trading Terminal"
SEED_BYTES: Final = 20
DIGITS: Final = 6
STEP_SECONDS: Final = 30
STEPS_BACK: Final = 1
PER_USER: Final = 10
CONFIRM_WITHIN: Final = timedelta(minutes=10)


class Enrolment(NamedTuple):
    """What the app needs, told this once."""

    factor: TotpFactor
    secret: str  #: base32
    uri: str  #: otpauth://


@transaction.atomic
def totp_begin(user: User, name: str, now: datetime) -> Enrolment:
    """An app that counts once it has shown a code; Conflict (QUOTA_REACHED)."""
    mine = TotpFactor.objects.filter(user=user)
    mine.filter(confirmed_at=None, created_at__lt=now - CONFIRM_WITHIN).delete()
    if mine.count() >= PER_USER:
        raise Conflict(f"You have {PER_USER} apps: take one away first.", code=Code.QUOTA_REACHED)
    secret = base64.b32encode(secrets.token_bytes(SEED_BYTES)).decode()
    factor = TotpFactor.objects.create(user=user, name=name, seed=secret, created_at=now)
    return Enrolment(factor, secret, otpauth(user.username, secret))


def otpauth(username: str, secret: str) -> str:
    """The address that an app reads from a QR code."""
    facts = {"secret": secret, "issuer": ISSUER, "algorithm": "SHA1", "digits": DIGITS, "period": STEP_SECONDS}
    return f"otpauth://totp/{quote(ISSUER)}:{quote(username, safe='')}?{urlencode(facts, quote_via=quote)}"


def totp_confirm(user: User, factor_id: UUID, code: str, now: datetime) -> TotpFactor:
    """The app counts from now on; Refused for a wrong code, NotFound where nothing waits to be confirmed."""
    waiting = TotpFactor.objects.filter(
        id=factor_id, user=user, confirmed_at=None, created_at__gte=now - CONFIRM_WITHIN
    )
    factor = waiting.first()
    if factor is None:
        raise NotFound
    step = step_of(factor.seed, code, now)
    if step is None:
        raise Refused("wrong code")
    if not waiting.update(confirmed_at=now, last_step=step, last_used_at=now):
        raise NotFound
    return TotpFactor.objects.get(id=factor_id)


def totp_take(user: User, code: str, now: datetime) -> None:
    """Use `code` up; Refused where no app of the user shows it now, or it was used before. Of many at once one wins."""
    for factor in TotpFactor.objects.filter(user=user, confirmed_at__isnull=False):
        step = step_of(factor.seed, code, now)
        if step is not None:
            unused = TotpFactor.objects.filter(id=factor.id, last_step__lt=step)
            if unused.update(last_step=step, last_used_at=now):
                return
            raise Refused("code used before")
    raise Refused("wrong code")


def step_of(seed: str, code: str, now: datetime) -> int | None:
    """Which time step's code it is, of those that are taken now."""
    key = base64.b32decode(seed)
    for back in range(STEPS_BACK + 1):
        shown = TOTP(key, step=STEP_SECONDS, digits=DIGITS, drift=-back)
        shown.time = now.timestamp()
        if hmac.compare_digest(f"{shown.token():0{DIGITS}d}".encode(), code.encode()):
            return int(shown.t())
    return None
