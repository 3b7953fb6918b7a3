"""In which threads does a web process read the private streams, without a connection too many?

Two of our own, each with its one database connection. Django's ORM blocks; the thread that Channels shares among all
consumers would make every socket wait for the slowest; the loop's default pool would open a connection per thread.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar, cast

from channels.db import database_sync_to_async

P = ParamSpec("P")
R = TypeVar("R")
READERS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="stream-reader")


def in_reader(read: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """`read`, to be awaited: it runs in one of the reader threads."""
    wrapped = database_sync_to_async(read, thread_sensitive=False, executor=READERS)
    return cast(Callable[P, Awaitable[R]], wrapped)
