"""What do instruments, quotes, books and trades look like in the REST API?

Requests are checked by the `…QuerySerializer`s. Market data comes from the hub in its public form already; its
serializers only describe that form for the OpenAPI document.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from rest_framework import serializers

from marketdata.models import Instrument
from tradingmw.errors import Code, InvalidRequest
from tradingmw.scaled import text_e8, to_e8
from tradingmw.strict import CamelModelSerializer, CamelSerializer

PAGE_LIMIT = 1_000
DEPTH_LIMIT = 1_000


class DecimalText(serializers.CharField):
    """A decimal as the contract shows it: plain digits, no exponent, no trailing zeros."""

    def to_representation(self, value: Any) -> str:
        return text_e8(to_e8(value))


class PageToken(serializers.CharField):
    """An opaque page token; internally the last symbol of the page before."""

    def to_internal_value(self, data: Any) -> str:
        try:
            return base64.b64decode(str(data), altchars=b"-_", validate=True).decode("ascii")
        except (binascii.Error, ValueError) as error:
            raise InvalidRequest("The page token is not one of ours.") from error

    def to_representation(self, value: str) -> str:
        return base64.urlsafe_b64encode(value.encode("ascii")).decode("ascii")


class InstrumentQuerySerializer(CamelSerializer):
    query = serializers.CharField(default="", allow_blank=True, max_length=100)
    limit = serializers.IntegerField(default=100, min_value=1, max_value=PAGE_LIMIT)
    page_token = PageToken(default="", allow_blank=True)


class InstrumentSerializer(CamelModelSerializer):
    tick = DecimalText()
    lot = DecimalText()
    previous_close = DecimalText()

    class Meta:
        model = Instrument
        fields = ["id", "symbol", "exchange", "description", "currency", "tick", "lot", "previous_close"]


class InstrumentPageSerializer(CamelSerializer):
    items = InstrumentSerializer(many=True)
    next_page_token = PageToken(allow_null=True)


class SymbolsQuerySerializer(CamelSerializer):
    symbols = serializers.CharField(max_length=25 * PAGE_LIMIT, help_text="Symbols, separated by commas.")

    def validate_symbols(self, value: str) -> list[str]:
        symbols = [symbol for part in value.split(",") if (symbol := part.strip().upper())]
        if not 1 <= len(symbols) <= PAGE_LIMIT:
            raise InvalidRequest(f"symbols must name 1 to {PAGE_LIMIT} symbols.", code=Code.VALIDATION_FAILED)
        return list(dict.fromkeys(symbols))


class DepthQuerySerializer(CamelSerializer):
    depth = serializers.IntegerField(default=20, min_value=1, max_value=DEPTH_LIMIT)


class NumberedSerializer(CamelSerializer):
    """The members of every market-data item; `ts` is epoch microseconds."""

    symbol = serializers.CharField()
    epoch = serializers.IntegerField()
    seq = serializers.IntegerField()
    ts = serializers.IntegerField()


class QuoteSerializer(NumberedSerializer):
    bid = serializers.CharField(required=False)
    bid_size = serializers.CharField(required=False)
    ask = serializers.CharField(required=False)
    ask_size = serializers.CharField(required=False)
    last = serializers.CharField(required=False)
    last_size = serializers.CharField(required=False)
    volume = serializers.CharField(required=False)
    change = serializers.CharField(required=False)
    change_percent = serializers.CharField(required=False)
    vwap = serializers.CharField(required=False)
    high = serializers.CharField(required=False)
    low = serializers.CharField(required=False)
    quality = serializers.ChoiceField(choices=["ok", "stale"])
    age_ms = serializers.IntegerField()


class QuotePageSerializer(CamelSerializer):
    items = QuoteSerializer(many=True)
    next_page_token = serializers.CharField(allow_null=True)


class BookSerializer(NumberedSerializer):
    """Sides best first, each level [price, size]."""

    bids = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    asks = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    checksum = serializers.IntegerField()


class TradeSerializer(CamelSerializer):
    seq = serializers.IntegerField()
    ts = serializers.IntegerField()
    price = serializers.CharField()
    size = serializers.CharField()
    side = serializers.ChoiceField(choices=["buy", "sell"], required=False)
    trade_id = serializers.CharField()


class TradePageSerializer(CamelSerializer):
    items = TradeSerializer(many=True)
    next_page_token = serializers.CharField(allow_null=True)
