"""What do traders ask for, and what do they do when nobody answers?

They place, change and cancel. Whoever gets no answer asks again under the same client order id, as the contract tells
clients to; some ask twice for no reason, or use an id for another body.
"""

from __future__ import annotations

import uuid
from itertools import accumulate, count
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from bridge.wire.vocabulary import OrderType, Side, TimeInForce
from orders.core.groups.legs import GroupKind
from orders.core.inputs import Asked, Cancel, CancelAll, Place, PlaceGroup, Replace, Ticket
from orders.core.outcomes import CancelAllReply, DeniedReply, GroupReply, OrderReply, Reply
from orders.requests import Caller, CancelAllOrders, CancelOrder, PlaceOrder, PlaceOrderGroup, ReplaceOrder
from tests.orders.core.desk import ANN, BOB, E8
from tests.orders.simulation.bridge import POISON
from tests.orders.simulation.schedule import MS_US, SECOND_US

if TYPE_CHECKING:
    from tests.orders.simulation.simulation import Simulation

PATIENCE_US = SECOND_US
WAY_US = MS_US
ATTEMPTS = 4
SHAPES: tuple[dict[str, Any], ...] = (
    {"order_type": OrderType.LIMIT, "time_in_force": TimeInForce.DAY, "price_e8": 150 * E8},
    {"order_type": OrderType.LIMIT, "time_in_force": TimeInForce.GTD, "price_e8": 150 * E8},
    {"order_type": OrderType.LIMIT, "time_in_force": TimeInForce.IOC, "price_e8": 150 * E8},
    {"order_type": OrderType.MARKET, "time_in_force": TimeInForce.DAY},
)
SHAPE_WEIGHTS = tuple(accumulate((6, 2, 1, 1)))
DEED_WEIGHTS = tuple(accumulate((10, 2, 6, 5, 1, 2)))


