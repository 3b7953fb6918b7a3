"""How does a command or the admin kill? It asks the order bridge; where none answers, the kill is left in its file."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from django.db import Error

from bridge.sockets.curve import KeyRing
from bridge.sockets.keys import KeyFault
from bridge.sockets.pump import process_pump
from orders.bridge.kill_files import KillFiles
from orders.client import OrderClient
from orders.ledger.lease import look_at_lease
from orders.requests import SetTradingState, TradingStateAnswer, WantedState
from tradingmw.env import env
from tradingmw.errors import TradingError

PATIENCE_SECONDS = 2.0


class Killed(NamedTuple):
    """`answer` is the order bridge's; None: it is left for the next one, or for one that cannot be asked."""

    answer: TradingStateAnswer | None
    why: str = ""


def killed(wanted: WantedState) -> Killed:
    """In force, or to be within a second of a bridge's being there; OSError where not even a file can be written."""
    try:
        return Killed(state_asked(wanted))
    except (TradingError, KeyFault) as error:
        KillFiles(env().data_dir).keep(wanted)
        return Killed(None, str(error))


def state_asked(wanted: WantedState) -> TradingStateAnswer:
    """Raises as `OrderClient.ask`; from a process of its own, without the web."""
    client = OrderClient(process_pump(), KeyRing(env().keys), bridge_address(), deadline_seconds=PATIENCE_SECONDS)
    try:
        request = SetTradingState(request_id=1, deadline_us=0, wanted=wanted)
        return asyncio.run(client.ask(request, TradingStateAnswer))
    finally:
        client.close()


def bridge_address() -> str:
    """The holder's; where the database cannot tell, the one that is set."""
    try:
        return look_at_lease().holder_address or env().order_requests
    except Error:
        return env().order_requests
