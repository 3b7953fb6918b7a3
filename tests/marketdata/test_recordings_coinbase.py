"""Do ten products of a recorded Coinbase connection reach a socket as the exchange had them, at every event?

The stack stands still until the client has subscribed, and at stops on the way where all books are compared.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.marketdata.replaying import STOPS, replayed
from tests.needs import data
from tests.recordings import COINBASE, coinbase_products
from tests.stack import Stack

pytestmark = pytest.mark.timeout(240)
SPEEDS = (10, 3, 1)


async def test_every_update_leaves_the_recorded_book_and_every_ticker_says_so(
    make_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    """The exchange tells its best prices with each of 97 matches; the other updates are held to the recording alone."""
    recording = data(COINBASE)
    events = {name: product.events for name, product in coinbase_products().items()}
    played = await replayed(make_stack, tmp_path / "hold", recording, events, SPEEDS)
    played.tell("Coinbase")
    for counts in (played.whole, played.best):
        assert (counts["events"], counts["told"], counts["confirmed"], counts["merged"]) == (9_719, 97, 97, 0)
    assert played.checksums == (STOPS + 2) * len(events)
