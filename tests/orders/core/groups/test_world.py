"""Does a group keep its promises whatever happens on the way to the engine?

Nothing that waits is sent before its parent has traded, exits are never larger than the entry's fills, orders that
share a quantity are brought to an end with it, and nothing waits for what is over.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bridge.wire.messages import NewOrder
from orders.core.book import Phase
from orders.core.groups.legs import DEPENDENTS, EXITS, SHARING, TRIGGERS, GroupKind
from orders.core.groups.sharing import OVERRUN, traded
from orders.core.state import Held, OrderState
from orders.lifecycle import OrderEvent, OrderStatus
from tests.orders.core.desk import E8, SECOND_US
from tests.orders.core.groups.trader import BRACKET, OCO, OTO, Body, GroupDesk
from tests.orders.core.world import World

UNITS = 4
BODIES: dict[GroupKind, tuple[Body, ...]] = {
    kind: tuple({**body, "quantity_e8": UNITS * E8} for body in bodies)
    for kind, bodies in {GroupKind.OCO: OCO, GroupKind.OTO: OTO, GroupKind.BRACKET: BRACKET}.items()
}
kinds = st.sampled_from(list(GroupKind))
FILLS = {OrderEvent.PARTIALLY_FILLED, OrderEvent.FILLED}
SEEDS, STEPS = 100, 80


class GroupWorld(World):
    """A bridge whose trader places groups, an engine, and two bad wires between them."""

    desk_of = GroupDesk

    def __init__(self) -> None:
        super().__init__()
        self.placed = 0

    @property
    def trader(self) -> GroupDesk:
        return cast(GroupDesk, self.desk)

    def do(self, *inputs: Any) -> None:
        super().do(*inputs)
        for message in self.desk.drafts[-1].to_engine:
            if isinstance(message, NewOrder):
                self.check_sent(message)

    def check_sent(self, message: NewOrder) -> None:
        """At the moment at which it is sent."""
        order = self.desk.orders[message.order_id]
        if order.leg in DEPENDENTS:
            trigger = self.trigger_of(order)
            assert trigger.final and 0 < message.quantity_e8 <= trigger.filled_e8, (trigger, order)

    def place_group(self, kind: GroupKind) -> None:
        self.placed += 1
        self.do(self.trader.group_input(kind, *BODIES[kind], name=f"g{self.placed}"))

    def cancel_leg(self, order: OrderState) -> None:
        self.do(self.desk.cancel_input(order.id))

    def reprice(self, order: OrderState, price: int) -> None:
        """Of one that stands; those that wait are changed without the engine."""
        if order.price_e8 is not None and not order.held:
            self.do(self.desk.replace_input(order.id, price_e8=price * E8))

    # --- what must hold --------------------------------------------------------------------------------------------
    @property
    def legs(self) -> list[OrderState]:
        return [order for order in self.desk.orders.values() if order.group]

    def group_of(self, group: UUID | None) -> list[OrderState]:
        return [order for order in self.legs if order.group == group]

    def trigger_of(self, order: OrderState) -> OrderState:
        return next(each for each in self.group_of(order.group) if each.leg in TRIGGERS)

    def check(self) -> None:
        super().check()
        for group in {order.group for order in self.legs}:
            self.check_group(self.group_of(group))

    def check_group(self, legs: list[OrderState]) -> None:
        for leg in legs:
            if leg.leg in DEPENDENTS:
                self.waits_for_what_is_not_over(leg, self.trigger_of(leg))
        sharing = [leg for leg in legs if leg.leg in SHARING]
        if sharing:
            self.shares(sharing, self.allowed(sharing))

    def waits_for_what_is_not_over(self, leg: OrderState, trigger: OrderState) -> None:
        if leg.held is Held.PARENT and trigger.final:
            assert trigger.filled_e8 and self.desk.book.link.phase is not Phase.LIVE, (trigger, leg)
        if leg.id in {each.order_id for each in self.desk.sent if isinstance(each, NewOrder)}:
            assert FILLS & set(self.desk.events(trigger)), (trigger, leg)

    def allowed(self, sharing: list[OrderState]) -> int:
        if sharing[0].leg in EXITS:
            return self.trigger_of(sharing[0]).filled_e8
        return sharing[0].shared_e8 or 0

    def shares(self, sharing: list[OrderState], allowed_e8: int) -> None:
        """When all is traded nobody works on unasked; more than all was told."""
        left_e8 = allowed_e8 - traded(sharing)
        if left_e8 <= 0:
            assert all(leg.final or leg.held or leg.cancel_wanted for leg in sharing), sharing
        if left_e8 < 0:
            assert any(alarm.sentence == OVERRUN for draft in self.desk.drafts for alarm in draft.alarms)

    def both_sides_tell_the_same_story(self) -> None:
        """And nothing of a group may trade more than what is left of it."""
        super().both_sides_tell_the_same_story()
        for group in {order.group for order in self.legs}:
            legs = self.group_of(group)
            assert not any(leg.held and self.trigger_of(leg).final for leg in legs if leg.leg in DEPENDENTS)
            sharing = [leg for leg in legs if leg.leg in SHARING]
            left_e8 = self.allowed(sharing) - traded(sharing) if sharing else 0
            for leg in sharing:
                if not leg.final and not leg.held:
                    assert leg.quantity_e8 - leg.filled_e8 <= left_e8, legs


# --- a short way into trouble ----------------------------------------------------------------------------------------
class Groups(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = GroupWorld()

    @rule(kind=kinds)
    def place(self, kind: GroupKind) -> None:
        self.world.place_group(kind)

    @precondition(lambda self: self.world.legs)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self.world.cancel_leg(data.draw(st.sampled_from(self.world.legs)))

    @precondition(lambda self: self.world.legs)
    @rule(data=st.data(), price=st.integers(149, 165))
    def reprice(self, data: st.DataObject, price: int) -> None:
        self.world.reprice(data.draw(st.sampled_from(self.world.legs)), price)

    @rule(us=st.integers(0, 25 * SECOND_US // 10))
    def time_passes(self, us: int) -> None:
        self.world.time_passes(us)

    @rule(count=st.integers(1, 5))
    def engine_takes(self, count: int) -> None:
        self.world.engine_takes(count)

    @precondition(lambda self: self.world.standing)
    @rule(data=st.data(), all_of_it=st.booleans())
    def engine_trades(self, data: st.DataObject, all_of_it: bool) -> None:
        held = data.draw(st.sampled_from(self.world.standing))
        units = held.open_e8 // E8 if all_of_it else 1
        self.world.engine_trades(held, units, 150)

    @precondition(lambda self: self.world.engine.live_trades)
    @rule(data=st.data(), works_again=st.booleans())
    def engine_busts(self, data: st.DataObject, works_again: bool) -> None:
        trade = data.draw(st.sampled_from(self.world.engine.live_trades))
        self.world.engine_busts(trade, works_again=works_again)

    @rule(count=st.integers(1, 8))
    def bridge_hears(self, count: int) -> None:
        self.world.bridge_hears(count)

    @rule()
    def all_goes_well(self) -> None:
        self.world.all_goes_well()

    @precondition(lambda self: self.world.up)
    @rule(what=st.sampled_from(["link", "bridge", "engine"]))
    def something_breaks(self, what: str) -> None:
        self.world.break_down(what)

    @precondition(lambda self: not self.world.up)
    @rule()
    def connect(self) -> None:
        self.world.connect()

    @precondition(lambda self: self.world.to_bridge)
    @rule(data=st.data())
    def a_message_is_dropped(self, data: st.DataObject) -> None:
        self.world.drop(data.draw(st.integers(0, len(self.world.to_bridge) - 1)))

    @precondition(lambda self: self.world.astray)
    @rule(data=st.data())
    def a_lost_command_arrives_after_all(self, data: st.DataObject) -> None:
        self.world.arrive_after_all(data.draw(st.integers(0, len(self.world.astray) - 1)))

    @invariant()
    def what_must_hold_holds(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        self.world.heal()


TestGroups = Groups.TestCase
TestGroups.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)


# --- many long ways, each from its seed ------------------------------------------------------------------------------
def a_trade(world: GroupWorld, pick: random.Random) -> None:
    if standing := world.standing:
        held = pick.choice(standing)
        world.engine_trades(held, held.open_e8 // E8 if pick.random() < 0.4 else 1, 150)


def a_bust(world: GroupWorld, pick: random.Random) -> None:
    if trades := world.engine.live_trades:
        world.engine_busts(pick.choice(trades), works_again=pick.random() < 0.5)


def a_break(world: GroupWorld, pick: random.Random) -> None:
    if world.up:
        world.break_down(pick.choice(["link", "bridge", "engine"]))
    else:
        world.connect()


def a_cancel(world: GroupWorld, pick: random.Random) -> None:
    if world.legs:
        world.cancel_leg(pick.choice(world.legs))


def a_price(world: GroupWorld, pick: random.Random) -> None:
    if world.legs:
        world.reprice(pick.choice(world.legs), pick.randint(149, 165))


WEIGHTS: dict[Callable[[GroupWorld, random.Random], None], int] = {
    lambda world, pick: world.place_group(pick.choice(list(GroupKind))): 2,
    a_trade: 8,
    a_bust: 1,
    a_cancel: 1,
    a_price: 1,
    a_break: 1,
    lambda world, pick: world.engine_takes(pick.randint(1, 5)): 6,
    lambda world, pick: world.bridge_hears(pick.randint(1, 8)): 6,
    lambda world, _: world.all_goes_well(): 3,
    lambda world, pick: world.time_passes(pick.randint(0, 2 * SECOND_US)): 2,
}


@pytest.mark.parametrize("part", range(3))
def test_groups_keep_their_promises_on_long_ways(part: int) -> None:
    ended: dict[OrderStatus, int] = {}
    for seed in range(part * SEEDS, (part + 1) * SEEDS):
        world, pick = GroupWorld(), random.Random(seed)
        for _ in range(STEPS):
            (deed,) = pick.choices(list(WEIGHTS), list(WEIGHTS.values()))
            deed(world, pick)
            world.check()
        world.heal()
        for leg in world.legs:
            ended[leg.status] = ended.get(leg.status, 0) + 1
    assert {OrderStatus.FILLED, OrderStatus.CANCELED} <= ended.keys(), "Nothing happened."
