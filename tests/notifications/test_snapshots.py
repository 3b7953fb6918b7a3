"""A snapshot stands at one number, though others write meanwhile."""

from __future__ import annotations

import pytest

from notifications.snapshots import TRIES, read_at_one_number
from notifications.stream import last_number, read
from tests.notifications.streams import event, write

pytestmark = pytest.mark.django_db


def test_rows_that_did_not_change_while_they_were_read_are_those_of_the_number(stream: str) -> None:
    write([event(stream)] * 3)
    assert read_at_one_number(stream, lambda: last_number(stream)) == (3, 3)


def test_rows_that_changed_while_they_were_read_are_read_again(stream: str) -> None:
    left = [1, 1]

    def rows() -> int:
        found = last_number(stream)
        if left:
            write([event(stream)] * left.pop())
        return found

    assert read_at_one_number(stream, rows) == (2, 2)


def test_a_stream_that_never_rests_is_taken_at_a_number_whose_later_events_still_come(stream: str) -> None:
    reads = 0

    def rows() -> int:
        nonlocal reads
        reads += 1
        write([event(stream)])
        return last_number(stream)

    number, newest = read_at_one_number(stream, rows)
    assert reads == TRIES
    assert number < newest
    assert next(row.number for row in read(stream, number, 10)) == number + 1
