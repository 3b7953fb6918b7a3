"""A go-between that carries the engine's answers: late, never, three times, or in another order.

The command link is encrypted from end to end, so that a wire can only be cut. This stands at both its ends: to the
bridge it is the engine, to the engine the bridge.
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence

import zmq

from bridge.sockets.curve import Domain, Gatekeeper, KeyRing, Role
from bridge.sockets.gates import bound_address
from bridge.sockets.options import configure
from bridge.sockets.pump import Frames, Socket
from bridge.wire.codec import decode_from_engine, decode_to_engine
from bridge.wire.messages import (
    CommandReply,
    ExecutionReport,
    FromEngine,
    Hello,
    OrderList,
    OrderStatus,
    ReplayDone,
    ToEngine,
)

HWM = 10_000
LOOK_MS = 10
CONNECT_MS = 2_000
GONE = (zmq.EAGAIN, zmq.EHOSTUNREACH)  #: who is away, or takes nothing, misses it
Answer = CommandReply | ExecutionReport | OrderStatus | OrderList | ReplayDone
Fate = Callable[[Answer], Sequence[float]]  #: after how many seconds each copy of an answer arrives


def at_once(_: Answer) -> Sequence[float]:
    return (0.0,)


def never(_: Answer) -> Sequence[float]:
    return ()


def three_times(_: Answer) -> Sequence[float]:
    return (0.0, 0.0, 0.05)


def late(seconds: float) -> Fate:
    return lambda _: (seconds,)


def shuffled(pick: random.Random, seconds: float) -> Fate:
    """Whatever comes within so many seconds may come in any order."""
    return lambda _: (pick.uniform(0, seconds),)


def one_of(pick: random.Random, *fates: Fate) -> Fate:
    return lambda answer: pick.choice(fates)(answer)


class GoBetween:
    """For one bridge at a time, in one thread. `fate` may be changed at any moment.

    Welcome and signs of life pass at once: the link looks well. `unheard`: commands, by kind and client order id, that
    do not reach the engine. `heard`: what the bridge said, that included; `lost` counts answers.
    """

    def __init__(self, keyring: KeyRing, engine: str) -> None:
        self.fate: Fate = at_once
        self.unheard: set[tuple[type[ToEngine], str]] = set()
        self.heard: list[ToEngine] = []
        self.lost: Counter[type[Answer]] = Counter()
        self._keyring, self._engine = keyring, engine
        self._context: zmq.Context[Socket] = zmq.Context()
        self._gatekeeper = Gatekeeper(self._context, keyring)
        self._gatekeeper.allow(Domain.ENGINE, {Role.ORDER_BRIDGE})
        self._near = configure(self._context.socket(zmq.ROUTER), hwm=HWM)
        keyring.serve(self._near, Role.ENGINE, Domain.ENGINE)
        self._near.bind("tcp://127.0.0.1:*")
        self.address = bound_address(self._near)
        self._bridge = b""
        self._far = self._new_far()
        self._numbers = itertools.count()
        self._under_way: list[tuple[float, int, Frames]] = []
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="go-between", daemon=True)
        self._thread.start()

    @property
    def is_idle(self) -> bool:
        """Has everything arrived that ever will?"""
        return not self._under_way

    def close(self) -> None:
        self._closing = True
        self._thread.join()
        for socket in (self._near, self._far):
            socket.close()
        self._gatekeeper.stop()
        self._context.term()

    def _run(self) -> None:
        while not self._closing:
            readable, _, _ = zmq.select([self._near, self._far], [], [], LOOK_MS / 1000)
            for peer, *frames in messages(self._near) if self._near in readable else ():
                self._to_engine(peer, frames)
            for frames in messages(self._far) if self._far in readable else ():
                self._from_engine(frames)
            self._deliver()

    def _to_engine(self, bridge: bytes, frames: Frames) -> None:
        message = decode_to_engine(frames)
        self.heard.append(message)
        if isinstance(message, Hello):
            self._begin(bridge)
        if (type(message), getattr(message, "client_order_id", "")) not in self.unheard:
            send(self._far, frames)

    def _begin(self, bridge: bytes) -> None:
        """A new connection; what was under way on the one before has ended with it."""
        self._far.close()
        self._bridge, self._under_way = bridge, []
        self._far = self._new_far(bridge)
        self._far.connect(self._engine)
        self._far.poll(CONNECT_MS, zmq.POLLOUT)

    def _from_engine(self, frames: Frames) -> None:
        message: FromEngine = decode_from_engine(frames)
        copies = self.fate(message) if isinstance(message, Answer) else (0.0,)
        if not copies:
            self.lost[type(message)] += 1
        for seconds in copies:
            heapq.heappush(self._under_way, (time.monotonic() + seconds, next(self._numbers), frames))

    def _deliver(self) -> None:
        while self._under_way and self._under_way[0][0] <= time.monotonic():
            _, _, frames = heapq.heappop(self._under_way)
            send(self._near, [self._bridge, *frames])

    def _new_far(self, identity: bytes | None = None) -> Socket:
        far = configure(self._context.socket(zmq.DEALER), hwm=HWM, identity=identity)
        self._keyring.connect(far, Role.ORDER_BRIDGE, Role.ENGINE)
        return far


class Forger(GoBetween):
    """A go-between that also says what the engine never said."""

    def __init__(self, keyring: KeyRing, engine: str) -> None:
        self._forged: deque[Frames] = deque()
        super().__init__(keyring, engine)

    def say(self, frames: Frames) -> None:
        self._forged.append(frames)

    def _deliver(self) -> None:
        while self._forged:
            send(self._near, [self._bridge, *self._forged.popleft()])
        super()._deliver()


def messages(socket: Socket) -> Iterator[Frames]:
    """Those that wait."""
    while socket.poll(0):
        yield socket.recv_multipart()


def send(socket: Socket, frames: Frames) -> None:
    try:
        socket.send_multipart(frames, zmq.NOBLOCK)
    except zmq.ZMQError as error:
        if error.errno not in GONE:
            raise
