"""Which bytes are one MessagePack map of the expected kind, and mean the same to every reader?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec import DecodeError, Raw, ValidationError
from msgspec.msgpack import Decoder

from bridge.wire.faults import Reason, WireError

T = TypeVar("T")

FIELDS: Decoder[dict[str, Raw]] = Decoder(dict[str, Raw])
ANYTHING: Decoder[Raw] = Decoder(Raw)  #: one well-formed value, not looked into
ROWS: Decoder[list[Raw]] = Decoder(list[Raw])
FIXMAP, MAP16, MAP32 = 0x80, 0xDE, 0xDF


def read_map(decoder: Decoder[T], payload: bytes, nested: Sequence[str] = ()) -> T:
    """What `decoder` makes of `payload`; `nested` names the fields whose values are maps, or lists of maps.

    `WireError` with NOT_MESSAGEPACK, SCHEMA or REPEATED_KEY.
    """
    message = _parsed(decoder, payload)
    _refuse_repeated_keys(payload, nested)
    return message


def _parsed(decoder: Decoder[T], payload: bytes) -> T:
    try:
        return decoder.decode(payload)
    except (ValidationError, UnicodeDecodeError) as error:
        raise WireError(_reason_of_refusal(payload), str(error)) from error
    except (DecodeError, RecursionError, MemoryError) as error:
        raise WireError(Reason.NOT_MESSAGEPACK, str(error)) from error


def _reason_of_refusal(payload: bytes) -> Reason:
    """The typed decoder ends at the first fault; whether bytes are MessagePack at all is asked before what they say."""
    try:
        ANYTHING.decode(payload)
    except (DecodeError, RecursionError, MemoryError):
        return Reason.NOT_MESSAGEPACK
    return Reason.SCHEMA


def _refuse_repeated_keys(payload: bytes | Raw, nested: Sequence[str]) -> None:
    """A map that says it has more entries than there are keys names one twice.

    The typed decoder lets the last one win and does not tell. It has run before this, so the payload is known to be
    well-formed, and only the message itself and what `nested` names can be maps.
    """
    fields, entries = FIELDS.decode(payload), _entries(memoryview(payload))
    if len(fields) != entries:
        raise WireError(Reason.REPEATED_KEY, f"{entries} entries, {len(fields)} keys")
    for name in nested:
        if name in fields:
            for each in _maps_in(fields[name]):
                _refuse_repeated_keys(each, nested)


def _maps_in(value: Raw) -> Iterable[Raw]:
    first = memoryview(value)[0]
    return [value] if first & 0xF0 == FIXMAP or first in (MAP16, MAP32) else ROWS.decode(value)


def _entries(encoded: memoryview) -> int:
    """The number of entries in the header of a MessagePack map: fixmap, map 16 or map 32."""
    if encoded[0] & 0xF0 == FIXMAP:
        return encoded[0] & 0x0F
    return int.from_bytes(encoded[1:3] if encoded[0] == MAP16 else encoded[1:5], "big")
