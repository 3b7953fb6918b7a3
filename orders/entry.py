"""How are orders placed, changed and cancelled over a socket? By the same services as over REST, with the same checks.

Requests of one socket reach the order bridge in their order; the answers come as they are there.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any, NamedTuple
from uuid import UUID

from accounts.models import Session
from accounts.rights import Rights, rights_of, scopes_of
from accounts.sockets import Later
from orders.api.bodies import PlaceOrderBody, ReplaceOrderBody
from orders.callers import callers
from orders.messages import CancelAll, CancelOne, ReplaceOne
from orders.requests import Caller, PlaceOrder, ReplaceOrder
from orders.services import caller_of, order_cancel, order_place, order_replace, orders_cancel_all
from orders.shapes import canceled_shape, written_shape
from tradingmw.errors import TooManyRequests
from tradingmw.rate_limit import write_buckets


class Asker(NamedTuple):
    """On whose behalf something is asked, and what he may do now."""

    caller: Caller
    rights: Rights


class OrderEntry:
    """The orders of one socket, in the name of its user. Used from one event loop, one call after another."""

    def __init__(self, user_id: UUID, ip_address: str | None, session: Callable[[], Session]) -> None:
        """`session` gives the one in which the socket is now: a person's, or a key's with its scopes."""
        self._user_id, self._ip_address, self._session = user_id, ip_address, session

    async def place(self, body: PlaceOrderBody) -> Later[dict[str, Any]]:
        """The order of `body`; the same again gives the order as it is."""
        self._spend()
        by = await self.asker()
        return Later(placed(body.order(by.caller), by.rights))

    async def replace(self, asked: ReplaceOne) -> Later[dict[str, Any]]:
        self._spend()
        body = ReplaceOrderBody(quantity=asked.quantity, price=asked.price, stop_price=asked.stop_price)
        by = await self.asker()
        return Later(replaced(body.change(by.caller, asked.id), by.rights))

    async def cancel(self, asked: CancelOne) -> Later[dict[str, Any]]:
        self._spend()
        return Later(canceled(await self.asker(), asked.id))

    async def cancel_all(self, asked: CancelAll) -> Later[dict[str, Any]]:
        self._spend()
        return Later(all_canceled(await self.asker(), asked))

    def _spend(self) -> None:
        """One write of the user's budget, which REST takes from too; TooManyRequests where nothing is left."""
        if wait_seconds := write_buckets().take(self._user_id).wait_seconds:
            raise TooManyRequests("You write too fast.", retry_after_seconds=ceil(wait_seconds))

    async def asker(self) -> Asker:
        """As the database has him now; Forbidden for who has no account."""
        user, session = await callers().user(self._user_id), self._session()
        rights = rights_of(user, scopes_of(session))
        return Asker(caller_of(user, rights, self._ip_address, session.id), rights)


async def placed(order: PlaceOrder, rights: Rights) -> dict[str, Any]:
    return written_shape(await order_place(order=order, rights=rights))


async def replaced(change: ReplaceOrder, rights: Rights) -> dict[str, Any]:
    return written_shape(await order_replace(change=change, rights=rights))


async def canceled(by: Asker, order_id: UUID) -> dict[str, Any]:
    return written_shape(await order_cancel(caller=by.caller, rights=by.rights, order_id=order_id))


async def all_canceled(by: Asker, asked: CancelAll) -> dict[str, Any]:
    symbols = asked.symbols or ()
    answer = await orders_cancel_all(caller=by.caller, rights=by.rights, symbols=symbols, desk=asked.desk)
    return canceled_shape(answer)
