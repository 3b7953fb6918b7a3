"""Do fills, changes and cancels that cross one another on the way leave what the engine says? (Scoreboard check 10)"""

from __future__ import annotations

import random
from collections import Counter

from bridge.wire.vocabulary import EngineOrderStatus
from orders.lifecycle import FINAL
from orders.lifecycle import OrderEvent as E
from orders.lifecycle import OrderStatus as S
from tests.orders.core.desk import E8
from tests.orders.core.reference_engine import Held
from tests.orders.core.world import World
from tests.scoreboard import Measured

INTERLEAVINGS = 1_000
STEPS = 25
ORDERS = 3
FIGURES = {
    "fills": "orders whose fills are not the engine's",
    "revived": "orders that came back to life",
    "terms": "orders whose total or price is not the engine's",
    "remainders": "orders of which not the total less the fills is left",
}


def crossed(seed: int) -> World:
    """Some orders, and in random order: changes, cancels, fills, and how far either side has listened."""
    world, pick = World(), random.Random(seed)
    world.place(*[(number, pick.randint(2, 6)) for number in range(ORDERS)])
    steps = {change: 8, cancel: 2, fill: 8, engine_listens: 10, bridge_listens: 10}
    for _ in range(STEPS):
        pick.choices(*zip(*steps.items(), strict=True))[0](world, pick)
    for _ in range(3):
        world.all_goes_well()
    return world


def change(world: World, pick: random.Random) -> None:
    world.replace(pick.randrange(ORDERS), pick.randint(1, 9), pick.randint(149, 151))


def cancel(world: World, pick: random.Random) -> None:
    world.cancel(pick.randrange(ORDERS))


def fill(world: World, pick: random.Random) -> None:
    if world.standing:
        held = pick.choice(world.standing)
        world.engine_trades(held, pick.randint(1, held.open_e8 // E8), pick.randint(149, 151))


def engine_listens(world: World, pick: random.Random) -> None:
    world.engine_takes(pick.randint(1, 2))


def bridge_listens(world: World, pick: random.Random) -> None:
    world.bridge_hears(pick.randint(1, 3))


def wrong(world: World) -> Counter[str]:
    """What is not as the engine says, by kind."""
    found: Counter[str] = Counter()
    engines = {held.command.order_id: held for held in world.engine.held.values()}
    for order in world.desk.orders.values():
        held = engines[order.id]
        fills = [each.quantity_e8 for each in world.desk.executions.values() if each.order_id == order.id]
        found["fills"] += not order.filled_e8 == sum(fills) == held.cum_e8
        found["terms"] += (order.quantity_e8, order.price_e8) != (held.quantity_e8, held.price_e8)
        found["statuses"] += order.status.value != held.status.value
        found["remainders"] += order.quantity_e8 - order.filled_e8 != remainder_e8(held)
        found["revived"] += revived([each.order.status for each in world.desk.history if each.order.id == order.id])
    return found


def remainder_e8(held: Held) -> int:
    """What was wanted last, less what is filled."""
    return 0 if held.status is EngineOrderStatus.FILLED else held.quantity_e8 - held.cum_e8


def revived(statuses: list[S]) -> bool:
    ended = [status in FINAL for status in statuses]
    return ended != sorted(ended)


def test_a_thousand_crossings_end_as_the_engine_says(measured: Measured) -> None:
    seen: Counter[E] = Counter()
    together: Counter[str] = Counter()
    for seed in range(INTERLEAVINGS):
        world = crossed(seed)
        found = wrong(world)
        assert not any(found.values()), f"seed {seed}: {found}"
        world.check()
        together += found
        seen.update(each.event for each in world.desk.history)
    measured(10, "interleavings", INTERLEAVINGS, "1,000")
    for kind, words in FIGURES.items():
        measured(10, words, together[kind], "0")
    assert min(seen[event] for event in (E.REPLACED, E.REPLACE_REJECTED, E.CANCELED, E.FILLED)) > INTERLEAVINGS // 10


def test_every_crossing_that_there_is_was_met() -> None:
    """A change or cancel on its way, and what happened to the order before it arrived."""
    met = set()
    for seed in range(INTERLEAVINGS // 5):
        before: dict[object, S] = {}
        for each in crossed(seed).desk.history:
            met.add((before.get(each.order.id), each.event))
            before[each.order.id] = each.order.status
    pending = {
        S.PENDING_REPLACE: {E.PARTIALLY_FILLED, E.FILLED, E.REPLACED, E.REPLACE_REJECTED, E.CANCEL_REQUESTED},
        S.PENDING_CANCEL: {E.PARTIALLY_FILLED, E.FILLED, E.REPLACED, E.REPLACE_REJECTED, E.CANCELED},
    }
    assert not {(status, event) for status, events in pending.items() for event in events} - met
