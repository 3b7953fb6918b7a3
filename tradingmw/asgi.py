"""What serves every request and every socket? `uvicorn tradingmw.asgi:application`; neither daphne nor twisted comes
along.

http: request id → body limit → Django. websocket: Origin → the consumers, which authenticate by themselves.
"""

from __future__ import annotations

import os
from typing import Any, cast

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingmw.settings")
django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import re_path

import marketdata.routing
import orders.routing
from accounts.sockets import OriginGuard
from tradingmw.body_limit import BodyLimit, RequestId
from tradingmw.env import env
from tradingmw.lifespan import lifespan
from tradingmw.no_socket import no_socket

websocket_urlpatterns = [
    *marketdata.routing.websocket_urlpatterns,
    *orders.routing.websocket_urlpatterns,
    re_path("", cast(Any, no_socket)),
]
application = ProtocolTypeRouter(
    {
        "http": RequestId(BodyLimit(cast(Any, django_application))),
        "websocket": OriginGuard(URLRouter(websocket_urlpatterns), env().origins),
        "lifespan": lifespan,
    }
)
