"""How does the channel layer look on a Redis server? As channels-redis' pub/sub layer does: names, bodies, patience.

A group is the Redis channel `<prefix>__group__<group>`, its messages MessagePack maps: a stock
`RedisPubSubChannelLayer` with the same prefix hears ours and we hear it. All names begin with the prefix.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

from redis.exceptions import RedisError

#: Seconds that a server which does not answer may take; then it counts as gone and a new connection is tried.
PATIENCE_SECONDS: Final = 2.0
RETRY_SECONDS: Final = 0.25  #: between two attempts to reach a server that is gone
OUTBOX_MESSAGES: Final = 1_000
OUTBOX_BYTES: Final = 16 * 1024 * 1024

#: What a server that is gone, frozen or refuses may raise.
FAULTS: Final = (RedisError, OSError)


def redis_name(prefix: str, topic: bytes) -> str:
    """The Redis channel of a topic; `g:<group>` and a NUL is a group's."""
    text = topic.rstrip(b"\0").decode("ascii")
    return f"{prefix}__group__{text[2:]}" if text.startswith("g:") else f"{prefix}.{text}"


def as_body(frames: list[bytes]) -> bytes:
    """One Redis message of a layer message's frames, topic left out: a body, or a channel's name and a body."""
    return b"\0".join(frames[1:])


def as_frames(topic: bytes, body: bytes) -> list[bytes]:
    """The frames again; what is sent to a process begins with the name of one of its channels."""
    return [topic, *(body.split(b"\0", 1) if topic.startswith(b"c:") else [body])]


class Outbox:
    """Messages that wait to be published, bounded by number and by bytes; for several threads."""

    def __init__(self, messages: int = OUTBOX_MESSAGES, size: int = OUTBOX_BYTES) -> None:
        self._most, self._size_most = messages, size
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._size = 0
        self._lock = threading.Lock()

    def put(self, name: str, body: bytes) -> bool:
        """False where it is full; nothing that waits is lost for a newer message."""
        with self._lock:
            if len(self._waiting) >= self._most or self._size + len(body) > self._size_most:
                return False
            self._waiting.append((name, body))
            self._size += len(body)
            return True

    def take(self, messages: int) -> list[tuple[str, bytes]]:
        """Up to so many of the oldest, in order; they wait no more."""
        with self._lock:
            taken = [self._waiting.popleft() for _ in range(min(messages, len(self._waiting)))]
            self._size -= sum(len(body) for _, body in taken)
            return taken

    def __len__(self) -> int:
        return len(self._waiting)
