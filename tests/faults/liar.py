"""Who says what must not be believed? A process of its own, at a steady pace, beside what is true.

    python -m tests.faults.liar feed
    python -m tests.faults.liar orders

takes a `Scene` as a line of standard input, and says where its go-between is reached, or an empty line. Then each line
is a `Lies`: so many malformed messages are said `here`, to our bridge, or to the drain, and a line says that all were.
Making and sending them costs the machine the same, wherever they go.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import zmq

from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.options import configure
from bridge.sockets.pump import Frames, Socket
from orders.requests import Caller
from tests.faults.go_between import Forger
from tests.faults.malformed_frames import Mutator, past_of
from tests.faults.malformed_orders import EngineWords, Requests
from tests.marketdata.scripted import ScriptedEngine, listing, quote
from tradingmw.env import Env

PER_SECOND = 1_000
QUOTE_EVERY = 4  #: a good quote after so many malformed messages, or the time that they would take
PRICES = 1_000_000
HWM = 10_000
CONNECT_MS = 5_000
GIANTS = 0.0  #: none: 4 MiB are 35 ms on the wire, through CURVE, before anybody of ours has them
SEED = 1


class Scene(msgspec.Struct, frozen=True):
    """Where all are: the settings by name, and the drain's port."""

    data_dir: str
    settings: dict[str, str]
    drain: int


class Lies(msgspec.Struct, frozen=True):
    """So many, to our own or to the drain, about this session of this epoch, on behalf of that caller."""

    count: int
    here: bool
    session: int = 0
    epoch: int = 0
    caller: Caller | None = None


Saying = Callable[[Frames], object]
Told = tuple[Saying, Frames]  #: a message, and how it is said to our own


def ticks(over: threading.Event) -> Iterator[int]:
    """Numbers, at the pace, until it is `over`; what is late is not made up for."""
    due = time.monotonic()
    number = 0
    while not over.wait(max(0.0, due - time.monotonic())):
        due = max(due, time.monotonic()) + 1 / PER_SECOND
        yield (number := number + 1)


def listen(asked: queue.SimpleQueue[Lies], over: threading.Event) -> None:
    for line in sys.stdin:
        asked.put(msgspec.json.decode(line, type=Lies))
    over.set()


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def tell(lies_of: Callable[[Lies], Iterator[Told]], drain: Saying, at_tick: Callable[[int], object]) -> None:
    """Until standard input ends: one message a tick while any are asked for, and what is true in between."""
    asked: queue.SimpleQueue[Lies] = queue.SimpleQueue()
    over = threading.Event()
    threading.Thread(target=listen, args=(asked, over), daemon=True).start()
    telling: Iterator[Told] = iter(())
    lies = Lies(0, here=False)
    for tick in ticks(over):
        at_tick(tick)
        if (told := next(telling, None)) is not None:
            to_our_own, frames = told
            (to_our_own if lies.here else drain)(frames)
        elif lies.count:
            say("said")
            lies = Lies(0, here=False)
        elif not asked.empty():
            lies = asked.get()
            telling = lies_of(lies)


def feed(scene: Scene, drain: Saying) -> None:
    """Is the engine: a good quote now and then."""
    env = Env(_env_file=None, data_dir=Path(scene.data_dir), **scene.settings)  # type: ignore[arg-type]
    engine = ScriptedEngine(env, [listing()])
    mutator = Mutator(SEED, engine.epoch, 1, past_of(engine.epoch))
    say("")

    def lies_of(lies: Lies) -> Iterator[Told]:
        malformed = mutator.messages(lies.count, GIANTS)
        for _ in range(lies.count):
            mutator.seq = engine.seq["0"] + 1  # the one that would be next
            yield lambda told: engine.raw(*told), next(malformed)

    def at_tick(number: int) -> None:
        if number % QUOTE_EVERY == 0:
            bid = 1 + number % PRICES
            engine.quotes(quote(bid, bid + 1))

    tell(lies_of, drain, at_tick)
    engine.close()


def orders(scene: Scene, drain: Saying) -> None:
    """Stands between the bridge and its engine, and before its door."""
    keys = KeyRing(Path(scene.data_dir) / "keys")
    engine = Forger(keys, scene.settings["engine_commands"])
    with zmq.Context() as context, configure(context.socket(zmq.DEALER), hwm=HWM) as web:
        keys.connect(web, Role.WEB, Role.ORDER_BRIDGE)
        web.connect(scene.settings["order_requests"])
        say(engine.address)

        def ask(frames: Frames) -> None:
            web.poll(CONNECT_MS, zmq.POLLOUT)  # a machine that stood still has lost the connection: the next one
            web.send_multipart(frames, zmq.NOBLOCK)

        def lies_of(lies: Lies) -> Iterator[Told]:
            assert lies.caller is not None
            half = lies.count // 2
            words = EngineWords(SEED, lies.session, lies.epoch).messages(half, GIANTS)
            for word, request in zip(words, Requests(SEED, lies.caller).messages(half, GIANTS), strict=True):
                yield engine.say, word
                yield ask, request

        tell(lies_of, drain, lambda _number: None)
    engine.close()


def draining(socket: Socket, port: int) -> Saying:
    socket.connect(f"tcp://127.0.0.1:{port}")
    return lambda frames: socket.send_multipart(frames, zmq.NOBLOCK)


def main(what: str) -> None:
    scene = msgspec.json.decode(sys.stdin.readline(), type=Scene)
    with zmq.Context() as context, context.socket(zmq.PUSH) as elsewhere:
        elsewhere.set(zmq.SNDHWM, HWM)
        {"feed": feed, "orders": orders}[what](scene, draining(elsewhere, scene.drain))
        context.destroy(linger=0)


if __name__ == "__main__":
    main(sys.argv[1])
