"""When did an event of an order pass each hop on its way here?"""

from __future__ import annotations

from typing import NamedTuple


class Hops(NamedTuple):
    """Microseconds since 1970 UTC; 0 where the event did not pass there. When it was decided is its `timestamp`."""

    received_us: int = 0  #: the request came to the web process
    committed_us: int = 0  #: the command that the engine answers was durable
    sent_us: int = 0  #: that command was handed to the network
    engine_us: int = 0  #: it happened, by the engine's clock
    arrived_us: int = 0  #: the request or the report came to the order bridge


NO_HOPS = Hops()
