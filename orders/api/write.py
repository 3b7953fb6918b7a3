"""How are orders placed, changed and cancelled over REST?

`Prefer: wait=2` holds the answer until the engine has spoken, two seconds at most.
"""

from __future__ import annotations

import re
from typing import Any, cast
from uuid import UUID

import msgspec
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from accounts.models import User
from orders.api.asynchronous import AsyncAPIView
from orders.api.bodies import CanceledItemsSerializer, PlaceOrderBody, ReplaceOrderBody, WrittenOrderSerializer
from orders.api.queries import CancelAllQuery, asked
from orders.requests import Caller, CancelAllAnswer, OrderAnswer
from orders.services import caller_of, order_cancel, order_place, order_replace, orders_cancel_all
from orders.shapes import canceled_shape, written_shape
from orders.timing import server_timing
from tradingmw.openapi import reference
from tradingmw.typed_body import decoded

PREFER_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,2})(?=$|[,;\s])")
WRITES = frozenset({"POST", "PATCH", "DELETE"})
PREFER = OpenApiParameter("Prefer", str, OpenApiParameter.HEADER, description="`wait=2`: wait for the engine's answer.")


class OrderWritingView(AsyncAPIView):
    """Looks up on whose behalf a write is asked for, before it costs him anything of his budget."""

    caller: Caller

    def check_permissions(self, request: Request) -> None:
        super().check_permissions(request)
        if request.method in WRITES:
            self.caller = caller_of(cast(User, request.user), request.META.get("REMOTE_ADDR"))

    def written(self, body: dict[str, Any], answer: OrderAnswer | CancelAllAnswer, status: int) -> HttpResponse:
        """Rendered here: a DRF response would cost a hop to a thread for it."""
        response = HttpResponse(msgspec.json.encode(body), status=status, content_type="application/json")
        response["X-Last-Event-Id"] = str(answer.last_event_id)
        response["Server-Timing"] = server_timing(answer.timing)
        return response

    def written_order(self, answer: OrderAnswer, status: int) -> HttpResponse:
        return self.written(written_shape(answer), answer, status)


class OrdersWrite(OrderWritingView):
    """`/orders`"""

    @extend_schema(
        operation_id="orders_place",
        summary="Place an order, exactly once per clientOrderId",
        parameters=[PREFER],
        request={"application/json": reference(PlaceOrderBody)},
        responses={201: WrittenOrderSerializer, 200: WrittenOrderSerializer},
    )
    async def post(self, request: Request) -> HttpResponse:
        body = decoded(PlaceOrderBody, request.data)
        wait_seconds = preferred_wait(request)
        answer = await order_place(order=body.order(self.caller), wait_seconds=wait_seconds)
        response = self.written_order(answer, 201 if answer.created else 200)
        response["Location"] = f"/api/v1/orders/{answer.order['id']}"
        if wait_seconds:
            response["Preference-Applied"] = f"wait={wait_seconds}"
        return response

    @extend_schema(
        operation_id="orders_cancel_all",
        summary="Cancel all your open orders, or your desk's, or those of some symbols",
        parameters=[CancelAllQuery],
        responses={207: CanceledItemsSerializer},
    )
    async def delete(self, request: Request) -> HttpResponse:
        answer = await orders_cancel_all(caller=self.caller, **asked(CancelAllQuery, request).validated_data)
        return self.written(canceled_shape(answer), answer, 207)


class OrderWrite(OrderWritingView):
    """`/orders/{id}`"""

    @extend_schema(
        operation_id="orders_replace",
        summary="Change the quantity or the prices of one of your orders",
        request={"application/json": reference(ReplaceOrderBody)},
        responses={202: WrittenOrderSerializer},
    )
    async def patch(self, request: Request, order_id: UUID) -> HttpResponse:
        body = decoded(ReplaceOrderBody, request.data)
        return self.written_order(await order_replace(change=body.change(self.caller, order_id)), 202)

    @extend_schema(
        operation_id="orders_cancel", summary="Cancel one of your orders", responses={202: WrittenOrderSerializer}
    )
    async def delete(self, _request: Request, order_id: UUID) -> HttpResponse:
        return self.written_order(await order_cancel(caller=self.caller, order_id=order_id), 202)


def preferred_wait(request: Request) -> int:
    """Seconds of `Prefer: wait=…` (RFC 7240), 0 without it."""
    found = PREFER_WAIT.search(request.headers.get("Prefer", ""))
    return min(int(found[1]), 10) if found else 0
