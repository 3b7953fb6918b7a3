"""How does an integer of microseconds since 1970 UTC become an aware datetime, and RFC 3339 text?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

START = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@lru_cache(maxsize=4_096)  # what happens in a batch happens at one instant
def instant(at_us: int) -> datetime:
    return START + timedelta(microseconds=at_us)


def micros(at: datetime) -> int:
    return (at - START) // MICROSECOND


@lru_cache(maxsize=4_096)
def text(at_us: int) -> str:
    """RFC 3339 in UTC, always with six digits ("2026-11-22T10:00:00.000000Z")."""
    return f"{instant(at_us).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
