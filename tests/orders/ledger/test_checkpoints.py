"""Is SQLite's log moved beside the core, does it begin anew, and does neither hold up a writer?"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection

from orders.ledger import Ledger
from orders.ledger.checkpoints import Checkpoints
from orders.models import Order
from orders.requests import Caller
from tests.orders.core.desk import Desk
from tests.orders.ledger.conftest import another_writer, settle

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has such a log")
BATCHES = 100
OF_ITSELF_BYTES = 4_096 * 1_000  #: so long SQLite lets the log become before it moves it within a commit


@pytest.fixture
def beside() -> Iterator[ThreadPoolExecutor]:
    """A thread with a connection of its own, as in the order bridge."""
    with ThreadPoolExecutor(1) as thread:
        yield thread
        thread.submit(lambda: connection.close()).result()


def place_many(ledger: Ledger, words: Desk, trader: Caller) -> None:
    for number in range(BATCHES):
        settle(ledger, words.place_input(f"a-{number}", caller=trader))


def log_bytes() -> int:
    return Path(f"{connection.settings_dict['NAME']}-wal").stat().st_size


def moved_at() -> int:
    """When the database's file was written last."""
    return Path(connection.settings_dict["NAME"]).stat().st_mtime_ns


def test_no_order_moves_the_log_and_it_begins_anew_once_it_was_moved(
    ledger: Ledger, words: Desk, trader: Caller, beside: ThreadPoolExecutor
) -> None:
    Checkpoints(0).look()
    before = moved_at()
    place_many(ledger, words, trader)
    grown = log_bytes()
    assert (moved_at(), grown > OF_ITSELF_BYTES) == (before, True)
    beside.submit(Checkpoints(0).look).result()
    assert moved_at() > before
    settle(ledger, words.place_input("one more", caller=trader))
    assert log_bytes() == grown
    assert Order.objects.count() == BATCHES + 1


def test_a_writer_is_not_held_up_and_the_log_waits_for_a_better_moment(
    ledger: Ledger, words: Desk, trader: Caller, beside: ThreadPoolExecutor
) -> None:
    place_many(ledger, words, trader)
    with another_writer() as writer:
        beside.submit(Checkpoints(0).look).result()
        writer.execute("UPDATE orders_enginecursor SET seq = seq")
        writer.execute("COMMIT")
    settle(ledger, words.place_input("one more", caller=trader))
    assert Order.objects.count() == BATCHES + 1


def test_it_ends_when_the_core_has_ended(ledger: Ledger, beside: ThreadPoolExecutor) -> None:
    stop = threading.Event()
    running = beside.submit(Checkpoints().run, stop)
    assert not running.done()
    stop.set()
    running.result(timeout=20)
