"""How does a web process ask the order bridge for something, and what does it make of silence?

A DEALER on the process's pump thread. IMMEDIATE tells at once that no bridge is there: nothing was done, 503. A frozen
bridge is noticed by the ZeroMQ heartbeats within seconds and is then not there either. Once a request was handed over
and no answer comes, it may or may not have been done: 504, never a guess.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, TypeVar

import zmq
from msgspec.structs import replace
from prometheus_client import Histogram

from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.handover import Handover
from bridge.sockets.options import configure
from bridge.sockets.pump import Context, Frames, PortClosed, PortFull, Pump, Socket, process_pump
from bridge.wire.faults import WireError
from orders.budget import with_budget
from orders.gate_requests import DeniedAnswer
from orders.requests import (
    Answer,
    BridgeAnswer,
    BridgeQuery,
    Refusal,
    Request,
    decode_answer,
    decode_request,
    encode,
)
from tradingmw.correlation import CHARACTERS_MAX, current_request_id, request_received_us
from tradingmw.crash_points import CrashPoint, crash_point
from tradingmw.env import env
from tradingmw.errors import (
    Code,
    Conflict,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    TooManyRequests,
    TradingError,
    Unavailable,
)
from tradingmw.metrics import ORDER_ANSWER_SECONDS, ORDER_CLIENT_FAULTS, ORDER_REQUESTS_WAITING

logger = logging.getLogger(__name__)

CLIENT_HWM = 2_000
ASKED_MAX = 10_000  #: requests of this process that may wait for answers
FIRST_CONNECT_SECONDS = 2.0  #: a process that has just begun waits for its first connection
FIRST_CONNECT_RETRY_SECONDS = 0.01
RETRY_AFTER_SECONDS = 1
ERRORS: dict[int, type[TradingError]] = {
    404: NotFound,
    409: Conflict,
    422: InvalidRequest,
    429: TooManyRequests,
    503: Unavailable,
}
A = TypeVar("A", bound=Answer)
Asked = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Answer]"]


class NotHandedOver(Exception):
    """No bridge is connected: the request has not left this process."""


class OrderClient:
    """Asks the bridge at `address`, from any number of event loops. `counts`: "stray" and "malformed" answers."""

    def __init__(self, pump: Pump, keyring: KeyRing, address: str, *, deadline_seconds: float) -> None:
        self.counts: Counter[str] = Counter()
        self._deadline_seconds = deadline_seconds
        self._asked: dict[int, Asked] = {}
        self._lock = threading.Lock()
        self._handover = Handover()
        self._leaving: dict[asyncio.AbstractEventLoop, list[Request]] = {}  #: in this turn of each
        self._ids = itertools.count(1)
        self._connected_before = False
        self._address = address
        self._port = pump.attach(opener(keyring, address), self._on_frames, on_unsent=self._on_unsent)
        self._opened_at = time.monotonic()

    async def ask(self, request: Request, kind: type[A], *, wait_seconds: float = 0) -> A:
        """The answer to `request`, whose id and deadline are set here.

        Raises the `TradingError` that the bridge answers with; `Unavailable` (nothing was done) where there is no
        bridge; `OutcomeUnknown` where no answer came in time.
        """
        seconds = self._deadline_seconds
        deadline_us = time.time_ns() // 1000 + int(seconds * 1_000_000)
        step(CrashPoint.WEB_CHECKED, request)
        request = replace(
            request,
            request_id=next(self._ids),
            deadline_us=deadline_us,
            trace=current_request_id()[:CHARACTERS_MAX],
            received_us=request_received_us(),
        )
        try:
            with answer_seconds(type(request)).time():
                answer = await self._handed_over(request, seconds + wait_seconds)
                step(CrashPoint.WEB_ANSWERED, request)
        except TimeoutError:
            raise OutcomeUnknown(outcome="unknown") from None
        if isinstance(answer, Refusal):
            raise error_of(answer)
        if isinstance(answer, DeniedAnswer):
            raise denial(answer)
        if not isinstance(answer, kind):
            raise OutcomeUnknown("The order bridge gave an answer of another kind.", outcome="unknown")
        return answer

    @property
    def waiting(self) -> int:
        """Requests without an answer."""
        return len(self._asked)

    def follow(self, address: str) -> None:
        """Ask the bridge at `address` from now on, and no other: two at once would be asked in turn."""
        left = self._address
        if address != left:
            self._port.call(lambda socket: self._move(socket, left, address))
            self._address = address

    def close(self) -> None:
        self._port.close()

    async def _handed_over(self, request: Request, seconds: float) -> Answer:
        """Once per request, but for a process that has not seen its first connection yet: nothing has left then.

        TimeoutError where there is no answer after so many seconds.
        """
        until = asyncio.get_running_loop().time() + seconds
        while True:
            try:
                return await self._exchange(request, until)
            except NotHandedOver:
                if self._connected_before or time.monotonic() - self._opened_at > FIRST_CONNECT_SECONDS:
                    raise bridge_away() from None
            await asyncio.sleep(FIRST_CONNECT_RETRY_SECONDS)

    async def _exchange(self, request: Request, until: float) -> Answer:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer] = loop.create_future()
        with self._lock:
            if len(self._asked) >= ASKED_MAX:
                raise bridge_away("Too many requests wait for the order bridge; nothing was done.")
            self._asked[request.request_id] = (loop, answered)
        too_late = loop.call_at(until, if_waiting, answered, time_out)
        try:
            self._port.put([encode(request)])
            self._leave_soon(loop, request)
            return await answered
        except (PortFull, PortClosed):
            raise bridge_away() from None
        finally:
            too_late.cancel()
            with self._lock:
                self._asked.pop(request.request_id, None)

    def _leave_soon(self, loop: asyncio.AbstractEventLoop, request: Request) -> None:
        """What is asked in one turn of the loop leaves together: to wake the pump for each would cost more."""
        self._leaving.setdefault(loop, []).append(request)
        if len(self._leaving[loop]) == 1:
            loop.call_soon(self._leave, loop)

    def _leave(self, loop: asyncio.AbstractEventLoop) -> None:
        self._port.wake()
        for request in self._leaving.pop(loop):
            step(CrashPoint.WEB_ASKED, request)

    # --- in the pump thread ---------------------------------------------------------------------------------------
    def _on_frames(self, frames: Frames) -> None:
        self._connected_before = True
        try:
            (body,) = frames
            answer = decode_answer(body)
        except (ValueError, WireError):
            self.counts["malformed"] += 1
            return
        self._settle(answer.request_id, lambda answered: answered.set_result(answer))

    def _on_unsent(self, frames: Frames) -> None:
        request_id = request_id_of(frames)
        self._settle(request_id, lambda answered: answered.set_exception(NotHandedOver()))

    def _move(self, socket: Socket, left: str, followed: str) -> None:
        """What the one before was asked it can answer no more: its callers need not wait to know that."""
        socket.disconnect(left)
        socket.connect(followed)
        logger.info(
            "Another order bridge is asked from now on", extra={"address": followed, "unanswered": self.waiting}
        )
        for request_id in list(self._asked):
            self._settle(request_id, lambda answered: answered.set_exception(OutcomeUnknown(outcome="unknown")))

    def _settle(self, request_id: int, settle: Callable[[asyncio.Future[Answer]], None]) -> None:
        with self._lock:
            asked = self._asked.get(request_id)
        if asked is None:
            self.counts["stray"] += 1
            return
        loop, answered = asked
        try:
            self._handover.hand(loop, partial(if_waiting, answered, settle))
        except RuntimeError:  # its loop has ended meanwhile, and the one who asked with it
            self.counts["stray"] += 1


def step(point: CrashPoint, request: Request) -> None:
    """Of an order's way; questions after the bridge's health have none."""
    if not isinstance(request, BridgeQuery):
        crash_point(point)


def if_waiting(answered: asyncio.Future[Answer], settle: Callable[[asyncio.Future[Answer]], None]) -> None:
    if not answered.done():
        settle(answered)


def time_out(answered: asyncio.Future[Answer]) -> None:
    answered.set_exception(TimeoutError())


@lru_cache
def answer_seconds(kind: type[Request]) -> Histogram:
    return ORDER_ANSWER_SECONDS.labels(kind.__name__)


def request_id_of(frames: Frames) -> int:
    return decode_request(frames[0]).request_id


def opener(keyring: KeyRing, address: str) -> Callable[[Context], Socket]:
    def open_dealer(context: Context) -> Socket:
        socket = configure(context.socket(zmq.DEALER), hwm=CLIENT_HWM)
        keyring.connect(socket, Role.WEB, Role.ORDER_BRIDGE)
        socket.connect(address)
        return socket

    return open_dealer


def error_of(refusal: Refusal) -> TradingError:
    """The bridge's refusal as the error it was there."""
    done = {"outcome": "none"} if refusal.status >= 500 else {}
    error = ERRORS.get(refusal.status, TradingError)(
        refusal.detail,
        code=refusal.code,
        errors=refusal.errors,
        retry_after_seconds=refusal.retry_after_seconds,
        **{**done, **refusal.extra},
    )
    error.status = refusal.status
    return with_budget(error, refusal.budget) if refusal.budget else error


