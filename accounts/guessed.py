"""What follows a wrong password? An audit row; where it was the last of many, word to the user and to operations."""

from __future__ import annotations

import hashlib
import logging
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.audit import audit
from accounts.client import Client
from accounts.guessing import PAUSE, Guess
from accounts.models import User
from accounts.notices import Notice, notice_give
from tradingmw.errors import Code, NotAuthenticated
from tradingmw.metrics import LOGINS_LOCKED

logger = logging.getLogger(__name__)
locked: Final = {"total": 0}
LOGINS_LOCKED.read_from(lambda: locked["total"])


@transaction.atomic
def login_refused(*, username: str, client: Client, counted: Guess) -> NotAuthenticated:
    """Keep that it was tried; the error to raise, which is the same whether or not there is such a user."""
    user = User.objects.filter(username=username.lower()).only("id").first()
    tried = tried_name(username, user is not None)
    _audit("auth.login_failed", user, client, counted, tried)
    if counted.is_last:
        _locked(user, client, counted, tried)
    error = NotAuthenticated("User name or password is wrong.", code=Code.INVALID_CREDENTIALS)
    error.headers = counted.headers
    return error


def tried_name(username: str, is_known: bool) -> dict[str, str]:
    """A name that nobody has may be a password in the wrong field: only its digest is kept."""
    if is_known:
        return {"username": username.lower()}
    return {"unknownUsername": hashlib.sha256(username.lower().encode("utf-8", "surrogatepass")).hexdigest()[:16]}


def _locked(user: User | None, client: Client, counted: Guess, tried: dict[str, str]) -> None:
    now = timezone.now()
    locked["total"] += 1
    _audit("auth.login_locked", user, client, counted, tried)
    facts = {**tried, "address": client.ip_address, "alarm": "login_locked", "minutes": PAUSE.total_seconds() // 60}
    transaction.on_commit(lambda: logger.warning("Too many wrong passwords: new attempts must wait", extra=facts))
    if user:
        notice_give(Notice.LOGIN_LOCKED, user_id=user.id, at=now, address=client.ip_address, userAgent=client.agent)


def _audit(action: str, user: User | None, client: Client, counted: Guess, tried: dict[str, str]) -> None:
    audit(
        action=action,
        resource="user",
        resource_id=user.id if user else "",
        ip_address=client.ip_address,
        details=tried,
        before={"attempts": counted.number - 1},
        after={"attempts": counted.number},
    )
