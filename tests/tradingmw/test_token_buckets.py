"""Does a bucket give what it promises, to each owner alone, also to many threads at once?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from tradingmw.token_buckets import BUCKETS_MAX, TokenBuckets


class Hand:
    """A clock that is set by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_passes_and_the_next_one_is_told_when_to_come_back() -> None:
    clock = Hand()
    buckets = TokenBuckets(10, 100, clock)
    assert [buckets.take("ann").wait_seconds for _ in range(100)] == [0.0] * 100
    refused = buckets.take("ann")
    assert (refused.limit, refused.remaining, refused.reset_seconds) == (100, 0, 10)
    assert 0 < refused.wait_seconds <= 0.1
    clock.now += refused.wait_seconds + 0.001
    assert buckets.take("ann").wait_seconds == 0.0


def test_one_users_haste_costs_nobody_else() -> None:
    buckets = TokenBuckets(1, 1, Hand())
    assert [buckets.take(user).wait_seconds > 0 for user in ("ann", "ann", "bob")] == [False, True, False]
    assert buckets.refused == 1


@given(st.lists(st.floats(0, 5), max_size=60), st.integers(1, 20), st.integers(1, 20))
def test_no_pattern_of_asking_gets_more_than_burst_and_pace(pauses: list[float], per_second: int, burst: int) -> None:
    clock = Hand()
    buckets, granted = TokenBuckets(per_second, burst, clock), 0
    for pause in pauses:
        clock.now += pause
        granted += buckets.take("ann").wait_seconds == 0.0
    assert granted <= burst + per_second * (clock.now - 1_000.0) + 1e-6


def test_many_threads_share_one_budget_exactly() -> None:
    buckets = TokenBuckets(1, 500, Hand())
    with ThreadPoolExecutor(8) as threads:
        budgets = list(threads.map(lambda _: buckets.take("ann"), range(2_000)))
    assert sum(budget.wait_seconds == 0.0 for budget in budgets) == 500


def test_full_buckets_are_forgotten() -> None:
    clock = Hand()
    buckets = TokenBuckets(1_000, 1_000, clock)
    for user in range(BUCKETS_MAX):
        buckets.take(user)
    clock.now += 10
    buckets.take("one more")
    assert len(buckets) == 1
