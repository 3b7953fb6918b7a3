"""Is trading halted at once, what of open orders then, and who may let go?"""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.strategies import sampled_from
from msgspec.structs import replace

from bridge.wire.messages import CancelOrder, NewOrder, OrderStatusRequest
from bridge.wire.vocabulary import EngineOrderStatus, ExecType
from orders.core.book import Phase
from orders.core.draft import Draft
from orders.core.halting import FOLLOW_UP_US, RELEASE_US, SLICE, TELL_US, halt_unwritten
from orders.core.inputs import Halt, SetState, StatusTold, Tick, Ticket
from orders.core.outcomes import StateReply
from orders.core.scopes import FIRM, Scope, Target
from orders.core.trading_states import Restriction, TradingState, worst_of
from orders.lifecycle import OrderEvent, OrderStatus
from orders.requests import SetTradingState
from tests.orders.core.desk import ANN, BOB, Desk, not_sent, refusal_code
from tests.orders.core.halts import EVE, FAY, GUS, OF_ANN, set_state, wish

HALTED, REDUCE_ONLY, ACTIVE = TradingState.HALTED, TradingState.REDUCE_ONLY, TradingState.ACTIVE


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.go_live()
    return desk


def denied(desk: Desk, client_order_id: str = "later", **fields: Any) -> bool:
    """Was such an order stopped here?"""
    before = len(desk.sent)
    desk.do(desk.place_input(client_order_id, **fields))
    return not [one for one in desk.sent[before:] if isinstance(one, NewOrder)]


# --- what is halted ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("scope", list(Scope))
def test_nothing_new_passes_what_is_halted(desk: Desk, scope: Scope) -> None:
    set_state(desk, HALTED, EVE, scope, OF_ANN[scope])
    assert denied(desk)


@pytest.mark.parametrize("scope", [Scope.DESK, Scope.USER, Scope.SYMBOL])
def test_others_trade_on(desk: Desk, scope: Scope) -> None:
    set_state(desk, HALTED, EVE, scope, OF_ANN[scope])
    assert not denied(desk, caller=BOB, symbol="IBM")


def test_an_order_behind_the_kill_in_one_batch_is_stopped(desk: Desk) -> None:
    draft = desk.do(Halt(wish(HALTED)), desk.place_input())
    assert not draft.to_engine


def test_open_orders_end_with_the_engines_word(desk: Desk) -> None:
    order = desk.acknowledged()
    set_state(desk, HALTED)
    assert desk.now(order).status is OrderStatus.PENDING_CANCEL
    desk.do(desk.report(order, ExecType.CANCELED))
    assert desk.events(order)[-2:] == [OrderEvent.CANCEL_REQUESTED, OrderEvent.CANCELED]
    assert desk.history[-2].reason == "TRADING_HALTED"


def test_the_link_has_told_the_engine_and_the_core_tells_it_only_what_that_did_not_do(desk: Desk) -> None:
    order = desk.acknowledged()
    set_state(desk, HALTED)
    assert not [one for one in desk.sent if isinstance(one, CancelOrder)]
    desk.now_us += FOLLOW_UP_US
    desk.do(Tick())
    assert desk.last(OrderStatusRequest).order_id == order.id
    desk.do(StatusTold(desk.status(desk.now(order), EngineOrderStatus.NEW)))
    assert desk.last(CancelOrder).order_id == order.id


def test_who_shares_an_account_is_cancelled_order_by_order(desk: Desk) -> None:
    order = desk.acknowledged()
    set_state(desk, HALTED, EVE, Scope.USER, str(ANN.user), shared=True)
    assert desk.last(CancelOrder).order_id == order.id


def test_a_fill_that_crosses_the_kill_counts(desk: Desk) -> None:
    order = desk.acknowledged()
    set_state(desk, HALTED)
    desk.do(desk.report(order, ExecType.TRADE, fill=(40, 150)))
    desk.do(desk.report(desk.now(order), ExecType.CANCELED))
    assert (desk.now(order).status, desk.now(order).filled_e8) == (OrderStatus.CANCELED, 40 * 10**8)


def test_an_order_that_the_link_kept_back_is_denied(desk: Desk) -> None:
    order = desk.place()
    set_state(desk, HALTED)
    desk.do(not_sent(desk.last(NewOrder)))
    assert desk.now(order).status is OrderStatus.DENIED


def test_more_orders_than_a_batch_takes_end_in_slices(desk: Desk) -> None:
    orders = [desk.acknowledged(f"a-{number}") for number in range(SLICE + 1)]
    set_state(desk, HALTED)
    assert sum(desk.now(order).cancel_wanted for order in orders) == SLICE
    desk.do(Tick())
    assert all(desk.now(order).cancel_wanted for order in orders)


