"""An order bridge with a fault in its core: commands of a batch are handed over fifty times.

    python -m tests.orders.bridge.runaway   (in place of `manage.py bridge --role orders`)

It is in batches with an order whose client order id starts with "runaway". Everything else is the real bridge.
"""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingmw.settings")
django.setup()

from bridge.wire.messages import NewOrder  # noqa: E402  # after the set-up
from orders.bridge import OrderBridge  # noqa: E402
from orders.bridge.core_loop import CoreLoop  # noqa: E402
from orders.ledger import Settled  # noqa: E402
from tradingmw.env import env  # noqa: E402
from tradingmw.exposition import serve_metrics  # noqa: E402
from tradingmw.supervisor.stopping import stop_event  # noqa: E402

TIMES = 50
FAULTY = "runaway"


class RunawayCore(CoreLoop):
    def _publish(self, settled: Settled) -> None:
        to_engine = settled.draft.to_engine
        if any(isinstance(each, NewOrder) and is_faulty(each) for each in to_engine):
            to_engine[:] = [each for each in to_engine for _ in range(TIMES)]
        super()._publish(settled)


def is_faulty(order: NewOrder) -> bool:
    return order.client_order_id.startswith(FAULTY)


class RunawayBridge(OrderBridge):
    core_loop = RunawayCore


if __name__ == "__main__":
    serve_metrics(env(), "orders")
    RunawayBridge(env()).run(stop_event())
