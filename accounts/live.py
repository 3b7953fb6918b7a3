"""Is this session still alive, answered from memory for at most three seconds?

An answer that is used when it is two seconds old is read anew in a thread beside, so that nobody waits for the database
but who comes back after a pause. Ending a session in this process is seen at once: `forget` drops the answer, and an
answer that was being read from the database meanwhile is not kept. `on_end` tells the sockets of this process.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import Error, close_old_connections, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.addresses import Places, places_of
from accounts.models import Session
from tradingmw.compiled import Compiled
from tradingmw.database import without_waiting
from tradingmw.env import env
from tradingmw.errors import Code, NotAuthenticated

logger = logging.getLogger(__name__)
#: Five seconds are promised; the look itself and a busy machine take their part of them.
ANSWER_SECONDS = 3.0
RENEW_SECONDS = 2.0  #: one that is so old when it is used is read anew
ANSWERS_MAX = 10_000
LAST_ACTIVE_EVERY = timedelta(minutes=1)
BESIDE = ThreadPoolExecutor(max_workers=1, thread_name_prefix="session-look")
Work = Callable[[], None]


class Begun(NamedTuple):
    """When a look at the database began, and how often sessions had been forgotten until then."""

    at_seconds: float
    forgotten: int


class Live(NamedTuple):
    """A live session, with its user, and from where he may come."""

    session: Session
    places: Places


class _Answer(NamedTuple):
    live: Live
    begun_seconds: float


class LiveSessions:
    """The live sessions that this process saw lately. Safe to use from any thread."""

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, beside: Callable[[Work], object] | None = None
    ) -> None:
        """`beside` has it done elsewhere that an answer is read anew."""
        self._monotonic, self._beside = monotonic, beside or done_beside
        self._renewing: set[UUID] = set()
        self._answers: OrderedDict[UUID, _Answer] = OrderedDict()
        self._forgotten = 0
        self._lock = threading.Lock()
        #: called with the ids of sessions that this process ended; must not block or raise
        self.on_end: list[Callable[[Collection[UUID]], None]] = []

    def get(self, session_id: UUID, address: str | None = None) -> Session:
        """The live session with its user (shared between requests: read only), for who comes from `address`.

        NotAuthenticated where it ended, Forbidden from elsewhere.
        """
        begun = self.begin()
        answer = self._answers.get(session_id)
        age_seconds = begun.at_seconds - answer.begun_seconds if answer else ANSWER_SECONDS
        if answer is None or age_seconds >= ANSWER_SECONDS:
            live = self._read(session_id, begun)
        else:
            live = Live(checked(answer.live.session), answer.live.places)
            if age_seconds >= RENEW_SECONDS:
                self._renew_beside(session_id)
        live.places.need(address)
        return live.session

    def load(self, session_id: UUID, address: str | None) -> Session:
        """The same as the database has it now."""
        live = self._read(session_id, self.begin())
        live.places.need(address)
        return live.session

    def _read(self, session_id: UUID, begun: Begun) -> Live:
        session = session_load(session_id)
        live = Live(session, places_of(session.user))
        self.keep(live, begun)
        return live

    def _renew_beside(self, session_id: UUID) -> None:
        """Once at a time for each session."""
        with self._lock:
            is_under_way = session_id in self._renewing
            self._renewing.add(session_id)
        if not is_under_way:
            self._beside(lambda: self._renewed(session_id))

    def _renewed(self, session_id: UUID) -> None:
        """In the thread beside. Where that fails, the next one reads himself, and is told."""
        try:
            self._read(session_id, self.begin())
        except NotAuthenticated:
            self.renew(session_id)
        except Exception:
            logger.warning("A session could not be read anew", exc_info=True)
        finally:
            with self._lock:
                self._renewing.discard(session_id)

    def begin(self) -> Begun:
        """Where a look at the database begins."""
        return Begun(self._monotonic(), self._forgotten)

    def remembered(self) -> Collection[UUID]:
        return tuple(self._answers)

    def forget(self, session_ids: Collection[UUID]) -> None:
        """These sessions were ended by this process."""
        with self._lock:
            self._forgotten += 1
            for session_id in session_ids:
                self._answers.pop(session_id, None)
        for listener in self.on_end:
            listener(session_ids)

    def renew(self, session_id: UUID) -> None:
        """This process changed something about the session: read it anew."""
        with self._lock:
            self._forgotten += 1
            self._answers.pop(session_id, None)

    def keep(self, live: Live, begun: Begun) -> None:
        """Remember what the look found, unless a session was ended since it began."""
        with self._lock:
            if begun.forgotten != self._forgotten:
                return
            self._answers[live.session.id] = _Answer(live, begun.at_seconds)
            self._answers.move_to_end(live.session.id)
            if len(self._answers) > ANSWERS_MAX:
                self._answers.popitem(last=False)


def done_beside(work: Work) -> None:
    """In a thread that has a connection of its own; it takes a fraction of a millisecond."""

    def done() -> None:
        close_old_connections()
        work()

    BESIDE.submit(done)


live_sessions = LiveSessions()


def whole(session_id: UUID) -> QuerySet[Session]:
    """The session with its user and what his rights depend on, once for each of his roles."""
    related = Session.objects.select_related("user__account", "user__desk", "user__entitlement", "api_key")
    return related.filter(id=session_id).annotate(role=F("user__groups__name"))


_sessions = Compiled(whole)


def session_load(session_id: UUID) -> Session:
    """The live session with its user and what his rights depend on, read whole; NotAuthenticated (SESSION_ENDED)."""
    statement = _sessions.statement
    rows = statement.rows(session_id)
    if not rows:
        raise NotAuthenticated("The session was ended.", code=Code.SESSION_ENDED)
    session = statement.made_of(rows[0])
    session.user.roles_read = tuple(sorted(filter(None, statement.annotated("role", rows))))
    _seen(checked(session))
    return session


def idle_since() -> datetime:
    """A person's session that was last used before this has ended; a program's key may rest."""
    return timezone.now() - timedelta(seconds=env().session_idle_seconds)


def checked(session: Session) -> Session:
    """`session` itself while it lives: not ended, not expired, not idle for too long, of an active user."""
    over = session.ended_at or session.expires_at <= timezone.now() or not session.user.is_active
    if over or (session.last_active <= idle_since() and getattr(session, "api_key", None) is None):
        raise NotAuthenticated("The session was ended.", code=Code.SESSION_ENDED)
    return session


def _seen(session: Session) -> None:
    if timezone.now() - session.last_active >= LAST_ACTIVE_EVERY:
        sessions_seen([session.id])


def sessions_seen(session_ids: Collection[UUID]) -> None:
    """Note their activity, at most once a minute; nothing is refused because the note could not be written."""
    now = timezone.now()
    try:
        with without_waiting(), transaction.atomic():
            noted = Session.objects.filter(id__in=session_ids, last_active__lte=now - LAST_ACTIVE_EVERY)
            noted.update(last_active=now)
    except Error:
        logger.warning("Activity of sessions was not noted", extra={"sessions": len(session_ids)}, exc_info=True)
