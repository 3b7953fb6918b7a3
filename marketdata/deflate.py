"""How are messages compressed so that the bytes of one suit every socket, and what may a client make us inflate?

`permessage-deflate` without context takeover: no message refers to one before, so nothing is kept for a socket between
two messages, and what was deflated once can be sent to all. Small messages stay plain, which the extension allows.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from websockets.exceptions import PayloadTooBig
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.typing import ExtensionParameter

LEAST_BYTES = 256  #: below it little is saved
WINDOW_BITS, MEMORY_LEVEL = 12, 5  #: 32 KiB, while a message is deflated
LEVEL = 1  #: 6 makes quotes smaller by a sixth, for twice the time
TAIL = b"\x00\x00\xff\xff"  #: of each message; the extension leaves it out
#: What a client may make us inflate: so much at once, a message of the largest size, and so many bytes for each that it
#: sends. Real requests shrink to a fifth, zeros to a thousandth.
INFLATED_AT_ONCE, INFLATED_PER_BYTE = 65_536, 100


def squeezed(payload: bytes) -> bytes:
    """`payload` as a message of the extension; unchanged where it is small."""
    if len(payload) < LEAST_BYTES:
        return payload
    squeezing = zlib.compressobj(LEVEL, zlib.DEFLATED, -WINDOW_BITS, MEMORY_LEVEL)
    return (squeezing.compress(payload) + squeezing.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)


class Deflate(PerMessageDeflate):
    """The extension of one connection."""

    _may_inflate = INFLATED_AT_ONCE

    @property
    def takes_squeezed(self) -> bool:
        """May it be sent what `squeezed` made? Not where the client has asked for a smaller window."""
        return self.local_no_context_takeover and self.local_max_window_bits >= WINDOW_BITS

    def encode(self, frame: Frame) -> Frame:
        whole = frame.fin and frame.opcode is not Opcode.CONT
        return super().encode(frame) if whole and len(frame.data) >= LEAST_BYTES else frame

    def decode(self, frame: Frame, *, max_size: int | None = None) -> Frame:
        """The frame as it was; PayloadTooBig (1009) where it is, or where the client sends nothing but air."""
        inflated = super().decode(frame, max_size=max_size)
        if inflated is not frame:
            earned = self._may_inflate + INFLATED_PER_BYTE * len(frame.data)
            self._may_inflate = min(earned, INFLATED_AT_ONCE) - len(inflated.data)
            if self._may_inflate < 0:
                raise PayloadTooBig(len(inflated.data), max_size)
        return inflated


class DeflateFactory(ServerPerMessageDeflateFactory):
    """Agrees with a client that offers the extension: never with context takeover, in windows of 4 KiB."""

    def __init__(self) -> None:
        super().__init__(
            server_no_context_takeover=True,
            client_no_context_takeover=True,
            server_max_window_bits=WINDOW_BITS,
            client_max_window_bits=WINDOW_BITS,
            compress_settings={"level": LEVEL, "memLevel": MEMORY_LEVEL},
        )

    def process_request_params(
        self, params: Sequence[ExtensionParameter], accepted_extensions: Sequence[Extension]
    ) -> tuple[list[ExtensionParameter], Deflate]:
        answer, agreed = super().process_request_params(params, accepted_extensions)
        return answer, Deflate(
            agreed.remote_no_context_takeover,
            agreed.local_no_context_takeover,
            agreed.remote_max_window_bits,
            agreed.local_max_window_bits,
            agreed.compress_settings,
        )


DEFLATE = DeflateFactory()
