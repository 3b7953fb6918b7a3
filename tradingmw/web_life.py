"""What is opened and closed with the web process, and what must answer before `/readyz` calls it ready?

Here and not in the apps' `ready`: the other parts of the system neither serve nor import any of this.
"""

from __future__ import annotations

from accounts.sockets.watch import sockets_shut_down
from marketdata.hub import market_hub, market_hub_closed
from marketdata.readiness import feed_age_ms, market_check
from notifications.schedule.canary import worker_check
from orders.health import order_bridge_check
from orders.holder import holder_followed, holder_left
from tradingmw.garbage import collect_in_small_steps
from tradingmw.health import ready_check, ready_figure
from tradingmw.lifespan import on_shutdown, on_startup, on_stopping


async def _hub_opened() -> None:
    market_hub()


async def _put_together() -> None:
    collect_in_small_steps()


def register() -> None:
    """Called once, when the process is put together."""
    ready_check("market data", market_check)
    ready_check("order bridge", order_bridge_check)
    ready_check("worker", worker_check)
    ready_figure("feedAgeMs", feed_age_ms)
    on_startup(_hub_opened)
    on_startup(holder_followed)
    on_startup(_put_together)
    on_stopping(sockets_shut_down)
    on_shutdown(market_hub_closed)
    on_shutdown(holder_left)
