"""A trader who places groups, for tests of the core: the desk, and the three kinds of group in few words."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

from bridge.wire.messages import CancelOrder, NewOrder, ReplaceOrder, ReplayDone
from bridge.wire.vocabulary import ExecType, OrderType, Side
from orders.core.draft import Draft
from orders.core.groups.legs import GroupKind
from orders.core.inputs import Basket, Close, LinkUp, Place, PlaceGroup, Replayed
from orders.core.outcomes import GroupReply, PlacedReply
from orders.core.state import OrderState
from orders.requests import Caller, ClosePositions, PlaceBasket, PlaceOrderGroup
from tests.orders.core.desk import ANN, E8, EPOCH, INSTRUMENTS, LATER_US, Desk

Body = dict[str, Any]


def limit(side: Side, price: int, units: int = 100, **more: Any) -> Body:
    return {"side": side, "price_e8": price * E8, "quantity_e8": units * E8, **more}


def stop(side: Side, price: int, units: int = 100, **more: Any) -> Body:
    priced = {"order_type": OrderType.STOP, "price_e8": None, "stop_price_e8": price * E8}
    return {"side": side, "quantity_e8": units * E8, **priced, **more}


def market(side: Side, units: int = 100, **more: Any) -> Body:
    return {"side": side, "quantity_e8": units * E8, "order_type": OrderType.MARKET, "price_e8": None, **more}


#: sells what is held, at a profit or at a loss
OCO = (limit(Side.SELL, 160), stop(Side.SELL, 140))
OTO = (limit(Side.BUY, 150), limit(Side.SELL, 160))
BRACKET = (limit(Side.BUY, 150), limit(Side.SELL, 160), stop(Side.SELL, 140))


class GroupDesk(Desk):
    """Orders of group `g` have the client order ids `g-0`, `g-1`, …"""

    def __init__(self) -> None:
        super().__init__()
        self._groups = itertools.count(1)

    def places(self, name: str, bodies: tuple[Body, ...], caller: Caller = ANN) -> tuple[Place, ...]:
        ids = [body.get("client_order_id", f"{name}-{number}") for number, body in enumerate(bodies)]
        plain = [{key: value for key, value in body.items() if key != "client_order_id"} for body in bodies]
        return tuple(self.place_input(each, caller=caller, **body) for each, body in zip(ids, plain, strict=True))

    def group_input(self, kind: GroupKind, *bodies: Body, name: str = "g", **fields: Any) -> PlaceGroup:
        places = self.places(name, bodies)
        told = {"request_id": 1, "deadline_us": LATER_US, "caller": ANN, **fields}
        request = PlaceOrderGroup(kind=kind, orders=[each.request for each in places], **told)
        return PlaceGroup(self.ticket(), request, uuid.UUID(int=7_000_000 + next(self._groups)), places)

    def group(self, kind: GroupKind, *bodies: Body, name: str = "g") -> list[OrderState]:
        """Its orders as stored; AssertionError where the core refused it."""
        reply = self.do(self.group_input(kind, *bodies, name=name)).replies[-1]
        assert isinstance(reply, GroupReply), reply
        return [self.orders[order.id] for order in reply.orders]

    def basket_input(self, *bodies: Body, name: str = "b") -> Basket:
        places = self.places(name, bodies)
        requests = [each.request for each in places]
        request = PlaceBasket(request_id=1, deadline_us=LATER_US, caller=ANN, orders=requests)
        return Basket(self.ticket(), request, places)

    def close_input(
        self, close_id: str = "c", *symbols: str, caller: Caller = ANN, deadline_us: int = LATER_US
    ) -> Close:
        told = {"request_id": 1, "deadline_us": deadline_us, "caller": caller}
        return Close(self.ticket(), ClosePositions(close_id=close_id, symbols=list(symbols), **told))

    def ticket(self) -> Any:
        return self.place_input("ticket").ticket

    # --- the link -----------------------------------------------------------------------------------------------------
    def welcome(self, last_seq: int) -> list[Any]:
        return [LinkUp(EPOCH, last_seq, INSTRUMENTS)]

    def replayed(self) -> Any:
        """Nothing is missing any more."""
        cursor = self.book.cursor
        done = ReplayDone(session=self.book.session, epoch=cursor.epoch, last_seq=cursor.seq, complete=True)
        return Replayed(done)

    # --- the engine's words, by the order as it is now -------------------------------------------------------------
    def works(self, *orders: OrderState) -> None:
        """The engine acknowledges them."""
        for order in orders:
            self.do(self.report(self.now(order), ExecType.NEW))

    def fills(self, order: OrderState, units: int, price: int = 150) -> Draft:
        return self.do(self.report(self.now(order), ExecType.TRADE, fill=(units, price)))

    def ends(self, order: OrderState, kind: ExecType = ExecType.CANCELED) -> Draft:
        return self.do(self.report(self.now(order), kind))

    def resized(self, order: OrderState, units: int) -> Draft:
        return self.do(self.report(self.now(order), ExecType.REPLACED, quantity_e8=units * E8))

    # --- what left -------------------------------------------------------------------------------------------------
    def sent_new(self) -> list[uuid.UUID]:
        return [message.order_id for message in self.sent if isinstance(message, NewOrder)]

    def sent_cancels(self) -> list[uuid.UUID]:
        return [message.order_id for message in self.sent if isinstance(message, CancelOrder)]

    def sent_totals(self, order: OrderState) -> list[int]:
        """The totals, in whole units, that were asked for."""
        asked = [message for message in self.sent if isinstance(message, ReplaceOrder)]
        return [(message.quantity_e8 or 0) // E8 for message in asked if message.order_id == order.id]

    @property
    def alarms(self) -> list[str]:
        return [alarm.sentence for draft in self.drafts for alarm in draft.alarms]


class Trader(GroupDesk):
    """A live desk."""

    def __init__(self) -> None:
        super().__init__()
        self.go_live()


def items(draft: Draft) -> list[Any]:
    """Of a basket, or of positions that are closed."""
    reply = draft.replies[-1]
    assert isinstance(reply, PlacedReply), reply
    return reply.items
