"""Which sockets of this process are open, to which session do they belong, and which of them must close now?

One query a second asks which of the connected sessions still live, however many sockets there are; a session that is
ended by this process itself closes its sockets at once. Every other look also reads what their users may do now: where
that has changed, the sockets close too, to come back with the new rights.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async

from accounts.live import live_sessions
from accounts.models import Session
from accounts.rights import Rights, rights_of
from accounts.selectors import sessions_used, users_now
from accounts.sockets import tally
from accounts.sockets.closing import CloseCode
from accounts.sockets.tally import Refused
from tradingmw.env import env

logger = logging.getLogger(__name__)
LOOK_EVERY_SECONDS = 1.0
RIGHTS_EVERY_LOOKS = 2


class Socket(Protocol):
    """What the watch needs of a consumer."""

    async def end(self, code: CloseCode = CloseCode.SESSION_ENDED) -> None:
        """Close: the session was ended, or its rights are others now."""

    async def shut_down(self) -> None:
        """Close: this process ends."""


class SessionWatch:
    """The sockets of one event loop, those of sessions by session. Only that loop touches it."""

    def __init__(self, sockets_per_user: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._sockets_per_user = sockets_per_user
        self._open: set[Socket] = set()
        self._stopping = False
        self._sockets: defaultdict[UUID, set[Socket]] = defaultdict(set)
        self._user: dict[UUID, UUID] = {}
        self._rights: dict[UUID, Rights] = {}  #: of each session's user, as its first socket found them
        self.looking: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self.failed_looks = 0
        live_sessions.on_end.append(self._ended_elsewhere)

    def arrive(self, socket: Socket) -> bool:
        """`socket` was accepted and has not said yet who it is; False where this process ends already."""
        self._open.add(socket)
        return not self._stopping

    def depart(self, socket: Socket) -> None:
        """`socket` is gone."""
        self._open.discard(socket)

    def join(self, socket: Socket, session: Session, rights: Rights | None = None) -> bool:
        """Watch `socket`, and the user's `rights` where they are given; False where he has too many sockets already."""
        mine = [sid for sid, user_id in self._user.items() if user_id == session.user_id]
        if sum(len(self._sockets[sid]) for sid in mine) >= self._sockets_per_user:
            tally.refused[Refused.USER] += 1
            return False
        self._sockets[session.id].add(socket)
        self._user[session.id] = session.user_id
        if rights is not None:
            self._rights.setdefault(session.id, rights)
        if self.looking is None or self.looking.done():
            self.looking = self._loop.create_task(self._look())
        return True

    def leave(self, socket: Socket, session: Session) -> None:
        sockets = self._sockets.get(session.id, set())
        sockets.discard(socket)
        if not sockets:
            self._sockets.pop(session.id, None)
            self._user.pop(session.id, None)
            self._rights.pop(session.id, None)

    async def shut_down(self) -> None:
        """This process ends: every socket is told so and closed. What one of them raises keeps no other open."""
        self._stopping = True
        for outcome in await asyncio.gather(*(socket.shut_down() for socket in self._open), return_exceptions=True):
            if isinstance(outcome, Exception):
                logger.error("A socket could not be closed", exc_info=outcome)

    async def _look(self) -> None:
        """Once a second while a socket is connected; a failed look is logged, and the next one follows."""
        for look in itertools.count(1):
            if not self._sockets:
                return
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            try:
                connected = list(self._sockets)
                alive = await database_sync_to_async(sessions_used)(connected)
                self._end(set(connected) - alive)
                if look % RIGHTS_EVERY_LOOKS == 0:
                    await self._look_at_rights()
            except Exception:
                self.failed_looks += 1
                logger.exception("Sessions of sockets could not be checked", extra={"failed_looks": self.failed_looks})

    async def _look_at_rights(self) -> None:
        known, user_of = dict(self._rights), dict(self._user)
        changed = await database_sync_to_async(sessions_of_others_rights)(known, user_of)
        for session_id in changed:
            live_sessions.renew(session_id)
            self._rights.pop(session_id, None)
        self._end(changed, CloseCode.RIGHTS_CHANGED)

    def _ended_elsewhere(self, session_ids: Collection[UUID]) -> None:
        """From any thread of this process."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end, session_ids)

    def _end(self, session_ids: Collection[UUID], code: CloseCode = CloseCode.SESSION_ENDED) -> None:
        for session_id in session_ids:
            for socket in tuple(self._sockets.get(session_id, ())):
                task = self._loop.create_task(socket.end(code))
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)


def sessions_of_others_rights(known: Mapping[UUID, Rights], user_of: Mapping[UUID, UUID]) -> list[UUID]:
    """The sessions whose user may do more or less now than is `known`. Blocking."""
    users = users_now(set(user_of.values()))
    now = {user_id: rights_of(user) for user_id, user in users.items()}
    return [session_id for session_id, rights in known.items() if now.get(user_of[session_id], rights) != rights]


_watches: WeakKeyDictionary[asyncio.AbstractEventLoop, SessionWatch] = WeakKeyDictionary()


def session_watch() -> SessionWatch:
    """The watch of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _watches:
        _watches[loop] = SessionWatch(env().sockets_per_user)
    return _watches[loop]


async def sockets_shut_down() -> None:
    """Closes the sockets of the running loop, and those that still come; before the server stops."""
    await session_watch().shut_down()
