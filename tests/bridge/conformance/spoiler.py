"""A go-between in front of an engine that passes everything on, but for what a fault changes.

To the checks it is the engine: it has the engine's keys and admits the engine's peers. Sockets and messages are real.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

import zmq

from bridge.conformance.subject import Addresses
from bridge.sockets.curve import ADMITTED, Domain, Gatekeeper, KeyRing, Role
from bridge.sockets.options import configure
from bridge.sockets.pump import Frames, Socket
from bridge.wire.codec import decode_from_engine, decode_query_reply, decode_to_engine, encode
from bridge.wire.faults import WireError
from bridge.wire.messages import FromEngine, Message, QueryReply, ToEngine
from tests.bridge.conformance.engines import where
from tests.bridge.waiting import until

HWM = 10_000
LOOK_MS = 50
FULL_SECONDS = 0.001  #: until a full queue is tried again
CONNECT_MS = 20_000
MOST_LINES = 4  #: connections to the engine that are kept
EVERYTHING = b""
GONE = (zmq.EAGAIN, zmq.EHOSTUNREACH)


class Faithful:
    """What becomes of each message; subclasses spoil one thing. `forged`: what goes back to the peer as well."""

    admitted = ADMITTED[Domain.ENGINE]
    publisher_options: dict[int, int] = {}

    def __init__(self) -> None:
        self.forged: list[Message] = []

    def command(self, said: ToEngine) -> Iterable[ToEngine]:
        """What the engine is told of what a bridge said."""
        return [said]

    def said(self, message: FromEngine) -> Iterable[FromEngine | Frames]:
        """What the bridge is told of what the engine said."""
        return [message]

    def answer(self, message: QueryReply) -> QueryReply:
        return message

    def published(self, topic: bytes, frames: Frames) -> Iterable[Frames]:
        """`frames` are envelope and payload."""
        return [frames]


class Spoiler:
    """In one thread; `follow` leads it to another engine."""

    def __init__(self, keyring: KeyRing, engine: Addresses, fault: Faithful) -> None:
        self._keyring, self._engine, self._fault = keyring, engine, fault
        self._context: zmq.Context[Socket] = zmq.Context()
        self._gatekeeper = Gatekeeper(self._context, keyring)
        self._gatekeeper.allow(Domain.ENGINE, fault.admitted)
        self._feed = self._near(zmq.PUB, fault.publisher_options)
        self._commands = self._near(zmq.ROUTER, {})
        self._queries = self._near(zmq.REP, {})
        near = (self._feed, self._commands, self._queries)
        self.addresses = Addresses(*map(where, near), engine.work)
        self._lines: dict[bytes, Socket] = {}
        self._tape, self._asker = self._connected()
        self._next: Addresses | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="spoiler", daemon=True)
        self._thread.start()

    def follow(self, engine: Addresses) -> None:
        """The engine is at other addresses from now on."""
        self._next = engine
        until(lambda: self._next is None, "the go-between follows")

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    def _near(self, pattern: int, options: dict[int, int]) -> Socket:
        socket = configure(self._context.socket(pattern), hwm=HWM)
        for option, value in options.items():
            socket.set(option, value)
        self._keyring.serve(socket, Role.ENGINE, Domain.ENGINE)
        socket.bind("tcp://127.0.0.1:*")
        return socket

    def _far(self, pattern: int, address: str, identity: bytes | None = None) -> Socket:
        socket = configure(self._context.socket(pattern), hwm=HWM, identity=identity)
        self._keyring.connect(socket, Role.ORDER_BRIDGE, Role.ENGINE)
        if pattern == zmq.SUB:
            socket.set(zmq.SUBSCRIBE, EVERYTHING)
        socket.connect(address)
        return socket

    def _connected(self) -> tuple[Socket, Socket]:
        return self._far(zmq.SUB, self._engine.market_data), self._far(zmq.REQ, self._engine.queries)

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                self._turn()
        finally:
            self._gatekeeper.stop()
            self._context.destroy(linger=0)

    def _turn(self) -> None:
        if self._next is not None:
            self._move(self._next)
        sockets = [self._tape, self._asker, self._commands, self._queries, *self._lines.values()]
        readable, _, _ = zmq.select(sockets, [], [], LOOK_MS / 1000)
        if self._commands in readable:
            self._to_engine(*self._commands.recv_multipart())
        for peer, line in list(self._lines.items()):
            if line in readable:
                self._from_engine(peer, line.recv_multipart())
        if self._tape in readable:
            self._publish(self._tape.recv_multipart())
        if self._queries in readable:
            send(self._asker, self._queries.recv_multipart())
        if self._asker in readable:
            send(self._queries, encode(self._fault.answer(decode_query_reply(self._asker.recv_multipart()))))

    def _move(self, engine: Addresses) -> None:
        for socket in (self._tape, self._asker, *self._lines.values()):
            socket.close()
        self._engine, self._lines = engine, {}
        self._tape, self._asker = self._connected()
        self._next = None

    def _to_engine(self, peer: bytes, *frames: bytes) -> None:
        try:
            commands = [encode(said) for said in self._fault.command(decode_to_engine(frames))]
        except WireError:
            commands = [list(frames)]  # the engine is to refuse it
        for command in commands:
            send(self._line(peer), command)
        self._say_forged(peer)

    def _from_engine(self, peer: bytes, frames: Frames) -> None:
        for said in self._fault.said(decode_from_engine(frames)):
            send(self._commands, [peer, *(encode(said) if isinstance(said, Message) else said)])
        self._say_forged(peer)

    def _say_forged(self, peer: bytes) -> None:
        forged, self._fault.forged = self._fault.forged, []
        for message in forged:
            send(self._commands, [peer, *encode(message)])

    def _publish(self, frames: Frames) -> None:
        topic, *rest = frames
        for told in self._fault.published(topic, rest):
            self._put([topic, *told])

    def _put(self, frames: Frames) -> None:
        """Without dropping where the fault is that it waits for its slowest reader."""
        while True:
            try:
                self._feed.send_multipart(frames, zmq.NOBLOCK)
            except zmq.Again:
                if self._closing.wait(FULL_SECONDS):
                    return
            else:
                return

    def _line(self, peer: bytes) -> Socket:
        """The connection to the engine that stands for this peer's."""
        if peer not in self._lines:
            while len(self._lines) >= MOST_LINES:
                self._lines.pop(next(iter(self._lines))).close()
            self._lines[peer] = self._far(zmq.DEALER, self._engine.commands, peer)
            self._lines[peer].poll(CONNECT_MS, zmq.POLLOUT)
        return self._lines[peer]


def send(socket: Socket, frames: Frames) -> None:
    """Who is away, or takes nothing, misses it."""
    try:
        socket.send_multipart(frames, zmq.NOBLOCK)
    except zmq.ZMQError as error:
        if error.errno not in GONE:
            raise
