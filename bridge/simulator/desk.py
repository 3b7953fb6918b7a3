"""What becomes of users' orders: which are accepted, what is reported of them, and when do they end?

No clock and no socket: `now_us` comes in, replies are returned, reports go to `emit` as frames that may leave once the
journal is committed. Reports that a command causes are emitted before its reply, so that a reply's `last_seq` never
names one that is still to come.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

from bridge.simulator.board import Board
from bridge.simulator.exchange import Exchange
from bridge.simulator.journal import Journal, RecordKind
from bridge.simulator.levels import BookOrder
from bridge.simulator.matching import Fill, Mode
from bridge.simulator.orders import OrderTable, UserOrder
from bridge.simulator.refusals import Refusal, check_new, check_replace
from bridge.simulator.reports import ReportLog
from bridge.simulator.stops import StopBook
from bridge.wire.messages import ExecutionReport, NewOrder, ReplaceOrder
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, OrderType, RejectCode, TimeInForce

Emit = Callable[[tuple[bytes, bytes]], None]

ENDINGS = {
    ExecType.CANCELED: EngineOrderStatus.CANCELED,
    ExecType.EXPIRED: EngineOrderStatus.EXPIRED,
}
MODES = {TimeInForce.IOC: Mode.DROP, TimeInForce.FOK: Mode.ALL_OR_NOTHING}
AT_MARKET = {OrderType.MARKET, OrderType.STOP}


class Desk:
    """The life of every user's order in this run."""

    def __init__(self, exchange: Exchange, orders: OrderTable, log: ReportLog, journal: Journal, emit: Emit) -> None:
        self.exchange = exchange
        self.orders = orders
        self.log = log
        self._journal = journal
        self._emit = emit
        self._stops = {identity: StopBook() for identity in exchange.boards}
        self._expiries: list[tuple[int, int, UserOrder]] = []
        self._numbers = count(1)

    # --- what users do --------------------------------------------------------------------------------------------
    def place(self, command: NewOrder, now_us: int) -> UserOrder:
        """A new order, accepted and matched; `Refusal` where it cannot be: then it never was an order."""
        board = self.exchange.boards.get(command.instrument_id)
        if board is None:
            raise Refusal(RejectCode.UNKNOWN_INSTRUMENT, f"Instrument {command.instrument_id} is not traded here.")
        check_new(command, board.listing, now_us)
        order = UserOrder.of(command, f"{self.log.epoch}-{next(self._numbers)}", board.listing.symbol)
        self.orders.add(order)
        self._report(order, ExecType.NEW, now_us)
        self._open(order, board, now_us)
        return order

    def cancel(self, order: UserOrder, now_us: int) -> None:
        """End an open order at its owner's wish."""
        self._end(order, ExecType.CANCELED, now_us)

    def replace(self, order: UserOrder, command: ReplaceOrder, now_us: int) -> None:
        """Change an open order; `Refusal` where it cannot be. More quantity or another price costs the place."""
        board = self._board(order)
        check_replace(order, command, board.listing)
        before = order.price_e8, order.quantity_e8, order.stop_price_e8
        order.price_e8 = command.price_e8 or order.price_e8
        order.quantity_e8 = command.quantity_e8 or order.quantity_e8
        order.stop_price_e8 = command.stop_price_e8 or order.stop_price_e8
        self._report(order, ExecType.REPLACED, now_us)
        if loses_place(before, order):
            self._remove(order, now_us)
            self.orders.settle(order, to_back=True)
            self._open(order, board, now_us)
        elif order.book is not None and (fewer := before[1] - order.quantity_e8):
            board.shrink(order.book, fewer // board.listing.lot_e8, now_us)

    def amend(
        self, order: UserOrder, how: ExecType, change_e8: int, now_us: int, *, of: str, trade: tuple[int, int] = (0, 0)
    ) -> None:
        """A trade of the order is void, or was another one: `change_e8` more is filled. The book stays as it is."""
        order.cum_e8 += change_e8
        if not order.final:
            order.quantity_e8 += change_e8
            order.status = EngineOrderStatus.PARTIALLY_FILLED if order.cum_e8 else EngineOrderStatus.NEW
        elif order.status is EngineOrderStatus.FILLED and order.cum_e8 < order.quantity_e8:
            order.status = EngineOrderStatus.CANCELED
        self._report(order, how, now_us, trade=trade, of=of)

    # --- what time and the market do ------------------------------------------------------------------------------
    def market_moved(self, board: Board, fills: list[Fill], now_us: int) -> None:
        """Report users' part in what the market did, then let triggered stop orders go."""
        self._report_fills(board, fills, now_us)
        self._release_stops(board, now_us)

    def expire(self, now_us: int) -> None:
        """End the good-till-date orders whose time has come."""
        while self._expiries and self._expiries[0][0] <= now_us:
            order = heapq.heappop(self._expiries)[2]
            if not order.final:
                self._end(order, ExecType.EXPIRED, now_us)

    def end_all(self, now_us: int, code: RejectCode, reason: str) -> None:
        """End every open order, whoever's it is."""
        for order in list(self.orders.open_orders()):
            self._end(order, ExecType.CANCELED, now_us, code, reason)

    def reopen(self, order: UserOrder, now_us: int) -> None:
        """Put an order of an earlier run back; where its instrument is gone or differs, end it."""
        board = self.exchange.by_symbol.get(order.symbol)
        if board is None or not _fits(order, board):
            self._end(order, ExecType.CANCELED, now_us, RejectCode.UNKNOWN_INSTRUMENT, "Not traded in this run.")
            return
        order.instrument_id = board.listing.instrument_id
        self._open(order, board, now_us)

    # --- the parts of it ------------------------------------------------------------------------------------------
    def _open(self, order: UserOrder, board: Board, now_us: int) -> None:
        if order.expires_at_us is not None:
            heapq.heappush(self._expiries, (order.expires_at_us, next(self._numbers), order))
        if order.waits_for_stop:
            self._stops[order.instrument_id].add(order)
        else:
            self._submit(order, board, now_us)
        self._release_stops(board, now_us)

    def _submit(self, order: UserOrder, board: Board, now_us: int) -> None:
        at_market = order.order_type in AT_MARKET
        mode = MODES.get(order.time_in_force, Mode.DROP if at_market else Mode.REST)
        ticks = 0 if at_market else (order.price_e8 or 0) // board.listing.tick_e8
        order.book = BookOrder(order.buy, ticks, order.leaves_e8 // board.listing.lot_e8, owner=order)
        self._report_fills(board, board.submit(order.book, mode, now_us), now_us)
        if mode is not Mode.REST:
            order.book = None
            if not order.final:
                self._end(order, ExecType.CANCELED, now_us, RejectCode.NO_LIQUIDITY, "Nobody left to trade with.")

    def _release_stops(self, board: Board, now_us: int) -> None:
        stops = self._stops[board.listing.instrument_id]
        while (order := stops.pop_triggered(board.last_e8)) is not None:
            order.triggered = True
            external_id = order.external_order_id.encode("ascii")
            self._journal.append(RecordKind.TRIGGER, now_us, self.log.epoch, (b"", external_id))
            self._submit(order, board, now_us)

    def _report_fills(self, board: Board, fills: list[Fill], now_us: int) -> None:
        for fill in fills:
            for party in (fill.resting, fill.incoming):
                if isinstance(party.owner, UserOrder):
                    self._fill(party.owner, board, fill, now_us)

    def _fill(self, order: UserOrder, board: Board, fill: Fill, now_us: int) -> None:
        size_e8 = fill.units * board.listing.lot_e8
        order.cum_e8 += size_e8
        done = order.cum_e8 == order.quantity_e8
        order.status = EngineOrderStatus.FILLED if done else EngineOrderStatus.PARTIALLY_FILLED
        if done:
            order.book = None
            self.orders.settle(order)
        self._report(order, ExecType.TRADE, now_us, trade=(size_e8, fill.ticks * board.listing.tick_e8))

    def _end(
        self, order: UserOrder, how: ExecType, now_us: int, code: RejectCode | None = None, reason: str = ""
    ) -> None:
        self._remove(order, now_us)
        order.status = ENDINGS[how]
        self.orders.settle(order)
        self._report(order, how, now_us, code=code, reason=reason)

    def _remove(self, order: UserOrder, now_us: int) -> None:
        if order.instrument_id in self._stops:
            self._stops[order.instrument_id].discard(order)
        if order.book is not None:
            self._board(order).withdraw(order.book, now_us)
            order.book = None

    def _board(self, order: UserOrder) -> Board:
        return self.exchange.boards[order.instrument_id]

    def _report(
        self,
        order: UserOrder,
        how: ExecType,
        now_us: int,
        *,
        trade: tuple[int, int] = (0, 0),
        code: RejectCode | None = None,
        reason: str = "",
        of: str | None = None,
    ) -> None:
        seq = self.log.last_seq + 1
        report = ExecutionReport(
            epoch=self.log.epoch,
            seq=seq,
            exec_id=f"{self.log.epoch}-{seq}",
            exec_type=how,
            status=order.status,
            order_id=order.order_id,
            account=order.account,
            client_order_id=order.client_order_id,
            external_order_id=order.external_order_id,
            instrument_id=order.instrument_id,
            symbol=order.symbol,
            side=order.side,
            quantity_e8=order.quantity_e8,
            cum_quantity_e8=order.cum_e8,
            leaves_quantity_e8=order.leaves_e8,
            last_quantity_e8=trade[0],
            last_price_e8=trade[1],
            price_e8=order.price_e8,
            stop_price_e8=order.stop_price_e8,
            ref_exec_id=of,
            code=code,
            reason=reason,
            transacted_at_us=now_us,
        )
        self._emit(self.log.append(report))


def loses_place(before: tuple[int | None, int, int | None], order: UserOrder) -> bool:
    """Does a change of (price, quantity, stop price) send the order to the back of the queue?"""
    price_e8, quantity_e8, stop_price_e8 = before
    if (price_e8, stop_price_e8) != (order.price_e8, order.stop_price_e8):
        return True
    return order.quantity_e8 > quantity_e8


def _fits(order: UserOrder, board: Board) -> bool:
    prices = (order.price_e8 or 0, order.stop_price_e8 or 0)
    return not any(price % board.listing.tick_e8 for price in prices) and not order.leaves_e8 % board.listing.lot_e8
