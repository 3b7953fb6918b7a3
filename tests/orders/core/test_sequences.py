"""Ten thousand stories of an engine that is not always right, told by a wire that is worse. (Scoreboard check 5)

Each order is acknowledged early or late, filled, cancelled, busted, corrected and filled again; the engine repeats
itself under new numbers and says what cannot be; the wire swaps, repeats and drops. A second, much simpler bookkeeping
says what must be left.
"""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from bridge.wire.messages import ExecutionReport, NewOrder
from bridge.wire.vocabulary import EngineOrderStatus, ExecType
from orders.core.decide import decide
from orders.core.draft import Draft
from orders.core.inputs import Input, Replied, Reported
from orders.core.outcomes import OrderChanged
from orders.core.state import Cursor, ExecutionState, OrderState, PositionState
from tests.orders.core.desk import ANN, E8, EPOCH, Desk
from tests.scoreboard import Measured

SEQUENCES, SHORT = 10_000, 1_000
EVENTS = 9
STATUSES = {status.value: status for status in EngineOrderStatus}
FIGURES = {
    "fills": "orders whose fill is not the sum of their live executions, or not the engine's",
    "repeats": "repeats that were not ignored and counted",
    "impossible": "impossible reports that were not set aside with an alarm",
    "statuses": "orders that ended otherwise than the engine says",
    "positions": "positions that are not the sum of the live executions",
    "overfills": "overfills without an alarm",
}


class Story:
    """What an engine says of one order, and what must be left of it: in whole units, by the plainest sums."""

    def __init__(self, pick: random.Random, order: OrderState, first_seq: int) -> None:
        self.pick, self.order = pick, order
        self.total, self.ended, self.canceled, self.overfilled = order.quantity_e8 // E8, "", False, False
        self.trades: dict[str, tuple[int, int]] = {}  #: live: units and price by the id of the last word on it
        self.reports: list[ExecutionReport] = []
        self.told: list[ExecutionReport] = []  #: true trades
        self.impossible = self.renumbered = 0
        self._first_seq = first_seq

    @property
    def cum(self) -> int:
        return sum(units for units, _ in self.trades.values())

    @property
    def status(self) -> str:
        return self.ended or ("partially_filled" if self.cum else "new")

    def tell(self) -> None:
        acknowledged_at = self.pick.randrange(3)
        for number in range(EVENTS):
            if number == acknowledged_at:
                self.say(ExecType.NEW)
            what, weights = zip(*TELLINGS.items(), strict=True)
            self.pick.choices(what, weights)[0](self)

    def say(self, kind: ExecType, exec_id: str = "", **fields: Any) -> str:
        """The next report; its execution id."""
        seq = self._first_seq + len(self.reports)
        plain: dict[str, Any] = {
            "epoch": EPOCH,
            "seq": seq,
            "exec_id": exec_id or f"{EPOCH}-{seq}",
            "exec_type": kind,
            "status": STATUSES[self.status],
            "order_id": self.order.id,
            "account": self.order.account_name,
            "client_order_id": self.order.client_order_id,
            "external_order_id": "X",
            "instrument_id": 1,
            "symbol": self.order.symbol,
            "side": self.order.side,
            "quantity_e8": self.total * E8,
            "cum_quantity_e8": self.cum * E8,
            "leaves_quantity_e8": 0 if self.ended else (self.total - self.cum) * E8,
            "price_e8": self.order.price_e8,
            "transacted_at_us": seq,
        }
        self.reports.append(ExecutionReport(**{**plain, **fields}))
        return str(plain["exec_id"])

    # --- what can be -----------------------------------------------------------------------------------------------
    def trade(self) -> None:
        """Now and then more than was wanted, and now and then after the end."""
        open_units = self.total - self.cum
        most = open_units if open_units > 0 and self.pick.random() < 0.9 else max(open_units, 0) + 3
        exec_id = f"{EPOCH}-{self._first_seq + len(self.reports)}"
        self.trades[exec_id] = self.pick.randint(1, most), self.pick.randint(148, 152)
        self.settle()
        units, price = self.trades[exec_id]
        self.say(ExecType.TRADE, last_quantity_e8=units * E8, last_price_e8=price * E8)
        self.told.append(self.reports[-1])

    def cancel(self) -> None:
        if not self.ended:
            self.ended = "canceled"
            self.say(ExecType.CANCELED)

    def bust(self) -> None:
        if self.trades:
            of = self.pick.choice(list(self.trades))
            units, _ = self.trades.pop(of)
            self.amended(-units)
            self.say(ExecType.TRADE_CANCEL, ref_exec_id=of)

    def correct(self) -> None:
        if self.trades:
            of = self.pick.choice(list(self.trades))
            exec_id = f"{EPOCH}-{self._first_seq + len(self.reports)}"
            units, price = max(1, self.trades[of][0] + self.pick.randint(-2, 2)), self.pick.randint(148, 152)
            change = units - self.trades.pop(of)[0]
            self.trades[exec_id] = units, price
            self.amended(change)
            self.say(ExecType.TRADE_CORRECT, ref_exec_id=of, last_quantity_e8=units * E8, last_price_e8=price * E8)

    def amended(self, change: int) -> None:
        """What is void works again, or it does not."""
        again = self.pick.random() < 0.5
        if self.ended == "filled" and self.cum < self.total:
            self.ended = "" if again else "canceled"
        elif not self.ended and not again:
            self.total += change
        self.settle()

    def settle(self) -> None:
        if self.cum >= self.total:
            self.ended = "filled"
        self.overfilled |= self.cum > self.total

    # --- what is said twice, and what cannot be --------------------------------------------------------------------
    def trade_under_a_new_number(self) -> None:
        if self.told:
            self.say_again(self.pick.choice(self.told))
            self.renumbered += 1

    def say_again(self, report: ExecutionReport, **changes: Any) -> None:
        seq = self._first_seq + len(self.reports)
        self.reports.append(replace(report, seq=seq, **changes))

    def nonsense(self) -> None:
        """An execution id used again, a bust of nothing, another's account, an unknown order, an end after a fill."""
        kind = self.pick.randrange(5)
        if kind == 0 and self.told:
            self.say_again(self.told[0], last_quantity_e8=self.told[0].last_quantity_e8 + E8)
        elif kind == 1:
            self.say(ExecType.TRADE_CANCEL, ref_exec_id="never heard of")
        elif kind == 2:
            self.say(ExecType.CANCELED, account="somebody else")
        elif kind == 3 or not self.cum:
            self.say(ExecType.NEW, order_id=uuid.UUID(int=3))
        else:
            self.say(ExecType.REJECTED)
        self.impossible += 1


