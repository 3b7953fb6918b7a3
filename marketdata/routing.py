"""Which sockets does market data serve?"""

from django.urls import path

from marketdata.consumers import MarketConsumer

websocket_urlpatterns = [path("ws/v1/market", MarketConsumer.as_asgi())]
