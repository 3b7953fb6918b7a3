"""What does a login need beside the password? Nothing where no second factor was set up, else a code or a passkey.

Without a code the answer is 401 MFA_REQUIRED. It names the methods and, where there is a passkey, brings an attempt:
its challenge, answered within two minutes, ends the login without the password being sent again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.client import Client
from accounts.factors.ceremony import Answer
from accounts.factors.challenges import LIFE, challenge_take
from accounts.factors.enrolled import methods_of
from accounts.factors.otp import otp_take
from accounts.factors.passkeys import assertion_begin, passkey_take
from accounts.factors.record import Caller, refusal_record, tell
from accounts.factors.refused import Refused
from accounts.models import Method, PasskeyChallenge, Purpose, User
from accounts.notices import Notice
from tradingmw.errors import Code, NotAuthenticated


def second_factor(*, user: User, otp: str, client: Client, now: datetime) -> Method | None:
    """What `user`, whose password was right, proved beside it; None where he has nothing to prove.

    NotAuthenticated (MFA_REQUIRED, MFA_INVALID), TooManyRequests (MFA_LOCKED).
    """
    methods = methods_of(user)
    if not methods:
        return None
    if not otp:
        raise _required(user, methods, now)
    try:
        method = otp_take(user, otp, now)
    except Refused as error:
        raise _refused(Caller(user, client), error, now) from error
    if method is Method.RECOVERY:
        with transaction.atomic():
            tell(Caller(user, client), Notice.RECOVERY_USED, now)
    return method


def passkey_login(*, attempt: str, answer: Answer, client: Client, now: datetime) -> User:
    """Whose login `attempt` is, now proven; NotAuthenticated (MFA_INVALID). The attempt is used up."""
    try:
        asked = challenge_take(Purpose.LOGIN, attempt, None, now)
    except Refused as error:
        raise _invalid() from error  # nobody knows whose it was
    return _answered(asked, answer, client, now)


def _answered(asked: PasskeyChallenge, answer: Answer, client: Client, now: datetime) -> User:
    try:
        if not asked.user.is_active:
            raise Refused("inactive user")
        passkey_take(asked, answer, now)
    except Refused as error:
        raise _refused(Caller(asked.user, client), error, now) from error
    return asked.user


def _required(user: User, methods: list[Method], now: datetime) -> NotAuthenticated:
    told: dict[str, Any] = {"methods": [method.value for method in methods]}
    if ceremony := assertion_begin(Purpose.LOGIN, user, None, now):
        told |= {"attempt": ceremony.handle, "expiresIn": int(LIFE.total_seconds()), "webauthn": ceremony.options}
    return NotAuthenticated("A second factor is needed too.", code=Code.MFA_REQUIRED, mfa=told)


def _refused(caller: Caller, refused: Refused, now: datetime) -> NotAuthenticated:
    refusal_record(caller, refused, now)
    return _invalid()


def _invalid() -> NotAuthenticated:
    return NotAuthenticated("The second factor was not taken.", code=Code.MFA_INVALID)
