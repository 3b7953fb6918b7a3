"""A desk for tests of the core: a trader, instruments, a clock that is set, a store in memory, and an engine's words.

`Desk` does for the core what the ledger does with a database: it looks up, decides, keeps what was decided and adopts.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable
from typing import Any, TypeVar

from bridge.wire.messages import (
    CommandReply,
    ExecutionReport,
    Instrument,
    NewOrder,
    OpenOrder,
    OrderList,
    OrderListRequest,
    OrderStatus,
    ReplayDone,
)
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, OrderType, ReplyOutcome, Side, TimeInForce
from orders.core.book import Book, awaits_evidence
from orders.core.decide import decide
from orders.core.draft import Draft
from orders.core.inputs import (
    Amend,
    Cancel,
    CancelAll,
    Input,
    LinkUp,
    Listed,
    NotSent,
    Place,
    Replace,
    Replayed,
    Reported,
    Started,
    Ticket,
)
from orders.core.marks import Mark
from orders.core.outcomes import OrderChanged, OrderReply
from orders.core.safeguards import Fate
from orders.core.state import CommandKind, CommandProgress, CommandState, ExecutionState, OrderState, PositionState
from orders.lifecycle import OrderEvent
from orders.requests import AmendExecution, Caller, CancelAllOrders, CancelOrder, PlaceOrder, ReplaceOrder

E8 = 10**8
SECOND_US = 1_000_000
START_US = 1_795_000_000 * SECOND_US
EPOCH = 7
INSTRUMENTS = {
    "AAPL": Instrument(instrument_id=1, symbol="AAPL", exchange="XNAS", shard="0", tick_e8=10**6, lot_e8=E8),
    "IBM": Instrument(instrument_id=2, symbol="IBM", exchange="XNYS", shard="0", tick_e8=10**6, lot_e8=E8),
}
#: a fresh market around the prices that these tests use
MARKS: dict[str, Mark] = {symbol: Mark(150 * E8, 150 * E8 + 10**6, 150 * E8, START_US, False) for symbol in INSTRUMENTS}
ANN = Caller(
    user=uuid.UUID(int=1), account=uuid.UUID(int=11), account_name="ann", desk=uuid.UUID(int=21), desk_name="alpha"
)
BOB = Caller(user=uuid.UUID(int=2), account=uuid.UUID(int=12), account_name="bob")
OPERATOR = uuid.UUID(int=99)
LATER_US = START_US + 10**15
M = TypeVar("M")


class Desk:
    """A core and everything around it but the engine. `sent` is what left for the engine, oldest first."""

    def __init__(self, session: int = 1) -> None:
        self.now_us = START_US
        self.book = Book(session)
        self.marks = dict(MARKS)
        self.orders: dict[uuid.UUID, OrderState] = {}
        self.executions: dict[str, ExecutionState] = {}
        self.positions: dict[tuple[uuid.UUID, str], PositionState] = {}
        self.commands: dict[tuple[int, int], CommandState] = {}
        self.history: list[OrderChanged] = []
        self.sent: list[Any] = []
        self.drafts: list[Draft] = []
        self.fates: dict[uuid.UUID, Fate] = {}  #: of sessions that have ended; the others live
        self.owners: dict[str, Caller] = {}  #: of accounts whose orders the engine may name though we do not know them
        self._tickets = itertools.count(1)
        self._order_ids = itertools.count(1000)

    # --- the ledger's part -----------------------------------------------------------------------------------------
    def do(self, *inputs: Input) -> Draft:
        """Decide one batch and keep it."""
        self._look_up()
        self.book.marks = self.marks
        draft = decide(self.book, inputs, self.now_us)
        for each in draft.happenings:
            self._keep(each)
        for command in draft.claimed:
            self.commands[command.session, command.seq] = command
        for key, progress in draft.progress.items():
            self.commands[key] = CommandState(
                **{**{f: getattr(self.commands[key], f) for f in CommandState.__struct_fields__}, "progress": progress}
            )
        draft.adopt()
        self.sent.extend(draft.to_engine)
        self.drafts.append(draft)
        return draft

    def _keep(self, each: OrderChanged | ExecutionState | PositionState) -> None:
        if isinstance(each, OrderChanged):
            assert each.order.version == 1 or self.orders[each.order.id].version == each.order.version - 1
            self.orders[each.order.id] = each.order
            self.history.append(each)
        elif isinstance(each, ExecutionState):
            assert each.exec_id not in self.executions or not each.live, "An execution counts once."
            self.executions[each.exec_id] = each
        else:
            self.positions[each.account, each.symbol] = each

    def _look_up(self) -> None:
        for order in self.orders.values():
            self.book.learn(order)
        self.book.executions.update(self.executions)
        self.book.owners.update(self.owners)
        elapsed = self.book.safeguards.elapsed(self.now_us)
        self.book.safeguards.fates = {session: self.fates.get(session, Fate.LIVE) for session in elapsed}

    def restart(self) -> None:
        """Another process takes over with what was kept, and a newer session."""
        cursor, session, kept = self.book.cursor, self.book.session + 1, self.book.safeguards
        self.book = Book(session, cursor)
        self.book.positions.update(self.positions)
        self.book.safeguards.load(list(kept.guards.values()), list(kept.timers.values()))
        open_groups = {order.group for order in self.orders.values() if not order.final} - {None}
        for order in self.orders.values():
            if not order.final or order.group in open_groups:
                self.book.learn(order)
        for key, command in sorted(self.commands.items()):
            unanswered = command.progress in (CommandProgress.CLAIMED, CommandProgress.UNKNOWN)
            if unanswered and not self.orders[command.order_id].final:
                self.book.commands[key] = command
                if command.kind is CommandKind.NEW_ORDER:
                    self.book.claims[command.order_id] = key
                elif command.kind is CommandKind.REPLACE_ORDER:
                    self.book.replaces[command.order_id] = key
        self.do(Started())

    # --- requests --------------------------------------------------------------------------------------------------
    def place_input(self, client_order_id: str = "a-1", *, caller: Caller = ANN, **fields: Any) -> Place:
        plain: dict[str, Any] = {
            "symbol": "AAPL",
            "side": Side.BUY,
            "order_type": OrderType.LIMIT,
            "time_in_force": TimeInForce.DAY,
            "quantity_e8": 100 * E8,
            "price_e8": 150 * E8,
            "deadline_us": LATER_US,
        }
        ticket = Ticket(b"web", next(self._tickets))
        request = PlaceOrder(
            request_id=ticket.request_id, caller=caller, client_order_id=client_order_id, **{**plain, **fields}
        )
        return Place(ticket, request, uuid.UUID(int=next(self._order_ids)))

    def place(self, client_order_id: str = "a-1", **fields: Any) -> OrderState:
        """The order as stored; AssertionError where the core refused it."""
        draft = self.do(self.place_input(client_order_id, **fields))
        reply = draft.replies[-1]
        assert isinstance(reply, OrderReply), reply
        return self.orders[reply.order.id]

    def cancel_input(self, order_id: uuid.UUID, caller: Caller = ANN) -> Cancel:
        ticket = Ticket(b"web", next(self._tickets))
        request = CancelOrder(request_id=ticket.request_id, deadline_us=LATER_US, caller=caller, order_id=order_id)
        return Cancel(ticket, request)

    def replace_input(self, order_id: uuid.UUID, *, caller: Caller = ANN, **terms: int) -> Replace:
        ticket = Ticket(b"web", next(self._tickets))
        plain: dict[str, Any] = {"request_id": ticket.request_id, "deadline_us": LATER_US, "caller": caller}
        return Replace(ticket, ReplaceOrder(order_id=order_id, **{**plain, **terms}))

    def replace(self, order: OrderState, **terms: Any) -> OrderState:
        """The order once its change is asked for; AssertionError where the core refused it."""
        reply = self.do(self.replace_input(order.id, **terms)).replies[-1]
        assert hasattr(reply, "order"), reply
        return self.orders[order.id]

    def amend_input(self, order: OrderState, exec_id: str, amendment_id: str = "manual-1", **terms: int) -> Amend:
        """An operator's word: void, or `quantity_e8` at `price_e8`."""
        ticket = Ticket(b"operator", next(self._tickets))
        plain: dict[str, Any] = {"request_id": ticket.request_id, "deadline_us": LATER_US, "order_id": order.id}
        told = {"exec_id": exec_id, "amendment_id": amendment_id, "note": "by telephone"}
        who = {"operator": OPERATOR, "operator_name": "ops1"}
        return Amend(ticket, AmendExecution(**{**plain, **told, **who, **terms}))

    def cancel_all_input(self, caller: Caller = ANN, **meant: Any) -> CancelAll:
        ticket = Ticket(b"web", next(self._tickets))
        plain: dict[str, Any] = {"request_id": ticket.request_id, "deadline_us": LATER_US, "caller": caller}
        return CancelAll(ticket, CancelAllOrders(**{**plain, **meant}))

    # --- the engine's part -----------------------------------------------------------------------------------------
    def go_live(self, epoch: int = EPOCH, last_seq: int = 0, *, forgetful: bool = False) -> None:
        """The session is welcomed, nothing is missing, and the engine lists the orders as they are here (or none).

        Questions of the start are left to the caller.
        """
        self.do(LinkUp(epoch, last_seq, INSTRUMENTS))
        self.do(Replayed(ReplayDone(session=self.book.session, epoch=epoch, last_seq=last_seq, complete=True)))
        if self.book.run is not None:
            stands = [order for order in self.orders.values() if not (order.final or order.held)]
            held = [order for order in stands if not awaits_evidence(order)]
            self.do(self.page([] if forgetful else held))

    def page(self, held: Iterable[OrderState], *, complete: bool = True, **fields: Any) -> Listed:
        """The answer to the page that was asked for last."""
        cursor, request = self.book.cursor, self.last(OrderListRequest)
        plain: dict[str, Any] = {
            "session": request.session,
            "command_seq": request.command_seq,
            "orders": [as_listed(order) for order in sorted(held, key=lambda order: order.id)],
            "complete": complete,
            "epoch": cursor.epoch or EPOCH,
            "last_seq": cursor.seq,
            "sent_at_us": self.now_us,
        }
        return Listed(OrderList(**{**plain, **fields}))

    def last(self, kind: type[M]) -> M:
        return [message for message in self.sent if isinstance(message, kind)][-1]

    def reply(self, command: Any, outcome: ReplyOutcome = ReplyOutcome.ACCEPTED, **fields: Any) -> CommandReply:
        cursor = self.book.cursor
        plain: dict[str, Any] = {"epoch": cursor.epoch or EPOCH, "last_seq": cursor.seq}
        stamps = {"received_at_us": self.now_us, "sent_at_us": self.now_us}
        return CommandReply(
            session=command.session, command_seq=command.command_seq, outcome=outcome, **{**plain, **stamps, **fields}
        )

    def status(self, order: OrderState, status: EngineOrderStatus | None, **fields: Any) -> OrderStatus:
        """What the engine holds; None: it does not know the order."""
        plain: dict[str, Any] = {
            "session": self.book.session,
            "command_seq": 1,
            "order_id": order.id,
            "known": status is not None,
            "status": status,
            "epoch": self.book.cursor.epoch or EPOCH,
            "last_seq": self.book.cursor.seq,
            "sent_at_us": self.now_us,
            **(held_terms(order) if status is not None and status not in ENDED else {}),
        }
        return OrderStatus(**{**plain, **fields})

    def report(self, order: OrderState, kind: ExecType, **fields: Any) -> Reported:
        """The next report of the running epoch about `order`; `fill=(quantity, price)` in whole units for a trade."""
        seq = fields.pop("seq", self.book.cursor.seq + 1)
        epoch = fields.pop("epoch", self.book.cursor.epoch or EPOCH)
        quantity, price = fields.pop("fill", (0, 0))
        cum_e8 = fields.get("cum_quantity_e8", order.filled_e8 + quantity * E8)
        total_e8 = fields.get("quantity_e8", order.quantity_e8)
        plain: dict[str, Any] = {
            "exec_id": f"{epoch}-{seq}",
            "status": STATUS_OF[kind] or (FILLED if cum_e8 >= order.quantity_e8 else PARTLY),
            "order_id": order.id,
            "account": order.account_name,
            "client_order_id": order.client_order_id,
            "external_order_id": f"X{order.id.int}",
            "instrument_id": 1,
            "symbol": order.symbol,
            "side": order.side,
            "quantity_e8": order.quantity_e8,
            "cum_quantity_e8": cum_e8,
            "leaves_quantity_e8": 0 if kind in OVER else max(0, total_e8 - cum_e8),
            "price_e8": order.price_e8,
            "stop_price_e8": order.stop_price_e8,
            "last_quantity_e8": quantity * E8,
            "last_price_e8": price * E8,
            "transacted_at_us": self.now_us,
        }
        return Reported(ExecutionReport(epoch=epoch, seq=seq, exec_type=kind, **{**plain, **fields}))

    def acknowledged(self, client_order_id: str = "a-1", **fields: Any) -> OrderState:
        """An order that stands in the engine."""
        order = self.place(client_order_id, **fields)
        self.do(self.report(order, ExecType.NEW))
        return self.orders[order.id]

    def now(self, order: OrderState) -> OrderState:
        return self.orders[order.id]

    def events(self, order: OrderState) -> list[OrderEvent]:
        return [each.event for each in self.history if each.order.id == order.id]


