"""Does the recorded Binance stream reach a socket as the exchange had it, at every event?

The stack stands still until the client has subscribed, and at stops on the way where all books are compared.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.marketdata.replaying import STOPS, replayed
from tests.needs import data
from tests.recordings import BINANCE, binance_events
from tests.stack import Stack

pytestmark = pytest.mark.timeout(240)
SPEEDS = (60, 15, 4)


async def test_every_update_leaves_the_exchanges_own_best_prices(
    make_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    """3,448 updates follow the snapshot, one came while it was fetched; `bookTicker` tells the top after each."""
    recording = data(BINANCE)
    events = {"BTCUSDT": binance_events()}
    played = await replayed(make_stack, tmp_path / "hold", recording, events, SPEEDS)
    played.tell("Binance")
    for counts in (played.whole, played.best):
        assert (counts["events"], counts["told"], counts["confirmed"], counts["merged"]) == (3_449, 3_449, 3_449, 0)
    assert played.checksums == (STOPS + 2) * len(events)
