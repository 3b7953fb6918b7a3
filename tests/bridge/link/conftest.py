from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import zmq

from bridge.link.commands import CommandLink
from bridge.sockets.curve import KeyRing
from tests.bridge.link.scripted_engine import Clock, Owner, ScriptedEngine

StartEngine = Callable[..., ScriptedEngine]
SESSION = 7


@pytest.fixture
def start_engine(keyring: KeyRing) -> Iterator[StartEngine]:
    engines: list[ScriptedEngine] = []

    def start(**options: object) -> ScriptedEngine:
        engines.append(ScriptedEngine(keyring, **options))  # type: ignore[arg-type]
        return engines[-1]

    yield start
    for engine in engines:
        if not engine.context.closed:
            engine.die()


@pytest.fixture
def engine(start_engine: StartEngine) -> ScriptedEngine:
    return start_engine()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def command_address(engine: ScriptedEngine) -> str:
    """Where `link` looks for its engine."""
    return engine.addresses["commands"]


@pytest.fixture
def link(context: zmq.Context, keyring: KeyRing, command_address: str, clock: Clock) -> Iterator[CommandLink]:
    link = CommandLink(
        context,
        keyring,
        command_address,
        session=SESSION,
        clock_us=lambda: 123,
        monotonic=clock,
        uniform=lambda: 0.0,
    )
    yield link
    link.close()


@pytest.fixture
def owner(link: CommandLink, engine: ScriptedEngine) -> Owner:
    link.start(3, 44)
    return Owner(link, engine)
