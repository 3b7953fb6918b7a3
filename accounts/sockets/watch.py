"""Which sockets of this process are open, to which session do they belong, and which of them must close now?

One query a second asks which of the connected sessions still live, however many sockets there are; a session that is
ended by this process itself closes its sockets at once. Every other look also reads what their users may do now, and
from where: sockets of others close too, to come back with the new rights (`standing.py`).
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import defaultdict
from collections.abc import Collection
from typing import Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async

from accounts.live import live_sessions
from accounts.models import Session
from accounts.rights import Rights
from accounts.selectors import sessions_used
from accounts.sockets import tally
from accounts.sockets.closing import CloseCode
from accounts.sockets.standing import Standing, fallen
from accounts.sockets.tally import Refused
from tradingmw.env import env

logger = logging.getLogger(__name__)
LOOK_EVERY_SECONDS = 1.0
STANDING_EVERY_LOOKS = 2


class Socket(Protocol):
    """What the watch needs of a consumer."""

    async def end(self, code: CloseCode = CloseCode.SESSION_ENDED) -> None:
        """Close: the session was ended, or its user may not stay as he is."""

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
        self._standing: dict[Socket, Standing] = {}
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

    def join(self, socket: Socket, session: Session, rights: Rights | None = None, address: str | None = None) -> bool:
        """Watch `socket`; False where its user has too many already. With his `rights`: whether he may stay, too."""
        mine = [sid for sid, user_id in self._user.items() if user_id == session.user_id]
        if sum(len(self._sockets[sid]) for sid in mine) >= self._sockets_per_user:
            tally.refused[Refused.USER] += 1
            return False
        self._sockets[session.id].add(socket)
        self._user[session.id] = session.user_id
        if rights is not None:
            self._standing[socket] = Standing(session, rights, address)
        if self.looking is None or self.looking.done():
            self.looking = self._loop.create_task(self._look())
        return True

    def leave(self, socket: Socket, session: Session) -> None:
        sockets = self._sockets.get(session.id, set())
        sockets.discard(socket)
        self._standing.pop(socket, None)
        if not sockets:
            self._sockets.pop(session.id, None)
            self._user.pop(session.id, None)

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
                if look % STANDING_EVERY_LOOKS == 0:
                    await self._look_at_standing()
            except Exception:
                self.failed_looks += 1
                logger.exception("Sessions of sockets could not be checked", extra={"failed_looks": self.failed_looks})

    async def _look_at_standing(self) -> None:
        known = dict(self._standing)
        for socket, code in (await database_sync_to_async(fallen)(known)).items():
            live_sessions.renew(known[socket].session.id)
            self._close(socket, code)

    def _ended_elsewhere(self, session_ids: Collection[UUID]) -> None:
        """From any thread of this process."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end, session_ids)

    def _end(self, session_ids: Collection[UUID]) -> None:
        for session_id in session_ids:
            for socket in tuple(self._sockets.get(session_id, ())):
                self._close(socket, CloseCode.SESSION_ENDED)

    def _close(self, socket: Socket, code: CloseCode) -> None:
        task = self._loop.create_task(socket.end(code))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


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
