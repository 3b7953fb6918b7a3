"""Which market data does the REST API answer? Instruments from the database, everything else from the hub."""

from __future__ import annotations

from typing import Any

import msgspec
from asgiref.sync import async_to_sync
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import needs, rights_of_request
from accounts.policy import Function
from marketdata.facts import need_data
from marketdata.hub import market_hub
from marketdata.items import BookItem, Item, TradesItem
from marketdata.selectors import instrument_get, instrument_page
from marketdata.serializers import (
    BookSerializer,
    DepthQuerySerializer,
    InstrumentPageSerializer,
    InstrumentQuerySerializer,
    InstrumentSerializer,
    QuotePageSerializer,
    SymbolsQuerySerializer,
    TradePageSerializer,
)


# These run on the server's loop, where the hub lives; the views wait for them in their own thread.
async def _quotes(symbols: list[str]) -> list[Item]:
    return await market_hub().quotes(symbols)


async def _book(symbol: str, depth: int) -> BookItem:
    return await market_hub().book(symbol, depth)


async def _trades(symbol: str) -> TradesItem:
    return await market_hub().trades(symbol)


def shown(item: Item) -> dict[str, Any]:
    """An item of the hub without what only a socket has."""
    fields: dict[str, Any] = msgspec.to_builtins(item)
    del fields["prevSeq"]
    return fields


class InstrumentList(APIView):
    @needs(Function.MARKET_READ)
    @extend_schema(
        operation_id="instruments_list", parameters=[InstrumentQuerySerializer], responses=InstrumentPageSerializer
    )
    def get(self, request: Request) -> Response:
        """Instruments by symbol; `query` is sought in symbol and description."""
        asked = InstrumentQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        terms = asked.validated_data
        page, last = instrument_page(query=terms["query"], after=terms["page_token"], limit=terms["limit"])
        return Response(InstrumentPageSerializer({"items": page, "next_page_token": last}).data)


class InstrumentDetail(APIView):
    @needs(Function.MARKET_READ)
    @extend_schema(responses=InstrumentSerializer)
    def get(self, request: Request, symbol: str) -> Response:
        """One instrument."""
        return Response(InstrumentSerializer(instrument_get(symbol)).data)


class QuoteList(APIView):
    @needs(Function.MARKET_READ)
    @extend_schema(parameters=[SymbolsQuerySerializer], responses=QuotePageSerializer)
    def get(self, request: Request) -> Response:
        """The newest quote of each symbol, in the order asked."""
        asked = SymbolsQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        symbols = asked.validated_data["symbols"]
        need_data(rights_of_request(request), symbols)
        quotes = async_to_sync(_quotes)(symbols)
        return Response({"items": [shown(quote) for quote in quotes], "nextPageToken": None})


class BookDetail(APIView):
    @needs(Function.MARKET_READ)
    @extend_schema(parameters=[DepthQuerySerializer], responses=BookSerializer)
    def get(self, request: Request, symbol: str) -> Response:
        """The best levels of a book."""
        asked = DepthQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        depth = asked.validated_data["depth"]
        need_data(rights_of_request(request), [symbol.upper()])
        return Response(shown(async_to_sync(_book)(symbol.upper(), depth)))


class TradeList(APIView):
    @needs(Function.MARKET_READ)
    @extend_schema(responses=TradePageSerializer)
    def get(self, request: Request, symbol: str) -> Response:
        """The last trades of a symbol, newest first."""
        need_data(rights_of_request(request), [symbol.upper()])
        item = async_to_sync(_trades)(symbol.upper())
        return Response({"items": msgspec.to_builtins(item.trades[::-1]), "nextPageToken": None})
