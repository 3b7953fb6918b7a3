"""Whose request is this? An access token names a session, and the session decides.

Tokens are HS256 JWTs with `aud iss exp iat jti sub`, `sid`, the session, and `epoch`, which a change of the user's
roles or password leaves behind. A token outlives these by at most five seconds (`live.py`), whatever its `exp` says.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken

from accounts.live import live_sessions
from accounts.models import Session, User
from accounts.policy import Functions
from accounts.rights import scopes_of
from tradingmw.env import env
from tradingmw.errors import Code, NotAuthenticated

TOKEN_BYTES_MAX = 4_096
TOKENS_REMEMBERED = 4_096


@dataclass(frozen=True, slots=True)
class Grant:
    """What `request.auth` holds: the session behind the token or key, and the row of the request's signature."""

    session: Session
    signed: UUID | None = None

    @property
    def session_id(self) -> UUID:
        return self.session.id

    @property
    def scopes(self) -> Functions | None:
        """What a program's key is for; None where a person asks."""
        return scopes_of(self.session)


def access_token_issue(session: Session) -> tuple[str, int]:
    """A token of this session and its life in seconds, which never passes the session's."""
    left = int((session.expires_at - timezone.now()).total_seconds())
    seconds = max(0, min(env().access_token_seconds, left))
    token = AccessToken()
    token.set_exp(lifetime=timedelta(seconds=seconds))
    token["sub"], token["sid"], token["epoch"] = session.user_id.hex, session.id.hex, session.user.epoch
    return str(token), seconds


def access_token_check(token: str, address: str | None = None) -> Session:
    """The live session behind `token`, for a client at `address`; NotAuthenticated (INVALID_TOKEN, SESSION_ENDED).

    Forbidden (ADDRESS_NOT_ALLOWED) where its user may come from certain addresses only and this is none of them.
    """
    if len(token) > TOKEN_BYTES_MAX:
        raise _invalid()
    try:
        claimed = _claimed(token)
    except (TokenError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise _invalid() from error
    if claimed.expires_at <= time.time():
        raise _invalid()
    session = live_sessions.get(claimed.session_id, address)
    if session.user.epoch < claimed.epoch:  # what is remembered is older than the token
        session = live_sessions.load(claimed.session_id, address)
    if (session.user_id, session.user.epoch) != (claimed.user_id, claimed.epoch):
        raise _invalid()
    return session


class _Claimed(NamedTuple):
    session_id: UUID
    user_id: UUID
    epoch: int
    expires_at: float


@lru_cache(maxsize=TOKENS_REMEMBERED)
def _claimed(token: str) -> _Claimed:
    """What a token says that we signed: looked at once, as a program sends the same one thousands of times."""
    claims = AccessToken(token)  # type: ignore[arg-type]  # simplejwt annotates the text of a token as a Token
    return _Claimed(UUID(claims["sid"]), UUID(claims["sub"]), int(claims["epoch"]), float(claims["exp"]))


def _invalid() -> NotAuthenticated:
    return NotAuthenticated("The access token is not valid.", code=Code.INVALID_TOKEN)


class SessionTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`, and nothing else: no cookie authenticates a REST call."""

    def authenticate(self, request: Request) -> tuple[User, Grant] | None:
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        session = access_token_check(token.decode("latin-1").strip(), request.META.get("REMOTE_ADDR"))
        return session.user, Grant(session)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="tradingmw"'


def grant_of(request: Any) -> Grant:
    """The grant of an authenticated request."""
    grant: Grant = request.auth
    return grant


def session_id_of(request: Any) -> UUID | None:
    """In which session it is asked; None where a test vouches for the user."""
    return request.auth.session_id if request.auth else None


def user_id_of(request: Request) -> UUID:
    """Whose request it is; for views that only a known user reaches."""
    return cast(User, request.user).id