def test_a_restart_in_the_middle_goes_on_with_the_others(desk: Desk) -> None:
    orders = [desk.acknowledged(f"a-{number}") for number in range(SLICE + 1)]
    set_state(desk, HALTED)
    kept = dict(desk.book.restrictions)
    desk.restart()
    desk.book.restrictions, desk.book.sweeping = kept, True  # as `ledger.states` loads them
    desk.do(Tick())
    assert all(desk.now(order).cancel_wanted for order in orders) and denied(desk)
    desk.now_us += TELL_US
    assert desk.do(Tick()).alarms, "They are told of after the restart, too."


def test_a_kill_that_the_tables_do_not_take_is_in_force_all_the_same(desk: Desk) -> None:
    order = desk.acknowledged()
    draft = Draft(desk.book, desk.now_us)
    halt_unwritten(draft, wish(HALTED), "a fault")
    draft.adopt()
    assert draft.alarms and not draft.booked and denied(desk)
    assert desk.now(order).cancel_wanted


def test_without_a_link_the_cancel_is_kept_until_there_is_one(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.book.link = type(desk.book.link)(phase=Phase.DOWN)
    set_state(desk, HALTED)
    assert desk.now(order).cancel_wanted
    desk.go_live()
    desk.do(Tick())
    desk.do(StatusTold(desk.status(desk.now(order), EngineOrderStatus.NEW)))
    assert desk.last(CancelOrder).order_id == order.id


def test_what_is_not_confirmed_is_told_until_it_is(desk: Desk) -> None:
    order = desk.acknowledged()
    set_state(desk, HALTED)
    desk.now_us += TELL_US
    (alarm,) = desk.do(Tick()).alarms
    assert alarm.facts == {"count": 1, "orders": [str(order.id)]}
    desk.do(desk.report(order, ExecType.CANCELED))
    desk.now_us += TELL_US
    assert not desk.do(Tick()).alarms and not desk.book.look_at_halted_us


def test_to_reduce_only_leaves_what_rests(desk: Desk) -> None:
    order = desk.acknowledged()
    set_state(desk, REDUCE_ONLY)
    assert desk.now(order).status is OrderStatus.NEW


def test_the_worst_counts_and_of_equals_the_widest(desk: Desk) -> None:
    order = desk.place()
    set_state(desk, REDUCE_ONLY, EVE, Scope.FIRM)
    set_state(desk, HALTED, EVE, Scope.SYMBOL, "AAPL")
    set_state(desk, HALTED, EVE, Scope.DESK, str(ANN.desk))
    worst = worst_of(desk.book.restrictions, order)
    assert worst is not None and worst.target == Target(Scope.DESK, str(ANN.desk))


# --- a kill comes twice --------------------------------------------------------------------------------------------
def test_a_kill_that_is_in_the_tables_is_only_checked_off(desk: Desk) -> None:
    asked = Halt(wish(HALTED))
    desk.do(asked)
    set_state(desk, ACTIVE, FAY)
    set_state(desk, ACTIVE, GUS)
    desk.book.booked = {asked.wanted.id}
    draft = desk.do(asked)
    assert draft.booked == [asked.wanted.id] and not draft.state_changes and not desk.book.restrictions


def test_a_kill_twice_in_one_batch_is_one(desk: Desk) -> None:
    asked = Halt(wish(HALTED))
    assert len(desk.do(asked, asked).state_changes) == 1


def test_each_change_is_audited_with_before_and_after(desk: Desk) -> None:
    (audit,) = set_state(desk, HALTED).audits
    assert (audit.action, audit.resource, audit.order_id) == ("trading_state.block", "trading_state", "firm")
    assert (audit.before, audit.after) == ({"state": "active"}, {"state": "halted"})


def test_a_signed_change_names_its_signature(desk: Desk) -> None:
    signed = uuid.uuid4()
    draft = desk.do(Halt(replace(wish(HALTED), signed=signed)))
    assert draft.audits[0].details["signedRequest"] == str(signed)


def test_a_drill_ends_by_who_began_it_and_only_where_no_kill_has_met_it(desk: Desk) -> None:
    began, ends = replace(wish(HALTED, None), drill=True), replace(wish(ACTIVE, None), drill=True)
    ending = SetState(Ticket(b"web", 1), SetTradingState(request_id=1, deadline_us=desk.now_us + 1, wanted=ends))
    desk.do(Halt(began))
    set_state(desk, HALTED, EVE)
    assert refusal_code(desk.do(ending)) == "SECOND_PERSON_REQUIRED"
    set_state(desk, ACTIVE, FAY)
    set_state(desk, ACTIVE, GUS)
    desk.do(Halt(replace(began, id=uuid.uuid4())))
    assert not desk.do(ending).book.restrictions


# --- who lets go ---------------------------------------------------------------------------------------------------
def test_two_who_did_not_block_let_go(desk: Desk) -> None:
    set_state(desk, HALTED, EVE)
    (reply,) = set_state(desk, ACTIVE, FAY).replies
    assert isinstance(reply, StateReply) and reply.restriction and reply.restriction.state is HALTED
    (reply,) = set_state(desk, ACTIVE, GUS).replies
    assert isinstance(reply, StateReply) and reply.restriction is None
    assert not denied(desk)


def test_who_blocked_neither_asks_nor_agrees(desk: Desk) -> None:
    set_state(desk, HALTED, EVE)
    assert refusal_code(set_state(desk, ACTIVE, EVE)) == "SECOND_PERSON_REQUIRED"
    set_state(desk, ACTIVE, FAY)
    draft = set_state(desk, ACTIVE, EVE)
    assert (refusal_code(draft), draft.audits[0].action) == ("SECOND_PERSON_REQUIRED", "trading_state.denied")


def test_whom_it_binds_alone_has_no_say(desk: Desk) -> None:
    set_state(desk, HALTED, EVE, Scope.USER, str(FAY))
    assert refusal_code(set_state(desk, ACTIVE, FAY, Scope.USER, str(FAY))) == "SECOND_PERSON_REQUIRED"


def test_to_let_go_takes_a_right_that_to_block_does_not(desk: Desk) -> None:
    set_state(desk, HALTED, EVE, releases=False)
    assert refusal_code(set_state(desk, REDUCE_ONLY, FAY, releases=False)) == "FORBIDDEN"


def test_a_wish_ends_after_a_quarter_of_an_hour(desk: Desk) -> None:
    set_state(desk, HALTED, EVE)
    set_state(desk, ACTIVE, FAY)
    desk.now_us += RELEASE_US
    set_state(desk, ACTIVE, GUS)
    assert desk.book.restrictions[FIRM].state is HALTED
    set_state(desk, ACTIVE, FAY)
    assert not desk.book.restrictions


def test_a_new_block_takes_the_wish_back(desk: Desk) -> None:
    set_state(desk, HALTED, EVE)
    set_state(desk, ACTIVE, FAY)
    set_state(desk, HALTED, uuid.UUID(int=99))
    assert desk.book.restrictions[FIRM].release is None
    set_state(desk, ACTIVE, GUS)
    assert desk.book.restrictions[FIRM].state is HALTED


def test_what_is_active_already_needs_no_second_person(desk: Desk) -> None:
    (reply,) = set_state(desk, ACTIVE, FAY).replies
    assert isinstance(reply, StateReply) and reply.restriction is None


def test_a_late_wish_is_refused(desk: Desk) -> None:
    set_state(desk, HALTED, EVE)
    request = SetTradingState(request_id=1, deadline_us=desk.now_us, wanted=wish(ACTIVE, FAY))
    assert refusal_code(desk.do(SetState(Ticket(b"web", 1), request))) == "ORDER_BRIDGE_UNAVAILABLE"


SEVERE = {ACTIVE: 0, REDUCE_ONLY: 1, HALTED: 2}
PEOPLE = [EVE, FAY, GUS, uuid.UUID(int=74), None]


class FourEyes(RuleBasedStateMachine):
    """Whoever asks for what, when: what was blocked is never let go by fewer than two who did not block it."""

    @initialize()
    def begin(self) -> None:
        self.desk = Desk()
        self.desk.go_live()
        self.blockers: set[uuid.UUID | None] = set()
        self.wishes: dict[uuid.UUID | None, tuple[TradingState, int]] = {}
        self.state = ACTIVE

    @rule(user=sampled_from(PEOPLE), state=sampled_from(list(TradingState)), releases=sampled_from([True, True, False]))
    def ask(self, user: uuid.UUID | None, state: TradingState, releases: bool) -> None:
        before = self.state
        set_state(self.desk, state, user, releases=releases)
        now = self._now()
        if SEVERE[state] >= SEVERE[before] and state is not ACTIVE:
            assert now is state, "A block is in force at once."
            self.blockers.add(user)
            self.wishes.clear()
        elif SEVERE[now] < SEVERE[before]:
            others = {
                one
                for one, (wanted, until_us) in self.wishes.items()
                if wanted is state and until_us > self.desk.now_us and one != user
            }
            assert others and releases and user is not None, "One alone lets nothing go."
            assert user not in self.blockers and not others & self.blockers, "Nor does who has blocked it."
            self.wishes.clear()
        elif releases and user is not None and user not in self.blockers:
            self.wishes = {user: (state, self.desk.now_us + RELEASE_US)}
        if now is ACTIVE:
            self.blockers.clear()
        self.state = now

    @rule(seconds=sampled_from([1, 600, 1_000]))
    def wait(self, seconds: int) -> None:
        self.desk.now_us += seconds * 1_000_000

    @invariant()
    def gate_is_as_told(self) -> None:
        if hasattr(self, "desk"):
            assert self._now() is self.state

    def _now(self) -> TradingState:
        one: Restriction | None = self.desk.book.restrictions.get(FIRM)
        return one.state if one else ACTIVE


TestFourEyes = FourEyes.TestCase
TestFourEyes.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
