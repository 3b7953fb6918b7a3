"""Whoever talks to an engine in tests: a bridge on a DEALER socket, an asker of questions; and the process itself."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import zmq

from bridge.simulator.sockets import EngineAddresses
from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.options import configure
from bridge.wire.codec import decode_from_engine, decode_query_reply, encode
from bridge.wire.messages import PROTOCOL_VERSION, ExecutionReport, Hello, Message, ReplayDone, ReplayRequest, Welcome
from tests.bridge.waiting import until

ROOT = Path(__file__).resolve().parents[3]
M = TypeVar("M", bound=Message)
START_SECONDS = 60.0  #: a Python process and its imports, on a machine that does much else


def idle() -> None:
    """The other side runs by itself."""


class Peer:
    """An order bridge. `turn` lets an engine in the same thread have its pass."""

    def __init__(
        self,
        context: zmq.Context,
        keyring: KeyRing,
        address: str,
        *,
        identity: bytes = b"orders",
        role: Role = Role.ORDER_BRIDGE,
        turn: Callable[[], None] = idle,
    ) -> None:
        self.messages: list[Message] = []
        self._turn = turn
        self._socket = configure(context.socket(zmq.DEALER), hwm=10_000, identity=identity)
        keyring.connect(self._socket, role, Role.ENGINE)
        self._socket.connect(address)

    def say(self, *messages: Message) -> None:
        for message in messages:
            self.say_frames(*encode(message))

    def say_frames(self, *frames: bytes) -> None:
        until(lambda: self.can_say(*frames), "the message is taken")

    def hello(self, session: int = 1) -> Welcome:
        hello = Hello(protocol_version=PROTOCOL_VERSION, session=session, last_epoch=0, last_seq=0, sent_at_us=0)
        return self.ask(hello, Welcome)

    def ask(self, command: Message, kind: type[M]) -> M:
        """Say `command`; the first new message of `kind`."""
        self.read()
        seen = len(self.all_of(kind))
        self.say(command)
        return until(lambda: self.read() or self.all_of(kind)[seen:], kind.__name__)[0]

    def wait(self, kind: type[M], fits: Callable[[M], bool] = lambda message: True) -> M:
        """The last message of `kind` that fits, once there is one."""
        return until(lambda: self.read() or [found for found in self.all_of(kind) if fits(found)], kind.__name__)[-1]

    def replay(self, epoch: int, after_seq: int, session: int = 1) -> tuple[list[ExecutionReport], ReplayDone]:
        """Everything reported after (epoch, after_seq)."""
        self.read()
        self.messages.clear()
        self.say(ReplayRequest(session=session, epoch=epoch, after_seq=after_seq))
        done = self.wait(ReplayDone)
        return self.all_of(ExecutionReport), done

    def all_of(self, kind: type[M]) -> list[M]:
        return [message for message in self.messages if isinstance(message, kind)]

    def read(self) -> None:
        """Take in what waits."""
        self._turn()
        while self._socket.poll(0):
            self.messages.append(decode_from_engine(self._socket.recv_multipart()))

    def close(self) -> None:
        self._socket.close()

    def can_say(self, *frames: bytes) -> bool:
        """Say them once; False where there is no connection that takes them."""
        self._turn()
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True


def query(context: zmq.Context, keyring: KeyRing, address: str, *frames: bytes) -> Any:
    """The engine's reply to one question."""
    asker = configure(context.socket(zmq.REQ), hwm=10)
    keyring.connect(asker, Role.FEED_BRIDGE, Role.ENGINE)
    asker.connect(address)

    def sent() -> bool:
        try:
            asker.send_multipart(frames, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    until(sent, "the question is taken")
    until(lambda: asker.poll(0), "the reply")
    reply = decode_query_reply(asker.recv_multipart())
    asker.close()
    return reply


def free_addresses() -> EngineAddresses:
    """Four ports that were free a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in EngineAddresses._fields]
    addresses = EngineAddresses(*(f"tcp://127.0.0.1:{taken.getsockname()[1]}" for taken in sockets))
    for taken in sockets:
        taken.close()
    return addresses


class EngineProcess:
    """`manage.py engine` in a process of its own, on a data directory that survives it."""

    command: Sequence[str | Path] = (sys.executable, ROOT / "manage.py", "engine")

    def __init__(self, directory: Path, *arguments: str) -> None:
        self.directory = directory
        self.addresses = free_addresses()
        self.keyring = KeyRing(directory / "keys")
        self._arguments = arguments
        self._log = directory / "engine.log"
        self.process = self._started()

    def kill(self) -> None:
        """kill -9, or what Windows has."""
        self.process.kill()
        self.process.wait()

    def restart(self, *arguments: str) -> None:
        self._arguments = arguments
        self.process = self._started()

    def ask_to_stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.ask_to_stop()
        return self.process.wait(timeout=20)

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def _started(self) -> subprocess.Popen[bytes]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("TMW_")}
        names = ("market_data", "commands", "queries", "work")
        own = {f"TMW_ENGINE_{name.upper()}": value for name, value in zip(names, self.addresses, strict=True)}
        environment = {**plain, **own, "TMW_DATA_DIR": str(self.directory), "TMW_SUPERVISED": "1"}
        lives = self.log().count("engine is ready") if self._log.exists() else 0
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [*self.command, *self._arguments],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

        def is_ready() -> bool:
            return self.log().count("engine is ready") > lives or process.poll() is not None

        until(is_ready, "the ready line", START_SECONDS)
        return process
