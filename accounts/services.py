"""How does a session begin, go on and end, and how does a socket borrow it?

Every check-and-act is ONE update whose WHERE holds the check and names one table: exactly one caller wins, over any
number of processes and on every database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.addresses import place_needed
from accounts.audit import audit
from accounts.client import Client as Client
from accounts.credentials import RefreshToken, digest, ticket_make
from accounts.devices import device_known
from accounts.live import idle_since, live_sessions, session_load
from accounts.models import Method, Session, SocketTicket, User
from accounts.notices import Notice, notice_give
from accounts.selectors import sessions_live
from accounts.tokens import access_token_check as access_token_check
from accounts.tokens import access_token_issue
from tradingmw.env import env
from tradingmw.errors import Code, NotAuthenticated

LOGOUT: Final = "logout"  #: the reason of a session that its own user ended, in it
REUSE_GRACE = timedelta(seconds=10)  #: two tabs may refresh with one token; later it is a theft


class TokenPair(NamedTuple):
    session: Session
    access_token: str
    expires_in_seconds: int
    refresh_token: str


class Ticket(NamedTuple):
    text: str
    expires_in_seconds: int


def session_begin(*, user: User, client: Client, method: Method | None = None) -> TokenPair:
    """A new session of a user who has proven who he is; `method` is the second factor that he proved beside.

    Where he has as many as he may, the one that was idle longest ends. Forbidden from where he may not come.
    """
    place_needed(user=user, client=client, to="begin a session")
    return _session_begin(user, client, method)


@transaction.atomic
def _session_begin(user: User, client: Client, method: Method | None) -> TokenPair:
    now = timezone.now()
    is_new_device = user.last_login is not None and not device_known(user.username, client, now)
    user.epoch = User.objects.values_list("epoch", flat=True).get(id=user.id)
    token = RefreshToken.first(uuid4())
    session = Session.objects.create(
        id=token.session_id,
        user=user,
        ip_address=client.ip_address,
        user_agent=client.agent,
        created_at=now,
        last_active=now,
        expires_at=now + timedelta(seconds=env().refresh_token_seconds),
        refresh_hash=digest(token.text()),
        mfa_at=now if method else None,
        amr=method.value if method else "",
    )
    User.objects.filter(id=user.id).update(last_login=now)
    _make_room(user, client)
    _audit_session("auth.login", session, client, newDevice=is_new_device, factor=session.amr)
    if is_new_device:
        _tell(Notice.NEW_DEVICE, session, client, now)
    return _pair(session, token)


def _make_room(user: User, client: Client) -> None:
    """End what is more than a user may have, the longest idle first."""
    mine = sessions_live().filter(user=user, api_key=None).order_by("-last_active", "-created_at", "-id")
    for session in _end(mine[env().sessions_per_user :], reason="too_many"):
        _audit_session("auth.logout", session, client, reason="too_many")


def session_refresh(*, refresh_token: str, client: Client) -> TokenPair:
    """The next tokens of the session; NotAuthenticated otherwise.

    A token that was rotated more than ten seconds ago is in two hands: the session ends.
    """
    token = RefreshToken.read(refresh_token)
    if token is None:
        raise _invalid_refresh()
    now = timezone.now()
    if not (_rotate(token, now) or _rotated_lately(token, now)):
        _reuse_found(token, client)
        raise _invalid_refresh()
    session = session_load(token.session_id)
    place_needed(user=session.user, client=client, to="refresh")
    return _pair(session, token.successor())


def _rotate(token: RefreshToken, now: datetime) -> bool:
    used = digest(token.text())
    alive = Session.objects.filter(id=token.session_id, refresh_hash=used, ended_at=None, expires_at__gt=now)
    alive = alive.filter(last_active__gt=idle_since())
    next_hash = digest(token.successor().text())
    return bool(alive.update(refresh_hash=next_hash, previous_refresh_hash=used, rotated_at=now, last_active=now))


def _rotated_lately(token: RefreshToken, now: datetime) -> bool:
    return Session.objects.filter(
        id=token.session_id, previous_refresh_hash=digest(token.text()), rotated_at__gte=now - REUSE_GRACE
    ).exists()


def _reuse_found(token: RefreshToken, client: Client) -> None:
    """Ours, and neither in force nor just replaced: end its session, if that still lives."""
    with transaction.atomic():
        session = Session.objects.filter(id=token.session_id).first()
        if session is not None and _end(Session.objects.filter(id=session.id), reason="refresh_reuse"):
            _audit_session("auth.refresh_reuse", session, client, generation=token.generation)
            _tell(Notice.REFRESH_REUSE, session, client, timezone.now())


def session_name(*, session: Session, name: str, client: Client, within: UUID) -> Session:
    """What its user calls it from now on; he says so `within` one of his sessions."""
    with transaction.atomic():
        Session.objects.filter(id=session.id).update(name=name)
        audit(
            action="auth.session_named",
            resource="session",
            resource_id=session.id,
            user_id=session.user_id,
            session_id=within,
            ip_address=client.ip_address,
            before={"name": session.name},
            after={"name": name},
        )
    session.name = name
    return session


def session_end(*, session: Session, client: Client, reason: str = LOGOUT) -> None:
    """End one session: its tokens and sockets die with it. Ending it again changes nothing."""
    with transaction.atomic():
        if _end(Session.objects.filter(id=session.id), reason=reason):
            _audit_session("auth.logout", session, client, reason=reason)


def sessions_end_all(
    *, user: User, client: Client, reason: str, by: UUID | None = None, but: UUID | None = None
) -> int:
    """End every live session of the user, but one; how many there were. `by`: who did it, the user himself for None."""
    with transaction.atomic():
        mine = Session.objects.filter(user=user, ended_at=None, api_key=None)
        ended = _end([session for session in mine if session.id != but], reason=reason)
        for session in ended:
            _audit_session("auth.logout", session, client, by=by, reason=reason)
    return len(ended)


def _end(sessions: Iterable[Session], *, reason: str) -> list[Session]:
    """End those of `sessions` that still live, and forget them once that is committed; only the ones ended here."""
    ended = [
        session
        for session in sessions
        if Session.objects.filter(id=session.id, ended_at=None).update(ended_at=timezone.now(), end_reason=reason)
    ]
    ids: Collection[UUID] = frozenset(session.id for session in ended)
    transaction.on_commit(lambda: live_sessions.forget(ids))
    return ended


@transaction.atomic
def ticket_issue(*, session: Session, address: str | None = None) -> Ticket:
    """A one-use pass for opening one socket in this session, from where it was asked for."""
    now, text, seconds = timezone.now(), ticket_make(), env().ticket_seconds
    expires_at = now + timedelta(seconds=seconds)
    SocketTicket.objects.create(
        ticket_hash=digest(text), session=session, expires_at=expires_at, used_at=None, ip_address=address
    )
    return Ticket(text, seconds)


def ticket_redeem(ticket: str, address: str | None = None) -> Session:
    """The live session of `ticket`, which is used up now; NotAuthenticated (INVALID_TOKEN, SESSION_ENDED).

    It opens nothing at another address than it was asked for from, and then is not used up.
    """
    now, kept = timezone.now(), digest(ticket)
    here = Q(ip_address=None) | Q(ip_address=address)
    if not SocketTicket.objects.filter(here, ticket_hash=kept, used_at=None, expires_at__gt=now).update(used_at=now):
        raise NotAuthenticated("The ticket is not valid.", code=Code.INVALID_TOKEN)
    session_id = SocketTicket.objects.values_list("session_id", flat=True).get(ticket_hash=kept)
    return live_sessions.load(session_id, address)


def _pair(session: Session, token: RefreshToken) -> TokenPair:
    access_token, seconds = access_token_issue(session)
    return TokenPair(session, access_token, seconds, token.text())


def _audit_session(action: str, session: Session, client: Client, *, by: UUID | None = None, **details: object) -> None:
    audit(
        action=action,
        resource="session",
        resource_id=session.id,
        user_id=by or session.user_id,
        session_id=None if by else session.id,
        ip_address=client.ip_address,
        details=details,
    )


def _tell(notice: Notice, session: Session, client: Client, at: datetime) -> None:
    notice_give(notice, user_id=session.user_id, at=at, address=client.ip_address, userAgent=client.agent)


def _invalid_refresh() -> NotAuthenticated:
    return NotAuthenticated("The refresh token is not valid.", code=Code.INVALID_TOKEN)
