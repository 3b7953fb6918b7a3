"""When does a limit hold that others stand in the place of? Held against a plain look at every instant."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from orders.limits.spans import FOREVER_US, Entry, Span, Spans

LAST = 12  #: instants that are looked at


def name(number: int) -> UUID:
    return UUID(int=number + 1)


def limit(number: int, start: int, end: int = FOREVER_US, replaces: int | None = None) -> Entry:
    return Entry(name(number), Span(start, end), None if replaces is None else name(replaces))


def ended(number: int, which: int, at: int) -> Entry:
    return Entry(name(number), Span(at), name(which), ends=True)


def test_alone_it_holds_from_its_date_to_its_end() -> None:
    assert Spans([limit(0, 2, 5)]).of(name(0)) == [Span(2, 5)]


def test_one_that_is_not_approved_never_holds() -> None:
    assert Spans([]).of(name(0)) == []


def test_one_that_stands_in_its_place_for_good_ends_it() -> None:
    spans = Spans([limit(0, 0), limit(1, 4, replaces=0)])
    assert (spans.of(name(0)), spans.of(name(1))) == ([Span(0, 4)], [Span(4)])


def test_after_a_change_for_a_while_it_holds_again() -> None:
    spans = Spans([limit(0, 0), limit(1, 4, 6, replaces=0)])
    assert spans.of(name(0)) == [Span(0, 4), Span(6)]


def test_it_holds_again_where_the_change_for_a_while_is_ended_early() -> None:
    spans = Spans([limit(0, 0), limit(1, 4, 9, replaces=0), ended(2, 1, 6)])
    assert (spans.of(name(0)), spans.of(name(1))) == ([Span(0, 4), Span(6)], [Span(4, 6)])


def test_the_end_of_a_change_for_good_does_not_bring_the_earlier_limit_back() -> None:
    spans = Spans([limit(0, 0), limit(1, 4, replaces=0), ended(2, 1, 6)])
    assert (spans.of(name(0)), spans.of(name(1))) == ([Span(0, 4)], [Span(4, 6)])


def test_what_stands_in_the_place_of_a_change_hides_the_first_one_too() -> None:
    spans = Spans([limit(0, 0), limit(1, 2, 6, replaces=0), limit(2, 4, 8, replaces=1)])
    assert spans.of(name(0)) == [Span(0, 2), Span(8)]
    assert spans.of(name(1)) == [Span(2, 4)]


def test_a_long_chain_of_changes_is_no_deep_one() -> None:
    chain = [limit(0, 0), *(limit(number, number, number + 2, replaces=number - 1) for number in range(1, 5_000))]
    assert Spans(chain).of(name(0)) == [Span(0, 1), Span(5_001)]


def test_what_is_over_is_not_left() -> None:
    spans = Spans([limit(0, 0), limit(1, 4, 6, replaces=0)])
    assert spans.left(name(0), 5) == [Span(6)]


@st.composite
def sheets(draw: st.DrawFn) -> list[Entry]:
    """Limits that each may stand in the place of an earlier one, and ends of some."""
    entries = []
    for number in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, LAST - 2))
        end = draw(st.none() | st.integers(start + 1, LAST))
        replaces = draw(st.none() | st.integers(0, number - 1)) if number else None
        entries.append(limit(number, start, FOREVER_US if end is None else end, replaces))
    for number in draw(st.sets(st.integers(0, len(entries) - 1), max_size=3)):
        entries.append(ended(len(entries), number, draw(st.integers(0, LAST))))
    return entries


def holds(entries: list[Entry], which: Entry, at: int) -> bool:
    return lives(entries, which, at) and not any(hides(entries, each, at) for each in after(entries, which))


def after(entries: list[Entry], which: Entry) -> list[Entry]:
    return [each for each in entries if each.replaces == which.id and not each.ends]


def lives(entries: list[Entry], which: Entry, at: int) -> bool:
    is_ended = any(each.ends and each.replaces == which.id and each.span.start <= at for each in entries)
    return which.span.holds_at(at) and not is_ended


def hides(entries: list[Entry], which: Entry, at: int) -> bool:
    """It, or what stands in its place, is there instead of the earlier one."""
    if which.span.end == FOREVER_US:
        return at >= which.span.start
    return lives(entries, which, at) or any(hides(entries, each, at) for each in after(entries, which))


@given(sheets())
def test_at_every_instant_it_holds_as_a_plain_look_says(entries: list[Entry]) -> None:
    spans = Spans(entries)
    for which in [each for each in entries if not each.ends]:
        told = [any(span.holds_at(at) for span in spans.of(which.id)) for at in range(LAST + 2)]
        assert told == [holds(entries, which, at) for at in range(LAST + 2)]
