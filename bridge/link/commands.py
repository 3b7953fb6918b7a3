"""What does the order bridge do to stand in session with the engine? The client half of `docs/engine-link.md`.

Driven by one thread, which polls `socket`, calls `on_readable()` when it is readable, then `take_events()`, and
`on_tick()` at least ten times a second.
"""

from __future__ import annotations

import logging
import random
import time
from collections import Counter
from collections.abc import Callable

from bridge.link.backoff import Backoff
from bridge.link.connection import Connection
from bridge.link.places import Places
from bridge.link.states import WELCOMED, Fenced, LinkEvent, LinkState, Occasion, StateChanged, after
from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.pump import Context, Socket
from bridge.sockets.throttle import Throttle
from bridge.wire.codec import decode_from_engine, encode
from bridge.wire.faults import Reason, WireError
from bridge.wire.messages import (
    PROTOCOL_VERSION,
    ClientHeartbeat,
    ExecutionReport,
    FromEngine,
    Hello,
    SessionReject,
    ToEngine,
    Welcome,
)
from bridge.wire.vocabulary import RejectCode

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 1.0
DEGRADED_SECONDS = 2.5  #: so that silence is known within three seconds of its beginning
DOWN_SECONDS = 5.0
WELCOME_SECONDS = 5.0  #: from the attempt's begin
REFUSED_SECONDS = 30.0  #: before an engine of another protocol version is asked again
LEAVE_MS = 500  #: for a last word
TURN = 256  #: messages taken per call, so that ticks are never late for long


