"""What is a user told about his own login? A notification for each notice of `accounts`, in its transaction.

He reads it on every device where he is logged in, so that the trader at his screen hears of the stranger elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from accounts.notices import Notice
from notifications.alerts.events import announce_advanced
from notifications.models import Notification
from notifications.shapes import notification_shape
from notifications.stream import NewEvent, append, user_stream

TYPE: Final = "security"
TEXTS: Final[Mapping[Notice, tuple[str, str]]] = {
    Notice.LOGIN_LOCKED: (
        "Too many wrong passwords",
        "Somebody has tried to log in as you too often. Logins from there must wait; this screen goes on as before.",
    ),
    Notice.NEW_DEVICE: (
        "Login from a new device",
        "You were logged in from an address and program not seen before. If it was not you, end that session and "
        "change your password.",
    ),
    Notice.REFRESH_REUSE: (
        "A session was ended",
        "A token of one of your sessions was used twice, as a thief would. The session is over: log in again there.",
    ),
    Notice.PASSWORD_CHANGED: ("Your password was changed", "Your other sessions were ended."),
    Notice.FACTOR_ADDED: ("A second factor was added", "If it was not you, take it away and change your password."),
    Notice.FACTOR_REMOVED: (
        "A second factor was taken away",
        "If it was not you, change your password and set it up again.",
    ),
    Notice.FACTORS_TAKEN_AWAY: (
        "All your second factors were taken away",
        "Staff did it because you, or somebody as you, said that they were lost. Your sessions were ended: set a "
        "second factor up now. If you did not ask for it, tell staff at once.",
    ),
    Notice.FACTOR_LOCKED: (
        "Too many wrong codes",
        "Somebody who knows your password has guessed at your second factor. If it was not you, change your password.",
    ),
    Notice.RECOVERY_USED: ("A recovery code was used", "If it was not you, make new codes and change your password."),
    Notice.PASSKEY_COPIED: (
        "A passkey was refused",
        "It counted less than before, as a copy of it would. If your device was not reset, take the passkey away.",
    ),
}


def security_told(*, user_id: UUID, notice: Notice, facts: Mapping[str, Any], at: datetime, **_signal: Any) -> None:
    """Receiver of `accounts.notices.notice_given`."""
    title, message = TEXTS[notice]
    notification = Notification.objects.create(
        user_id=user_id,
        type=TYPE,
        title=title,
        message=message,
        metadata={"notice": notice.value, **facts},
        created_at=at,
    )
    stream = user_stream(user_id)
    data = msgspec.json.encode(notification_shape(notification)).decode()
    (number,) = append([NewEvent(stream, "notifications", "notification_created", data)], at=at)
    announce_advanced({stream: number})
