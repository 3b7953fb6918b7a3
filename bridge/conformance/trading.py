"""How does a check bring orders to the engine, and what became of them?

Nothing is expected of the engine's market but that it takes limit orders between half the present price and twice as
much. What is to trade is brought by two accounts of the check itself; where others trade as well, they may be met.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from bridge.conformance.conversation import Conversation, of_kind
from bridge.conformance.subject import Subject
from bridge.conformance.verdicts import Unmet, require
from bridge.wire.messages import (
    CancelOrder,
    CommandReply,
    ExecutionReport,
    Instrument,
    NewOrder,
    OrderStatus,
    OrderStatusRequest,
    ReplaceOrder,
)
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, OrderType, ReplyOutcome, Side, TimeInForce

ACCOUNT, OTHER_ACCOUNT, DESK = "engine-check", "engine-check-2", "engine-check"
TICKS_WITHOUT_PRICE = 10_000  #: where the engine knows no price at all
CROSSING_ROUNDS = 5  #: a market that moves may take one side from under the other
OF_A_COMMAND = ("session", "command_seq", "deadline_us")
OPEN = frozenset({EngineOrderStatus.NEW, EngineOrderStatus.PARTIALLY_FILLED})


class Prices(NamedTuple):
    """Multiples of the tick."""

    low: int  #: half the present price: who buys here waits
    here: int  #: who sells here is the first or one of the first to be met
    above: int  #: who buys here takes what is offered
    high: int  #: twice the present price: who sells here waits
    offered_e8: int  #: how much others sell here


class Trader:
    """Orders of one conversation."""

    def __init__(self, subject: Subject, conversation: Conversation, instrument: Instrument) -> None:
        self.conversation, self.instrument = conversation, instrument
        self._subject = subject
        self._sent: dict[UUID, NewOrder] = {}
        self._far: Prices | None = None  #: asked for once: a market does not halve or double while a check lasts

    # --- orders ------------------------------------------------------------------------------------------------------
    def order(self, side: Side, price_e8: int | None, lots: int = 2, **fields: Any) -> NewOrder:
        """A command that was not said yet; a day's limit order unless `fields` say otherwise."""
        number = next(self._subject.numbers)
        usual: dict[str, Any] = {
            "order_id": uuid4(),
            "account": ACCOUNT,
            "desk": DESK,
            "client_order_id": f"check-{self._subject.run}-{number}",
            "instrument_id": self.instrument.instrument_id,
            "side": side,
            "order_type": OrderType.LIMIT,
            "time_in_force": TimeInForce.DAY,
            "quantity_e8": lots * self.instrument.lot_e8,
            "price_e8": price_e8,
        }
        order = self.conversation.command(NewOrder, **(usual | fields))
        self._sent[order.order_id] = order
        return order

    def again(self, order: NewOrder, deadline_us: int | None = None) -> NewOrder:
        """The same order in a new command."""
        fields = {name: getattr(order, name) for name in order.__struct_fields__ if name not in OF_A_COMMAND}
        return self.conversation.command(NewOrder, deadline_us=deadline_us, **fields)

    def place(self, order: NewOrder) -> CommandReply:
        """Say it; it must be accepted."""
        reply = self.conversation.reply_to(order)
        require(reply.outcome is ReplyOutcome.ACCEPTED, f"a {order.order_type} order was answered {told(reply)}")
        return reply

    def rest(self, side: Side = Side.BUY, lots: int = 2, **fields: Any) -> NewOrder:
        """An order in the book that nobody trades with, with its report `new`."""
        self._far = self._far or self.prices()
        order = self.order(side, self._far.low if side is Side.BUY else self._far.high, lots, **fields)
        self.place(order)
        self.report(order, ExecType.NEW)
        return order

    def cross(self, lots: int = 2) -> tuple[NewOrder, NewOrder]:
        """Two orders of different accounts that trade: the seller's, and the buyer's, which is filled."""
        for _ in range(CROSSING_ROUNDS):
            prices = self.prices()
            seller = self.order(Side.SELL, prices.here, lots)
            buyer = self.order(Side.BUY, prices.above, lots, account=OTHER_ACCOUNT)
            self.place(seller)
            self.place(buyer)
            if self.status(buyer).status is EngineOrderStatus.FILLED:
                return seller, buyer
            self.tidy()
        raise Unmet(f"a buyer at {prices.above} did not trade with a seller at {prices.here}, {CROSSING_ROUNDS} times")

    def prices(self) -> Prices:
        """By the book as it is now; the last trade, or the close of the day before, where it is empty."""
        book, tick = self._subject.book(self.instrument), self.instrument.tick_e8
        ask, offered_e8 = book.asks[0] if book.asks else (0, 0)
        bid = book.bids[0][0] + tick if book.bids else 0
        here = ask or bid or book.last_e8 or self.instrument.previous_close_e8 or TICKS_WITHOUT_PRICE * tick
        here -= here % tick
        low, above = here // 2, here + here // 50
        return Prices(max(low - low % tick, tick), here, above - above % tick + tick, 2 * here, offered_e8)

    # --- what became of them -----------------------------------------------------------------------------------------
    def cancel(self, order: NewOrder, order_id: UUID | None = None) -> CommandReply:
        return self.conversation.reply_to(self.cancel_command(order, order_id))

    def cancel_command(self, order: NewOrder, order_id: UUID | None = None) -> CancelOrder:
        return self.conversation.command(
            CancelOrder,
            order_id=order_id or order.order_id,
            account=order.account,
            client_order_id=order.client_order_id,
        )

    def replace(self, order: NewOrder, **changes: int) -> CommandReply:
        command = self.conversation.command(
            ReplaceOrder,
            order_id=order.order_id,
            account=order.account,
            client_order_id=order.client_order_id,
            **changes,
        )
        return self.conversation.reply_to(command)

    def status(self, order: NewOrder, order_id: UUID | None = None) -> OrderStatus:
        """What the engine holds, once all reports of before have come: a barrier."""
        request = self.conversation.command(
            OrderStatusRequest,
            order_id=order_id or order.order_id,
            account=order.account,
            client_order_id=order.client_order_id,
        )
        answer = of_kind(self.conversation.ask(request), OrderStatus)
        self.applied(answer.last_seq)
        return answer

    def applied(self, last_seq: int) -> None:
        """Wait until the reports up to this number have come."""
        if last_seq > self.conversation.welcome.last_seq:
            self.conversation.wait_for(
                ExecutionReport, lambda report: report.seq >= last_seq, what=f"report {last_seq}"
            )

    def report(self, order: NewOrder, exec_type: ExecType) -> ExecutionReport:
        """The order's first report of this kind, once it is there."""

        def found() -> ExecutionReport | None:
            reports = self.conversation.reports_of(order.order_id)
            return next((report for report in reports if report.exec_type is exec_type), None)

        return self.conversation.wait_until(found, f"a report {exec_type} of a {order.order_type} order")

    def reports(self, order: NewOrder) -> list[ExecutionReport]:
        """All that has come of the order, repeats left out."""
        found = {(report.epoch, report.seq): report for report in self.conversation.reports_of(order.order_id)}
        return [found[number] for number in sorted(found)]

    def tidy(self) -> None:
        """End what is still open."""
        for order in self._sent.values():
            if (reports := self.reports(order)) and reports[-1].status in OPEN:
                self.cancel(order)
        self._sent.clear()


def told(reply: CommandReply) -> str:
    """A reply in words."""
    return " ".join(filter(None, (reply.outcome, reply.code, reply.reason)))


@contextmanager
def trading(subject: Subject) -> Iterator[Trader]:
    """A trader in a session of its own, whose orders are ended with it."""
    instrument = subject.instrument()
    with subject.welcomed() as conversation:
        trader = Trader(subject, conversation, instrument)
        try:
            yield trader
        finally:
            with suppress(Unmet):  # an engine that does not cancel is told of by the checks of that
                trader.tidy()
