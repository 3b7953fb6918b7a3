"""What does the order bridge show of itself? Counters and queues that are kept anyway, read at the scrape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from bridge.link.commands import CommandLink
from bridge.link.states import LinkState
from orders.bridge.core_loop import CoreLoop, Pulse
from orders.bridge.intake import Intake
from orders.bridge.last_hop import LastHop
from orders.bridge.mark_watch import MarkWatch
from orders.bridge.outbox import Outbox
from orders.bridge.requests_door import RequestsDoor
from orders.bridge.second_eye import SecondEye
from orders.core.safeguards import Safeguards
from orders.ledger import Ledger
from tradingmw.layers import GroupPublisher
from tradingmw.metrics import (
    CORE_AGE,
    CORE_EVENTS,
    DOOR_FAULTS,
    INBOX,
    JOURNAL_COUNTS,
    LAST_HOP,
    LINK_FAULTS,
    LINK_STATE,
    MARK_AGE,
    MARK_REQUESTS,
    MARKS,
    ORDER_EVENTS,
    ORDERS_LAYER_DROPS,
    ORDERS_OPEN,
    ORDERS_REFUSED,
    OUTBOX,
    OVERLOAD_LEVEL,
    SAFEGUARDS,
    SAFEGUARDS_FIRED,
    TRIPPED,
    one_of,
)

FIRED = {"disconnect": "disconnects_fired", "cancel_after": "timers_fired"}


def show_link(link: CommandLink, door: RequestsDoor, publisher: GroupPublisher) -> None:
    LINK_STATE.read_from(lambda: one_of(link.state, LinkState))
    LINK_FAULTS.read_from(lambda: texts(link.faults, link.strays))
    DOOR_FAULTS.read_from(lambda: door.counts)
    ORDERS_REFUSED.read_from(lambda: door.admission.refused)
    OVERLOAD_LEVEL.read_from(lambda: door.admission.level)
    ORDERS_LAYER_DROPS.read_from(lambda: publisher.dropped)


def show_core(core: CoreLoop, ledger: Ledger, intake: Intake, outbox: Outbox, pulse: Pulse) -> None:
    ORDER_EVENTS.read_from(lambda: core.events)
    CORE_EVENTS.read_from(lambda: core.counts)
    SAFEGUARDS.read_from(lambda: standing(ledger.book.safeguards))
    SAFEGUARDS_FIRED.read_from(lambda: {kind: core.counts[count] for kind, count in FIRED.items()})
    ORDERS_OPEN.read_from(lambda: sum(not order.final for order in list(ledger.book.orders.values())))
    INBOX.read_from(intake.lines)
    OUTBOX.read_from(lambda: outbox.waiting)
    CORE_AGE.read_from(lambda: pulse.age_ms / 1000)


def show_last_hop(last_hop: LastHop, eye: SecondEye) -> None:
    LAST_HOP.read_from(lambda: {"sent": last_hop.sent, **last_hop.counts})
    TRIPPED.read_from(lambda: bool(last_hop.reason))
    JOURNAL_COUNTS.read_from(lambda: {"journalled": eye.journalled, **eye.counts})


def show_marks(marks: MarkWatch) -> None:
    MARK_AGE.read_from(lambda: marks.age_seconds)
    MARK_REQUESTS.read_from(lambda: marks.counts)
    MARKS.read_from(marks.figures)


def standing(safeguards: Safeguards) -> dict[str, float]:
    return {"disconnect": len(safeguards.guards), "cancel_after": len(safeguards.timers)}


def texts(*counts: Mapping[Any, int]) -> dict[str, float]:
    """All of them together, by the words of their reasons."""
    together: Counter[str] = Counter()
    for each in counts:
        together.update({str(reason): count for reason, count in each.items()})
    return dict(together)
