from hypothesis import given
from hypothesis import strategies as st

from bridge.link.backoff import Backoff


def test_each_wait_is_twice_the_last_until_the_longest() -> None:
    backoff = Backoff(0.1, 1.0, uniform=lambda: 0.0)
    assert [round(backoff.wait_seconds(), 6) for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_a_success_begins_anew() -> None:
    backoff = Backoff(0.1, 1.0, uniform=lambda: 0.0)
    first, _second = backoff.wait_seconds(), backoff.wait_seconds()
    backoff.reset()
    assert backoff.wait_seconds() == first


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=20))
def test_chance_shortens_a_wait_by_at_most_half(chances: list[float]) -> None:
    steady, drawn = Backoff(uniform=lambda: 0.0), iter(chances)
    backoff = Backoff(uniform=lambda: next(drawn))
    for _ in chances:
        longest = steady.wait_seconds()
        assert longest / 2 <= backoff.wait_seconds() <= longest
