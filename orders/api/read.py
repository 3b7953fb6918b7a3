"""Which orders, executions and positions does REST show? Those of the caller's own account; others' are 404.

The classes hold `get` only; `orders.urls` joins them with the writing verbs of the same path.
"""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.permissions import needs
from accounts.policy import Function
from orders import selectors
from orders.api.queries import ExecutionsQuery, HistoryQuery, OrdersQuery, PositionsQuery, asked
from orders.api.serializers import (
    ExecutionsPageSerializer,
    OrderHistoryPageSerializer,
    OrderSerializer,
    OrdersPageSerializer,
    PositionsPageSerializer,
)
from orders.selectors import StatusFilter
from tradingmw.paging import Page


def account_of(request: Request) -> UUID | None:
    """The caller's; a user without one owns nothing."""
    return cast(User, request.user).account_id


def page_response(page: Page[Any]) -> Response:
    return Response({"items": page.items, "nextPageToken": page.next_token})


class OrdersRead(APIView):
    """`/orders`"""

    @needs(Function.ORDERS_READ_OWN)
    @extend_schema(
        operation_id="orders_list",
        summary="Your orders, newest first",
        parameters=[OrdersQuery],
        responses=OrdersPageSerializer,
    )
    def get(self, request: Request) -> Response:
        query = asked(OrdersQuery, request)
        page = selectors.orders_page(
            account_of(request),
            status=StatusFilter(query.validated_data["status"]),
            wanted=query.wanted,
            place=query.validated_data.get("pageToken"),
            limit=query.validated_data["limit"],
        )
        return page_response(page)


class OrderRead(APIView):
    """`/orders/{id}`"""

    @needs(Function.ORDERS_READ_OWN)
    @extend_schema(operation_id="orders_get", summary="One of your orders", responses=OrderSerializer)
    def get(self, request: Request, order_id: UUID) -> Response:
        return Response(selectors.order_get(account_of(request), order_id))


class OrderByClientIdView(APIView):
    """`/orders/by-client-id/{clientOrderId}`"""

    @needs(Function.ORDERS_READ_OWN)
    @extend_schema(
        operation_id="orders_get_by_client_id", summary="One of your orders, by your own id", responses=OrderSerializer
    )
    def get(self, request: Request, client_order_id: str) -> Response:
        return Response(selectors.order_by_client_id(account_of(request), client_order_id))


class OrderHistoryView(APIView):
    """`/orders/{id}/history`"""

    @needs(Function.ORDERS_READ_OWN)
    @extend_schema(
        operation_id="orders_history",
        summary="What happened to one of your orders, oldest first",
        parameters=[HistoryQuery],
        responses=OrderHistoryPageSerializer,
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        query = asked(HistoryQuery, request).validated_data
        page = selectors.order_history(account_of(request), order_id, after=query["pageToken"], limit=query["limit"])
        return page_response(page)


class ExecutionsView(APIView):
    """`/executions`"""

    @needs(Function.ORDERS_READ_OWN)
    @extend_schema(
        operation_id="executions_list",
        summary="Your executions, newest first",
        parameters=[ExecutionsQuery],
        responses=ExecutionsPageSerializer,
    )
    def get(self, request: Request) -> Response:
        query = asked(ExecutionsQuery, request)
        page = selectors.executions_page(
            account_of(request),
            wanted=query.wanted,
            place=query.validated_data.get("pageToken"),
            limit=query.validated_data["limit"],
        )
        return page_response(page)


class PositionsView(APIView):
    """`/positions`"""

    @needs(Function.ORDERS_READ_OWN)
    @extend_schema(
        operation_id="positions_list",
        summary="Your positions, by symbol",
        parameters=[PositionsQuery],
        responses=PositionsPageSerializer,
    )
    def get(self, request: Request) -> Response:
        query = asked(PositionsQuery, request).validated_data
        page = selectors.positions_page(
            account_of(request),
            symbols=query.get("symbols", ()),
            after=query.get("pageToken", ""),
            limit=query["limit"],
        )
        return page_response(page)
