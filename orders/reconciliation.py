"""How does somebody have both sides' open orders compared now, and what was found the last time?

The order bridge compares and settles; it keeps each run with its differences, and these are read here.
"""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from orders.asking import bridge_asked
from orders.core.comparison import RunOutcome
from orders.instants import micros, text
from orders.models import Reconciliation, ReconciliationDifference
from orders.requests import ReconcileAnswer, ReconcileOrders
from tradingmw.errors import OutcomeUnknown

LOOK_EVERY_SECONDS = 0.05
Document = dict[str, Any]


def reconciliation_ask() -> UUID:
    """The run that begins now, or is under way. `Unavailable` where the bridge or its engine link is away."""
    return bridge_asked(ReconcileOrders(request_id=1, deadline_us=0), ReconcileAnswer).run


def reconciliation_wait(run: UUID, seconds: float) -> Reconciliation:
    """The run once it is over; `OutcomeUnknown` where it is not within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        row = Reconciliation.objects.filter(id=run).exclude(outcome=RunOutcome.RUNNING.value).first()
        if row is not None:
            return row
        time.sleep(LOOK_EVERY_SECONDS)
    raise OutcomeUnknown(f"The comparison is not over after {seconds:.0f} s.")


def reconciliation_last() -> Reconciliation | None:
    """The newest that is over."""
    return Reconciliation.objects.exclude(outcome=RunOutcome.RUNNING.value).order_by("-began_at").first()


def run_shape(run: Reconciliation) -> Document:
    """The run with all its differences, as machines read it."""
    rows = run.differences.order_by("account", "client_order_id", "found_at")
    return {
        "id": str(run.id),
        "cause": run.cause,
        "outcome": run.outcome,
        "engineEpoch": run.engine_epoch,
        "beganAt": text(micros(run.began_at)),
        "endedAt": text(micros(run.ended_at)) if run.ended_at else None,
        "ordersHere": run.here,
        "ordersAtEngine": run.engine,
        "repaired": run.repaired,
        "flagged": run.flagged,
        "gone": run.gone,
        "differences": [difference_shape(row) for row in rows],
    }


def difference_shape(row: ReconciliationDifference) -> Document:
    return {
        "orderId": str(row.order_id),
        "account": row.account,
        "clientOrderId": row.client_order_id,
        "kind": row.kind,
        "here": row.here or None,
        "atEngine": row.engine or None,
        "finding": row.finding,
    }
