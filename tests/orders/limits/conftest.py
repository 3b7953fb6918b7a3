"""Everybody who has to do with limits, in an empty database."""

from __future__ import annotations

import pytest

from accounts.live import live_sessions
from tests.orders.limits.people import People


@pytest.fixture
def people(db: None) -> People:
    live_sessions.forget(list(live_sessions.remembered()))
    return People()
