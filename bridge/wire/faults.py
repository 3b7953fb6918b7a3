"""Why was a message of the link refused?"""

from __future__ import annotations

from enum import StrEnum

TEXT_LIMIT = 300


class Reason(StrEnum):
    """The first rule that a message broke, in the order in which a reader checks them."""

    FRAME_COUNT = "FRAME_COUNT"  #: not exactly envelope and payload
    ENVELOPE_SIZE = "ENVELOPE_SIZE"  #: the envelope is not 32 bytes
    MAGIC = "MAGIC"  #: not of this link at all
    VERSION = "VERSION"  #: of another version of it
    KIND = "KIND"  #: no kind that is known, or not the one expected here
    FLAGS = "FLAGS"  #: reserved bits are set
    TOO_LARGE = "TOO_LARGE"  #: the payload exceeds 4 MiB
    LENGTH = "LENGTH"  #: the payload is shorter or longer than the envelope says
    CHECKSUM = "CHECKSUM"  #: the payload is not the one that was sealed
    NUMBERING = "NUMBERING"  #: epoch or sequence of the envelope do not suit its message
    NOT_MESSAGEPACK = "NOT_MESSAGEPACK"  #: no MessagePack value, or one nested too deep, or bytes after it
    SCHEMA = "SCHEMA"  #: a field is unknown, missing, mistyped or beyond its own limits, a text not UTF-8
    REPEATED_KEY = "REPEATED_KEY"  #: a map has one key twice: its meaning would depend on the reader
    FLATBUFFER = "FLATBUFFER"  #: an offset, a size or a count leads out of the buffer
    RANGE = "RANGE"  #: a value is impossible, or contradicts another one


class WireError(Exception):
    """A message that must not be believed. `reason` is for counting, the text for people: one line, bounded."""

    def __init__(self, reason: Reason, text: str) -> None:
        line = "".join(sign if sign.isprintable() else "?" for sign in text[:TEXT_LIMIT])
        super().__init__(f"{reason}: {line}")
        self.reason = reason
