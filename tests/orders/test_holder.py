"""Does a web process ask the order bridge that holds the lease, and does it survive a database that is away?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import OperationalError

from orders.holder import HolderWatch
from orders.ledger.lease import NOBODY, LeaseView
from tests.bridge.waiting import until

FIRST, SECOND = "tcp://127.0.0.1:1", "tcp://127.0.0.1:2"


@contextmanager
def watching(look: Callable[[], LeaseView]) -> Iterator[tuple[HolderWatch, list[str]]]:
    followed: list[str] = []
    watch = HolderWatch(followed.append, look)
    try:
        yield watch, followed
    finally:
        watch.close()


def test_the_holder_is_followed_and_the_one_after_it() -> None:
    lease = LeaseView(1, 1, FIRST)
    with watching(lambda: lease) as (_, followed):
        until(lambda: followed, "the first holder")
        lease = LeaseView(2, 1, SECOND)
        until(lambda: SECOND in followed, "the second holder")
    assert followed[0] == FIRST


def test_a_lease_that_nobody_holds_moves_nobody() -> None:
    looks: list[LeaseView] = []

    def look() -> LeaseView:
        looks.append(NOBODY)
        return NOBODY

    with watching(look) as (_, followed):
        until(lambda: len(looks) > 1, "two looks")
    assert followed == []


def test_a_database_that_is_away_is_counted_and_asked_again() -> None:
    answers = iter([OperationalError("gone"), OperationalError("gone")])

    def look() -> LeaseView:
        if error := next(answers, None):
            raise error
        return LeaseView(1, 1, FIRST)

    with watching(look) as (watch, followed):
        until(lambda: followed, "the holder")
        assert watch.faults == 2
