"""When did the command leave that a report of the engine answers?"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from bridge.wire.messages import CancelOrder, ExecutionReport, NewOrder, ReplaceOrder
from bridge.wire.vocabulary import ExecType
from orders.core.hops import Hops

REMEMBERED_MAX: Final = 20_000  #: commands whose report has not come; the oldest are forgotten
Kept = NewOrder | CancelOrder | ReplaceOrder
ANSWERED: Final[dict[ExecType, type[Kept]]] = {
    ExecType.NEW: NewOrder,
    ExecType.REJECTED: NewOrder,
    ExecType.CANCELED: CancelOrder,
    ExecType.REPLACED: ReplaceOrder,
}


class Departed:
    """Used by the link thread alone."""

    def __init__(self) -> None:
        self._left: OrderedDict[tuple[int, type[Kept]], tuple[int, int]] = OrderedDict()

    def note(self, command: Kept, committed_us: int, sent_us: int) -> None:
        """`command` was handed to the network."""
        self._left[command.order_id.int, type(command)] = (committed_us, sent_us)
        if len(self._left) > REMEMBERED_MAX:
            self._left.popitem(last=False)

    def hops(self, report: ExecutionReport, arrived_us: int) -> Hops:
        """The way of what `report` tells; with that of the command that it answers, where it is the first to do so."""
        command = ANSWERED.get(report.exec_type)
        committed_us, sent_us = self._left.pop((report.order_id.int, command), (0, 0)) if command else (0, 0)
        engine_us = report.transacted_at_us
        return Hops(committed_us=committed_us, sent_us=sent_us, engine_us=engine_us, arrived_us=arrived_us)
