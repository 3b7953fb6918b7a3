"""AAPL and IBM are traded here, and a channel layer runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts.models import User
from bridge.sockets.curve import KeyRing, Role, make_keys
from marketdata.models import Instrument
from tests.notifications.alerts.market import person
from tradingmw.layers import LayerProxy, ZmqChannelLayer

ANY_PORT = "tcp://127.0.0.1:*"


@pytest.fixture
def ann(traded: None) -> User:
    return person()


@pytest.fixture
def traded(db: None, layer_settings: dict[str, Any], settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "tradingmw.layers.ZmqChannelLayer", "CONFIG": layer_settings}}
    for number, symbol in enumerate(["AAPL", "IBM"]):
        Instrument.objects.create(
            symbol=symbol, exchange="XNAS", tick="0.01", lot="1", engine_instrument_id=number, engine_epoch=1
        )


@pytest.fixture(scope="module")
def layer_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Of layers that reach each other."""
    keys = tmp_path_factory.mktemp("keys")
    make_keys(keys)
    proxy = LayerProxy(KeyRing(keys), ANY_PORT, ANY_PORT)
    yield {"keys": keys, "publish_address": proxy.publish_address, "subscribe_address": proxy.subscribe_address}
    proxy.stop()


@pytest.fixture
def feed_layer(layer_settings: dict[str, Any]) -> Callable[[], ZmqChannelLayer]:
    """Makes the layer of a feed bridge."""
    return lambda: ZmqChannelLayer(role=Role.FEED_BRIDGE, **layer_settings)
