"""What do the tests of the private stream share? Reader threads that let go of the test database, and streams."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connections

from notifications.readers import READERS
from notifications.stream import user_stream


@pytest.fixture
def stream() -> str:
    """A stream that nobody has written to."""
    return user_stream(uuid4())


@pytest.fixture(autouse=True, scope="session")
def _readers_let_go() -> Iterator[None]:
    """Windows cannot delete a database file that a thread still has open."""
    yield
    together = Barrier(2)

    def let_go() -> None:
        together.wait(timeout=10)
        connections.close_all()

    for done in [READERS.submit(let_go) for _ in range(2)]:
        done.result(timeout=20)
