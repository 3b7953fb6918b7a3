"""Does every message between web and bridge come through whole, and is everything else refused?"""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.wire.faults import Reason, WireError
from orders.requests import (
    BridgeQuery,
    CancelAllOrders,
    CancelOrder,
    OrderAnswer,
    ReplaceOrder,
    decode_answer,
    decode_request,
    encode,
)
from orders.safeguard_requests import AttendSessions, CancelAfter, GuardScope, GuardSession
from orders.shapes import order_shape
from tests.orders.core.desk import ANN, Desk

REQUESTS = [
    Desk().place_input().request,
    CancelOrder(request_id=1, deadline_us=2, caller=ANN, order_id=uuid.UUID(int=3)),
    ReplaceOrder(request_id=1, deadline_us=2, caller=ANN, order_id=uuid.UUID(int=3), price_e8=5),
    CancelAllOrders(request_id=1, deadline_us=2, caller=ANN),
    CancelAfter(request_id=1, deadline_us=2, caller=ANN, seconds=60),
    AttendSessions(request_id=1, deadline_us=2, process=uuid.UUID(int=4), present=[uuid.UUID(int=5)]),
    GuardSession(
        request_id=1,
        deadline_us=2,
        caller=ANN,
        process=uuid.UUID(int=4),
        enabled=True,
        grace_us=5_000_000,
        scope=GuardScope.SESSION,
    ),
    BridgeQuery(request_id=1, deadline_us=2),
]


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_comes_through_whole(request_: BridgeQuery) -> None:
    assert decode_request(encode(request_)) == request_


def test_an_answer_carries_an_order_of_any_size() -> None:
    desk = Desk()
    desk.go_live()
    shape = order_shape(desk.place(quantity_e8=9 * 10**18, price_e8=9 * 10**18 // 10**6 * 10**6))
    answer = OrderAnswer(request_id=1, order=shape, created=True, last_event_id=2)
    assert decode_answer(encode(answer)) == answer


@given(st.binary(max_size=200))
def test_nonsense_is_refused(frame: bytes) -> None:
    with pytest.raises(WireError):
        decode_request(frame)


@pytest.mark.parametrize(
    "change",
    [
        {"symbol": "a b"},
        {"quantityE8": 1},
        {"quantity_e8": 0},
        {"side": "hold"},
        {"client_order_id": "ü"},
        {"more": 1},
        {"caller": {**msgspec.to_builtins(ANN), "more": 1}},
    ],
)
def test_a_request_with_a_wrong_field_is_refused(change: dict[str, object]) -> None:
    built = msgspec.to_builtins(REQUESTS[0]) | change
    with pytest.raises(WireError):
        decode_request(msgspec.msgpack.encode(built))


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_that_names_a_key_twice_is_refused(request_: BridgeQuery) -> None:
    fields = msgspec.to_builtins(request_)
    for name, value in fields.items():
        with pytest.raises(WireError) as refused:
            decode_request(written([*fields.items(), (name, value)]))
        assert refused.value.reason is Reason.REPEATED_KEY


def test_a_caller_that_names_a_key_twice_is_refused() -> None:
    caller = msgspec.to_builtins(ANN)
    twice = msgspec.Raw(written([*caller.items(), ("heads_desk", True)]))
    fields = msgspec.to_builtins(REQUESTS[1]) | {"caller": twice}
    with pytest.raises(WireError) as refused:
        decode_request(msgspec.msgpack.encode(fields))
    assert refused.value.reason is Reason.REPEATED_KEY


def written(entries: list[tuple[str, Any]]) -> bytes:
    """A MessagePack map of these entries, whatever their keys are."""
    packed = [msgspec.msgpack.encode(part) for entry in entries for part in entry]
    return b"\xde" + len(entries).to_bytes(2, "big") + b"".join(packed)
