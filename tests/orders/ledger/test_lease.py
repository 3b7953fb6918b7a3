"""Who holds the lease? Never two, and nobody against the holder's will while it lives."""

from __future__ import annotations

import pytest

from orders.ledger.faults import Fenced, LeaseHeld
from orders.ledger.lease import NOBODY, LeaseView, give_lease_back, look_at_lease, renew_lease, take_lease

pytestmark = pytest.mark.django_db(transaction=True)
FIRST, SECOND = "tcp://127.0.0.1:1", "tcp://127.0.0.1:2"


def test_nobody_holds_it_before_the_first_and_the_first_may_take_it() -> None:
    assert look_at_lease() == NOBODY
    fence = take_lease(FIRST, NOBODY)
    assert look_at_lease() == LeaseView(fence, 1, FIRST)


def test_everything_that_the_holder_does_is_seen() -> None:
    fence = take_lease(FIRST)
    before = look_at_lease()
    renew_lease(fence)
    assert look_at_lease() == before._replace(renewed=before.renewed + 1)


def test_it_is_taken_only_as_it_was_seen() -> None:
    fence = take_lease(FIRST)
    seen = look_at_lease()
    renew_lease(fence)
    with pytest.raises(LeaseHeld, match=f"The order bridge at {FIRST} holds the lease under fence {fence}"):
        take_lease(SECOND, seen)
    renew_lease(fence)


def test_of_two_that_saw_the_same_only_one_takes_it() -> None:
    take_lease(FIRST)
    seen = look_at_lease()
    fence = take_lease(SECOND, seen)
    with pytest.raises(LeaseHeld):
        take_lease("tcp://127.0.0.1:3", seen)
    renew_lease(fence)


def test_the_fence_grows_and_the_earlier_holder_is_fenced() -> None:
    first = take_lease(FIRST)
    second = take_lease(SECOND, look_at_lease())
    assert second > first
    with pytest.raises(Fenced):
        renew_lease(first)
    renew_lease(second)


def test_a_lease_that_was_given_back_is_nobodys_and_its_fence_is_remembered() -> None:
    fence = take_lease(FIRST)
    give_lease_back(fence)
    seen = look_at_lease()
    assert (seen.fence, seen.holder_address) == (fence, "")
    assert take_lease(SECOND, seen) > fence


def test_nobody_gives_back_what_is_anothers() -> None:
    first = take_lease(FIRST)
    take_lease(SECOND)
    give_lease_back(first)
    assert look_at_lease().holder_address == SECOND
