"""The channel layer over Redis, for several hosts: what happens to it when the server is gone?

It degrades and nothing more. Sending counts what is lost; joining a group while the server is gone makes a member all
the same, whose subscription is in force once the server is back. Nothing raises into a consumer, no socket closes. Who
must not miss anything does not trust the layer: frames are numbered, private streams have counters in the database.
"""

from __future__ import annotations

import logging
from typing import Any

from tradingmw.env import env
from tradingmw.group_layer import GroupLayer, LayerUnavailable
from tradingmw.redis_line import RedisLine

__all__ = ["LayerUnavailable", "RedisChannelLayer"]

logger = logging.getLogger(__name__)


class RedisChannelLayer(GroupLayer):
    """The wire is that of channels-redis' pub/sub layer. Server and prefix are `env()`'s unless given."""

    def __init__(
        self,
        *args: Any,
        url: str | None = None,
        prefix: str | None = None,
        proof_seconds: float = 2.0,
        **settings: Any,
    ) -> None:
        super().__init__(*args, proof_seconds=proof_seconds, **settings)
        self._url, self._prefix = url, prefix

    def _open(self) -> RedisLine:
        url, prefix = self._url or env().redis_url, self._prefix or env().redis_prefix()
        return RedisLine(url, prefix, self._on_message, self._connected.ring)

    def _unproven(self, group: str) -> None:
        logger.warning("A group is joined while Redis does not answer", extra={"group": group})
