"""How does a mail leave this system? Through the SMTP server of the settings; without one, mail is off.

SMTP cannot promise a mail exactly once: a server may have taken it when the connection, or this process, dies before
its word is heard. So a mail's Message-ID is decided by its key: whatever is sent again is the same mail, and mail
systems drop the copy.
"""

from __future__ import annotations

from email.utils import parseaddr
from hashlib import sha256

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


class NotTaken(Exception):
    """The server took no mail and gave no reason."""


def mail_is_on() -> bool:
    return bool(settings.EMAIL_HOST)


def mail_send(*, key: str, to: str, subject: str, text: str) -> None:
    """Hand it to the server; `smtplib.SMTPException`, `OSError` or NotTaken where that fails."""
    message = EmailMessage(
        subject=subject,
        body=text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[to],
        headers={"Message-ID": message_id(key), "Auto-Submitted": "auto-generated"},
        connection=get_connection(SMTP_BACKEND),
    )
    if not message.send():
        raise NotTaken


def message_id(key: str) -> str:
    """The same for the same key, for ever."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"<{sha256(key.encode()).hexdigest()[:40]}@{domain}>"
