"""Which socket does this app serve?"""

from django.urls import URLPattern, path

from orders.consumers import TradingConsumer

websocket_urlpatterns: list[URLPattern] = [path("ws/v1/trading", TradingConsumer.as_asgi())]
