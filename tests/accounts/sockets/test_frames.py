"""Is every frame either a request or refused with a reason?"""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.sockets.frames import Format, MalformedFrame, Request, encode, read_request

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def frame(value: object, wire: Format) -> str | bytes:
    payload = encode(value, wire)
    return payload.decode() if wire is Format.JSON else payload


@given(st.sampled_from(Format), st.integers(-(2**63), 2**63 - 1) | st.text() | st.none(), st.text(), plain)
def test_a_request_is_read_back_whatever_else_is_in_it(
    wire: Format, number: int | str, method: str, params: object
) -> None:
    sent = {"id": number, "method": method, "params": params, "aFieldOfTomorrow": 1}
    assert read_request(frame(sent, wire), wire) == Request(method, number, params)


@given(st.binary())
def test_any_bytes_are_a_request_or_malformed(payload: bytes) -> None:
    try:
        read_request(payload, Format.MSGPACK)
    except MalformedFrame as error:
        assert error.id is None or isinstance(error.id, int | str)


@given(st.text())
def test_any_text_is_a_request_or_malformed(text: str) -> None:
    try:
        read_request(text, Format.JSON)
    except MalformedFrame as error:
        assert error.id is None or isinstance(error.id, int | str)


@pytest.mark.parametrize("text", ["", "[]", "1", '"x"', "null", '{"id":1.5,"method":"x"}', "[" * 60_000, "\ud800"])
def test_what_is_no_request_is_malformed(text: str) -> None:
    with pytest.raises(MalformedFrame) as caught:
        read_request(text, Format.JSON)
    assert caught.value.id is None


def test_a_request_without_a_method_is_malformed_and_keeps_its_id() -> None:
    with pytest.raises(MalformedFrame) as caught:
        read_request('{"id": 7}', Format.JSON)
    assert caught.value.id == 7


@pytest.mark.parametrize(("payload", "wire"), [(b"{}", Format.JSON), ("{}", Format.MSGPACK)])
def test_the_other_kind_of_frame_is_malformed(payload: str | bytes, wire: Format) -> None:
    with pytest.raises(MalformedFrame):
        read_request(payload, wire)


def test_deep_messagepack_is_malformed() -> None:
    with pytest.raises(MalformedFrame):
        read_request(b"\x91" * 60_000, Format.MSGPACK)


def test_both_formats_hold_the_same_fields() -> None:
    value = {"id": 1, "status": "ok", "result": {"price": "1.5"}}
    assert msgspec.json.decode(encode(value, Format.JSON)) == msgspec.msgpack.decode(encode(value, Format.MSGPACK))
