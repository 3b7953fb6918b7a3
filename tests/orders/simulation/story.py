"""Do both sides tell the same story in the end? The rules for a world that has come to rest."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from uuid import UUID

from bridge.wire.vocabulary import Side
from orders.core.book import Phase
from orders.core.outcomes import OrderChanged
from orders.core.state import NOWHERE, ExecutionState, OrderState
from orders.lifecycle import OrderEvent as E
from orders.lifecycle import OrderStatus as S
from orders.lifecycle import next_status

if TYPE_CHECKING:
    from tests.orders.simulation.commands import Held
    from tests.orders.simulation.simulation import Simulation

IN_DOUBT = frozenset({S.PENDING_NEW, S.PENDING_CANCEL, S.PENDING_REPLACE, S.UNKNOWN})


def is_settled(world: Simulation) -> bool:
    """Has everything that was in doubt come to an end, as far as the bridge knows?"""
    book, engine = world.bridge.book, world.engine
    if not world.bridge.alive or book.link.phase is not Phase.LIVE or book.asks or book.replaces:
        return False
    if (book.cursor.epoch, book.cursor.seq) != (engine.epoch, engine.seq) or world.bridge.has_work:
        return False
    standing = [order for order in book.orders.values() if not order.final and not order.held]
    return not any(order.cancel_wanted or order.status in IN_DOUBT for order in standing)


def check_story(world: Simulation) -> None:
    """`BrokenRule` where the two differ in anything."""
    check_engine(world)
    for order in world.store.orders.values():
        check_fold(world, order, world.store.history[order.id])
        check_against_engine(world, order)
    check_executions(world)
    check_positions(world)
    check_groups(world)
    for key, order_id in world.traders.told.items():
        world.rules.hold(world.store.client_ids.get(key) == order_id, "{} was acknowledged and is lost", key)


def check_groups(world: Simulation) -> None:
    """Nothing of an OCO may still trade more than what is left of it."""
    groups: defaultdict[UUID, list[OrderState]] = defaultdict(list)
    for order in world.store.orders.values():
        if order.group:
            groups[order.group].append(order)
    for legs in groups.values():
        if legs[0].shared_e8 is None:
            continue
        left_e8 = legs[0].shared_e8 - sum(leg.filled_e8 for leg in legs)
        large = [leg for leg in legs if not leg.final and leg.quantity_e8 - leg.filled_e8 > max(left_e8, 0)]
        world.rules.hold(not large, "{} may trade more than {} of its group", large, left_e8)


def check_engine(world: Simulation) -> None:
    twice = [order_id for order_id, times in world.engine.taken.items() if times > 1]
    world.rules.hold(not twice, "the engine has taken {} twice", twice)
    unknown = world.engine.taken.keys() - world.store.orders.keys()
    world.rules.hold(not unknown, "the engine holds {}, of which we know nothing", unknown)


def check_fold(world: Simulation, order: OrderState, history: list[OrderChanged]) -> None:
    """The row is what its history adds up to, and each report of the engine is in it once."""
    hold = world.rules.hold
    status: S | None = None
    for number, step in enumerate(history, start=1):
        hold(step.order.version == number, "event {} of {} is missing", number, order.id)
        status = next_status(status, step.event, traded=step.order.filled_e8 > 0)
    hold((status, len(history)) == (order.status, order.version), "{} is not what its history says", order)
    told = [(step.source, step.event) for step in history if step.source != NOWHERE]
    hold(len(told) == len(set(told)), "a report was applied twice: {}", told)


def check_against_engine(world: Simulation, order: OrderState) -> None:
    hold, engine, key = world.rules.hold, world.engine, (order.account_name, order.client_order_id)
    held = engine.held.get(key)
    if held is None:
        lost = engine.forgotten.get(key)
        if lost is not None:
            hold(order.status is S.CANCELED and order.reason == "ENGINE_LOST", "{} is lost by the engine", order)
            hold(order.filled_e8 == lost.cum_e8, "{} has other fills than the engine had: {}", order, lost)
        else:
            hold(order.status in (S.DENIED, S.REJECTED) or not was_sent(world, order), "{} is not at the engine", order)
        return
    check_same(world, order, held)


def was_sent(world: Simulation, order: OrderState) -> bool:
    """Or was it kept, to its end or until now?"""
    events = {step.event for step in world.store.history[order.id]}
    return E.HELD not in events or E.RELEASED in events


def check_same(world: Simulation, order: OrderState, held: Held) -> None:
    hold = world.rules.hold
    hold(order.symbol == held.symbol, "{} is of another instrument at the engine: {}", order, held)
    hold(order.status.value == held.status.value, "{} is otherwise at the engine: {}", order, held)
    terms = (order.filled_e8, order.quantity_e8, order.price_e8)
    hold(terms == (held.cum_e8, held.quantity_e8, held.price_e8), "{} has other terms at the engine: {}", order, held)
    history, changes = world.store.history[order.id], world.engine.changes.get(order.id, 0)
    told = sum(step.event is E.REPLACED and not step.order.held for step in history)
    hold(told == changes, "{} was changed {} times, {} are told", order, changes, told)


def check_executions(world: Simulation) -> None:
    """Every trade that is live at the engine once, and no other; each order has the sum of its own."""
    live = [each for each in world.store.executions.values() if each.live]
    ours = {each.exec_id: (each.order_id, each.quantity_e8, each.price_e8) for each in live}
    trades = world.engine.trades.values()
    theirs = {each.exec_id: (each.held.command.order_id, each.quantity_e8, each.price_e8) for each in trades}
    world.rules.hold(ours == theirs, "fills that only one side has: {}", set(ours.items()) ^ set(theirs.items()))
    filled: defaultdict[UUID, int] = defaultdict(int)
    notional: defaultdict[UUID, int] = defaultdict(int)
    for order_id, quantity_e8, price_e8 in ours.values():
        filled[order_id] += quantity_e8
        notional[order_id] += quantity_e8 * price_e8
    for order in world.store.orders.values():
        sums = (filled[order.id], notional[order.id])
        world.rules.hold((order.filled_e8, order.filled_notional_e16) == sums, "{} is not the sum of its fills", order)


def is_live(execution: ExecutionState) -> bool:
    return execution.live


def check_positions(world: Simulation) -> None:
    """Quantity and money: what was paid is either in what is held or realised."""
    quantity: defaultdict[tuple[UUID, str], int] = defaultdict(int)
    paid: defaultdict[tuple[UUID, str], int] = defaultdict(int)
    for each in filter(is_live, world.store.executions.values()):
        signed_e8 = each.quantity_e8 if each.side is Side.BUY else -each.quantity_e8
        quantity[each.account, each.symbol] += signed_e8
        paid[each.account, each.symbol] += signed_e8 * each.price_e8
    for key in quantity.keys() | world.store.positions.keys():
        position = world.store.positions.get(key)
        held = (position.quantity_e8, position.cost_e16 - position.realized_e16) if position else (0, 0)
        world.rules.hold(held == (quantity[key], paid[key]), "{} is not the sum of its executions", position)
