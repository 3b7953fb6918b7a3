"""What does a follower of an engine's market hear and have? The original's and the player's alike."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import zmq

from bridge.link.feed import FeedLink, FeedMessage
from bridge.recording.parts import Part
from bridge.recording.playback import Playback, PlaybackOptions
from bridge.recording.player import play
from bridge.recording.recorder import Addresses, Recorder
from bridge.simulator.actions import Market
from bridge.simulator.options import EngineOptions
from bridge.simulator.server import Engine
from bridge.simulator.sockets import EngineAddresses
from bridge.sockets.keys import KeyRing
from bridge.wire.codec import encode
from bridge.wire.envelope import Kind
from bridge.wire.messages import BookSnapshot, BookSnapshotRequest
from tests.bridge.simulator.peer import query
from tests.bridge.waiting import until

BATCHES = (Kind.QUOTES, Kind.TRADES, Kind.DEPTH)


class InThread:
    """`work(stop)` in a thread of its own, until `end`; what it raised is raised there."""

    def __init__(self, work: Callable[[threading.Event], None]) -> None:
        self.stop = threading.Event()
        self.failure: BaseException | None = None
        self._work = work
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self.stop.set()
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        try:
            self._work(self.stop)
        except BaseException as error:
            self.failure = error


def engine_thread(market: Market, directory: Path, keyring: KeyRing, addresses: EngineAddresses) -> InThread:
    """A life of the development engine."""

    def work(stop: threading.Event) -> None:
        engine = Engine(market, EngineOptions(), directory=directory, keyring=keyring, addresses=addresses)
        try:
            engine.run(stop)
        finally:
            engine.close()

    return InThread(work)


def player_thread(
    path: Path,
    directory: Path,
    keyring: KeyRing,
    addresses: EngineAddresses,
    *,
    from_ns: int = 0,
    speed: float = 10_000,
    hold_file: Path | None = None,
    loop: bool = False,
) -> InThread:
    def begin(part: Part) -> Playback:
        how = PlaybackOptions(speed, hold_file)
        return Playback(part, how, directory=directory, keyring=keyring, addresses=addresses)

    return InThread(lambda stop: play(path, from_ns, begin, stop, loop=loop))


def addresses_of(addresses: EngineAddresses) -> Addresses:
    return Addresses(addresses.market_data, addresses.queries)


class Follower:
    """Everything that is heard on `md.0`, in order."""

    def __init__(self, context: zmq.Context, keyring: KeyRing, addresses: EngineAddresses) -> None:
        self._context, self._keyring, self._addresses = context, keyring, addresses
        self.link = FeedLink(context, keyring, addresses.market_data, ["md.0"])
        self.heard: list[FeedMessage] = []

    def listen(self) -> list[FeedMessage]:
        self.heard += self.link.receive(1_000)
        return self.heard

    def batches(self) -> list[tuple[int, bytes]]:
        """Number and payload."""
        return [(one.envelope.seq, one.sealed[1]) for one in self.listen() if one.envelope.kind in BATCHES]

    def until_joined(self) -> None:
        """A heartbeat came: from here on nothing is missed unseen."""
        until(lambda: any(one.published for one in self.listen()), "a heartbeat")

    def snapshot(self) -> BookSnapshot:
        """As the engine answers now."""
        reply: Any = query(
            self._context, self._keyring, self._addresses.queries, *encode(BookSnapshotRequest(request_id=1, shard="0"))
        )
        assert isinstance(reply, BookSnapshot)
        return reply


def market_of(snapshot: BookSnapshot) -> list[Any]:
    """What is the same in the original and the replay: all but the numbers."""
    return [msgspec.to_builtins(row) for row in snapshot.instruments]


def recorded_until(recorder: Recorder, condition: Callable[[], object], what: str) -> None:
    """Turns of the recorder until `condition` holds."""

    def turned() -> object:
        recorder.turn()
        return condition()

    until(turned, what)
