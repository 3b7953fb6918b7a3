"""Is the channel layer there? A part of `/readyz`: without it screens are slower and orders go on."""

from __future__ import annotations

from channels.layers import get_channel_layer

from tradingmw.env import env
from tradingmw.group_layer import GroupLayer


def layer_check() -> str | None:
    """None while this process is connected to what carries the layer."""
    layer = get_channel_layer()
    if isinstance(layer, GroupLayer) and layer.connected:
        return None
    return f"{'Redis' if env().redis_url else 'the exchange'} does not answer; events are found by polling meanwhile"
