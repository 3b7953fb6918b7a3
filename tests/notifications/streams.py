"""How do tests write to a stream, and wait for what must come of it?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from django.db import transaction

from notifications.readers import in_reader
from notifications.stream import NewEvent, append

AT = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)
PATIENCE_SECONDS = 20.0


def event(stream: str, channel: str = "orders", data: str = "{}") -> NewEvent:
    return NewEvent(stream, channel, "order_accepted", data)


def write(events: Sequence[NewEvent]) -> list[int]:
    with transaction.atomic():
        return append(events, at=AT)


async def write_from_loop(events: Sequence[NewEvent]) -> list[int]:
    return await in_reader(write)(events)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for `condition`; an AssertionError when it never comes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come"
        await asyncio.sleep(0.005)
