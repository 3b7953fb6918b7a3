"""What do `/orders/approvals` and `/orders/{id}/decision` do?"""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.permissions import needs, rights_of_request
from accounts.policy import Function
from accounts.tokens import session_id_of
from orders.api.answers import order_written
from orders.api.asynchronous import AsyncAPIView
from orders.api.bodies import WrittenOrderSerializer
from orders.api.serializers import OrdersPageSerializer
from orders.api.write import response
from orders.approvals import approvals_page, order_decide
from tradingmw.paging import PageQuery
from tradingmw.strict import StrictSerializer, checked_body

NOTE_CHARACTERS_MAX = 200
ONE_LINE = r"^[^\x00-\x1f\x7f]*\Z"


class OrderDecisionBody(StrictSerializer):
    decision = serializers.ChoiceField(choices=("approve", "refuse"))
    note = serializers.RegexField(
        ONE_LINE, max_length=NOTE_CHARACTERS_MAX, default="", allow_blank=True, help_text="Why, in one line."
    )


class OrderApprovalsView(APIView):
    @needs(Function.ORDERS_APPROVE)
    @extend_schema(
        operation_id="orders_approvals",
        summary="Orders that wait for your decision",
        parameters=[PageQuery],
        responses=OrdersPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Of your desk, or of everybody where you see all; never your own. Their history says which rule keeps them."""
        query = PageQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked: dict[str, Any] = query.validated_data
        user, rights = cast(User, request.user), rights_of_request(request)
        page = approvals_page(user, rights, asked.get("page_token"), asked["limit"])
        return Response({"items": page.items, "nextPageToken": page.next_token})


class OrderDecisionView(AsyncAPIView):
    @needs(Function.ORDERS_APPROVE)
    @extend_schema(
        operation_id="order_decide",
        summary="Let an order go that waits for a second person, or refuse it",
        request=OrderDecisionBody,
        responses=WrittenOrderSerializer,
    )
    async def post(self, request: Request, order_id: UUID) -> HttpResponse:
        body = checked_body(OrderDecisionBody, request)
        answer = await order_decide(
            user=cast(User, request.user),
            rights=rights_of_request(request),
            order_id=order_id,
            approve=body["decision"] == "approve",
            note=body["note"],
            ip_address=request.META.get("REMOTE_ADDR"),
            session_id=session_id_of(request),
        )
        return response(order_written(answer, 200))
