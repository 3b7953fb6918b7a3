"""Does a typed code prove a second factor? Six digits are an app's; everything else is taken for a recovery code."""

from __future__ import annotations

from datetime import datetime

from accounts.factors.guesses import guess_count, guess_forgive
from accounts.factors.recovery import recovery_take
from accounts.factors.refused import Refused
from accounts.factors.totp import DIGITS, totp_take
from accounts.models import Method, User


class WrongCode(Refused):
    """The `guess`-th wrong code of this kind in a row."""

    def __init__(self, why: str, method: Method, guess: int) -> None:
        super().__init__(why)
        self.method, self.guess = method, guess


def otp_take(user: User, otp: str, now: datetime) -> Method:
    """Use the code up, and say of which kind it was; WrongCode, TooManyRequests (MFA_LOCKED)."""
    code = "".join(otp.split())
    method = Method.TOTP if is_app_code(code) else Method.RECOVERY
    take = totp_take if method is Method.TOTP else recovery_take
    guess = guess_count(user.id, method, now)
    try:
        take(user, code, now)
    except Refused as error:
        raise WrongCode(str(error), method, guess) from error
    guess_forgive(user.id, method, now)
    return method


def is_app_code(code: str) -> bool:
    return len(code) == DIGITS and code.isascii() and code.isdigit()
