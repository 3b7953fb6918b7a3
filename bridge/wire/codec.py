"""How does a message become the two frames of the link, and which two frames are a message again?

A decoder believes nothing: envelope first, then the schema of exactly those messages that may come on its socket,
then repeated keys, then the rules between fields. Whatever is wrong comes out as one `WireError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from msgspec.msgpack import Decoder, Encoder

from bridge.wire.envelope import Envelope, Kind, check, seal
from bridge.wire.faults import Reason, WireError
from bridge.wire.maps import read_map
from bridge.wire.messages import (
    Bar,
    EngineStatus,
    FromEngine,
    Message,
    Published,
    Query,
    QueryReply,
    ToEngine,
)
from bridge.wire.rules import contradiction

Frames = Sequence[bytes]  #: envelope, payload
M = TypeVar("M", bound=Message)

ENCODER = Encoder(uuid_format="canonical")
TO_ENGINE: Decoder[ToEngine] = Decoder(ToEngine)
FROM_ENGINE: Decoder[FromEngine] = Decoder(FromEngine)
QUERY: Decoder[Query] = Decoder(Query)
QUERY_REPLY: Decoder[QueryReply] = Decoder(QueryReply)
BAR: Decoder[Bar] = Decoder(Bar)
PUBLISHED: Decoder[Published] = Decoder(Published)
LISTS_OF_MAPS = ("instruments", "orders")  #: the fields of any message whose values hold maps of their own


def encode(message: Message) -> list[bytes]:
    """The frames `[envelope, payload]`. `WireError` where 64 bits, UTF-8 or 4 MiB do not hold it."""
    return encode_numbered(message, message.epoch if isinstance(message, EngineStatus) else 0, 0)


def encode_numbered(message: Message, epoch: int, seq: int) -> list[bytes]:
    """The same for a message whose place in its topic stands in the envelope."""
    try:
        payload = ENCODER.encode(message)
    except (OverflowError, UnicodeEncodeError) as error:
        raise WireError(Reason.SCHEMA, f"{type(message).__name__} cannot be encoded: {error}") from error
    return [seal(Kind.MESSAGE, payload, epoch=epoch, seq=seq), payload]


def decode_to_engine(frames: Frames) -> ToEngine:
    """What a bridge says on the command socket."""
    return _unnumbered(TO_ENGINE, frames)


def decode_from_engine(frames: Frames) -> FromEngine:
    """What the engine says on the command socket."""
    return _unnumbered(FROM_ENGINE, frames)


def decode_query(frames: Frames) -> Query:
    """A question on the query socket."""
    return _unnumbered(QUERY, frames)


def decode_query_reply(frames: Frames) -> QueryReply:
    """Its answer."""
    return _unnumbered(QUERY_REPLY, frames)


def decode_bar(frames: Frames) -> Bar:
    """A finished bar on the work socket."""
    return _unnumbered(BAR, frames)


def decode_published(frames: Frames) -> Published:
    """What is no batch on the market-data socket, without its topic frame: a topic's heartbeat or the status."""
    message, envelope = _decoded(PUBLISHED, frames)
    if isinstance(message, EngineStatus):
        fits = (envelope.epoch, envelope.seq) == (message.epoch, 0)
    else:
        fits = envelope.epoch > 0
    if not fits:
        raise WireError(Reason.NUMBERING, f"epoch {envelope.epoch}, seq {envelope.seq} on {type(message).__name__}")
    return message


def _unnumbered(decoder: Decoder[M], frames: Frames) -> M:
    message, envelope = _decoded(decoder, frames)
    if envelope.epoch or envelope.seq:
        raise WireError(Reason.NUMBERING, f"epoch {envelope.epoch}, seq {envelope.seq} where none are used")
    return message


def _decoded(decoder: Decoder[M], frames: Frames) -> tuple[M, Envelope]:
    if len(frames) != 2:
        raise WireError(Reason.FRAME_COUNT, f"{len(frames)} frames, 2 expected")
    header, payload = frames
    envelope = check(header, payload)
    if envelope.kind is not Kind.MESSAGE:
        raise WireError(Reason.KIND, f"{envelope.kind.name} where a message is expected")
    message = read_map(decoder, payload, LISTS_OF_MAPS)
    if fault := contradiction(message):
        raise WireError(Reason.RANGE, f"{type(message).__name__}: {fault}")
    return message, envelope
