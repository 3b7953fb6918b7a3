"""Which REST paths does market data serve, below `/api/v1/`?"""

from django.urls import URLPattern, path

from marketdata.api import BookDetail, InstrumentDetail, InstrumentList, QuoteList, TradeList

urlpatterns: list[URLPattern] = [
    path("instruments", InstrumentList.as_view()),
    path("instruments/<path:symbol>", InstrumentDetail.as_view()),
    path("quotes", QuoteList.as_view()),
    path("books/<path:symbol>", BookDetail.as_view()),
    path("trades/<path:symbol>", TradeList.as_view()),
]
