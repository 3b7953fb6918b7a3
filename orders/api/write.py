"""How are orders placed, changed and cancelled over REST?

`Prefer: wait=2` holds the answer until the engine has spoken, two seconds at most.
"""

from __future__ import annotations

from typing import ClassVar, cast
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from accounts.models import User
from accounts.permissions import needs, rights_of_request
from accounts.policy import Function
from accounts.rights import Rights
from accounts.tokens import session_id_of
from orders.api.answers import Written, order_placed, order_written, preferred_wait, written
from orders.api.asynchronous import AsyncAPIView
from orders.api.bodies import CanceledItemsSerializer, PlaceOrderBody, ReplaceOrderBody, WrittenOrderSerializer
from orders.api.queries import CancelAllQuery, asked
from orders.requests import Caller
from orders.services import caller_of, order_cancel, order_place, order_replace, orders_cancel_all
from orders.shapes import canceled_shape
from tradingmw.budgets import Purse
from tradingmw.openapi import reference
from tradingmw.typed_body import decoded

WRITES = frozenset({"POST", "PATCH", "DELETE"})
PREFER = OpenApiParameter("Prefer", str, OpenApiParameter.HEADER, description="`wait=2`: wait for the engine's answer.")


class OrderWritingView(AsyncAPIView):
    """Looks up on whose behalf a write is asked for, before it costs him anything of his budget."""

    purses: ClassVar = {"DELETE": Purse.CANCELS}
    caller: Caller
    rights: Rights

    def check_permissions(self, request: Request) -> None:
        super().check_permissions(request)
        if request.method in WRITES:
            self.rights = rights_of_request(request)
            address = request.META.get("REMOTE_ADDR")
            self.caller = caller_of(cast(User, request.user), self.rights, address, session_id_of(request))


def response(done: Written) -> HttpResponse:
    """Rendered already: a DRF response would cost a hop to a thread for it."""
    return HttpResponse(done.body, status=done.status, headers=done.headers)


class OrdersWrite(OrderWritingView):
    """`/orders`"""

    @needs(Function.ORDERS_PLACE)
    @extend_schema(
        operation_id="orders_place",
        summary="Place an order, exactly once per clientOrderId",
        parameters=[PREFER],
        request={"application/json": reference(PlaceOrderBody)},
        responses={201: WrittenOrderSerializer, 200: WrittenOrderSerializer},
    )
    async def post(self, request: Request) -> HttpResponse:
        body = decoded(PlaceOrderBody, request.data)
        wait_seconds = preferred_wait(request.headers.get("Prefer", ""))
        answer = await order_place(order=body.order(self.caller), rights=self.rights, wait_seconds=wait_seconds)
        return response(order_placed(answer, wait_seconds))

    @needs(Function.ORDERS_CANCEL)
    @extend_schema(
        operation_id="orders_cancel_all",
        summary="Cancel all your open orders, or your desk's, or those of some symbols",
        parameters=[CancelAllQuery],
        responses={207: CanceledItemsSerializer},
    )
    async def delete(self, request: Request) -> HttpResponse:
        wanted = asked(CancelAllQuery, request).validated_data
        answer = await orders_cancel_all(caller=self.caller, rights=self.rights, **wanted)
        return response(written(canceled_shape(answer), answer, 207))


class OrderWrite(OrderWritingView):
    """`/orders/{id}`"""

    @needs(Function.ORDERS_CHANGE)
    @extend_schema(
        operation_id="orders_replace",
        summary="Change the quantity or the prices of one of your orders",
        request={"application/json": reference(ReplaceOrderBody)},
        responses={202: WrittenOrderSerializer},
    )
    async def patch(self, request: Request, order_id: UUID) -> HttpResponse:
        body = decoded(ReplaceOrderBody, request.data)
        answer = await order_replace(change=body.change(self.caller, order_id), rights=self.rights)
        return response(order_written(answer, 202))

    @needs(Function.ORDERS_CANCEL)
    @extend_schema(
        operation_id="orders_cancel", summary="Cancel one of your orders", responses={202: WrittenOrderSerializer}
    )
    async def delete(self, _request: Request, order_id: UUID) -> HttpResponse:
        answer = await order_cancel(caller=self.caller, rights=self.rights, order_id=order_id)
        return response(order_written(answer, 202))
