"""How long did each part of an order call take? What `Server-Timing` says of it.

web      from the request's head to the order bridge: reading, rights, the way there
queue    in the order bridge, until its batch was decided
commit   until the decision was durable
back     until the answer leaves; with `Prefer: wait` the engine's word is waited for here
order    all of it
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from orders.requests import Timing


def server_timing(timing: Timing) -> str:
    """As the header has it: milliseconds. Between hosts the clocks' difference is in `web` and `back`."""
    return ", ".join(f"{name};dur={max(0, us) / 1000:.2f}" for name, us in parts(timing, time.time_ns() // 1000))


def parts(timing: Timing, now_us: int) -> Iterator[tuple[str, int]]:
    """What is known of them, in microseconds."""
    if timing.received_us and timing.arrived_us:
        yield "web", timing.arrived_us - timing.received_us
    if timing.arrived_us and timing.committed_us:
        yield "queue", timing.decided_us - timing.arrived_us
        yield "commit", timing.committed_us - timing.decided_us
        yield "back", now_us - timing.committed_us
    if timing.received_us:
        yield "order", now_us - timing.received_us
