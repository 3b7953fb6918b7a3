"""What is done once an alert has fired? The user is told: a stored notification with its event, and a mail.

Both are tasks of the outbox. The notification is stored in the transaction that completes its task, once. The mail is
promised in the same transaction and sent by a task of its own, which is tried again until the server has taken it.
"""

from __future__ import annotations

import logging
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from notifications.alerts.events import announce_advanced
from notifications.mail import mail_is_on, mail_send
from notifications.models import Notification
from notifications.outbox import outbox_add, outbox_task
from notifications.shapes import notification_shape
from notifications.stream import NewEvent, append, user_stream

logger = logging.getLogger(__name__)

TELL: Final = "alert.tell"
MAIL: Final = "alert.mail"
#: A conversation with the mail server has at most twelve steps, each with its time-out. So long is a mail put off when
#: its worker is killed.
MAIL_LIMIT_SECONDS: Final = 12.0 * settings.EMAIL_TIMEOUT
#: Notifications of alerts are named after what they tell of.
NAMES: Final = UUID("7a1f4f0e-6f0c-4f3b-9a53-3d0a3b8f5f5e")


@outbox_task(TELL)
def tell(key: str, payload: dict[str, Any]) -> None:
    """Store the notification and promise the mail; nothing where the user is gone."""
    user = User.objects.filter(id=UUID(payload["userId"])).first()
    if user is None:
        logger.info("An alert's user is gone", extra={"key": key})
        return
    notification = _notification(key, payload["alert"], user)
    notification.save(force_insert=True)
    if notification.metadata["email"] == "on":
        outbox_add(
            task=MAIL,
            key=key,
            payload={"userId": user.id.hex, "subject": notification.title, "text": _text(notification)},
        )
    stream = user_stream(user.id)
    data = msgspec.json.encode(notification_shape(notification)).decode()
    (number,) = append([NewEvent(stream, "notifications", "notification_created", data)], at=timezone.now())
    announce_advanced({stream: number})


@outbox_task(MAIL, outside_transaction=True, limit_seconds=MAIL_LIMIT_SECONDS)
def mail(key: str, payload: dict[str, Any]) -> None:
    """Send the mail to where the user is reached now."""
    to = User.objects.filter(id=UUID(payload["userId"])).values_list("email", flat=True).first()
    if to and mail_is_on():
        mail_send(key=f"{MAIL}:{key}", to=to, subject=payload["subject"], text=payload["text"])
    else:
        logger.warning("A mail has nowhere to go any more", extra={"key": key})


def _notification(key: str, alert: dict[str, Any], user: User) -> Notification:
    symbol, price = alert["symbol"], alert["triggeredPrice"]
    verb = {"above": "rose above", "below": "fell below", "cross": "crossed"}[alert["condition"]]
    told = {name: alert[name] for name in ("symbol", "condition", "targetPrice", "triggeredAt", "triggeredPrice")}
    return Notification(
        id=uuid5(NAMES, key),
        user=user,
        type="alert",
        title=f"{symbol} {verb} {alert['targetPrice']}",
        message="\n".join(filter(None, [f"{symbol} traded at {price}.", alert["note"]])),
        metadata={"alertId": alert["id"], **told, "email": _mail_state(user)},
    )


def _mail_state(user: User) -> str:
    if not mail_is_on():
        return "off"
    return "on" if user.email else "no_address"


def _text(notification: Notification) -> str:
    return f"{notification.message}\n\nTriggered at {notification.metadata['triggeredAt']} (UTC)."
