"""How long does a kill take, today, here? Orders of a user who is there for it are rested, killed, and counted.

It goes the way that every kill goes. Only its end is special: nobody was to be stopped, so the operator who began it
lets go again; neither is a restriction that somebody else has set touched, nor one that another kill has met.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import NamedTuple

from django.db.models import QuerySet
from msgspec.structs import replace

from bridge.sockets.curve import KeyRing
from bridge.sockets.pump import process_pump
from bridge.wire.vocabulary import OrderType, Side, TimeInForce
from orders.client import OrderClient
from orders.core.trading_states import TradingState
from orders.lifecycle import OPEN, OrderStatus
from orders.models import Order, OrderHistory
from orders.requests import Caller, OrderAnswer, PlaceOrder, SetTradingState, TradingStateAnswer, WantedState
from orders.states.asking import bridge_address
from tradingmw.env import env
from tradingmw.errors import Code, TradingError

LOOK_SECONDS = 0.01
AT_ONCE = 50
E8 = 10**8
#: as the scoreboard has them
GATE_MS_MAX, CANCELED_MS_MAX = 100.0, 1_000.0


class Plan(NamedTuple):
    """So many orders for one lot of `symbol` at a price at which nobody sells."""

    caller: Caller
    symbol: str
    price_e8: int
    quantity_e8: int
    orders: int
    timeout_seconds: float = 30.0


class Report(NamedTuple):
    """Milliseconds from the moment at which the kill was asked for."""

    orders: int
    gate_closed_ms: float
    answered_ms: float
    recorded: bool
    stopped: bool  #: an order behind it was denied
    canceled: int
    last_canceled_ms: float | None  #: by the engine's word; None: not all were
    unconfirmed: list[str]
    released: bool

    @property
    def passed(self) -> bool:
        in_time = self.gate_closed_ms <= GATE_MS_MAX and (self.last_canceled_ms or CANCELED_MS_MAX) <= CANCELED_MS_MAX
        return in_time and self.recorded and self.stopped and self.released and not self.unconfirmed


def drilled(plan: Plan, halt: WantedState, end: WantedState) -> Report:
    """TradingError where the bridge cannot be asked, or an order was not taken. What was halted is let go again."""
    client = OrderClient(process_pump(), KeyRing(env().keys), bridge_address(), deadline_seconds=plan.timeout_seconds)
    try:
        names = asyncio.run(rested(client, plan))
        asked_us = now_us()
        try:
            answer = asyncio.run(asked(client, halt))
            answered_us = now_us()
            stopped = asyncio.run(is_stopped(client, plan))
            wait_until_ended(names, plan.timeout_seconds)
        finally:
            freed = asyncio.run(asked(client, end))
    finally:
        client.close()
    return report(plan, names, asked_us, answered_us, answer, stopped, released=freed.restriction is None)


async def rested(client: OrderClient, plan: Plan) -> list[str]:
    """Their names; each stands in the engine then."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one() -> str:
        order = an_order(plan, wait_us=int(plan.timeout_seconds * 1_000_000))
        async with gate:
            answer = await client.ask(order, OrderAnswer, wait_seconds=plan.timeout_seconds)
        if answer.order["status"] != OrderStatus.NEW.value:
            raise TradingError(f"An order of the drill is {answer.order['status']}: {answer.order['reason']}.")
        return order.client_order_id

    return list(await asyncio.gather(*(one() for _ in range(plan.orders))))


def an_order(plan: Plan, wait_us: int = 0) -> PlaceOrder:
    return PlaceOrder(
        request_id=1,
        deadline_us=0,
        caller=plan.caller,
        client_order_id=f"drill-{uuid.uuid4().hex}",
        symbol=plan.symbol,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.DAY,
        quantity_e8=plan.quantity_e8,
        price_e8=plan.price_e8,
        wait_until_us=now_us() + wait_us if wait_us else 0,
    )


async def asked(client: OrderClient, wanted: WantedState) -> TradingStateAnswer:
    return await client.ask(SetTradingState(request_id=1, deadline_us=0, wanted=wanted), TradingStateAnswer)


async def is_stopped(client: OrderClient, plan: Plan) -> bool:
    try:
        answer = await client.ask(an_order(plan), OrderAnswer)
    except TradingError as error:
        return error.code is Code.TRADING_HALTED
    return bool(answer.order["status"] == OrderStatus.DENIED.value)


def wait_until_ended(names: list[str], timeout_seconds: float) -> None:
    until = time.monotonic() + timeout_seconds
    while of(names).filter(status__in=sorted(OPEN)).exists() and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)


def of(names: list[str]) -> QuerySet[Order]:
    return Order.objects.filter(client_order_id__in=names)


def now_us() -> int:
    return time.time_ns() // 1000


def report(
    plan: Plan,
    names: list[str],
    asked_us: int,
    answered_us: int,
    answer: TradingStateAnswer,
    stopped: bool,
    *,
    released: bool,
) -> Report:
    ended = OrderHistory.objects.filter(order__client_order_id__in=names, status=OrderStatus.CANCELED.value)
    told = [us for us in ended.values_list("arrived_us", flat=True) if us]
    left = of(names).filter(status__in=sorted(OPEN)).values_list("id", flat=True)
    whole = len(told) >= len(names)
    return Report(
        orders=len(names),
        gate_closed_ms=(answer.timing.decided_us - asked_us) / 1000,
        answered_ms=(answered_us - asked_us) / 1000,
        recorded=answer.recorded,
        stopped=stopped,
        canceled=len(told),
        last_canceled_ms=(max(told) - asked_us) / 1000 if told and whole else None,
        unconfirmed=[str(order) for order in left],
        released=released,
    )


def of_drill(like: WantedState, state: TradingState) -> WantedState:
    """Its begin and its end differ in the state."""
    return replace(like, id=uuid.uuid4(), state=state, drill=True)
