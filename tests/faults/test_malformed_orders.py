"""Ten thousand messages that no order bridge may believe, half in its engine's name and half at its door: is each
counted, none taken, and do good orders go through?
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest
import zmq

from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.options import configure
from bridge.sockets.pump import Frames, Socket
from bridge.wire.messages import Hello
from orders.requests import BridgeQuery, decode_answer, encode
from tests.bridge.waiting import until
from tests.faults.go_between import Forger
from tests.faults.malformed_orders import EngineWords, Requests
from tests.orders.bridge.processes import Processes, make_template
from tests.orders.bridge.story import both_tell_the_same_story, settled
from tests.scoreboard import Measured
from tradingmw.supervisor.addresses import HOST, Ports

pytestmark = pytest.mark.alone

EACH = 5_000  #: malformed messages for the link, and as many for the door
TURNS, GOOD = 10, 25  #: good orders in a turn alone, and in one beside malformed messages
PAUSE_SECONDS = 0.0005  #: between two pairs of these
MARKS = ("alone", "beside")
SEED = 1
GIANT_BYTES = 64 * 1024 * 1024
CONNECT_MS = 5_000


class Exposed(NamedTuple):
    """A bridge between an engine whose words are forged and a web process that has lost its mind."""

    processes: Processes
    engine: Forger
    web: Socket
    figures: str  #: where the bridge shows its own

    def counted(self, figure: str) -> Counter[str]:
        """What the bridge has counted, by reason."""
        lines = httpx.get(self.figures, timeout=15).text.splitlines()
        found = [line.removeprefix(f'{figure}{{reason="').split('"} ') for line in lines if line.startswith(figure)]
        return Counter({reason: int(float(count)) for reason, count in found})

    @property
    def link_faults(self) -> Counter[str]:
        return self.counted("tmw_orders_link_faults_total")

    @property
    def door_faults(self) -> Counter[str]:
        return self.counted("tmw_orders_door_faults_total")


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exposed]:
    """One for the whole file."""
    home = tmp_path_factory.mktemp("exposed")
    processes = Processes(make_template(home / "template"), home / "data")
    keys, addresses = KeyRing(home / "data" / "keys"), processes.environment
    ports = Ports()
    port = ports.choose()
    engine = Forger(keys, addresses["TMW_ENGINE_COMMANDS"])
    with zmq.Context() as context, configure(context.socket(zmq.DEALER), hwm=EACH) as web:
        keys.connect(web, Role.WEB, Role.ORDER_BRIDGE)
        web.connect(addresses["TMW_ORDER_REQUESTS"])
        processes.start("engine")
        processes.start("orders", TMW_ENGINE_COMMANDS=engine.address, TMW_METRICS_PORT=str(port))
        yield Exposed(processes, engine, web, f"http://{HOST}:{port}/metrics")
    processes.end()
    engine.close()
    ports.close()


def test_each_is_counted_none_is_taken_and_good_orders_go_through_as_ever(exposed: Exposed, measured: Measured) -> None:
    processes, web = exposed.processes, exposed.web
    state = processes.wait_live()
    assert web.poll(CONNECT_MS, zmq.POLLOUT)
    words = EngineWords(SEED, state.session, state.epoch).messages(EACH)
    forged = list(zip(words, Requests(SEED, processes.caller).messages(EACH), strict=True))
    before = exposed.link_faults, exposed.door_faults
    processes.ask(in_turns(exposed, forged))
    until(lambda: exposed.link_faults.total() - before[0].total() >= EACH, "each forged word counted")
    until(lambda: exposed.door_faults.total() - before[1].total() >= EACH, "each malformed request counted")
    at_link, at_door = exposed.link_faults - before[0], exposed.door_faults - before[1]
    names = {f"{mark}-{turn}-{number}" for mark in MARKS for turn in range(TURNS) for number in range(GOOD)}
    answered, strangers = web.poll(0), set(processes.statuses()) - names
    found = at_link.total() + at_door.total()
    measured(21, "orders: malformed messages counted of sent", f"{found:,} of {2 * EACH:,}", "all, ≥ 10,000")
    measured(21, "orders: reasons at the link; at the door", f"{len(at_link)}; {len(at_door)}", "reported")
    measured(21, "orders: malformed requests answered; orders from them", f"{answered}; {len(strangers)}", "0; 0")
    assert (at_link.total(), at_door.total()) == (EACH, EACH)
    assert len(at_link) >= 12 and set(at_door) == {"FRAME_COUNT", "NOT_MESSAGEPACK", "SCHEMA", "REPEATED_KEY"}
    assert not answered and not strangers
    after = processes.wait_live()
    assert (after.session, after.epoch) == (state.session, state.epoch)
    assert settled(processes, names)
    both_tell_the_same_story(processes, names)
    assert "Traceback" not in processes.log("orders")


async def in_turns(exposed: Exposed, forged: list[tuple[Frames, Frames]]) -> None:
    """Good orders alone, and good orders beside malformed messages."""
    for turn in range(TURNS):
        await good_orders(exposed.processes, f"alone-{turn}")
        share = len(forged) // TURNS
        disturbing = asyncio.create_task(disturb(exposed, forged[turn * share : (turn + 1) * share]))
        await good_orders(exposed.processes, f"beside-{turn}")
        await disturbing


async def disturb(exposed: Exposed, forged: list[tuple[Frames, Frames]]) -> None:
    """One for the link and one for the door at a time."""
    for word, nonsense in forged:
        exposed.engine.say(word)
        exposed.web.send_multipart(nonsense, zmq.NOBLOCK)
        await asyncio.sleep(PAUSE_SECONDS)


async def good_orders(processes: Processes, mark: str) -> None:
    """One after the other, each followed until the engine has made something of it."""
    for number in range(GOOD):
        price, status = (None, "filled") if number % 2 else (1, "new")
        answer = await processes.place(f"{mark}-{number}", price=price, wait_seconds=5)
        assert answer.order["status"] == status


def test_64_mb_cost_their_sender_a_connection_and_nobody_an_order(exposed: Exposed, measured: Measured) -> None:
    processes, engine, web, _ = exposed
    processes.wait_live()
    processes.ask(processes.place("before", price=1, wait_seconds=5))
    assert web.poll(CONNECT_MS, zmq.POLLOUT)
    web.send(bytes(GIANT_BYTES))
    assert processes.ask(processes.place("beside", price=1, wait_seconds=5)).order["status"] == "new"
    until(lambda: is_answered(web), "the sender's next request answered")
    before = hellos(engine)
    engine.say([b"", bytes(GIANT_BYTES)])
    began = time.monotonic()
    until(lambda: hellos(engine) > before, "another connection to the engine")
    processes.wait_live()
    took = time.monotonic() - began
    processes.ask(processes.place("after", price=1, wait_seconds=5))
    measured(21, "orders, 64 MB in the engine's name: new orders taken again after", f"{took:.2f} s", "reported")
    both_tell_the_same_story(processes, {"before", "beside", "after"})
    assert [processes.status_of(name) for name in ("before", "beside", "after")] == ["new"] * 3


def hellos(engine: Forger) -> int:
    return sum(isinstance(said, Hello) for said in list(engine.heard))


def is_answered(web: Socket) -> bool:
    try:
        web.send(encode(BridgeQuery(request_id=5, deadline_us=0)))
    except zmq.Again:
        return False  # it is not connected again yet
    return bool(web.poll(200)) and decode_answer(web.recv()).request_id == 5
