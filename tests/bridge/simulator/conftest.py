"""Journals that tests leave open, as a killed engine would, are closed when the test is over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bridge.simulator.room import OPENED


@pytest.fixture(autouse=True)
def closed_journals() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()
