"""Is what changed known, or known not to be?"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from marketdata.hub.changes import ChangeLog

MOST = 4


@given(st.lists(st.sets(st.integers(0, 9), max_size=6), max_size=30), st.integers(0, 30))
def test_what_changed_since_a_number_is_all_of_it_or_unknown(events: list[set[int]], since: int) -> None:
    log: ChangeLog[int] = ChangeLog(0, MOST)
    for number, keys in enumerate(events, 1):
        for key in keys:
            log.note(key, number)
    found = log.since(since)
    changed = set().union(*events[since:])
    assert found is None or (len(found) == len(set(found)) and set(found) == changed)
    assert found is not None or len(changed) > MOST


def test_what_was_before_the_beginning_is_unknown() -> None:
    log: ChangeLog[str] = ChangeLog(7)
    assert (log.since(6), log.since(7)) == (None, [])
