"""How does a REST body read and write camelCase, and how is it refused for a field that we do not know?

Fields are declared in snake_case and show in camelCase. A misspelt optional field ("stopprice") must not be dropped in
silence: an order would be sent without it.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from tradingmw.errors import Code, InvalidRequest, TradingError
from tradingmw.scaled import to_e8
from tradingmw.typed_body import NUMBER_CHARACTERS_MAX, PositiveDecimal, is_plain


def camel(name: str) -> str:
    """`client_order_id` → `clientOrderId`; a name without underscores stays as it is."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


class CamelFields(serializers.Serializer[Any]):
    """Mixin: the outward name of each field is the camelCase of its own."""

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        for name, field in fields.items():
            if camel(name) != name and field.source is None:
                field.source = name
        return {camel(name): field for name, field in fields.items()}


class StrictFields(CamelFields):
    """Mixin for request bodies: an unknown field is a 422 that names it."""

    def to_internal_value(self, data: Any) -> Any:
        self._refuse_unknown(data)
        return super().to_internal_value(data)

    def _refuse_unknown(self, data: Any) -> None:
        if not isinstance(data, dict):
            return
        known = {name for name, field in self.fields.items() if not field.read_only}
        if unknown := [str(name) for name in data if name not in known]:
            error = serializers.ErrorDetail("There is no such field.", code="unknown")
            raise serializers.ValidationError({name[:80]: [error] for name in unknown[:20]})


class CamelSerializer(CamelFields):
    """An answer."""


class CamelModelSerializer(CamelFields, serializers.ModelSerializer[Any]):
    """An answer made from a model."""


class StrictSerializer(StrictFields):
    """A request body."""


@extend_schema_field(PositiveDecimal.schema)
class PositiveE8(serializers.Field[int, Any, str, Any]):
    """A decimal string above zero, as an integer of 10⁻⁸. No binary fraction is taken: it would not be exact."""

    default_error_messages = {
        "invalid": "Give a decimal number as a string.",
        "not_positive": "Must be greater than zero.",
    }

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, str) or len(data) > NUMBER_CHARACTERS_MAX or not is_plain(data):
            self.fail("invalid")
        try:
            scaled = to_e8(data)
        except InvalidRequest as error:
            raise serializers.ValidationError(error.detail, code=error.code.value) from error
        if scaled <= 0:
            self.fail("not_positive")
        return scaled


def body_object(request: Request) -> dict[str, Any]:
    """The request's body, a JSON object; a problem (400 malformed, 415) otherwise."""
    body = request.data
    if not isinstance(body, dict):
        error = TradingError("The body must be a JSON object.", code=Code.MALFORMED_BODY)
        error.status = 400
        raise error
    return body


def checked_body(
    serializer: type[serializers.BaseSerializer[Any]], request: Request, *, partial: bool = False
) -> dict[str, Any]:
    """The checked values of the request's body; a problem (400 malformed, 415, 422) otherwise.

    `partial`: a field that is absent stays absent, required or not.
    """
    checked = serializer(data=body_object(request), partial=partial)
    checked.is_valid(raise_exception=True)
    values: dict[str, Any] = checked.validated_data
    return values
