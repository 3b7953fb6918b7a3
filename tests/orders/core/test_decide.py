"""Does every order end up as the engine says, whatever happens on the way there?"""

from __future__ import annotations

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.orders.core.desk import E8, SECOND_US
from tests.orders.core.world import World

numbers = st.integers(0, 15)
SEEDS = 400
STEPS = 60


class BridgeAndEngine(RuleBasedStateMachine):
    """Hypothesis looks for a short way into trouble."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @rule(orders=st.lists(st.tuples(numbers, st.integers(1, 3)), min_size=1, max_size=4))
    def place(self, orders: list[tuple[int, int]]) -> None:
        self.world.place(*orders)

    @rule(number=numbers)
    def cancel(self, number: int) -> None:
        self.world.cancel(number)

    @rule(number=numbers, units=st.integers(1, 5), price=st.integers(149, 151))
    def replace(self, number: int, units: int, price: int) -> None:
        self.world.replace(number, units, price)

    @rule(us=st.integers(0, 25 * SECOND_US // 10))
    def time_passes(self, us: int) -> None:
        self.world.time_passes(us)

    @rule(count=st.integers(1, 5))
    def engine_takes(self, count: int) -> None:
        self.world.engine_takes(count)

    @precondition(lambda self: self.world.standing)
    @rule(data=st.data(), price=st.integers(1, 3))
    def engine_trades(self, data: st.DataObject, price: int) -> None:
        held = data.draw(st.sampled_from(self.world.standing))
        units = data.draw(st.integers(1, held.open_e8 // E8))
        self.world.engine_trades(held, units, price)

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

    @precondition(lambda self: self.world.to_bridge)
    @rule(data=st.data())
    def a_message_is_repeated(self, data: st.DataObject) -> None:
        self.world.repeat(data.draw(st.integers(0, len(self.world.to_bridge) - 1)))

    @precondition(lambda self: self.world.astray)
    @rule(data=st.data())
    def a_lost_command_arrives_after_all(self, data: st.DataObject) -> None:
        self.world.arrive_after_all(data.draw(st.integers(0, len(self.world.astray) - 1)))

    @invariant()
    def what_must_hold_holds(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        self.world.heal()


TestBridgeAndEngine = BridgeAndEngine.TestCase
TestBridgeAndEngine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


# --- many long ways, each from its seed ----------------------------------------------------------------------------
def step(world: World, pick: random.Random) -> None:
    """One random thing, the more usual ones more often."""
    what = pick.choices(*zip(*WEIGHTS.items(), strict=True))[0]  # type: ignore[arg-type]
    what(world, pick)


def place(world: World, pick: random.Random) -> None:
    world.place(*[(pick.randrange(1000), pick.randint(1, 3)) for _ in range(pick.randint(1, 4))])


def place_and_break(world: World, pick: random.Random) -> None:
    """The worst moment: the command is on its way and nobody has heard of it."""
    place(world, pick)
    if world.up:
        world.break_down(pick.choice(["link", "bridge", "engine"]))
        world.connect()


def cancel(world: World, pick: random.Random) -> None:
    ids = [order.client_order_id for order in world.desk.orders.values()]
    if ids:
        world.cancel(int(pick.choice(ids).removeprefix("a-")))


def replace(world: World, pick: random.Random) -> None:
    ids = [order.client_order_id for order in world.desk.orders.values()]
    if ids:
        world.replace(int(pick.choice(ids).removeprefix("a-")), pick.randint(1, 5), pick.randint(149, 151))


def trade(world: World, pick: random.Random) -> None:
    if standing := world.standing:
        held = pick.choice(standing)
        world.engine_trades(held, pick.randint(1, held.open_e8 // E8), pick.randint(1, 3))


def bust(world: World, pick: random.Random) -> None:
    if trades := world.engine.live_trades:
        world.engine_busts(pick.choice(trades), works_again=pick.random() < 0.5)


def break_or_connect(world: World, pick: random.Random) -> None:
    if world.up:
        world.break_down(pick.choice(["link", "bridge", "engine"]))
    else:
        world.connect()


def tamper(world: World, pick: random.Random) -> None:
    if waiting := len(world.to_bridge):
        if pick.random() < 0.6:
            world.drop(pick.randrange(waiting))
        else:
            world.repeat(pick.randrange(waiting))


def arrive(world: World, pick: random.Random) -> None:
    if world.astray:
        world.arrive_after_all(pick.randrange(len(world.astray)))


WEIGHTS = {
    place: 12,
    place_and_break: 3,
    cancel: 6,
    replace: 12,
    trade: 10,
    bust: 3,
    break_or_connect: 4,
    tamper: 10,
    arrive: 5,
    (lambda world, pick: world.engine_takes(pick.randint(1, 6))): 14,
    (lambda world, pick: world.bridge_hears(pick.randint(1, 8))): 14,
    (lambda world, pick: world.all_goes_well()): 4,
    (lambda world, pick: world.connect() if not world.up else None): 6,
    (lambda world, pick: world.time_passes(pick.randrange(SECOND_US))): 10,
}


@pytest.mark.parametrize("block", range(4))
def test_both_sides_tell_the_same_story_in_the_end(block: int) -> None:
    for seed in range(block * SEEDS // 4, (block + 1) * SEEDS // 4):
        world, pick = World(), random.Random(seed)
        try:
            for _ in range(STEPS):
                step(world, pick)
            world.check()
            world.heal()
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
