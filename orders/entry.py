"""How are orders placed, changed and cancelled over a socket? By the same services as over REST, with the same checks.

Requests of one socket reach the order bridge in their order; the answers come as they are there.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any, NamedTuple
from uuid import UUID

from accounts.models import Session, User
from accounts.rights import Rights, rights_of, scopes_of
from accounts.sockets import Budgeted, Later
from orders.api.bodies import PlaceOrderBody, ReplaceOrderBody
from orders.budget import with_budget
from orders.callers import callers
from orders.groups.bodies import ClosePositionsBody, PlaceBasketBody, PlaceGroupBody
from orders.groups.services import basket_place, group_place, positions_close
from orders.groups.shapes import group_shape, placed_shape
from orders.messages import CancelAll, CancelOne, ReplaceOne
from orders.requests import (
    Caller,
    ClosePositions,
    OrderAnswer,
    PlaceBasket,
    PlaceOrder,
    PlaceOrderGroup,
    ReplaceOrder,
)
from orders.safeguarding import (
    CancelAfterBody,
    CancelOnDisconnect,
    CancelOnDisconnectSet,
    cancel_after_shape,
    guarded_shape,
    orders_cancel_after,
    session_guard,
)
from orders.services import caller_of, order_cancel, order_place, order_replace, orders_cancel_all
from orders.shapes import canceled_shape, written_shape
from tradingmw.budgets import Purse
from tradingmw.errors import TooManyRequests
from tradingmw.rate_limit import user_budgets

Written = Budgeted[dict[str, Any]]


class Asker(NamedTuple):
    """On whose behalf something is asked, and what he may do now."""

    caller: Caller
    rights: Rights


class Known(NamedTuple):
    """What this look at a user and this session have come to. Neither is changed: what is read anew is another."""

    user: User
    session: Session
    asker: Asker


class OrderEntry:
    """The orders of one socket, in the name of its user. Made and used on one event loop, one call after another."""

    def __init__(self, user_id: UUID, ip_address: str | None, session: Callable[[], Session]) -> None:
        """`session` gives the one in which the socket is now: a person's, or a key's with its scopes."""
        self._user_id, self._ip_address, self._session = user_id, ip_address, session
        self._callers = callers()
        self._known: Known | None = None

    async def place(self, body: PlaceOrderBody) -> Later[Written]:
        """The order of `body`; the same again gives the order as it is."""
        by = await self.asker()
        spend(by, Purse.WRITES)
        return Later(placed(body.order(by.caller), by.rights))

    async def replace(self, asked: ReplaceOne) -> Later[Written]:
        by = await self.asker()
        spend(by, Purse.WRITES)
        body = ReplaceOrderBody(
            quantity=asked.quantity,
            price=asked.price,
            stop_price=asked.stop_price,
            confirmation_token=asked.confirmation_token,
        )
        return Later(replaced(body.change(by.caller, asked.id), by.rights))

    async def cancel(self, asked: CancelOne) -> Later[Written]:
        by = await self.asker()
        spend(by, Purse.CANCELS)
        return Later(canceled(by, asked.id))

    async def cancel_all(self, asked: CancelAll) -> Later[Written]:
        by = await self.asker()
        spend(by, Purse.CANCELS)
        return Later(all_canceled(by, asked))

    async def place_group(self, body: PlaceGroupBody) -> Later[Written]:
        """All of it or nothing; the same again gives the group as it is."""
        by = await self.asker()
        spend(by, Purse.WRITES)
        return Later(group_placed(body.group(by.caller), by.rights))

    async def place_basket(self, body: PlaceBasketBody) -> Later[Written]:
        by = await self.asker()
        spend(by, Purse.WRITES)
        return Later(basket_placed(body.basket(by.caller), by.rights))

    async def close(self, body: ClosePositionsBody) -> Later[Written]:
        by = await self.asker()
        spend(by, Purse.CANCELS)
        return Later(closed(body.close(by.caller), by.rights))

    async def cancel_after(self, asked: CancelAfterBody) -> Later[Written]:
        by = await self.asker()
        spend(by, Purse.CANCELS)
        return Later(canceled_later(by, asked))

    async def guard(self, asked: CancelOnDisconnect) -> Later[Budgeted[CancelOnDisconnectSet]]:
        by = await self.asker()
        spend(by, Purse.CANCELS)
        return Later(guarded(by, asked))

    async def asker(self) -> Asker:
        """As the database has him now; Forbidden for who has no account."""
        return self.asker_of(await self._callers.user(self._user_id), self._session())

    def asker_of(self, user: User, session: Session) -> Asker:
        """Worked out once for each look at the user, and for each session; Forbidden for who has no account."""
        if self._known is None or self._known.user is not user or self._known.session is not session:
            rights = rights_of(user, scopes_of(session))
            caller = caller_of(user, rights, self._ip_address, session.id)
            self._known = Known(user, session, Asker(caller, rights))
        return self._known.asker


def spend(by: Asker, purse: Purse) -> None:
    """One token of the user's in this process, which REST takes from too; TooManyRequests where nothing is left."""
    budget = user_budgets().take(by.caller.user, purse, by.caller.tier)
    if budget.wait_seconds:
        error = TooManyRequests("You write too fast.", retry_after_seconds=ceil(budget.wait_seconds))
        raise with_budget(error, budget)


async def placed(order: PlaceOrder, rights: Rights) -> Written:
    return written(await order_place(order=order, rights=rights))


async def replaced(change: ReplaceOrder, rights: Rights) -> Written:
    return written(await order_replace(change=change, rights=rights))


async def canceled(by: Asker, order_id: UUID) -> Written:
    return written(await order_cancel(caller=by.caller, rights=by.rights, order_id=order_id))


async def group_placed(group: PlaceOrderGroup, rights: Rights) -> Written:
    answer = await group_place(group=group, rights=rights)
    return Budgeted(group_shape(answer), answer.budget)


async def basket_placed(basket: PlaceBasket, rights: Rights) -> Written:
    answer = await basket_place(basket=basket, rights=rights)
    return Budgeted(placed_shape(answer), answer.budget)


async def closed(close: ClosePositions, rights: Rights) -> Written:
    answer = await positions_close(close=close, rights=rights)
    return Budgeted(placed_shape(answer), answer.budget)


def written(answer: OrderAnswer) -> Written:
    return Budgeted(written_shape(answer), answer.budget)


async def all_canceled(by: Asker, asked: CancelAll) -> Written:
    symbols = asked.symbols or ()
    answer = await orders_cancel_all(caller=by.caller, rights=by.rights, symbols=symbols, desk=asked.desk)
    return Budgeted(canceled_shape(answer), answer.budget)


async def canceled_later(by: Asker, asked: CancelAfterBody) -> Written:
    answer = await orders_cancel_after(caller=by.caller, rights=by.rights, seconds=asked.seconds)
    return Budgeted(cancel_after_shape(answer), answer.budget)


async def guarded(by: Asker, asked: CancelOnDisconnect) -> Budgeted[CancelOnDisconnectSet]:
    answer = await session_guard(caller=by.caller, rights=by.rights, asked=asked)
    return Budgeted(guarded_shape(asked, answer), answer.budget)
