"""An engine in memory that keeps the promises of the link, for tests that do everything to the way there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bridge.wire.messages import (
    CancelOrder,
    ExecutionReport,
    NewOrder,
    OpenOrder,
    OrderList,
    OrderListRequest,
    ReplaceOrder,
    ReplayDone,
    ReplayRequest,
)
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, RejectCode, ReplyOutcome
from tests.orders.engine_words import ENDED, page, reply, status_told

E8 = 10**8


@dataclass
class Held:
    """An order of the engine with its present terms; `times_taken` must never pass one."""

    command: NewOrder
    quantity_e8: int
    price_e8: int | None
    status: EngineOrderStatus = EngineOrderStatus.NEW
    cum_e8: int = 0
    times_taken: int = 1

    @property
    def open_e8(self) -> int:
        return 0 if self.status in ENDED else self.quantity_e8 - self.cum_e8


def as_listed(held: Held) -> OpenOrder:
    command = held.command
    return OpenOrder(
        order_id=command.order_id,
        account=command.account,
        client_order_id=command.client_order_id,
        external_order_id="X",
        symbol="AAPL",
        side=command.side,
        quantity_e8=held.quantity_e8,
        cum_quantity_e8=held.cum_e8,
        price_e8=held.price_e8,
        stop_price_e8=command.stop_price_e8,
    )


class ReferenceEngine:
    """Answers commands with messages, oldest first. What it has said or taken survives `restart`."""

    def __init__(self) -> None:
        self.epoch, self.seq, self.session, self.now_us = 1, 0, 0, 0
        self.held: dict[tuple[str, str], Held] = {}
        self.log: list[ExecutionReport] = []
        self.replaced: list[tuple[int, int]] = []  #: session and number of each change that was done
        self._exec_ids = itertools.count(1)

    def hello(self, session: int) -> tuple[int, int]:
        """Epoch and last number, as a Welcome tells them."""
        self.session = max(self.session, session)
        return self.epoch, self.seq

    def restart(self) -> None:
        self.epoch, self.seq = self.epoch + 1, 0

    def serve(self, message: Any) -> Iterator[Any]:
        if isinstance(message, ReplayRequest):
            yield from [
                report for report in self.log if (report.epoch, report.seq) > (message.epoch, message.after_seq)
            ]
            yield ReplayDone(session=message.session, epoch=self.epoch, last_seq=self.seq, complete=True)
        elif message.session < self.session:
            yield reply(self, message, ReplyOutcome.REJECTED, RejectCode.STALE_SESSION)
        elif isinstance(message, NewOrder):
            yield from self._new(message)
        elif isinstance(message, CancelOrder):
            yield from self._cancel(message)
        elif isinstance(message, ReplaceOrder):
            yield from self._replace(message)
        elif isinstance(message, OrderListRequest):
            yield self._list(message)
        else:
            yield status_told(self, message, self.held.get((message.account, message.client_order_id)))

    def _new(self, command: NewOrder) -> Iterator[Any]:
        key = (command.account, command.client_order_id)
        if key in self.held:
            yield reply(self, command, ReplyOutcome.DUPLICATE)
        elif self.now_us > command.deadline_us:
            yield reply(self, command, ReplyOutcome.REJECTED, RejectCode.DEADLINE_PASSED)
        else:
            held = self.held[key] = Held(command, command.quantity_e8, command.price_e8)
            yield self._report(held, ExecType.NEW)
            yield reply(self, command, ReplyOutcome.ACCEPTED)

    def _cancel(self, command: CancelOrder) -> Iterator[Any]:
        held = self.held.get((command.account, command.client_order_id))
        if held is None or (code := self._fault(held, command)):
            yield reply(self, command, ReplyOutcome.REJECTED, code if held else RejectCode.UNKNOWN_ORDER)
        else:
            held.status = EngineOrderStatus.CANCELED
            yield self._report(held, ExecType.CANCELED)
            yield reply(self, command, ReplyOutcome.ACCEPTED)

    def _replace(self, command: ReplaceOrder) -> Iterator[Any]:
        held = self.held.get((command.account, command.client_order_id))
        if held is None or (code := self._fault(held, command)):
            yield reply(self, command, ReplyOutcome.REJECTED, code if held else RejectCode.UNKNOWN_ORDER)
        elif command.quantity_e8 is not None and command.quantity_e8 <= held.cum_e8:
            yield reply(self, command, ReplyOutcome.REJECTED, RejectCode.INVALID_ORDER)
        else:
            held.quantity_e8 = command.quantity_e8 or held.quantity_e8
            held.price_e8 = command.price_e8 or held.price_e8
            self.replaced.append((command.session, command.command_seq))
            yield self._report(held, ExecType.REPLACED)
            yield reply(self, command, ReplyOutcome.ACCEPTED)

    def _fault(self, held: Held, command: CancelOrder | ReplaceOrder) -> RejectCode | None:
        if held.status in ENDED:
            return RejectCode.ORDER_FINAL
        return RejectCode.DEADLINE_PASSED if self.now_us > command.deadline_us else None

    def trade(self, held: Held, quantity_e8: int, price_e8: int) -> ExecutionReport:
        held.cum_e8 += quantity_e8
        full = held.cum_e8 == held.quantity_e8
        held.status = EngineOrderStatus.FILLED if full else EngineOrderStatus.PARTIALLY_FILLED
        return self._report(held, ExecType.TRADE, last_quantity_e8=quantity_e8, last_price_e8=price_e8)

    @property
    def live_trades(self) -> list[ExecutionReport]:
        void = {report.ref_exec_id for report in self.log}
        return [report for report in self.log if report.exec_type is ExecType.TRADE and report.exec_id not in void]

    def bust(self, trade: ExecutionReport, *, works_again: bool) -> ExecutionReport:
        """The trade is void; what it filled works again, or it does not."""
        held = self.held[trade.account, trade.client_order_id]
        held.cum_e8 -= trade.last_quantity_e8
        working = EngineOrderStatus.PARTIALLY_FILLED if held.cum_e8 else EngineOrderStatus.NEW
        if held.status is EngineOrderStatus.FILLED:
            held.status = working if works_again else EngineOrderStatus.CANCELED
        elif held.status not in ENDED:
            held.status = working
            held.quantity_e8 -= 0 if works_again else trade.last_quantity_e8
        return self._report(held, ExecType.TRADE_CANCEL, ref_exec_id=trade.exec_id)

    def _report(self, held: Held, kind: ExecType, **fields: Any) -> ExecutionReport:
        self.seq += 1
        command = held.command
        report = ExecutionReport(
            epoch=self.epoch,
            seq=self.seq,
            exec_id=f"E{next(self._exec_ids)}",
            exec_type=kind,
            status=held.status,
            order_id=command.order_id,
            account=command.account,
            client_order_id=command.client_order_id,
            external_order_id="X",
            instrument_id=1,
            symbol="AAPL",
            side=command.side,
            quantity_e8=held.quantity_e8,
            price_e8=held.price_e8,
            cum_quantity_e8=held.cum_e8,
            leaves_quantity_e8=held.open_e8,
            transacted_at_us=self.now_us,
            **fields,
        )
        self.log.append(report)
        return report

    def _list(self, request: OrderListRequest) -> OrderList:
        """All of them at once: these worlds are small."""
        orders = [as_listed(held) for held in self.held.values() if held.status not in ENDED]
        return page(self, request, sorted(orders, key=lambda order: order.order_id))
