"""Which passwords are refused, and how is one changed?

Twelve characters or more, any of them, as long as one likes. Refused are common ones, those that hold the user's name
or a word of the house, and those that `TMW_BREACHED_PASSWORDS` knows: a directory of Have I Been Pwned's range files,
made offline by its downloader. A file is named after the first five hex digits of a password's SHA-1 and has a line
`<the other 35>:<how often>` for each; one file of some 1,500 lines is read for one password.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.audit import audit
from accounts.client import Client
from accounts.epoch import epoch_raise
from accounts.guessed import login_refused
from accounts.guessing import guess, guess_right
from accounts.live import session_load
from accounts.models import Session, User
from accounts.notices import Notice, notice_give
from accounts.services import sessions_end_all
from accounts.tokens import access_token_issue
from tradingmw.env import env
from tradingmw.errors import InvalidRequest

PREFIX: Final = 5
NAME_CHARACTERS: Final = 4  #: shorter names are in many words


class NoNames:
    """Refuses passwords that hold the user's name or a word of the house (`TMW_PASSWORD_WORDS`)."""

    def validate(self, password: str, user: User | None = None) -> None:
        words = {word.lower() for word in env().password_words}
        if user:
            words |= {user.username.lower(), user.email.partition("@")[0].lower()}
        if any(word in password.lower() for word in words if len(word) >= NAME_CHARACTERS):
            raise ValidationError(self.get_help_text(), code="password_holds_name")

    def get_help_text(self) -> str:
        return "The password must not hold your name or a name of the house."


class NotBreached:
    """Refuses passwords that became public elsewhere."""

    def validate(self, password: str, user: User | None = None) -> None:
        directory = env().breached_passwords
        if directory and is_breached(password, directory):
            raise ValidationError(self.get_help_text(), code="password_breached")

    def get_help_text(self) -> str:
        return "The password must not be one that became public in a breach."


def is_breached(password: str, directory: Path) -> bool:
    """Whether one of the range files there names it."""
    digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    prefix, rest = digest[:PREFIX], digest[PREFIX:]
    for path in (directory / prefix, directory / f"{prefix}.txt"):
        if path.is_file():
            with path.open(encoding="ascii") as lines:
                return any(line.partition(":")[0].upper() == rest for line in lines)
    return False


def password_change(*, session: Session, current: str, new: str, client: Client) -> tuple[str, int]:
    """An access token of the new epoch and its life in seconds; the user's other sessions have ended.

    NotAuthenticated and TooManyRequests for the current password as at a login, InvalidRequest for the new one.
    """
    user = User.objects.get(id=session.user_id)
    with guess(username=user.username, client=client) as counted:
        is_right = user.check_password(current)
    if not is_right:
        raise login_refused(username=user.username, client=client, counted=counted)
    guess_right(counted)
    _need_good(new, user)
    user.set_password(new)
    _changed(user, session, client)
    return access_token_issue(session_load(session.id))


def _need_good(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        faults: list[Any] = error.error_list
        errors = [{"attr": "newPassword", "code": str(one.code), "detail": one.messages[0]} for one in faults]
        raise InvalidRequest("This password cannot be taken.", errors=errors) from error


@transaction.atomic
def _changed(user: User, session: Session, client: Client) -> None:
    user.save(update_fields=["password"])
    epoch_raise([user.id])
    ended = sessions_end_all(user=user, client=client, reason="password_changed", but=session.id)
    audit(
        action="auth.password_changed",
        resource="user",
        resource_id=user.id,
        user_id=user.id,
        session_id=session.id,
        ip_address=client.ip_address,
        details={"sessionsEnded": ended},
    )
    notice_give(Notice.PASSWORD_CHANGED, user_id=user.id, at=timezone.now(), address=client.ip_address)
