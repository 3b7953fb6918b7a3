"""How does a check speak with the engine on its command socket, as an order bridge would?"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar
from uuid import UUID, uuid4

import zmq

from bridge.conformance.verdicts import Unmet
from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.options import configure
from bridge.sockets.pump import Context, Frames
from bridge.wire.codec import decode_from_engine, encode
from bridge.wire.faults import WireError
from bridge.wire.messages import (
    PROTOCOL_VERSION,
    CancelOrder,
    Command,
    CommandReply,
    ExecutionReport,
    FromEngine,
    Hello,
    MassCancel,
    NewOrder,
    OrderList,
    OrderListRequest,
    OrderStatus,
    OrderStatusRequest,
    ReplaceOrder,
    SessionReject,
    ToEngine,
    Welcome,
)

HWM = 10_000
DEADLINE_US = 60_000_000  #: generous: that the two clocks agree is another check's affair
LOOK_MS = 20
NOBODY = "engine-check-nobody"
TURN = 1_000  #: messages taken at once
M = TypeVar("M", bound=FromEngine)
T = TypeVar("T")
C = TypeVar("C", bound=Command)
Answer = CommandReply | OrderStatus | OrderList
AnyCommand = NewOrder | CancelOrder | ReplaceOrder | MassCancel | OrderStatusRequest | OrderListRequest


def now_us() -> int:
    return time.time_ns() // 1000


class Heard(NamedTuple):
    """A message of the engine and when it was read here."""

    at_us: int
    message: FromEngine


class Record:
    """What the engine said in all conversations, and what of it could not be read."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.unreadable: list[str] = []


