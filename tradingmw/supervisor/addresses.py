"""Under which addresses do the parts of one machine find each other?

Picked free at each start, so that two stacks run side by side. Ports come from below the ranges that systems hand to
outgoing connections: a client that keeps connecting to a dead server's port there may be given that very port.
"""

from __future__ import annotations

import random
import socket
import sys
from collections.abc import Mapping
from typing import Final

from tradingmw.env import Env

HOST: Final = "127.0.0.1"
PORTS: Final = range(20_000, 32_000)
ATTEMPTS: Final = 2_000
#: The addresses of the engine; of one that `up` does not start they come from the settings.
ENGINE: Final = ("engine_market_data", "engine_commands", "engine_queries", "engine_work")
INTERNAL: Final = ("order_requests", "feed_state")
#: The exchange's, where the channel layer is not in Redis.
LAYER: Final = ("layer_publish", "layer_subscribe")


class PortTaken(Exception):
    """Something else listens on this port."""


class Ports:
    """Ports this process has chosen. On Linux they stay reserved for its life: bound, never listened on.

    Our own servers share the address (SO_REUSEADDR) and bind beside the reservation; another stack that looks for a
    free port does not.
    """

    def __init__(self) -> None:
        self._reserved: list[socket.socket] = []

    def choose(self, host: str = HOST) -> int:
        """A free port of `PORTS`."""
        for port in random.SystemRandom().sample(PORTS, ATTEMPTS):
            if _is_free(host, port):
                self._reserve(host, port)
                return port
        raise PortTaken(f"No free port between {PORTS.start} and {PORTS.stop} in {ATTEMPTS} attempts")

    def claim(self, host: str, port: int) -> int:
        """Exactly this port; PortTaken where another program listens on it."""
        try:
            self._reserve(host, port)
        except OSError as error:
            raise PortTaken(f"Port {port} of {host} is taken") from error
        return port

    def close(self) -> None:
        for held in self._reserved:
            held.close()

    def _reserve(self, host: str, port: int) -> None:
        held = socket.socket(_family(host))
        held.setsockopt(socket.SOL_SOCKET, _sharing_option(), 1)
        self._reserved.append(held)
        held.bind((host, port))
        if sys.platform != "linux":
            held.close()


def choose_addresses(env: Env, ports: Ports) -> dict[str, str]:
    """`tcp://` addresses by the name of their setting; those of a real engine stay as they are set."""
    names = (*(ENGINE if env.development_engine else ()), *INTERNAL, *(() if env.redis_url else LAYER))
    return {name: f"tcp://{HOST}:{ports.choose()}" for name in names}


def as_environment(values: Mapping[str, object]) -> dict[str, str]:
    """Settings by name → the environment variables that carry them."""
    return {f"TMW_{name.upper()}": str(value) for name, value in values.items()}


def _is_free(host: str, port: int) -> bool:
    with socket.socket(_family(host)) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _sharing_option() -> int:
    """Windows reads SO_REUSEADDR as "steal"; there the opposite is wanted."""
    return int(getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR))