class Traders:
    """`told` is what they were promised: the order of each account and client order id that was acknowledged."""

    def __init__(self, world: Simulation) -> None:
        self._world, self._pick = world, world.pick
        self._numbers, self._requests = count(1), count(1)
        self._placed: list[PlaceOrder] = []
        self._waiting: dict[int, Asked] = {}
        self.told: dict[tuple[uuid.UUID, str], uuid.UUID] = {}

    def act(self) -> None:
        """One of them does something."""
        pick = self._pick
        deeds = (self._place, self._again, self._replace, self._cancel, self._cancel_all, self._place_group)
        deed = pick.weighted(deeds, DEED_WEIGHTS)
        deed(ANN if pick.random() < 0.7 else BOB)

    # --- what they ask for -----------------------------------------------------------------------------------------
    def _place(self, caller: Caller) -> None:
        pick, world = self._pick, self._world
        shape = pick.weighted(SHAPES, SHAPE_WEIGHTS)
        name = POISON if world.happens(world.weather.poison) else "a"
        expires_us = world.bridge.clock_us() + pick.between(100 * MS_US, 6 * SECOND_US - 1)
        request = PlaceOrder(
            request_id=1,
            deadline_us=0,
            caller=caller,
            client_order_id=f"{name}-{next(self._numbers)}",
            symbol=pick.one_of(("AAPL", "IBM")),
            side=pick.one_of((Side.BUY, Side.SELL)),
            quantity_e8=pick.between(1, 6) * E8,
            expires_at_us=expires_us if shape["time_in_force"] is TimeInForce.GTD else None,
            **shape,
        )
        self._placed.append(request)
        self._send_place(request)

    def _place_group(self, caller: Caller) -> None:
        """Two or three orders that share a quantity, or of which the first triggers the others."""
        (ticket, deadline_us), pick = self._ticket(), self._pick
        common: dict[str, Any] = {"request_id": ticket.request_id, "deadline_us": deadline_us, "caller": caller}
        shared = {"symbol": pick.one_of(("AAPL", "IBM")), "side": pick.one_of((Side.BUY, Side.SELL)), **SHAPES[0]}
        quantity_e8 = pick.between(1, 6) * E8
        names = [f"o-{next(self._numbers)}" for _ in range(pick.between(2, 3))]
        orders = [PlaceOrder(client_order_id=name, quantity_e8=quantity_e8, **common, **shared) for name in names]
        kind = pick.one_of((GroupKind.OCO, GroupKind.OTO))
        request = PlaceOrderGroup(kind=kind, orders=orders, **common)
        places = tuple(Place(ticket, order, uuid.UUID(int=pick.getrandbits(128))) for order in orders)
        self._send(PlaceGroup(ticket, request, uuid.UUID(int=pick.getrandbits(128)), places))

    def _again(self, caller: Caller) -> None:
        """The same id, with the same body or another one."""
        if self._placed:
            request = self._pick.one_of(self._placed)
            other = self._pick.random() < 0.3
            self._send_place(replace(request, quantity_e8=request.quantity_e8 + E8) if other else request, attempts=1)

    def _send_place(self, request: PlaceOrder, attempts: int = ATTEMPTS) -> None:
        ticket, deadline_us = self._ticket()
        timed = replace(request, request_id=ticket.request_id, deadline_us=deadline_us)
        self._send(Place(ticket, timed, uuid.UUID(int=self._pick.getrandbits(128))), attempts)

    def _replace(self, caller: Caller) -> None:
        order_id, (ticket, deadline_us) = self._some_order(caller), self._ticket()
        quantity_e8, price_e8 = self._pick.between(1, 8) * E8, self._pick.between(149, 151) * E8
        request = ReplaceOrder(
            request_id=ticket.request_id,
            deadline_us=deadline_us,
            caller=caller,
            order_id=order_id,
            quantity_e8=quantity_e8,
            price_e8=price_e8 if self._pick.random() < 0.5 else None,
        )
        self._send(Replace(ticket, request))

    def _cancel(self, caller: Caller) -> None:
        order_id, (ticket, deadline_us) = self._some_order(caller), self._ticket()
        request = CancelOrder(request_id=ticket.request_id, deadline_us=deadline_us, caller=caller, order_id=order_id)
        self._send(Cancel(ticket, request))

    def _cancel_all(self, caller: Caller) -> None:
        ticket, deadline_us = self._ticket()
        self._send(
            CancelAll(ticket, CancelAllOrders(request_id=ticket.request_id, deadline_us=deadline_us, caller=caller))
        )

    def _some_order(self, caller: Caller) -> uuid.UUID:
        mine = [order_id for (account, _), order_id in self.told.items() if account == caller.account]
        return self._pick.one_of(mine) if mine else uuid.UUID(int=0)

    # --- the way there and back ------------------------------------------------------------------------------------
    def _ticket(self) -> tuple[Ticket, int]:
        return Ticket(b"web", next(self._requests)), self._world.bridge.clock_us() + 2 * SECOND_US

    def _send(self, asked: Asked, attempts: int = 1) -> None:
        self._waiting[asked.ticket.request_id] = asked
        self._world.say("asks", asked.request)
        self._world.schedule.after(self._world.some(WAY_US), self._arrive, asked)
        if attempts > 1:
            self._world.schedule.after(PATIENCE_US, self._impatient, asked, attempts - 1)

    def _arrive(self, asked: Asked) -> None:
        """At the bridge that holds the lease; where there is none, the web process says so."""
        if self._world.bridge.alive:
            self._world.bridge.ask(asked)

    def _impatient(self, asked: Place, attempts: int) -> None:
        if asked.ticket.request_id in self._waiting:
            self._send_place(asked.request, attempts)

    def hear(self, reply: Reply) -> None:
        asked = self._waiting.pop(reply.ticket.request_id, None)
        self._world.say("answered", reply)
        if isinstance(reply, GroupReply):
            for order in reply.orders:
                self.told[order.account, order.client_order_id] = order.id
        if isinstance(reply, CancelAllReply) or not isinstance(asked, Place):
            return
        key = (asked.request.caller.account, asked.request.client_order_id)
        if isinstance(reply, OrderReply | DeniedReply):
            known = self.told.setdefault(key, reply.order.id)
            self._world.rules.hold(known == reply.order.id, "{} was told to be two orders", key)