TELLINGS = {
    Story.trade: 8,
    Story.cancel: 1,
    Story.bust: 3,
    Story.correct: 3,
    Story.trade_under_a_new_number: 1,
    Story.nonsense: 2,
}


class Bookkeeper:
    """The core, one order at a time: what it was told, what it kept."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.desk.go_live()
        self.book = self.desk.book
        self.orders: dict[uuid.UUID, OrderState] = {}
        self.executions: dict[str, ExecutionState] = {}
        self.position: PositionState | None = None
        self.counts: Counter[str] = Counter()
        self.alarms: Counter[str] = Counter()
        self.quarantined = self.told = 0

    def begin(self, number: int) -> OrderState:
        """Another account's order, so that nothing of the one before is in its position."""
        caller = replace(ANN, account=uuid.UUID(int=10**6 + number))
        placed = self.do(self.desk.place_input(f"s-{number}", caller=caller, quantity_e8=10 * E8))
        command = next(each for each in placed.to_engine if isinstance(each, NewOrder))
        self.command = command
        return self.orders[command.order_id]

    def do(self, *inputs: Input) -> Draft:
        for order in self.orders.values():
            self.book.learn(order)
        self.book.executions.update(self.executions)
        draft = decide(self.book, inputs, self.desk.now_us)
        draft.adopt()
        for each in draft.happenings:
            self.keep(each)
        self.counts.update(draft.counts)
        self.alarms.update(alarm.sentence for alarm in draft.alarms)
        self.quarantined += len(draft.quarantined)
        self.told += sum(isinstance(each, Reported) for each in inputs)
        return draft

    def keep(self, each: OrderChanged | ExecutionState | PositionState) -> None:
        if isinstance(each, OrderChanged):
            self.orders[each.order.id] = each.order
        elif isinstance(each, ExecutionState):
            self.executions[each.exec_id] = each
        else:
            self.position = each

    def end(self) -> None:
        """The engine's reply comes last; then the order is forgotten, as by a process that has others."""
        self.do(Replied(self.desk.reply(self.command)))
        for order_id in self.orders:
            self.book.orders.pop(order_id, None)
        self.orders, self.executions, self.position = {}, {}, None
        self.counts, self.alarms, self.quarantined, self.told = Counter(), Counter(), 0, 0


