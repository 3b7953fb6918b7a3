"""How is an account's cancel-after set over REST? `POST /orders/cancel-after`."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from accounts.permissions import needs
from accounts.policy import Function
from orders.api.answers import written
from orders.api.write import OrderWritingView, response
from orders.safeguarding import CancelAfterBody, cancel_after_shape, orders_cancel_after
from tradingmw.budgets import Purse
from tradingmw.openapi import reference
from tradingmw.strict import CamelSerializer
from tradingmw.typed_body import decoded


class CancelAfterSetSerializer(CamelSerializer):
    """`orders.safeguarding.cancel_after_shape`, written down for the document."""

    trigger_at = serializers.DateTimeField(allow_null=True, help_text="Null: no timer runs.")
    now = serializers.DateTimeField(help_text="The server's clock.")
    last_event_id = serializers.IntegerField()


class CancelAfterView(OrderWritingView):
    """`/orders/cancel-after`"""

    purses: ClassVar[dict[str, Any]] = {"POST": Purse.CANCELS}

    @needs(Function.ORDERS_CANCEL)
    @extend_schema(
        operation_id="orders_cancel_after",
        summary="Cancel all open orders of your account in so many seconds, unless you ask again before",
        request={"application/json": reference(CancelAfterBody)},
        responses={200: CancelAfterSetSerializer},
    )
    async def post(self, request: Request) -> HttpResponse:
        body = decoded(CancelAfterBody, request.data)
        answer = await orders_cancel_after(caller=self.caller, rights=self.rights, seconds=body.seconds)
        return response(written(cancel_after_shape(answer), answer, 200))
