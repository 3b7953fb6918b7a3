"""What do `/orders/groups`, `/orders/basket` and `/positions/close` do? Orders are written many at a time."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import needs
from accounts.policy import Function
from orders.api.answers import written
from orders.api.read import reach_of
from orders.api.write import OrderWritingView, response
from orders.groups.bodies import ClosePositionsBody, PlaceBasketBody, PlaceGroupBody
from orders.groups.selectors import group_get
from orders.groups.serializers import OrderGroupSerializer, PlacedItemsSerializer, WrittenOrderGroupSerializer
from orders.groups.services import basket_place, group_path, group_place, positions_close
from orders.groups.shapes import group_shape, placed_shape
from tradingmw.budgets import Purse
from tradingmw.openapi import reference
from tradingmw.typed_body import decoded


class OrderGroupsView(OrderWritingView):
    """`/orders/groups`"""

    @needs(Function.ORDERS_PLACE)
    @extend_schema(
        operation_id="order_groups_place",
        summary="Place orders that depend on each other (OCO, OTO, bracket), all of them or none",
        request={"application/json": reference(PlaceGroupBody)},
        responses={201: WrittenOrderGroupSerializer, 200: WrittenOrderGroupSerializer},
    )
    async def post(self, request: Request) -> HttpResponse:
        group = decoded(PlaceGroupBody, request.data).group(self.caller)
        answer = await group_place(group=group, rights=self.rights)
        done = written(group_shape(answer), answer, 201 if answer.created else 200)
        done.headers["Location"] = group_path(answer.id)
        return response(done)


class OrderGroupView(APIView):
    """`/orders/groups/{id}`"""

    @needs(Function.ORDERS_READ_OWN)
    @extend_schema(operation_id="order_groups_get", summary="One group of orders", responses=OrderGroupSerializer)
    def get(self, request: Request, group_id: UUID) -> Response:
        return Response(group_get(reach_of(request), group_id))


class OrderBasketView(OrderWritingView):
    """`/orders/basket`"""

    @needs(Function.ORDERS_PLACE)
    @extend_schema(
        operation_id="orders_place_basket",
        summary="Place up to 100 orders, each decided by itself",
        request={"application/json": reference(PlaceBasketBody)},
        responses={207: PlacedItemsSerializer},
    )
    async def post(self, request: Request) -> HttpResponse:
        basket = decoded(PlaceBasketBody, request.data).basket(self.caller)
        answer = await basket_place(basket=basket, rights=self.rights)
        return response(written(placed_shape(answer), answer, 207))


class PositionsCloseView(OrderWritingView):
    """`/positions/close`"""

    purses: ClassVar = {"POST": Purse.CANCELS}

    @needs(Function.ORDERS_PLACE)
    @extend_schema(
        operation_id="positions_close",
        summary="Close your positions at market, or those in some symbols; open orders there are cancelled first",
        request={"application/json": reference(ClosePositionsBody)},
        responses={207: PlacedItemsSerializer},
    )
    async def post(self, request: Request) -> HttpResponse:
        close = decoded(ClosePositionsBody, request.data).close(self.caller)
        answer = await positions_close(close=close, rights=self.rights)
        return response(written(placed_shape(answer), answer, 207))
