# ruff: noqa: N815 (the fields are the contract's)
"""What may a list be asked for? Bad values are a 422 that names the parameter."""

from __future__ import annotations

import re
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.request import Request

from accounts.rights import Scope
from orders.requests import SYMBOLS_MAX
from orders.selectors import PositionPlace, StatusFilter, Wanted
from tradingmw.paging import LimitField, PlaceField
from tradingmw.strict import StrictSerializer

SYMBOL = re.compile(r"[A-Za-z0-9._:/-]{1,24}")


class SymbolsField(serializers.CharField):
    """`AAPL,MSFT`: a tuple of symbols."""

    default_error_messages = {
        "symbol": "Not a symbol: {symbol}.",
        "too_many": f"At most {SYMBOLS_MAX} symbols.",
    }

    def to_internal_value(self, data: Any) -> Any:
        symbols = tuple(super().to_internal_value(data).split(","))
        if len(symbols) > SYMBOLS_MAX:
            self.fail("too_many")
        if wrong := [symbol for symbol in symbols if not SYMBOL.fullmatch(symbol)]:
            self.fail("symbol", symbol=wrong[0][:24])
        return symbols


class InstantField(serializers.DateTimeField):
    """RFC 3339, with its offset: a time without one would be a guess."""

    default_error_messages = {"offset": "State the offset from UTC, as in 2026-11-22T10:00:00Z."}

    def enforce_timezone(self, value: Any) -> Any:
        if value.tzinfo is None:
            self.fail("offset")
        return super().enforce_timezone(value)


class PastField(InstantField):
    """An instant that is over."""

    default_error_messages = {"future": "This lies in the future."}

    def get_value(self, dictionary: Any) -> Any:
        """Given and left empty is not as though it were not given: that would answer with this moment."""
        return dictionary.get(self.field_name, empty)

    def to_internal_value(self, value: Any) -> Any:
        instant = super().to_internal_value(value)
        if instant > timezone.now():
            self.fail("future")
        return instant


class PositionPlaceField(serializers.CharField):
    """`pageToken` of positions."""

    default_error_messages = {"place": "This is no token of an earlier page."}

    def to_internal_value(self, data: Any) -> Any:
        try:
            place = PositionPlace.read(super().to_internal_value(data))
        except ValueError:
            self.fail("place")
        if not SYMBOL.fullmatch(place.symbol):
            self.fail("place")
        return place


class SymbolsQuery(serializers.Serializer[Any]):
    symbols = SymbolsField(required=False, help_text="Comma-separated.")
    scope = serializers.ChoiceField(
        choices=[word.value for word in Scope],
        required=False,
        help_text="Your own account's, your desk's (for its head), all (for compliance); without it, all you may see.",
    )
    limit = LimitField()


class CancelAllQuery(StrictSerializer):
    """A misspelt parameter is refused: without symbols all would be cancelled."""

    symbols = SymbolsField(required=False, help_text="Comma-separated; without it every open order is cancelled.")
    desk = serializers.CharField(required=False, max_length=40, help_text="By its head: those of the whole desk.")


class PeriodQuery(SymbolsQuery):
    after = InstantField(required=False, help_text="Later than this instant.")
    until = InstantField(required=False, help_text="Earlier than this instant.")
    pageToken = PlaceField(required=False)

    @property
    def wanted(self) -> Wanted:
        asked = self.validated_data
        return Wanted(asked.get("symbols", ()), asked.get("after"), asked.get("until"))


class OrdersQuery(PeriodQuery):
    status = serializers.ChoiceField(choices=[word.value for word in StatusFilter], default=StatusFilter.ALL.value)


class ExecutionsQuery(PeriodQuery):
    pass


class HistoryQuery(serializers.Serializer[Any]):
    pageToken = serializers.IntegerField(default=0, min_value=0, max_value=2**31 - 1)
    limit = LimitField()


class PositionsQuery(SymbolsQuery):
    asOf = PastField(
        required=False,
        help_text="As they were at this instant, worked out from the executions until then; at the last fill's price.",
    )
    pageToken = PositionPlaceField(required=False, max_length=60)


def asked(query: type[serializers.Serializer[Any]], request: Request) -> Any:
    """The checked query of `request`."""
    checked = query(data=request.query_params)
    checked.is_valid(raise_exception=True)
    return checked
