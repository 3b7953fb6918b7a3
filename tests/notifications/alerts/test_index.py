"""The index fires exactly what looking at every alert would."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from notifications.alerts.index import AlertIndex
from notifications.rules import Armed, Condition, Look, Side, fires

symbols = st.sampled_from(["AAPL", "IBM"])
prices = st.integers(1, 8)


class IndexMachine(RuleBasedStateMachine):
    """Beside the index a plain list, searched from end to end."""

    def __init__(self) -> None:
        super().__init__()
        self.index, self.waiting = AlertIndex(), dict[UUID, Armed]()

    @rule(number=st.integers(0, 12), symbol=symbols, condition=st.sampled_from(Condition), price=prices)
    def arm(self, number: int, symbol: str, condition: Condition, price: int) -> None:
        alert = Armed(UUID(int=number), 1, symbol, condition, price)
        self.index.put(alert)
        self.waiting[alert.id] = alert

    @rule(number=st.integers(0, 14))
    def disarm(self, number: int) -> None:
        self.index.discard(UUID(int=number))
        self.waiting.pop(UUID(int=number), None)

    @rule(symbol=symbols, seen=st.lists(prices, min_size=1, max_size=3))
    def look(self, symbol: str, seen: list[int]) -> None:
        look = Look(seen[-1], max(seen), min(seen))
        ours = {alert for alert in self.waiting.values() if alert.symbol == symbol}
        expected = {alert for alert in ours if fires(alert, look)}
        after = {alert: alert.seen(look) for alert in ours - expected}
        found = self.index.look(symbol, look)
        assert sorted(found.fired) == sorted(expected)
        assert sorted(found.sided) == sorted(new for old, new in after.items() if new.side and not old.side)
        self.waiting |= {alert.id: alert for alert in after.values()}
        for alert in expected:
            del self.waiting[alert.id]

    @invariant()
    def both_hold_the_same(self) -> None:
        assert {(alert.id, alert.target_e8) for alert in self.index} == {
            (alert.id, alert.target_e8) for alert in self.waiting.values()
        }
        assert len(self.index) == len(self.waiting)


TestIndex = IndexMachine.TestCase
TestIndex.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@given(st.lists(prices, min_size=1, max_size=30))
def test_many_alerts_at_one_target_all_fire_and_nothing_is_left(targets: list[int]) -> None:
    index = AlertIndex()
    for number, target in enumerate(targets):
        index.put(Armed(UUID(int=number), 1, "AAPL", Condition.ABOVE, target))
    assert len(index.look("AAPL", Look(9, 9, 9)).fired) == len(targets)
    assert len(index) == 0


def test_another_arming_takes_the_place_of_the_first() -> None:
    index, first = AlertIndex(), Armed(UUID(int=1), 1, "AAPL", Condition.ABOVE, 5)
    index.put(first)
    index.put(first._replace(arming=2, target_e8=7))
    assert index.look("AAPL", Look(6, 6, 6)).fired == []
    assert [alert.arming for alert in index.look("AAPL", Look(8, 8, 8)).fired] == [2]


def test_a_cross_without_a_side_learns_it_from_the_next_price() -> None:
    index = AlertIndex()
    index.put(Armed(UUID(int=1), 1, "AAPL", Condition.CROSS, 5))
    assert index.look("AAPL", Look(5, 5, 5)) == ([], [])
    assert [alert.side for alert in index.look("AAPL", Look(6, 6, 6)).sided] == [Side.ABOVE]
    assert len(index.look("AAPL", Look(4, 4, 4)).fired) == 1
