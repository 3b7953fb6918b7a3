"""An engine that does only what a test tells it to: real sockets with real keys, no opinion of its own."""

from __future__ import annotations

from typing import Any, TypeVar

import zmq

from bridge.link.commands import CommandLink
from bridge.link.states import LinkEvent, LinkState, StateChanged
from bridge.sockets.curve import ADMITTED, Domain, Gatekeeper, KeyRing, Role
from bridge.sockets.gates import bound_address
from bridge.sockets.options import configure
from bridge.wire.codec import decode_to_engine, encode
from bridge.wire.messages import (
    PROTOCOL_VERSION,
    EngineHeartbeat,
    FromEngine,
    Hello,
    Message,
    SessionReject,
    Welcome,
)
from bridge.wire.vocabulary import RejectCode
from tests.bridge.waiting import until

M = TypeVar("M", bound=Message)
ANY = "tcp://127.0.0.1:*"
PATTERNS = {"commands": zmq.ROUTER, "market_data": zmq.PUB, "queries": zmq.REP, "work": zmq.PUSH}


class ScriptedEngine:
    """Binds where it is told, so that a second one can take the place of the first."""

    def __init__(self, keyring: KeyRing, addresses: dict[str, str] | None = None, epoch: int = 1) -> None:
        self.epoch = epoch
        self.context = zmq.Context()
        self.gatekeeper = Gatekeeper(self.context, keyring)
        self.gatekeeper.allow(Domain.ENGINE, ADMITTED[Domain.ENGINE])
        self.sockets = {name: self._bound(keyring, name, (addresses or {}).get(name, ANY)) for name in PATTERNS}
        self.addresses = {name: bound_address(socket) for name, socket in self.sockets.items()}
        self.peer = b""

    def __getattr__(self, name: str) -> Any:
        return self.__dict__["sockets"][name]

    def _bound(self, keyring: KeyRing, name: str, address: str) -> zmq.Socket:
        socket = configure(self.context.socket(PATTERNS[name]), hwm=10_000)
        keyring.serve(socket, Role.ENGINE, Domain.ENGINE)
        socket.bind(address)
        return socket

    def die(self) -> None:
        for socket in self.sockets.values():
            socket.close()
        self.gatekeeper.stop()
        self.context.term()

    def hear(self) -> Any:
        """The next message on the command socket, None while there is none; remembers who said it."""
        if not self.commands.poll(5):
            return None
        self.peer, *frames = self.commands.recv_multipart()
        return decode_to_engine(frames)

    def say(self, *messages: Message) -> None:
        for message in messages:
            self.say_frames(encode(message))

    def say_frames(self, frames: list[bytes]) -> None:
        self.commands.send_multipart([self.peer, *frames])

    def welcome(self, session: int, *, last_seq: int = 0, version: int = PROTOCOL_VERSION) -> None:
        self.say(Welcome(protocol_version=version, session=session, epoch=self.epoch, last_seq=last_seq, sent_at_us=0))

    def beat(self, session: int, last_seq: int = 0) -> None:
        self.say(EngineHeartbeat(session=session, epoch=self.epoch, last_seq=last_seq, sent_at_us=0))

    def refuse(self, code: RejectCode) -> None:
        self.say(SessionReject(session=0, code=code, reason="as scripted"))


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Owner:
    """What the order bridge does with its link, and what it came to know."""

    def __init__(self, link: CommandLink, engine: ScriptedEngine) -> None:
        self.link = link
        self.engine = engine
        self.events: list[LinkEvent] = []
        self.said: list[FromEngine] = []

    def turn(self) -> None:
        if self.link.socket.poll(2):
            self.said += self.link.on_readable()
        self.events += self.link.on_tick()

    def until_state(self, state: LinkState) -> None:
        until(lambda: (self.turn(), self.link.state is state)[1], f"state {state}")

    def until_said(self, kind: type[M]) -> M:
        def found() -> list[M]:
            self.turn()
            return [message for message in self.said if isinstance(message, kind)]

        return until(found, f"a {kind.__name__}")[-1]

    def until_engine_hears(self, kind: type[M]) -> M:
        def heard() -> M | None:
            self.turn()
            message = self.engine.hear()
            return message if isinstance(message, kind) else None

        return until(heard, f"a {kind.__name__} at the engine")

    def until_syncing(self) -> None:
        self.until_engine_hears(Hello)
        self.engine.welcome(self.link.session)
        self.until_state(LinkState.SYNCING)

    def until_live(self) -> None:
        self.until_syncing()
        self.link.live()
        self.turn()

    @property
    def states(self) -> list[LinkState]:
        return [event.state for event in self.events if isinstance(event, StateChanged)]

    @property
    def last_reason(self) -> str:
        return self.events[-1].reason
