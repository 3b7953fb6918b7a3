"""Is every way in which a position can differ from what was traded found, nothing else, and is it made good?"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Q
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Account, AuditLog, User
from accounts.policy import Role
from bridge.wire.vocabulary import ExecType, Side
from notifications.models import StreamEvent
from notifications.stream import desk_stream, user_stream
from orders.core.positions import worked_out
from orders.ledger import Fenced, LeaseHeld
from orders.ledger.lease import give_lease_back, look_at_lease, renew_lease, take_lease
from orders.models import Execution, Position
from orders.positions.rebuilding import positions_rebuild, rebuilt, vacant_lease
from orders.positions.verification import ACCOUNTS_AT_ONCE, Difference, positions_verify
from orders.requests import Caller
from tests.orders.core.desk import ANN, BOB, Desk
from tests.orders.positions.stories import Story
from tests.roles import in_roles

E8 = 10**8


def found() -> list[Difference]:
    return [each for looked in positions_verify() for each in looked.differences]


# --- any history ---------------------------------------------------------------------------------------------------
TRADES = st.tuples(
    st.sampled_from([ANN, BOB]),
    st.sampled_from(["AAPL", "IBM"]),
    st.sampled_from(list(Side)),
    st.integers(1, 90),
    st.integers(90, 110),
)
#: Of the trades so far, by their place: void, or another size and price.
AMENDMENTS = st.tuples(st.integers(0, 30), st.none() | st.tuples(st.integers(1, 90), st.integers(90, 110)))


@settings(max_examples=40)
@given(steps=st.lists(TRADES | AMENDMENTS, max_size=25))
def test_after_any_history_each_position_is_worked_out_from_its_executions(steps: list[Any]) -> None:
    desk, standing = Desk(), list[tuple[Any, str]]()
    desk.go_live()
    for number, step in enumerate(steps):
        if len(step) == 5:
            standing.append(traded(desk, number, *step))
        elif standing:
            standing.append(amended(desk, *standing.pop(step[0] % len(standing)), step[1]))
            standing = [each for each in standing if each[1]]
    for (account, symbol), position in desk.positions.items():
        own = [each for each in desk.executions.values() if (each.account, each.symbol) == (account, symbol)]
        assert worked_out(position, own) == position
    assert {(each.account, each.symbol) for each in desk.executions.values()} == desk.positions.keys()


def traded(desk: Desk, number: int, caller: Caller, symbol: str, side: Side, quantity: int, price: int) -> Any:
    order = desk.acknowledged(f"a-{number}", caller=caller, symbol=symbol, side=side)
    report = desk.report(order, ExecType.TRADE, fill=(quantity, price))
    desk.do(report)
    return order, report.report.exec_id


def amended(desk: Desk, order: Any, exec_id: str, terms: tuple[int, int] | None) -> Any:
    """What stands then in its place; without an id for nothing."""
    if terms is None:
        desk.do(desk.report(desk.now(order), ExecType.TRADE_CANCEL, ref_exec_id=exec_id))
        return order, ""
    lasts = {"last_quantity_e8": terms[0] * E8, "last_price_e8": terms[1] * E8}
    report = desk.report(desk.now(order), ExecType.TRADE_CORRECT, ref_exec_id=exec_id, **lasts)
    desk.do(report)
    return order, report.report.exec_id


@pytest.mark.parametrize("seed", [1, 2])
def test_what_the_ledger_wrote_is_what_was_traded(story: Story, trader: Caller, bob: Caller, seed: int) -> None:
    story.pick.seed(seed)
    for _ in range(60):
        story.anything([trader, bob])
    looked = list(positions_verify())
    assert sum(each.executions for each in looked) == Execution.objects.count() > 40
    assert sum(each.positions for each in looked) == Position.objects.count() == 4
    assert Execution.objects.exclude(status="live").count() > 5
    assert [each.differences for each in looked] == [[]]


def test_each_account_is_looked_at_however_many_there_are(story: Story, trader: Caller, bob: Caller) -> None:
    Account.objects.bulk_create(Account(name=f"idle-{number}") for number in range(2 * ACCOUNTS_AT_ONCE))
    story.trade(trader, "AAPL", Side.BUY, 1, 100)
    story.trade(bob, "AAPL", Side.BUY, 1, 100)
    looked = list(positions_verify())
    assert (len(looked), sum(each.positions for each in looked)) == (3, 2)


# --- what is wrong -------------------------------------------------------------------------------------------------
def row_holds_more() -> None:
    Position.objects.update(quantity=5)


def row_cost_less() -> None:
    Position.objects.update(cost_e16=1)


def row_earned_more() -> None:
    Position.objects.update(realized_e16=7)


def row_shows_another_profit() -> None:
    Position.objects.update(unrealized_pnl="0.0001")


def row_is_gone() -> None:
    Position.objects.all().delete()


def an_execution_is_void() -> None:
    Execution.objects.order_by("engine_seq")[:1].get().delete()


def nothing_was_traded() -> None:
    Execution.objects.all().delete()


WRONGS = [
    row_holds_more,
    row_cost_less,
    row_earned_more,
    row_shows_another_profit,
    row_is_gone,
    an_execution_is_void,
    nothing_was_traded,
]


@pytest.fixture
def held(story: Story, trader: Caller) -> Story:
    """10 AAPL at 100 and 4 sold at 110; nobody holds the lease."""
    story.trade(trader, "AAPL", Side.BUY, 10, 100)
    story.trade(trader, "AAPL", Side.SELL, 4, 110)
    give_lease_back(look_at_lease().fence)
    return story


@pytest.fixture
def operator(transactional_db: None) -> User:
    return in_roles(User.objects.create(username="ops1", email="ops1@desk.example"), Role.OPERATIONS)


def command(*words: str) -> Any:
    out = io.StringIO()
    call_command("positions", *words, "--json", stdout=out)
    return json.loads(out.getvalue())


REBUILD = ("rebuild", "--by", "ops1", "--note", "after the restore")


@pytest.mark.parametrize("wrong", WRONGS)
def test_what_is_wrong_is_found_and_made_good(held: Story, operator: User, wrong: Callable[[], None]) -> None:
    wrong()
    (difference,) = found()
    assert difference.faults
    assert len(command(*REBUILD)["differences"]) == 1
    assert found() == []
    assert command(*REBUILD)["differences"] == []


def test_a_rebuilt_position_is_as_it_was(held: Story, operator: User) -> None:
    before = Position.objects.values().get()
    row_is_gone()
    command(*REBUILD)
    after = Position.objects.values().get()
    assert {**after, "updated_at": None} == {**before, "updated_at": None}


def test_a_rebuild_is_told_to_user_and_desk_and_audited(held: Story, operator: User, trader: Caller) -> None:
    row_holds_more()
    command(*REBUILD)
    for stream in (user_stream(trader.user), desk_stream(trader.desk)):  # type: ignore[arg-type]
        event = StreamEvent.objects.filter(stream=stream).latest("number")
        assert (event.channel, event.kind, json.loads(event.data)["quantity"]) == ("positions", "position_rebuilt", "6")
    row = AuditLog.objects.get(action="position.rebuilt")
    assert (row.user, row.before["quantity"], row.after["quantity"]) == (operator, str(5 * E8), str(6 * E8))
    assert row.details == {"account": "ann", "symbol": "AAPL", "note": "after the restore"}


def test_nothing_is_rebuilt_while_an_order_bridge_lives(held: Story, operator: User) -> None:
    fence = take_lease("tcp://127.0.0.1:1")
    row_holds_more()
    with pytest.raises(LeaseHeld, match=str(fence)):
        vacant_lease(60, pause=lambda _seconds: renew_lease(fence))
    assert look_at_lease().fence == fence
    assert len(found()) == 1


def test_a_bridge_that_was_thought_to_be_gone_writes_nothing_after_a_rebuild(
    story: Story, operator: User, trader: Caller
) -> None:
    story.trade(trader, "AAPL", Side.BUY, 10, 100)
    row_holds_more()
    rebuilt = list(positions_rebuild(operator, "it was gone", gone_seconds=0))
    assert [len(each.differences) for each in rebuilt] == [1]
    with pytest.raises(Fenced):
        story.trade(trader, "AAPL", Side.BUY, 10, 100)


def test_where_a_bridge_begins_meanwhile_nothing_more_is_rebuilt(held: Story, operator: User) -> None:
    row_holds_more()
    fence = vacant_lease(0)
    take_lease("tcp://127.0.0.1:1")
    with pytest.raises(Fenced):
        rebuilt(fence, Q(), operator, "too late")
    assert len(found()) == 1


# --- the command ---------------------------------------------------------------------------------------------------
def test_the_command_ends_with_1_and_names_what_differs(held: Story) -> None:
    assert {**command("verify"), "seconds": 0} == {"executions": 2, "positions": 1, "seconds": 0, "differences": []}
    row_holds_more()
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 of 1 positions") as error:
        call_command("positions", "verify", "--json", stdout=out)
    assert error.value.returncode == 1
    (row,) = json.loads(out.getvalue())["differences"]
    assert row == {"account": "ann", "symbol": "AAPL", "faults": {"quantity": {"stored": "5", "executions": "6"}}}


def test_the_table_shows_both_values(held: Story) -> None:
    row_earned_more()
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("positions", "verify", stdout=out)
    assert "0.0000000000000007" in out.getvalue()
    assert "1 positions of 2 executions looked at, 1 differ." in out.getvalue()


@pytest.mark.parametrize("by", ["nobody", "ann"])
def test_only_an_operator_rebuilds(held: Story, trader: Caller, by: str) -> None:
    with pytest.raises(CommandError, match="no operator"):
        call_command("positions", "rebuild", "--by", by, "--note", "x")


def test_a_note_of_two_lines_is_refused(held: Story, operator: User) -> None:
    with pytest.raises(CommandError, match="one line"):
        call_command("positions", "rebuild", "--by", "ops1", "--note", "a\nb")
