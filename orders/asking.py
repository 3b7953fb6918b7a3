"""How does a command of an operator ask the order bridge? Once, from a process of its own, whoever holds the lease."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from bridge.sockets.curve import KeyRing
from bridge.sockets.pump import process_pump
from orders.client import OrderClient
from orders.ledger.lease import look_at_lease
from orders.requests import Answer, Request
from tradingmw.env import env
from tradingmw.errors import Unavailable

PATIENCE_SECONDS = 5.0
A = TypeVar("A", bound=Answer)


def bridge_asked(request: Request, kind: type[A]) -> A:
    """The answer. `Unavailable` where no bridge holds the lease; else raises as `OrderClient.ask`."""
    address = look_at_lease().holder_address
    if not address:
        raise Unavailable("No order bridge runs.")
    client = OrderClient(process_pump(), KeyRing(env().keys), address, deadline_seconds=PATIENCE_SECONDS)
    try:
        return asyncio.run(client.ask(request, kind))
    finally:
        client.close()
