"""What did a monitor see? `zmq.utils.monitor` would tell, but imports `zmq.asyncio`, which stays out of here."""

from __future__ import annotations

from struct import unpack_from

EVENT = "=H"  #: an event message begins with the event, in the machine's byte order; value and endpoint follow


def event_of(frames: list[bytes]) -> int:
    """One of `zmq.EVENT_…`, out of a message of a monitor socket."""
    (event,) = unpack_from(EVENT, frames[0])
    return int(event)
