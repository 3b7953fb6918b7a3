"""Which orders, executions and positions does REST show? Those within the caller's reach; others' are 404.

A trader reaches what is his account's, the head of a desk also what is the desk's, compliance all of it.

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
from accounts.permissions import needs, rights_of_request
from accounts.policy import Function
from accounts.rights import Reach, Scope
from orders import selectors
from orders.api.queries import ExecutionsQuery, HistoryQuery, OrdersQuery, PositionsQuery, asked
from orders.api.serializers import (
    ExecutionsPageSerializer,
    OrderHistoryPageSerializer,
    OrderSerializer,
    OrdersPageSerializer,
    PositionsPageSerializer,
)
from orders.positions.past import positions_as_of
from orders.positions.valuing import valued_for
from orders.selectors import StatusFilter
from tradingmw.paging import Page


def reach_of(request: Request, scope: str | None = None) -> Reach:
    """What the caller may see; of that only `scope` where it is named."""
    return rights_of_request(request).reach(Scope(scope) if scope else None)


def page_response(page: Page[Any]) -> Response:
    return Response({"items": page.items, "nextPageToken": page.next_token})


class OrdersRead(APIView):
    """`/orders`"""

    @needs(Function.ORDERS_READ_OWN)
    @extend_schema(
        operation_id="orders_list",
        summary="Orders, newest first",
        parameters=[OrdersQuery],
        responses=OrdersPageSerializer,
    )
    def get(self, request: Request) -> Response:
        query = asked(OrdersQuery, request)
        page = selectors.orders_page(
            reach_of(request, query.validated_data.get("scope")),
            status=StatusFilter(query.validated_data["status"]),
            wanted=query.wanted,
            place=query.validated_data.get("pageToken"),
            limit=query.validated_data["limit"],
        )
        return page_response(page)


class OrderRead(APIView):
    """`/orders/{id}`"""

    @needs(Function.ORDERS_READ_OWN)
    @extend_schema(operation_id="orders_get", summary="One order", responses=OrderSerializer)
    def get(self, request: Request, order_id: UUID) -> Response:
        return Response(selectors.order_get(reach_of(request), order_id))


class OrderByClientIdView(APIView):
    """`/orders/by-client-id/{clientOrderId}`"""

    @needs(Function.ORDERS_READ_OWN)
    @extend_schema(
        operation_id="orders_get_by_client_id", summary="One of your orders, by your own id", responses=OrderSerializer
    )
    def get(self, request: Request, client_order_id: str) -> Response:
        return Response(selectors.order_by_client_id(cast(User, request.user).account_id, client_order_id))


class OrderHistoryView(APIView):
    """`/orders/{id}/history`"""

    @needs(Function.ORDERS_READ_OWN)
    @extend_schema(
        operation_id="orders_history",
        summary="What happened to an order, oldest first",
        parameters=[HistoryQuery],
        responses=OrderHistoryPageSerializer,
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        query = asked(HistoryQuery, request).validated_data
        page = selectors.order_history(reach_of(request), order_id, after=query["pageToken"], limit=query["limit"])
        return page_response(page)


class ExecutionsView(APIView):
    """`/executions`"""

    @needs(Function.ORDERS_READ_OWN)
    @extend_schema(
        operation_id="executions_list",
        summary="Executions, newest first",
        parameters=[ExecutionsQuery],
        responses=ExecutionsPageSerializer,
    )
    def get(self, request: Request) -> Response:
        query = asked(ExecutionsQuery, request)
        page = selectors.executions_page(
            reach_of(request, query.validated_data.get("scope")),
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
        summary="Positions by symbol, at the market's price; or as they were",
        parameters=[PositionsQuery],
        responses=PositionsPageSerializer,
    )
    def get(self, request: Request) -> Response:
        query = asked(PositionsQuery, request).validated_data
        reach = reach_of(request, query.get("scope"))
        part = {"symbols": query.get("symbols", ()), "after": query.get("pageToken"), "limit": query["limit"]}
        if "asOf" in query:
            return page_response(positions_as_of(reach, as_of=query["asOf"], **part))
        page = selectors.positions_page(reach, **part)
        return page_response(Page(valued_for(rights_of_request(request), page.items), page.next_token))
