"""What did the client ask, and how is an answer written in the socket's format?

JSON in text frames or MessagePack in binary ones, with the same fields. A request is `{id, method, params}`; fields
that we do not know are ignored, so that clients may be newer than we are.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

MALFORMED = (msgspec.MsgspecError, UnicodeError, RecursionError, TypeError, ValueError, OverflowError)


class Format(StrEnum):
    """The values are what `AuthenticatedConsumer.format` holds."""

    JSON = "json"
    MSGPACK = "msgpack"


SUBPROTOCOLS = {"tmw.json.v1": Format.JSON, "tmw.msgpack.v1": Format.MSGPACK}


class Request(msgspec.Struct, frozen=True):
    """One request; `params` is anything until its handler has checked it."""

    method: str
    id: int | str | None = None
    params: Any = None


class MalformedFrame(Exception):
    """The frame is no request; `id` where it could still be read."""

    def __init__(self, request_id: int | str | None = None) -> None:
        super().__init__("The frame could not be decoded.")
        self.id = request_id


class _Identified(msgspec.Struct, frozen=True):
    id: int | str | None = None


_to_json, _to_msgpack = msgspec.json.Encoder(), msgspec.msgpack.Encoder()
_json_request, _json_identified = msgspec.json.Decoder(Request), msgspec.json.Decoder(_Identified)
_msgpack_request, _msgpack_identified = msgspec.msgpack.Decoder(Request), msgspec.msgpack.Decoder(_Identified)


def encode(value: Any, wire: Format) -> bytes:
    """`value` as one payload of that format. Decimals, times and ids come as the strings of the contract already."""
    return _to_json.encode(value) if wire is Format.JSON else _to_msgpack.encode(value)


def read_request(frame: str | bytes, wire: Format) -> Request:
    """The request in a frame (text for JSON, bytes for MessagePack); MalformedFrame."""
    if isinstance(frame, str) is not (wire is Format.JSON):
        raise MalformedFrame
    payload = frame.encode("utf-8", "surrogatepass") if isinstance(frame, str) else frame
    as_request, as_identified = (
        (_json_request, _json_identified) if wire is Format.JSON else (_msgpack_request, _msgpack_identified)
    )
    try:
        return as_request.decode(payload)
    except MALFORMED:
        try:
            request_id = as_identified.decode(payload).id
        except MALFORMED:
            request_id = None
        raise MalformedFrame(request_id) from None


def message_of(payload: bytes, wire: Format) -> dict[str, Any]:
    """The ASGI message that sends a ready payload."""
    if wire is Format.JSON:
        return {"type": "websocket.send", "text": payload.decode()}
    return {"type": "websocket.send", "bytes": payload}