def delivered(pick: random.Random, reports: list[ExecutionReport]) -> Iterator[list[ExecutionReport]]:
    """As the wire gives them: some twice, some not at all, neighbours swapped; then a replay of all."""
    wire = [report for report in reports for _ in range(pick.choices((0, 1, 2), (1, 8, 2))[0])]
    for place in range(len(wire) - 1):
        if pick.random() < 0.15:
            wire[place : place + 2] = reversed(wire[place : place + 2])
    for told in (wire, reports):
        begin = 0
        while begin < len(told):
            end = begin + pick.randint(1, 12)
            yield told[begin:end]
            begin = end


def wrong(story: Story, kept: Bookkeeper) -> Counter[str]:
    """What is not as the story says, by kind."""
    (order,) = kept.orders.values()
    live = [(each.quantity_e8, each.price_e8) for each in kept.executions.values() if each.live]
    theirs = [(units * E8, price * E8) for units, price in story.trades.values()]
    notional_e16 = sum(quantity_e8 * price_e8 for quantity_e8, price_e8 in live)
    filled_e8 = sum(quantity_e8 for quantity_e8, _ in live)
    ignored = kept.told - len(story.reports)
    found: Counter[str] = Counter()
    found["fills"] += (order.filled_e8, order.filled_notional_e16) != (filled_e8, notional_e16)
    found["fills"] += sorted(live) != sorted(theirs)
    found["repeats"] += kept.counts["repeated_reports"] + kept.counts["early_reports"] != ignored
    found["repeats"] += kept.counts["repeated_executions"] != story.renumbered
    found["impossible"] += kept.quarantined != story.impossible
    found["impossible"] += kept.alarms["An execution report was quarantined"] != story.impossible
    found["statuses"] += order.status.value != story.status
    found["overfills"] += story.overfilled and not kept.alarms["An order was overfilled"]
    found["positions"] += (kept.position.quantity_e8 if kept.position else 0) != filled_e8
    found["positions"] += kept.position is not None and not cash_adds_up(kept.position, notional_e16)
    return found


def cash_adds_up(position: PositionState, paid_e16: int) -> bool:
    """What was paid stands in the cost, or in the loss."""
    return position.cost_e16 - position.realized_e16 == paid_e16


def test_any_sequence_of_reports_leaves_what_is_live(measured: Measured, pytestconfig: pytest.Config) -> None:
    """Ten thousand with --long, fewer otherwise."""
    kept, found, cursor = Bookkeeper(), Counter[str](), 0
    sequences = SEQUENCES if pytestconfig.getoption("--long") else SHORT
    for seed in range(sequences):
        pick = random.Random(seed)
        story = Story(pick, kept.begin(seed), cursor + 1)
        story.tell()
        for batch in delivered(pick, story.reports):
            kept.do(*[Reported(report) for report in batch])
        cursor += len(story.reports)
        assert kept.book.cursor == Cursor(EPOCH, cursor), f"seed {seed}"
        mistakes = +wrong(story, kept)
        assert not mistakes, f"seed {seed}: {mistakes}"
        found += mistakes
        kept.end()
    measured(5, "sequences", sequences, f"{SEQUENCES:,}")
    for kind, sentence in FIGURES.items():
        measured(5, sentence, found[kind], "0")
