"""What does a web process know when it asks the order bridge? Against a bridge of three lines on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from bridge.sockets.curve import ADMITTED, Domain, Gatekeeper, KeyRing, Role, make_keys
from bridge.sockets.options import configure
from bridge.sockets.pump import Port, Pump
from orders.client import OrderClient
from orders.lifecycle import OrderStatus
from orders.requests import (
    Answer,
    AnyRequest,
    BridgeAnswer,
    BridgeQuery,
    Caller,
    CancelAllAnswer,
    CancelAllOrders,
    CanceledItem,
    Refusal,
    decode_request,
    encode,
)
from tests.bridge.waiting import until
from tradingmw.errors import Code, Conflict, InvalidRequest, NotFound, OutcomeUnknown, TradingError, Unavailable
from tradingmw.supervisor.addresses import HOST, Ports

ANN = Caller(user=uuid.UUID(int=1), account=uuid.UUID(int=2), account_name="ann")
QUERY = BridgeQuery(request_id=1, deadline_us=0)
Script = Callable[[AnyRequest], Answer | None]


class ScriptedBridge:
    """A ROUTER that answers what its script says; None = silence."""

    def __init__(self, keyring: KeyRing, address: str, script: Script) -> None:
        self.heard: list[AnyRequest] = []
        self._script = script
        self._pump = Pump("scripted-bridge")
        self._gatekeeper = Gatekeeper(self._pump.context, keyring)
        self._gatekeeper.allow(Domain.ORDER_REQUESTS, ADMITTED[Domain.ORDER_REQUESTS])
        self._port: Port = self._pump.attach(lambda context: self._open(context, keyring, address), self._on_frames)

    def _open(self, context: zmq.Context[Any], keyring: KeyRing, address: str) -> zmq.Socket[Any]:
        socket = configure(context.socket(zmq.ROUTER), hwm=100)
        keyring.serve(socket, Role.ORDER_BRIDGE, Domain.ORDER_REQUESTS)
        socket.bind(address)
        return socket

    def _on_frames(self, frames: list[bytes]) -> None:
        peer, body = frames
        request = decode_request(body)
        self.heard.append(request)
        if (answer := self._script(request)) is not None:
            self._port.send([peer, encode(answer)])

    def close(self) -> None:
        self._gatekeeper.stop()
        self._pump.close()


def healthy(request: AnyRequest) -> Answer:
    return BridgeAnswer(request_id=request.request_id, link="live", live=True, epoch=1, session=1, core_age_ms=0)


@pytest.fixture
def keyring(tmp_path: Path) -> KeyRing:
    make_keys(tmp_path)
    return KeyRing(tmp_path)


@pytest.fixture
def address() -> Iterator[str]:
    ports = Ports()
    yield f"tcp://{HOST}:{ports.choose()}"
    ports.close()


@pytest.fixture
def standby_address() -> Iterator[str]:
    ports = Ports()
    yield f"tcp://{HOST}:{ports.choose()}"
    ports.close()


@pytest.fixture
def bridge(keyring: KeyRing, address: str) -> Iterator[Callable[[Script], ScriptedBridge]]:
    made: list[ScriptedBridge] = []

    def make(script: Script) -> ScriptedBridge:
        made.append(ScriptedBridge(keyring, address, script))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def client(keyring: KeyRing, address: str) -> Iterator[OrderClient]:
    pump = Pump()
    yield OrderClient(pump, keyring, address, deadline_seconds=1.0)
    pump.close()


async def test_an_answer_finds_the_one_who_asked(
    client: OrderClient, bridge: Callable[[Script], ScriptedBridge]
) -> None:
    bridge(healthy)
    answers = await asyncio.gather(*[client.ask(QUERY, BridgeAnswer) for _ in range(200)])
    assert len({answer.request_id for answer in answers}) == 200


async def test_a_new_process_waits_for_its_first_connection(
    client: OrderClient, bridge: Callable[[Script], ScriptedBridge]
) -> None:
    asking = asyncio.create_task(client.ask(QUERY, BridgeAnswer))
    await asyncio.sleep(0)
    bridge(healthy)
    assert (await asking).live


async def test_once_connected_a_bridge_that_is_gone_is_told_at_once(
    client: OrderClient, bridge: Callable[[Script], ScriptedBridge]
) -> None:
    scripted = bridge(healthy)
    await client.ask(QUERY, BridgeAnswer)
    await asyncio.to_thread(scripted.close)
    with pytest.raises(Unavailable) as refused:
        while True:
            with contextlib.suppress(OutcomeUnknown):  # handed over before the loss of the connection was noticed
                await client.ask(QUERY, BridgeAnswer)
    assert (refused.value.code, refused.value.extra) == (Code.ORDER_BRIDGE_UNAVAILABLE, {"outcome": "none"})
    assert refused.value.retry_after_seconds


async def test_silence_after_the_request_was_handed_over_is_an_unknown_outcome(
    client: OrderClient, bridge: Callable[[Script], ScriptedBridge]
) -> None:
    scripted = bridge(lambda _request: None)
    with pytest.raises(OutcomeUnknown) as unknown:
        await client.ask(QUERY, BridgeAnswer)
    assert unknown.value.extra == {"outcome": "unknown"}
    assert len(scripted.heard) == 1, "a request is handed over once"


async def test_every_request_carries_its_deadline(
    client: OrderClient, bridge: Callable[[Script], ScriptedBridge]
) -> None:
    scripted = bridge(healthy)
    await client.ask(QUERY, BridgeAnswer)
    assert scripted.heard[0].deadline_us > 0


@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (404, NotFound, None),
        (409, Conflict, None),
        (422, InvalidRequest, None),
        (503, Unavailable, "none"),
        (500, TradingError, "none"),
    ],
)
async def test_a_refusal_is_raised_as_the_error_it_was(
    client: OrderClient,
    bridge: Callable[[Script], ScriptedBridge],
    status: int,
    kind: type[TradingError],
    outcome: str | None,
) -> None:
    errors = [{"attr": "price", "code": "OFF_TICK", "detail": "no"}]
    bridge(
        lambda request: Refusal(
            request_id=request.request_id, status=status, code=Code.OFF_TICK, detail="no", errors=errors
        )
    )
    with pytest.raises(kind) as refused:
        await client.ask(QUERY, BridgeAnswer)
    assert (refused.value.status, refused.value.code, refused.value.errors) == (status, Code.OFF_TICK, errors)
    assert refused.value.extra.get("outcome") == outcome


async def test_answers_to_nobody_are_counted(client: OrderClient, bridge: Callable[[Script], ScriptedBridge]) -> None:
    bridge(lambda request: healthy(request) if request.request_id > 1 else BridgeAnswer(**STRAY))
    with pytest.raises(OutcomeUnknown):
        await client.ask(QUERY, BridgeAnswer)
    await client.ask(QUERY, BridgeAnswer)
    assert client.counts["stray"] == 1


async def test_another_bridge_is_followed_and_what_the_one_before_was_asked_has_no_outcome(
    client: OrderClient, bridge: Callable[[Script], ScriptedBridge], keyring: KeyRing, standby_address: str
) -> None:
    scripted = bridge(lambda _request: None)
    other = ScriptedBridge(keyring, standby_address, healthy)
    asking = asyncio.create_task(client.ask(QUERY, BridgeAnswer, wait_seconds=60))
    await asyncio.to_thread(until, lambda: scripted.heard, "the question")
    client.follow(standby_address)
    with pytest.raises(OutcomeUnknown) as unknown:
        await asking
    assert unknown.value.extra == {"outcome": "unknown"}
    while not other.heard:
        with contextlib.suppress(Unavailable):  # until the connection stands
            assert (await client.ask(QUERY, BridgeAnswer)).live
    assert len(scripted.heard) == 1
    await asyncio.to_thread(other.close)


async def test_a_cancelled_task_leaves_nothing_behind(
    client: OrderClient, bridge: Callable[[Script], ScriptedBridge]
) -> None:
    scripted = bridge(lambda request: None if isinstance(request, CancelAllOrders) else healthy(request))
    asking = asyncio.create_task(client.ask(CancelAllOrders(request_id=1, deadline_us=0, caller=ANN), CancelAllAnswer))
    while not scripted.heard:
        await client.ask(QUERY, BridgeAnswer)
    asking.cancel()
    await asyncio.wait([asking])
    assert not client._asked


async def test_items_of_a_cancel_all_come_through(
    client: OrderClient, bridge: Callable[[Script], ScriptedBridge]
) -> None:
    items = [CanceledItem(id=uuid.UUID(int=5), status=OrderStatus.PENDING_CANCEL)]
    bridge(lambda request: CancelAllAnswer(request_id=request.request_id, items=items, last_event_id=7))
    answer = await client.ask(CancelAllOrders(request_id=1, deadline_us=0, caller=ANN), CancelAllAnswer)
    assert (answer.items, answer.last_event_id) == (items, 7)


STRAY: dict[str, Any] = {"request_id": 999, "link": "live", "live": True, "epoch": 1, "session": 1, "core_age_ms": 0}
