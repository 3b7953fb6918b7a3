"""What would become of an order if it were placed now? Every rule of the gate that applies, and how much is left."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from accounts.permissions import needs
from accounts.policy import Function
from orders.api.bodies import PreviewOrderBody
from orders.api.serializers import DecimalText
from orders.api.write import OrderWritingView
from orders.core.limits import Breach, Rule
from orders.core.scopes import Scope
from orders.gate_requests import Outlook
from orders.services import order_preview
from tradingmw.budgets import Purse
from tradingmw.openapi import reference
from tradingmw.typed_body import decoded


class RuleSerializer(serializers.Serializer[Any]):
    """A rule of the gate that applies to the order.

    `value` is how far the order goes, or a word where the rule has no numbers: the trading state, the instrument, how
    the market's price is. `breach`: what follows where the rule does not hold; `hard` = `deny`. `target` is the name of
    the desk, the account or the instrument for which the rule was made.
    """

    rule = serializers.ChoiceField(choices=[rule.value for rule in Rule])
    value = serializers.CharField(allow_null=True)
    limit = DecimalText(allow_null=True)
    headroom = DecimalText(allow_null=True)
    hard = serializers.BooleanField()
    passed = serializers.BooleanField()
    breach = serializers.ChoiceField(choices=[breach.value for breach in Breach])
    code = serializers.CharField(allow_null=True)
    scope = serializers.ChoiceField(choices=[scope.value for scope in Scope])
    target = serializers.CharField(allow_null=True)
    symbol = serializers.CharField(allow_null=True)


class PreviewSerializer(serializers.Serializer[Any]):
    """`code` is what the answer to the order would be called; null where it would be accepted."""

    outlook = serializers.ChoiceField(choices=[outlook.value for outlook in Outlook])
    code = serializers.CharField(allow_null=True)
    rules = RuleSerializer(many=True)


class OrderPreview(OrderWritingView):
    """`/orders/preview`"""

    purses: ClassVar[dict[str, Purse]] = {"POST": Purse.PREVIEWS}

    @needs(Function.ORDERS_PLACE)
    @extend_schema(
        operation_id="orders_preview",
        summary="Ask what would become of an order; nothing is stored",
        request={"application/json": reference(PreviewOrderBody)},
        responses={200: PreviewSerializer},
    )
    async def post(self, request: Request) -> HttpResponse:
        body = decoded(PreviewOrderBody, request.data)
        answer = await order_preview(preview=body.preview(self.caller), rights=self.rights)
        told = {"outlook": answer.outlook, "code": answer.code, "rules": answer.rules}
        return HttpResponse(msgspec.json.encode(told), content_type="application/json")