def as_listed(order: OrderState) -> OpenOrder:
    """The order as an engine lists it that holds it as we do."""
    return OpenOrder(
        order_id=order.id,
        account=order.account_name,
        client_order_id=order.client_order_id,
        external_order_id=order.external_order_id or "X",
        symbol=order.symbol,
        side=order.side,
        quantity_e8=order.quantity_e8,
        cum_quantity_e8=order.filled_e8,
        price_e8=order.price_e8,
        stop_price_e8=order.stop_price_e8,
    )


def held_terms(order: OrderState) -> dict[str, Any]:
    """What an engine says of an order that it holds as we do."""
    leaves_e8 = max(0, order.quantity_e8 - order.filled_e8)
    prices = {"price_e8": order.price_e8, "stop_price_e8": order.stop_price_e8}
    return {"cum_quantity_e8": order.filled_e8, "leaves_quantity_e8": leaves_e8, **prices}


OVER = {ExecType.CANCELED, ExecType.REJECTED, ExecType.EXPIRED}
ENDED = {EngineOrderStatus.FILLED, EngineOrderStatus.CANCELED, EngineOrderStatus.REJECTED, EngineOrderStatus.EXPIRED}
FILLED, PARTLY = EngineOrderStatus.FILLED, EngineOrderStatus.PARTIALLY_FILLED
STATUS_OF: dict[ExecType, EngineOrderStatus | None] = {
    ExecType.NEW: EngineOrderStatus.NEW,
    ExecType.TRADE: None,
    ExecType.REPLACED: EngineOrderStatus.NEW,
    ExecType.CANCELED: EngineOrderStatus.CANCELED,
    ExecType.REJECTED: EngineOrderStatus.REJECTED,
    ExecType.EXPIRED: EngineOrderStatus.EXPIRED,
    ExecType.TRADE_CANCEL: EngineOrderStatus.NEW,
    ExecType.TRADE_CORRECT: EngineOrderStatus.NEW,
}


def refusal_code(draft: Draft) -> str:
    """The code of the refusal that the draft's last reply is."""
    return str(draft.replies[-1].error.code)  # type: ignore[union-attr]


def not_sent(command: NewOrder) -> NotSent:
    return NotSent(command.session, command.command_seq)
