"""What serves every request and every socket? `uvicorn tradingmw.asgi:application`; neither daphne nor twisted comes
along.

Whose address it is comes first. http: measured → request id → body limit → usual orders → Django. websocket: is there
room → Origin → the consumers, which authenticate by themselves.
"""

from __future__ import annotations

import os
from typing import Any, cast

from tradingmw.handler import django_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingmw.settings")
handler = django_application()

from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import re_path

import marketdata.routing
import orders.routing
from accounts.sockets import OriginGuard, SocketDoor
from accounts.sockets.door import process_door
from orders.api.lane import OrderLane
from tradingmw.body_limit import BodyLimit, RequestId
from tradingmw.client_address import ClientAddress
from tradingmw.env import env
from tradingmw.held_keys import web_keys_held
from tradingmw.http_metrics import HttpMeasured, SocketsCounted, loop_watched
from tradingmw.lifespan import lifespan, on_startup
from tradingmw.metrics_view import web_metrics_shown
from tradingmw.no_socket import no_socket
from tradingmw.web_life import register as web_life_register

websocket_urlpatterns = [
    *marketdata.routing.websocket_urlpatterns,
    *orders.routing.websocket_urlpatterns,
    re_path("", cast(Any, no_socket)),
]
socket_paths = frozenset(f"/{one.pattern}".removesuffix("$").replace("^", "") for one in websocket_urlpatterns[:-1])
web_life_register()
on_startup(web_keys_held)
on_startup(web_metrics_shown)
on_startup(loop_watched)
sockets = SocketsCounted(OriginGuard(URLRouter(websocket_urlpatterns), env().origins), socket_paths)
served = ProtocolTypeRouter(
    {
        "http": HttpMeasured(RequestId(BodyLimit(OrderLane(cast(Any, handler))))),
        "websocket": SocketDoor(sockets, process_door()),
        "lifespan": lifespan,
    }
)
application = ClientAddress(cast(Any, served), hops=env().hops, proxies=env().proxies)
