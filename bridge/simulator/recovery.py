"""What did the engine know before it stopped? Rebuilt from its journal, record by record."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.simulator.desk import loses_place
from bridge.simulator.journal import Journal, JournalFault, Record, RecordKind
from bridge.simulator.orders import OrderTable, UserOrder
from bridge.simulator.reports import ReportLog
from bridge.wire.messages import ExecutionReport, NewOrder
from bridge.wire.vocabulary import ExecType


class History:
    """Orders, reports and the fence as the journal's records make them."""

    def __init__(self, journal: Journal) -> None:
        self.orders = OrderTable()
        self.log = ReportLog(journal)
        self.session = 0  #: the newest that ever said Hello
        self._asked: dict[tuple[str, str], NewOrder] = {}
        self._by_external_id: dict[str, UserOrder] = {}

    def read(self, records: Iterable[Record]) -> None:
        """Take in `records` in order; `JournalFault` or `WireError` where they cannot be the truth."""
        for record in records:
            READERS[record.kind](self, record)
        self._asked.clear()

    def _start(self, record: Record) -> None:
        self._asked.clear()  # asked for in an earlier life without a report: never accepted
        self.log.begin(record.session)

    def _session(self, record: Record) -> None:
        self.session = max(self.session, record.session)

    def _command(self, record: Record) -> None:
        command = record.message()
        if isinstance(command, NewOrder):
            self._asked[command.account, command.client_order_id] = command

    def _report(self, record: Record) -> None:
        report = record.message()
        if not isinstance(report, ExecutionReport):
            raise JournalFault(f"No report at {record.offset}.")
        self.log.restore(report, record.offset)
        order = self.orders.get(report.account, report.client_order_id)
        if order is None:
            self._first_report(report, record)
        else:
            self._next_report(order, report)

    def _first_report(self, report: ExecutionReport, record: Record) -> None:
        asked = self._asked.pop((report.account, report.client_order_id), None)
        if asked is None:
            raise JournalFault(f"The report at {record.offset} speaks of an order that nobody sent.")
        order = UserOrder.of(asked, report.external_order_id, report.symbol)
        order.follow(report)
        self.orders.add(order)
        self._by_external_id[order.external_order_id] = order

    def _next_report(self, order: UserOrder, report: ExecutionReport) -> None:
        before = order.price_e8, order.quantity_e8, order.stop_price_e8
        order.follow(report)
        moved = report.exec_type is ExecType.REPLACED and loses_place(before, order)
        self.orders.settle(order, to_back=moved)

    def _trigger(self, record: Record) -> None:
        order = self._by_external_id[record.payload.decode("ascii")]
        order.triggered = True
        self.orders.settle(order, to_back=True)


READERS = {
    RecordKind.START: History._start,
    RecordKind.SESSION: History._session,
    RecordKind.COMMAND: History._command,
    RecordKind.ENTRY: History._command,
    RecordKind.REPORT: History._report,
    RecordKind.TRIGGER: History._trigger,
}