class Conversation:
    """One connection of one session. `heard` is all that came on it, in order."""

    def __init__(
        self,
        context: Context,
        keyring: KeyRing,
        address: str,
        *,
        session: int,
        role: Role,
        patience_seconds: float,
        record: Record,
    ) -> None:
        self.session = session
        self.heard: list[FromEngine] = []
        self._welcome: Welcome | None = None
        self._answers: dict[int, Answer] = {}  #: by the command's number
        self._rejects: list[SessionReject] = []
        self._rejected_before: dict[int, int] = {}  #: how many when a command was made, by its number
        self._reports: defaultdict[UUID, list[ExecutionReport]] = defaultdict(list)
        self._patience_seconds, self._record = patience_seconds, record
        self._address = address
        self._command_seq = 0
        self._said_hello = 0
        identity = f"orders.{session}".encode("ascii")
        self._socket = configure(context.socket(zmq.DEALER), hwm=HWM, identity=identity)
        keyring.connect(self._socket, role, Role.ENGINE)
        self._socket.connect(address)

    def close(self) -> None:
        self._socket.close()

    # --- speaking ----------------------------------------------------------------------------------------------------
    def say(self, message: ToEngine) -> None:
        self.say_frames(encode(message))

    def say_frames(self, frames: Frames) -> None:
        if not self._socket.poll(int(self._patience_seconds * 1000), zmq.POLLOUT):
            raise Unmet(f"the engine took no connection at {self._address}")
        self._socket.send_multipart(frames, zmq.NOBLOCK)

    def hello(self, protocol_version: int = PROTOCOL_VERSION) -> Welcome:
        """Say Hello and be welcomed."""
        self.say_hello(protocol_version)
        answer = self._answer_to_hello()
        if not isinstance(answer, Welcome):
            raise Unmet(f"Hello of session {self.session} was answered {answer}")
        self._welcome = answer
        return answer

    @property
    def welcome(self) -> Welcome:
        """The one that answered Hello."""
        if self._welcome is None:
            raise Unmet("Hello was not said, or not welcomed")
        return self._welcome

    def say_hello(self, protocol_version: int = PROTOCOL_VERSION) -> None:
        self.hear()
        self._said_hello = len(self.heard)
        self.say(
            Hello(
                protocol_version=protocol_version, session=self.session, last_epoch=0, last_seq=0, sent_at_us=now_us()
            )
        )

    def command(self, kind: type[C], *, deadline_us: int | None = None, **fields: Any) -> C:
        """The next command of the session."""
        self._command_seq += 1
        self._rejected_before[self._command_seq] = len(self._rejects)
        due_us = now_us() + DEADLINE_US if deadline_us is None else deadline_us
        return kind(session=self.session, command_seq=self._command_seq, deadline_us=due_us, **fields)

    def ask(self, command: AnyCommand) -> Answer:
        """Say `command`; its answer, which is exactly one."""
        self.say(command)
        return self.answer_to(command)

    def reply_to(self, command: AnyCommand) -> CommandReply:
        """Say `command`; its CommandReply."""
        self.say(command)
        return self.reply_of(command)

    def reply_of(self, command: Command) -> CommandReply:
        """The CommandReply to a command that was said."""
        return of_kind(self.answer_to(command), CommandReply)

    def ping(self) -> OrderStatus:
        """Ask for an order that never was: the session is served."""
        request = self.command(OrderStatusRequest, order_id=uuid4(), account=NOBODY, client_order_id=NOBODY)
        return of_kind(self.ask(request), OrderStatus)

    def answer_to(self, command: Command) -> Answer:
        """The answer to a command that was said."""
        named, before = type(command).__name__, self._rejected_before[command.command_seq]

        def answered() -> bool | None:
            for reject in self._rejects[before:]:
                raise Unmet(f"{named} was answered SessionReject {reject.code}: {reject.reason}")
            return command.command_seq in self._answers or None

        self.wait_until(answered, f"an answer to {named}")
        return self._answers[command.command_seq]

    def refused(self, message: ToEngine) -> SessionReject:
        """Say `message`; the SessionReject that answers it."""
        return self.refused_frames(encode(message), type(message).__name__)

    def refused_frames(self, frames: Frames, what: str) -> SessionReject:
        self.hear()
        begin = len(self.heard)
        self.say_frames(frames)
        return self.wait_for(SessionReject, begin=begin, what=f"a SessionReject for {what}")

    def refusal(self) -> SessionReject:
        """The answer to Hello, which must be a SessionReject."""
        answer = self._answer_to_hello()
        if not isinstance(answer, SessionReject):
            raise Unmet("a Hello that was to be refused was welcomed")
        return answer

    def _answer_to_hello(self) -> FromEngine:
        """The first one since Hello was said."""
        found: list[FromEngine] = []

        def answered() -> bool | None:
            found[:] = [each for each in self.heard[self._said_hello :] if isinstance(each, Welcome | SessionReject)]
            return bool(found) or None

        self.wait_until(answered, "an answer to Hello")
        return found[0]

    # --- listening ---------------------------------------------------------------------------------------------------
    def wait_for(
        self, kind: type[M], fits: Callable[[M], bool] = lambda _: True, *, what: str = "", begin: int = 0
    ) -> M:
        """The first message of `kind` that fits, among those from number `begin` on."""

        def found() -> M | None:
            return next((each for each in self.heard[begin:] if isinstance(each, kind) and fits(each)), None)

        return self.wait_until(found, what or f"a {kind.__name__}")

    def wait_until(self, found: Callable[[], T | None], what: str) -> T:
        """The first value of `found` that is not None, looked for whenever the engine has said something."""
        deadline = time.monotonic() + self._patience_seconds
        while (value := found()) is None:
            if time.monotonic() > deadline:
                raise Unmet(f"{what} did not come within {self._patience_seconds:g} s")
            self.hear(LOOK_MS)
        return value

    def hear(self, wait_ms: int = 0) -> None:
        """Take in what waits, or what comes within `wait_ms`."""
        for _ in range(TURN):
            if not self._socket.poll(wait_ms):
                return
            self._take(self._socket.recv_multipart(zmq.NOBLOCK))
            wait_ms = 0

    def reports_of(self, order_id: UUID) -> list[ExecutionReport]:
        """Those of one order, as they came."""
        return self._reports[order_id]

    def reports(self, begin: int = 0) -> list[ExecutionReport]:
        """Those of all orders, in the order in which they came."""
        return [message for message in self.heard[begin:] if isinstance(message, ExecutionReport)]

    def _take(self, frames: Frames) -> None:
        try:
            message = decode_from_engine(frames)
        except WireError as error:
            self._record.unreadable.append(f"command socket: {error}")
            return
        self._record.heard.append(Heard(now_us(), message))
        self.heard.append(message)
        if isinstance(message, SessionReject):
            self._rejects.append(message)
        elif isinstance(message, ExecutionReport):
            self._reports[message.order_id].append(message)
        elif isinstance(message, Answer):
            self._answers.setdefault(message.command_seq, message)


def of_kind(message: object, kind: type[M]) -> M:
    """`message`, which must be of `kind`."""
    if not isinstance(message, kind):
        raise Unmet(f"{type(message).__name__} was answered where {kind.__name__} was expected")
    return message
