"""What does the channel layer say when a private stream has grown?

Only how far: "user 7 has events up to 912". The events are read from the log: a lost wake-up costs time, not data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

GROUP = "streams"
ADVANCED = "streams.advanced"


def advanced(numbers: Mapping[str, int]) -> dict[str, Any]:
    """The layer message for GROUP: the last number of each stream that grew."""
    return {"type": ADVANCED, "numbers": dict(numbers)}
