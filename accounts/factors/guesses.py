"""How often may codes be guessed? Counted per user and kind of code in the database, exactly over all processes.

A guess is counted before the code is looked at and forgiven when it was right, so that of many at once none is looked
at uncounted. Ten wrong ones in a row close the door for fifteen minutes, and so does each one after: longer would let
whoever knows the password keep its owner out for as long as he likes. Passkeys cannot be guessed and are not counted.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import FactorGuesses, Method
from tradingmw.errors import Code, TooManyRequests

#: after so many wrong codes in a row, so many seconds none is looked at
PAUSE_SECONDS: Final = {5: 5, 6: 15, 7: 30, 8: 60, 9: 300}
LONGEST: Final = timedelta(minutes=15)
CLOSED_AT: Final = 10  #: wrong codes in a row, from which on the pause is the longest


def pause_after(wrong: int) -> timedelta:
    return LONGEST if wrong >= CLOSED_AT else timedelta(seconds=PAUSE_SECONDS.get(wrong, 0))


def guess_count(user_id: UUID, method: Method, now: datetime) -> int:
    """Count a guess as wrong: the how-many-eth in a row; TooManyRequests (MFA_LOCKED) while the door is closed."""
    while True:  # somebody else's guess came between: look again
        row = _row(user_id, method, now)
        if row.closed_until > now:
            raise _locked(row.closed_until - now)
        seen = FactorGuesses.objects.filter(id=row.id, wrong=row.wrong, closed_until=row.closed_until)
        if seen.update(wrong=row.wrong + 1, closed_until=now + pause_after(row.wrong + 1)):
            return row.wrong + 1


def guess_forgive(user_id: UUID, method: Method, now: datetime) -> None:
    """The code was right: the row of wrong ones is over."""
    FactorGuesses.objects.filter(user_id=user_id, method=method.value).update(wrong=0, closed_until=now)


def _row(user_id: UUID, method: Method, now: datetime) -> FactorGuesses:
    kept = FactorGuesses.objects.filter(user_id=user_id, method=method.value)
    return kept.first() or _begun(user_id, method, now) or kept.get()


def _begun(user_id: UUID, method: Method, now: datetime) -> FactorGuesses | None:
    """The user's first guess; None where another process has just counted it."""
    try:
        with transaction.atomic():
            return FactorGuesses.objects.create(user_id=user_id, method=method.value, closed_until=now)
    except IntegrityError:
        return None


def _locked(left: timedelta) -> TooManyRequests:
    seconds = max(1, math.ceil(left.total_seconds()))
    return TooManyRequests(
        f"Too many wrong codes: the next one is looked at in {seconds} s. A passkey is taken now.",
        code=Code.MFA_LOCKED,
        retry_after_seconds=seconds,
    )
