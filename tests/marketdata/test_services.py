"""Does the database hold the engine's instrument table, epoch after epoch?"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from marketdata.models import Instrument
from marketdata.selectors import instrument_get, instrument_page
from marketdata.services import instruments_store
from tests.marketdata.scripted import E8, listing
from tradingmw.errors import NotFound

pytestmark = pytest.mark.django_db


def test_a_table_is_stored_row_by_row() -> None:
    instruments_store(table=[listing(7, "AAPL", close=120), listing(8, "IBM", close=0)], epoch=5)
    apple, ibm = Instrument.objects.all()
    assert (apple.symbol, apple.tick, apple.lot, apple.previous_close) == (
        "AAPL",
        Decimal("0.01"),
        Decimal(1),
        Decimal(120),
    )
    assert (apple.engine_instrument_id, apple.engine_epoch, apple.active) == (7, 5, True)
    assert ibm.previous_close is None


def test_a_new_epochs_table_changes_rows_in_place_and_keeps_their_ids() -> None:
    instruments_store(table=[listing(1, "AAPL")], epoch=1)
    before = Instrument.objects.get()
    instruments_store(table=[msgspec.structs.replace(listing(3, "AAPL"), tick_e8=E8 // 10)], epoch=2)
    after = Instrument.objects.get()
    assert (after.id, after.engine_instrument_id, after.engine_epoch, after.tick) == (before.id, 3, 2, Decimal("0.1"))


def test_what_the_engine_no_longer_lists_is_inactive_until_it_lists_it_again() -> None:
    instruments_store(table=[listing(1, "AAPL"), listing(2, "IBM")], epoch=1)
    instruments_store(table=[listing(1, "AAPL")], epoch=2)
    with pytest.raises(NotFound):
        instrument_get("IBM")
    instruments_store(table=[listing(2, "IBM")], epoch=3)
    assert instrument_get("ibm").engine_instrument_id == 2


def test_a_large_universe_fits_into_statements_of_bounded_size() -> None:
    table = [listing(number, f"SYM{number:04}") for number in range(1, 1001)]
    instruments_store(table=table, epoch=1)
    instruments_store(table=table, epoch=2)
    assert Instrument.objects.filter(engine_epoch=2).count() == 1000


def test_pages_follow_each_other_by_symbol() -> None:
    instruments_store(table=[listing(number, f"S{number}") for number in range(1, 6)], epoch=1)
    first, after = instrument_page(query="", after="", limit=3)
    second, end = instrument_page(query="", after=str(after), limit=3)
    assert [row.symbol for row in first + second] == ["S1", "S2", "S3", "S4", "S5"]
    assert end is None
