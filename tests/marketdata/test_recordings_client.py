"""Would the client that is held to the recordings notice what is wrong, or missing?"""

from __future__ import annotations

import msgspec
import pytest

from tests.marketdata.rebuilding import Rebuilt, Row
from tests.recordings import Book, Event, Level, Levels, Top

OPENING: Levels = ([("99", "5"), ("98", "1")], [("101", "2")])
UPDATES: list[Levels] = [([("99", "4")], []), ([], [("102", "7")]), ([("97", "1")], []), ([("99", "0")], [])]
CONFIRMED = Top("101", "98")


def recorded() -> list[Event]:
    """The exchange confirms the last of them."""
    book, events = Book(), []
    for bids, asks in [OPENING, *UPDATES]:
        events.append(Event(book.take(bids, asks), book.top, book.checksum))
    return [*events[:-1], events[-1]._replace(told=CONFIRMED)]


def row(number: int, before: int | None = None) -> Row:
    """The item of a recorded event, for a socket that was last sent `before`; it stands for all between."""
    events = recorded()
    before = number - 1 if before is None else before
    bids: dict[str, str] = {}
    asks: dict[str, str] = {}
    for event in events[before + 1 : number + 1]:
        bids |= dict(event.changed[0])
        asks |= dict(event.changed[1])
    skipped = max(0, number - before - 1)
    return Row("X", 1, number, before, list(bids.items()), list(asks.items()), events[number].checksum, skipped)


def followed(*rows: Row) -> Rebuilt:
    rebuilt = Rebuilt(recorded())
    for number, one in enumerate(rows):
        rebuilt.take(one, "update" if number else "snapshot")
    rebuilt.finish()
    return rebuilt


def test_a_client_that_got_everything_saw_every_event() -> None:
    counts = followed(*map(row, range(5))).counts
    assert (counts["events"], counts["items"], counts["told"], counts["confirmed"], counts["merged"]) == (4, 4, 1, 1, 0)


def test_merged_events_are_counted_as_not_seen() -> None:
    counts = followed(row(0), row(1), row(4, before=1)).counts
    assert (counts["events"], counts["items"], counts["merged"]) == (2, 2, 2)


def test_what_never_comes_is_counted_as_not_seen() -> None:
    assert followed(row(0), row(1)).counts["merged"] == 3


def test_of_the_best_levels_an_event_below_them_needs_no_item() -> None:
    opening: Levels = ([(str(100 - place), "1") for place in range(10)], [])
    book, events = Book(), []
    for bids, asks in [opening, ([("80", "3")], []), ([("100", "2")], [])]:
        events.append(Event(book.take(bids, asks), book.top, book.checksum))
    rebuilt = Rebuilt(events, depth=10)
    rebuilt.take(Row("X", 1, 0, 0, *opening, events[0].checksum), "snapshot")
    rebuilt.take(Row("X", 1, 2, 0, [("100", "2")], [], events[2].checksum, 1), "update")
    assert (rebuilt.counts["events"], rebuilt.counts["merged"]) == (2, 0)


BID: Level = ("99", "3")


@pytest.mark.parametrize(
    "wrong",
    [{"seq": 3}, {"prev_seq": 0}, {"skipped": 1}, {"epoch": 2}, {"checksum": 1}, {"bids": [BID]}, {"asks": [BID]}],
)
def test_a_wrong_number_level_or_checksum_is_found_out(wrong: dict[str, object]) -> None:
    with pytest.raises(AssertionError):
        followed(row(0), row(1), msgspec.structs.replace(row(2), **wrong))


def test_an_item_that_was_lost_is_found_out() -> None:
    with pytest.raises(AssertionError):
        followed(row(0), row(2))
