"""Two traders of a desk, and a story of their trades."""

from __future__ import annotations

import pytest

from accounts.models import Desk
from orders.ledger import Ledger
from orders.requests import Caller
from tests.orders.core.desk import Desk as Words
from tests.orders.ledger.conftest import ledger, make_ledger, trader, words
from tests.orders.positions.stories import Story, trader_of

__all__ = ["ledger", "make_ledger", "trader", "words"]


@pytest.fixture
def bob(trader: Caller) -> Caller:
    """Of the same desk."""
    return trader_of("bob", Desk.objects.get(id=trader.desk))


@pytest.fixture
def story(ledger: Ledger, words: Words) -> Story:
    return Story(ledger, words)
