"""Does every frame carry its items whole and in order, and is none larger than clients take?"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata.hub.pushes import ENCODERS, FORMATS, FRAME_BYTES, JSON, UPDATE, push
from marketdata.raw_frames import payloads


def read(payload: bytes, wire: str) -> Any:
    return msgspec.json.decode(payload) if wire == JSON else msgspec.msgpack.decode(payload)


@given(sizes=st.lists(st.integers(0, FRAME_BYTES // 3), min_size=1, max_size=12), wire=st.sampled_from(FORMATS))
def test_items_come_whole_and_in_order_in_frames_of_bounded_size(sizes: list[int], wire: str) -> None:
    items: list[Any] = [{"number": number, "text": "x" * size} for number, size in enumerate(sizes)]
    encode: Any = ENCODERS[wire]
    found = list(payloads(push("book", UPDATE, wire, [encode(item) for item in items])))
    assert all(len(payload) <= FRAME_BYTES for payload in found)
    pushes = [read(payload, wire) for payload in found]
    assert all((one["channel"], one["type"]) == ("book", "update") for one in pushes)
    assert [item for one in pushes for item in one["data"]] == items


@pytest.mark.parametrize("wire", FORMATS)
def test_a_single_item_is_never_torn(wire: str) -> None:
    encode: Any = ENCODERS[wire]
    item = encode({"text": "x" * (2 * FRAME_BYTES)})
    (payload,) = payloads(push("book", UPDATE, wire, [item]))
    assert item in payload
