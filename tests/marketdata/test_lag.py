"""Does waiting show, whatever the two clocks say?"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from marketdata.lag import Lag

SECOND_US = 1_000_000
waits = st.lists(st.integers(0, 3_600 * SECOND_US), min_size=1)
clock_differences = st.integers(-(10**15), 10**15)


@given(waits, clock_differences)
def test_a_wait_is_counted_from_the_shortest_so_far_however_the_clocks_differ(
    waits_us: list[int], apart_us: int
) -> None:
    lag = Lag()
    found = [lag.seconds(0, apart_us + wait) for wait in waits_us]
    assert found == [(wait - min(waits_us[: place + 1])) / 1e6 for place, wait in enumerate(waits_us)]


def test_a_stream_that_begins_anew_is_learned_anew() -> None:
    lag = Lag()
    lag.seconds(0, 0)
    assert lag.seconds(0, 5 * SECOND_US) == 5.0
    lag.forget()
    assert lag.seconds(0, 5 * SECOND_US) == 0.0
    assert lag.seconds(0, 7 * SECOND_US) == 2.0


def test_an_exchange_keeps_a_standing_wait_from_being_taken_for_the_way() -> None:
    lag = Lag()
    lag.exchanged(asked_us=0, made_us=SECOND_US, heard_us=2 * SECOND_US)
    assert lag.seconds(0, 10 * SECOND_US) == 9.0


@given(st.integers(-(10**15), 10**15))
def test_a_clock_that_was_set_is_found_out_by_an_exchange(step_us: int) -> None:
    lag = Lag()
    lag.seconds(0, 0)
    lag.exchanged(asked_us=step_us, made_us=0, heard_us=step_us)
    assert lag.seconds(0, step_us) == 0.0
    assert lag.seconds(0, step_us + SECOND_US) == 1.0
