"""How does a worker that waits for messages from Redis see that it is to stop? Its waits are short."""

from __future__ import annotations

from typing import Any, Final

from kombu.transport import redis

#: Celery waits two seconds at a time; a part that stops has four for everything.
WAIT_SECONDS: Final = 0.5


class Transport(redis.Transport):
    """kombu's own, with an end to every wait."""

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:  # type: ignore[override]
        super().drain_events(connection, timeout=min(timeout or WAIT_SECONDS, WAIT_SECONDS))