def denial(denied: DeniedAnswer) -> TradingError:
    """The order was refused by the gate, and is stored: all that the caller is to know of it."""
    told: dict[str, Any] = {"rules": denied.rules, "order": denied.order, "lastEventId": denied.last_event_id}
    error = InvalidRequest(denied.detail, code=denied.code, **told)
    error.headers["X-Last-Event-Id"] = str(denied.last_event_id)
    return with_budget(error, denied.budget) if denied.budget else error


def bridge_away(detail: str = "The order bridge cannot be reached; nothing was written.") -> Unavailable:
    return Unavailable(
        detail, code=Code.ORDER_BRIDGE_UNAVAILABLE, retry_after_seconds=RETRY_AFTER_SECONDS, outcome="none"
    )


@lru_cache(maxsize=1)
def order_client() -> OrderClient:
    """The client of this process."""
    settings = env()
    seconds = settings.command_deadline_ms / 1000 + 0.5
    client = OrderClient(process_pump(), KeyRing(settings.keys), settings.order_requests, deadline_seconds=seconds)
    ORDER_REQUESTS_WAITING.read_from(lambda: client.waiting)
    ORDER_CLIENT_FAULTS.read_from(lambda: client.counts)
    return client


async def bridge_state(timeout_seconds: float = 1.0) -> BridgeAnswer:
    """How the order bridge and its engine link are; raises as `ask` does."""
    try:
        async with asyncio.timeout(timeout_seconds):
            return await order_client().ask(BridgeQuery(request_id=1, deadline_us=0), BridgeAnswer)
    except TimeoutError:
        raise bridge_away("The order bridge does not answer.") from None
