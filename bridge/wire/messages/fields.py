"""What may stand in a field of a message, and what do all messages have in common?"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from bridge.wire.envelope import VERSION
from bridge.wire.limits import INT64_MAX, MAX_LEVELS, UINT32_MAX

PROTOCOL_VERSION = VERSION

Epoch = Annotated[int, Meta(ge=1, le=INT64_MAX)]  #: one life of the engine; grows with every start
Seq = Annotated[int, Meta(ge=0, le=INT64_MAX)]  #: +1 per message of its stream within an epoch; 0 = none yet
Session = Annotated[int, Meta(ge=1, le=INT64_MAX)]  #: the order bridge's fence: only the newest is served
CommandSeq = Annotated[int, Meta(ge=1, le=INT64_MAX)]  #: +1 per command within a session
Micros = Annotated[int, Meta(ge=0, le=INT64_MAX)]
PositiveE8 = Annotated[int, Meta(ge=1, le=INT64_MAX)]
AmountE8 = Annotated[int, Meta(ge=0, le=INT64_MAX)]
InstrumentId = Annotated[int, Meta(ge=1, le=UINT32_MAX)]
Symbol = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9.\-/]{0,23}\Z")]
Exchange = Annotated[str, Meta(pattern=r"^[A-Z0-9]{2,8}\Z")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3,8}\Z")]
ClientOrderId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:\-]{1,48}\Z")]
Token = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]{1,64}\Z")]  #: an identifier, opaque to the reader
Text = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]{0,200}\Z")]  #: one line for people
CancelAfterMs = Annotated[int, Meta(ge=0, le=3_600_000)]
Price = PositiveE8
Level = tuple[PositiveE8, PositiveE8]  #: price, absolute size
Levels = Annotated[list[Level], Meta(max_length=MAX_LEVELS)]  #: one side of a book, best first


class Message(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", tag_field="type"):
    """One message of the link."""