class CommandLink:
    """The session with the engine. Commands are handed over at once or not at all; nothing is queued for later.

    `address`: the engine's, or the primary's and its backup's (`Places`).
    `faults` counts what the engine said and we could not believe, by reason; `strays` what made no sense now.
    """

    def __init__(
        self,
        context: Context,
        keyring: KeyRing,
        address: str,
        *,
        session: int,
        clock_us: Callable[[], int],
        cancel_after_ms: Callable[[], int | None] = lambda: None,
        role: Role = Role.ORDER_BRIDGE,
        monotonic: Callable[[], float] = time.monotonic,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self.state = LinkState.DOWN
        self.session = session
        self.epoch = 0
        self.engine_last_seq = 0
        self.faults: Counter[Reason] = Counter()
        self.strays: Counter[str] = Counter()
        self._context, self._keyring, self._role = context, keyring, role
        self._places = Places(address)
        self._clock_us, self._monotonic = clock_us, monotonic
        self._cancel_after_ms = cancel_after_ms
        self._backoff = Backoff(uniform=uniform)
        self._throttle = Throttle(monotonic=monotonic)
        self._events: list[LinkEvent] = []
        self._applied = (0, 0)
        self._retry_at = float("inf")  # not before start(), and never again once fenced
        self._began = self._heard = self._next_heartbeat = 0.0
        self._greeted = False
        self._told = ""
        self._linger_ms = 0
        self._connection = self._new_connection()

    @property
    def socket(self) -> Socket:
        """The one to poll now; every lost connection puts another in its place."""
        return self._connection.socket

    def start(self, last_epoch: int, last_seq: int) -> None:
        """Begin; (`last_epoch`, `last_seq`) is the last report the owner has applied, (0, 0) for none."""
        self.applied(last_epoch, last_seq)
        self._attempt()

    def applied(self, epoch: int, seq: int) -> None:
        """The owner's last applied report, told to the engine in the next Hello."""
        self._applied = (epoch, seq)

    def live(self) -> None:
        """The owner has caught up: SYNCING becomes LIVE; means nothing in any other state."""
        self._enter(Occasion.CAUGHT_UP, "every report is applied")

    def renew(self, reason: str) -> None:
        """Begin a new connection: what the engine was about to say on this one is of no use to the owner any more."""
        if self.state in WELCOMED:
            self._lose(reason)

    def send(self, message: ToEngine) -> bool:
        """Hand `message` to the network now; False where it could not be, and it never will be."""
        return self.state in WELCOMED and self._connection.send(encode(message))

    def on_readable(self) -> list[FromEngine]:
        """What the engine said, session messages included; at most a turn's worth."""
        said: list[FromEngine] = []
        connection = self._connection
        for frames in connection.receive(TURN):
            try:
                message = decode_from_engine(frames)
            except WireError as error:
                self._refuse(error)
            else:
                said += self._heed(message)
            if connection is not self._connection:
                break  # the message ended it
        return said

    def on_tick(self) -> list[LinkEvent]:
        """Do what is due; returns what changed since the last call."""
        now = self._monotonic()
        if self.state is LinkState.DOWN:
            if now >= self._retry_at:
                self._attempt()
        elif (reason := self._connection.ending()) is not None:
            self._lose(reason)
        elif self.state in WELCOMED:
            self._beat(now)
            self._listen(now)
        else:
            self._greet(now)
        return self.take_events()

    def take_events(self) -> list[LinkEvent]:
        """What changed since the last call of this or of `on_tick`; to be asked after whatever may change something."""
        events, self._events = self._events, []
        return events

    def take_leave(self) -> None:
        """The owner stops as it was asked to: the engine need not end orders for want of a sign of life."""
        if self._cancel_after_ms() is not None:
            self.send(self._heartbeat(0))
        self._linger_ms = LEAVE_MS

    def close(self) -> None:
        self._retry_at = float("inf")
        self._connection.close(self._linger_ms)

    # --- what is due -------------------------------------------------------------------------------------------------
    def _greet(self, now: float) -> None:
        """Hello as soon as the connection takes it; the Welcome must come in time."""
        if not self._greeted:
            self._greeted = self._connection.send(encode(self._hello()))
        if now - self._began > WELCOME_SECONDS:
            self._lose("no Welcome came" if self._greeted else "no connection came about")

    def _beat(self, now: float) -> None:
        if now >= self._next_heartbeat:
            self._next_heartbeat = now + HEARTBEAT_SECONDS
            self._connection.send(encode(self._heartbeat(self._cancel_after_ms())))

    def _heartbeat(self, cancel_after_ms: int | None) -> ClientHeartbeat:
        now_us = self._clock_us()
        return ClientHeartbeat(session=self.session, sent_at_us=now_us, cancel_after_ms=cancel_after_ms)

    def _listen(self, now: float) -> None:
        silence_seconds = now - self._heard
        if silence_seconds > DOWN_SECONDS:
            self._lose(f"the engine has been silent for {DOWN_SECONDS:.0f} s")
        elif silence_seconds > DEGRADED_SECONDS:
            self._enter(Occasion.SILENT, f"the engine has been silent for {DEGRADED_SECONDS:g} s")

    def _hello(self) -> Hello:
        epoch, seq = self._applied
        return Hello(
            protocol_version=PROTOCOL_VERSION,
            session=self.session,
            last_epoch=epoch,
            last_seq=seq,
            sent_at_us=self._clock_us(),
        )

    # --- what the engine says ----------------------------------------------------------------------------------------
    def _heed(self, message: FromEngine) -> list[FromEngine]:
        """`message`, once the link has drawn its conclusions; nothing where it came outside the session."""
        match message:
            case Welcome():
                self._on_welcome(message)
            case SessionReject():
                self._on_reject(message)
            case _ if self.state not in WELCOMED:
                # Our identity is the same on every connection, so what was meant for the last one may come here.
                self.strays[type(message).__name__] += 1
                return []
            case ExecutionReport() if message.epoch < self.epoch:
                self._on_heard()  # replayed
            case ExecutionReport():
                self._on_number(message.epoch, message.seq)
            case _:
                self._on_number(message.epoch, message.last_seq)
        return [message]

    def _on_welcome(self, welcome: Welcome) -> None:
        if welcome.session != self.session or self.state in WELCOMED:
            self.strays["Welcome"] += 1
        elif welcome.protocol_version != PROTOCOL_VERSION:
            self._lose(f"the engine speaks protocol version {welcome.protocol_version}", REFUSED_SECONDS)
        else:
            self.epoch, self.engine_last_seq = welcome.epoch, welcome.last_seq
            self._heard = self._monotonic()
            self._next_heartbeat = self._heard
            self._backoff.reset()
            self._enter(Occasion.WELCOMED, f"the engine took session {self.session}")

    def _on_reject(self, reject: SessionReject) -> None:
        if reject.code is RejectCode.STALE_SESSION:
            self._lose(f"fenced: {reject.reason}", float("inf"))
            self._events.append(Fenced(self.session, reject.reason))
        elif reject.code is RejectCode.VERSION_MISMATCH:
            self._lose(f"the engine refused protocol version {PROTOCOL_VERSION}", REFUSED_SECONDS)
        else:
            self._lose(f"the engine refused the session: {reject.code}")

    def _on_number(self, epoch: int, last_seq: int) -> None:
        if epoch != self.epoch:
            self._lose("the engine was restarted")
            return
        self.engine_last_seq = max(self.engine_last_seq, last_seq)
        self._on_heard()

    def _on_heard(self) -> None:
        self._heard = self._monotonic()
        if self.state is LinkState.DEGRADED:
            self._enter(Occasion.HEARD, "the engine speaks again")

    def _refuse(self, error: WireError) -> None:
        self.faults[error.reason] += 1
        if error.reason is Reason.VERSION and self.state not in WELCOMED:
            self._lose("the engine speaks another version of the link", REFUSED_SECONDS)
        if self._throttle.due():
            logger.warning("A message of the engine was refused", extra={"why": str(error), "faults": self.faults})

    # --- connections -------------------------------------------------------------------------------------------------
    def _attempt(self) -> None:
        self._began = self._monotonic()
        self._greeted = False
        self._connection.connect(self._places.current)
        self._enter(Occasion.OPENED, f"connecting to {self._places.current}")

    def _lose(self, reason: str, wait_seconds: float | None = None) -> None:
        """Give the connection up; the next attempt has a new socket, after the back-off unless a wait is given.

        An engine that was there is tried again where it was; one that was not, at its backup's.
        """
        if self.state not in WELCOMED:
            self._places.move_on()
        wait = self._backoff.wait_seconds() if wait_seconds is None else wait_seconds
        self._retry_at = self._monotonic() + wait
        self._connection.close()
        self._connection = self._new_connection()
        self._enter(Occasion.LOST, reason)

    def _new_connection(self) -> Connection:
        return Connection(self._context, self._keyring, self._role, f"orders.{self.session}".encode("ascii"))

    def _enter(self, occasion: Occasion, reason: str) -> None:
        before, self.state = self.state, after(self.state, occasion)
        if self.state is not before:
            change = StateChanged(before, self.state, reason)
            self._events.append(change)
            logger.log(self._level(change), "The engine link changed", extra=change._asdict())

    def _level(self, change: StateChanged) -> int:
        """An absent engine is tried again each second: only a new reason is worth a line of the log."""
        if change.state is LinkState.CONNECTING or change.reason == self._told:
            return logging.DEBUG
        self._told = change.reason
        return logging.INFO
