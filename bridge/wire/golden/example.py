"""What is one golden message, and when is it in all of them?"""

from __future__ import annotations

from typing import Any, NamedTuple

from bridge.wire.messages import Message

Fields = dict[str, Any]
NOON_US = 1_767_614_400_000_000  #: 2026-01-05 12:00:00 UTC


class Example(NamedTuple):
    """`decoder` names the reader it is for (`decode_<decoder>`); epoch and seq are the envelope's."""

    name: str
    decoder: str
    message: Message
    epoch: int = 0
    seq: int = 0
