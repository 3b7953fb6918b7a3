"""What must a user hear about his own login? A signal: whoever tells users listens (`notifications/inbox/security.py`).

Listeners run in the transaction of what happened, as its last statements: a user is told exactly of what was done.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.dispatch import Signal


class Notice(StrEnum):
    LOGIN_LOCKED = "login_locked"  #: too many wrong passwords: new devices must wait
    NEW_DEVICE = "new_device"  #: a login from an address and program not seen before
    REFRESH_REUSE = "refresh_reuse"  #: a refresh token was in two hands, its session ended
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    FACTOR_ADDED = "factor_added"  #: an app, a passkey or new recovery codes
    FACTOR_REMOVED = "factor_removed"  #: an app or a passkey
    FACTORS_TAKEN_AWAY = "factors_taken_away"  #: all of them, by staff
    FACTOR_LOCKED = "factor_locked"  #: too many wrong codes by somebody who knows the password
    RECOVERY_USED = "recovery_used"  #: a recovery code opened
    PASSKEY_COPIED = "passkey_copied"  #: a passkey counted less than before: refused


#: sent with `user_id`, `notice`, `facts` (texts and numbers, nothing secret) and `at`
notice_given = Signal()


def notice_give(notice: Notice, *, user_id: UUID, at: datetime, **facts: Any) -> None:
    """The last thing in the transaction of what it tells about."""
    notice_given.send(sender=Notice, user_id=user_id, notice=notice, facts=facts, at=at)
