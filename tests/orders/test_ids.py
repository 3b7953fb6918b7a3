"""Do ids grow with the time, and does none of them meet another?"""

from __future__ import annotations

from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from orders.ids import derived_id, new_id

START_US = 1_795_000_000_000_000
instants = st.integers(min_value=0, max_value=2**48 * 1_000 - 1)


@given(instants, instants)
def test_a_later_millisecond_has_the_greater_id(one_us: int, other_us: int) -> None:
    earlier, later = sorted([one_us, other_us])
    if later // 1_000 > earlier // 1_000:
        assert new_id(earlier).hex < new_id(later).hex
        assert derived_id(earlier, "b").hex < derived_id(later, "a").hex


def test_ids_of_one_instant_differ() -> None:
    assert len({new_id(START_US) for _ in range(10_000)}) == 10_000
    assert len({derived_id(START_US, str(number)) for number in range(10_000)}) == 10_000


def test_the_same_name_has_the_same_id() -> None:
    assert derived_id(START_US, "a:1") == derived_id(START_US, "a:1") != derived_id(START_US, "a:2")


@given(instants)
def test_they_are_uuids_by_the_book(at_us: int) -> None:
    for version, each in ((7, new_id(at_us)), (8, derived_id(at_us, "a"))):
        assert (each.variant, each.version) == (RFC_4122, version)
        assert UUID(str(each)) == each
