"""Whose trading sockets does this process have? The order bridge is told, so that it knows when somebody is gone.

Of a session that comes it is asked once whether it is guarded; the guarded ones are named twice a second for as long as
they have a socket here. That the last one is gone is said at once. What is not said because the process died, or
because nothing gets through, the bridge finds missing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Protocol
from uuid import UUID, uuid4
from weakref import WeakKeyDictionary

from orders.client import order_client
from orders.request_frame import Caller
from orders.safeguard_requests import SESSIONS_MAX, AttendAnswer, AttendSessions, GuardAnswer, GuardScope, GuardSession
from tradingmw.errors import TradingError
from tradingmw.metrics import ATTENDANCE_FAULTS

logger = logging.getLogger(__name__)
BEAT_SECONDS = 0.5
SECOND_US = 1_000_000
Socket = object  #: only told from others


class Bridge(Protocol):
    """Whom it is told; both raise as `OrderClient.ask` does."""

    async def attend(self, request: AttendSessions) -> AttendAnswer: ...

    async def guard(self, request: GuardSession) -> GuardAnswer: ...


class OrderBridge:
    async def attend(self, request: AttendSessions) -> AttendAnswer:
        return await order_client().ask(request, AttendAnswer)

    async def guard(self, request: GuardSession) -> GuardAnswer:
        return await order_client().ask(request, GuardAnswer)


class Attendance:
    """The sessions of one event loop's trading sockets. `faults` counts what could not be said to the bridge."""

    def __init__(self, bridge: Bridge, *, beat_seconds: float = BEAT_SECONDS) -> None:
        self.process = uuid4()
        self.faults = 0
        self._bridge, self._beat_seconds = bridge, beat_seconds
        self._sockets: defaultdict[UUID, set[Socket]] = defaultdict(set)
        self._sessions: defaultdict[Socket, set[UUID]] = defaultdict(set)  #: the same, the other way round
        self._guarded: set[UUID] = set()
        self._unsure: set[UUID] = set()  #: whether they are guarded is to be asked
        self._since: dict[UUID, int] = {}  #: what was answered to messages up to this number says nothing of them
        self._gone: defaultdict[int, set[UUID]] = defaultdict(set)  #: by when they were told to be back
        self._sent = 0
        self._flush_wanted = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._beating: asyncio.Task[None] | None = None

    # --- sockets come and go ---------------------------------------------------------------------------------------
    def join(self, session: UUID, socket: Socket) -> None:
        """`socket` is authenticated in `session`; it may be in several, one after another, and stands for all."""
        if not self._sockets[session]:
            self._ask_about(session)
        self._sockets[session].add(socket)
        self._sessions[socket].add(session)
        if self._beating is None or self._beating.done():
            self._beating = asyncio.get_running_loop().create_task(self._beat(), name="attendance")

    def leave(self, socket: Socket, back_us: int = 0) -> None:
        """It is gone, or about to be; its client was told to be back within `back_us`."""
        for session in self._sessions.pop(socket, ()):
            self._sockets[session].discard(socket)
            if not self._sockets[session]:
                self._leave_whole(session, back_us)

    def _leave_whole(self, session: UUID, back_us: int) -> None:
        """Nobody of it is here any more."""
        del self._sockets[session]
        if session in self._guarded or session in self._unsure:
            self._gone[back_us].add(session)
            self._flush_soon()
        self._guarded.discard(session)
        self._unsure.discard(session)
        self._since.pop(session, None)

    # --- guarding --------------------------------------------------------------------------------------------------
    async def guard(self, caller: Caller, *, enabled: bool, grace_seconds: int, scope: GuardScope) -> GuardAnswer:
        """Cancel-on-disconnect of the caller's session. It goes on though who asked for it is gone meanwhile."""
        request = GuardSession(
            request_id=1,
            deadline_us=0,
            caller=caller,
            process=self.process,
            enabled=enabled,
            grace_us=grace_seconds * SECOND_US,
            scope=scope,
        )
        asking = asyncio.get_running_loop().create_task(self._guard(request), name="guard-session")
        asking.add_done_callback(asked)
        return await asyncio.shield(asking)

    async def _guard(self, request: GuardSession) -> GuardAnswer:
        """Before and after it is not known whether the session is guarded: it is named until that is told."""
        self._ask_about(request.caller.session)
        try:
            return await self._bridge.guard(request)
        finally:
            self._ask_about(request.caller.session)

    def _ask_about(self, session: UUID | None) -> None:
        if session is not None:
            self._unsure.add(session)
            self._since[session] = self._sent
            self._flush_soon()

    # --- what is said ----------------------------------------------------------------------------------------------
    async def _beat(self) -> None:
        while self._sockets:
            await asyncio.sleep(self._beat_seconds)
            for some in chunks(self._guarded | self._unsure):
                self._say(some)

    def _flush_soon(self) -> None:
        """Together with what else happens in this turn of the loop."""
        if not self._flush_wanted:
            self._flush_wanted = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_wanted = False
        for session in self._unsure - self._sockets.keys():  # nobody of it is here any more
            self._unsure.discard(session)
            del self._since[session]
        unasked = {session for session in self._unsure if self._since[session] == self._sent}
        gone, self._gone = self._gone, defaultdict(set)
        for back_us, sessions in gone.items():
            for some in chunks(sessions - self._sockets.keys()):
                self._say((), some, back_us)
        for some in chunks(unasked):
            self._say(some)

    def _say(self, present: Iterable[UUID], gone: Iterable[UUID] = (), back_us: int = 0) -> None:
        self._sent += 1
        request = AttendSessions(
            request_id=1,
            deadline_us=0,
            process=self.process,
            present=list(present),
            gone=list(gone),
            back_us=back_us,
        )
        task = asyncio.get_running_loop().create_task(self._told(request, self._sent), name="attend-sessions")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _told(self, request: AttendSessions, number: int) -> None:
        """Who could not be heard is named again with the next beat; who was, stays as the bridge knows him."""
        try:
            answer = await self._bridge.attend(request)
        except TradingError as error:
            self.faults += 1
            logger.debug("The order bridge could not be told who is connected", extra={"why": str(error)})
            return
        guarded = set(answer.guarded)
        for session in request.present:
            if session not in self._sockets or number <= self._since.get(session, 0):
                continue
            self._since[session] = number
            self._unsure.discard(session)
            if session in guarded:
                self._guarded.add(session)
            else:
                self._guarded.discard(session)


def chunks(sessions: Iterable[UUID]) -> Iterator[list[UUID]]:
    """As many as a message takes."""
    waiting = list(sessions)
    for start in range(0, len(waiting), SESSIONS_MAX):
        yield waiting[start : start + SESSIONS_MAX]


def asked(task: asyncio.Task[GuardAnswer]) -> None:
    """Its error was told to who asked, if he still was there; of one that we made ourselves the log is to say."""
    if not task.cancelled() and (error := task.exception()) and not isinstance(error, TradingError):
        logger.error("A session could not be guarded", exc_info=error)


_ATTENDANCES: WeakKeyDictionary[asyncio.AbstractEventLoop, Attendance] = WeakKeyDictionary()


def attendance() -> Attendance:
    """That of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _ATTENDANCES:
        made = _ATTENDANCES[loop] = Attendance(OrderBridge())
        ATTENDANCE_FAULTS.read_from(lambda: made.faults)
    return _ATTENDANCES[loop]
