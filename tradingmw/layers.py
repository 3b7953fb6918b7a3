"""What carries the channel layer's groups between processes: the ZeroMQ exchange, or Redis where one is set?

The embedded layer needs nothing installed: a proxy in `manage.py up`, ZeroMQ sockets in every process. With
`TMW_REDIS_URL` the same groups travel through Redis (`redis_layer.py`); bridge threads get the publisher that fits.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from django.utils.module_loading import import_string

from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.exchange import ExchangeLine, LayerProxy, LayerPublisher, open_publisher, open_subscriber
from bridge.sockets.membership import UnknownChannel
from bridge.sockets.pump import Context, Pump, process_pump
from tradingmw.env import Env, env
from tradingmw.group_layer import GroupLayer, LayerUnavailable

__all__ = [
    "GroupPublisher",
    "LayerProxy",
    "LayerPublisher",
    "LayerUnavailable",
    "UnknownChannel",
    "ZmqChannelLayer",
    "layer_publisher",
]


#: By name, like the backends in the settings: the Redis client takes a fifth of a second to import.
REDIS_PUBLISHER: Final = "tradingmw.redis_publisher.RedisPublisher"


class GroupPublisher(Protocol):
    """Sends to the layer's groups from one plain thread. `dropped` counts what could not be sent."""

    dropped: int

    def group_send(self, group: str, message: dict[str, Any]) -> bool:
        """Send `message` (with its `type`) to all members; False where it was dropped at once. Never blocks."""

    def close(self) -> None: ...


def layer_publisher(env: Env, context: Context, keyring: KeyRing, role: Role) -> GroupPublisher:
    """The publisher to the channel layer that this installation uses; close it in the thread that uses it."""
    if env.redis_url:
        publisher: GroupPublisher = import_string(REDIS_PUBLISHER)(env.redis_url, env.redis_prefix())
        return publisher
    return LayerPublisher(context, keyring, role, env.layer_publish)


class ZmqChannelLayer(GroupLayer):
    """The embedded layer. Addresses and keys are `env()`'s unless given.

    `group_add` raises `LayerUnavailable` when the subscription cannot be proven in time; the channel is then no member.
    """

    def __init__(
        self,
        *args: Any,
        role: str = Role.WEB,
        keys: Path | str | None = None,
        publish_address: str | None = None,
        subscribe_address: str | None = None,
        pump: Pump | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(*args, **settings)
        self._role = Role(role)
        self._keys = Path(keys) if keys else None
        self._addresses = (publish_address, subscribe_address)
        self._pump = pump

    def _open(self) -> ExchangeLine:
        keyring = KeyRing(self._keys or env().keys)
        publish, subscribe = self._addresses
        openers = (
            partial(open_publisher, keyring=keyring, role=self._role, address=publish or env().layer_publish),
            partial(open_subscriber, keyring=keyring, role=self._role, address=subscribe or env().layer_subscribe),
        )
        return ExchangeLine(self._pump or process_pump(), openers, self._on_message, self._connected.ring)
