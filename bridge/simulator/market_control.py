"""What does the market's own staff do: break a trade, correct one, enter an order for an account?

As exchanges do in their control rooms, without any bridge. What is done is reported like everything else. A quantity
that is void does not come back to the book: the total of an open order shrinks by it, a filled order ends as canceled.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from bridge.simulator.desk import Desk
from bridge.simulator.journal import Journal, RecordKind
from bridge.simulator.orders import UserOrder
from bridge.simulator.refusals import Refusal
from bridge.wire.codec import encode
from bridge.wire.messages import ClientOrderId, ExecutionReport, NewOrder, PositiveE8, Price, Symbol, Token
from bridge.wire.vocabulary import ExecType, OrderType, RejectCode, Side, TimeInForce

logger = logging.getLogger(__name__)

DIRECTORY = "market-control"  #: in the engine's own
REFUSED = "Refused:"


class Instruction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", tag_field="do"):
    """What is to be done; `manage.py market_control` writes it down."""


class Bust(Instruction, frozen=True, kw_only=True, tag="bust"):
    """The trade is void."""

    exec_id: Token


class Correct(Instruction, frozen=True, kw_only=True, tag="correct"):
    """The trade had this size and price."""

    exec_id: Token
    quantity_e8: PositiveE8
    price_e8: Price


class EnterOrder(Instruction, frozen=True, kw_only=True, tag="enter"):
    """An order for an account that its bridge never sent."""

    order_id: UUID
    account: Token
    client_order_id: ClientOrderId
    symbol: Symbol
    side: Side
    quantity_e8: PositiveE8
    price_e8: Price


AnyInstruction = Bust | Correct | EnterOrder
INSTRUCTIONS: msgspec.json.Decoder[AnyInstruction] = msgspec.json.Decoder(AnyInstruction)


class MarketControl:
    """Does instructions; `Refusal` where one cannot be done."""

    def __init__(self, desk: Desk, journal: Journal) -> None:
        self._desk, self._journal = desk, journal

    def do(self, instruction: AnyInstruction, now_us: int) -> str:
        """What was done, in a word for people."""
        return DOERS[type(instruction)](self, instruction, now_us)

    def _bust(self, bust: Bust, now_us: int) -> str:
        order, standing = self._trade(bust.exec_id)
        how = ExecType.TRADE_CANCEL
        self._desk.amend(order, how, -standing.last_quantity_e8, now_us, of=standing.exec_id)
        return f"{bust.exec_id} is void."

    def _correct(self, correct: Correct, now_us: int) -> str:
        order, standing = self._trade(correct.exec_id)
        trade = (correct.quantity_e8, correct.price_e8)
        if trade == (standing.last_quantity_e8, standing.last_price_e8):
            raise Refusal(RejectCode.INVALID_ORDER, f"{correct.exec_id} is so already.")
        change_e8 = correct.quantity_e8 - standing.last_quantity_e8
        self._desk.amend(order, ExecType.TRADE_CORRECT, change_e8, now_us, of=standing.exec_id, trade=trade)
        return f"{correct.exec_id} is corrected."

    def _enter(self, entry: EnterOrder, now_us: int) -> str:
        command = self._command(entry)
        if self._desk.orders.get(entry.account, entry.client_order_id) is not None:
            raise Refusal(RejectCode.INVALID_ORDER, "The client order id is taken.")
        header, payload = encode(command)
        self._journal.append(RecordKind.ENTRY, now_us, 0, (header, payload))
        order = self._desk.place(command, now_us)
        return f"{order.external_order_id} is entered."

    def _command(self, entry: EnterOrder) -> NewOrder:
        board = self._desk.exchange.by_symbol.get(entry.symbol)
        if board is None:
            raise Refusal(RejectCode.UNKNOWN_INSTRUMENT, f"{entry.symbol} is not traded here.")
        return NewOrder(
            session=1,
            command_seq=1,
            deadline_us=0,
            order_id=entry.order_id,
            account=entry.account,
            client_order_id=entry.client_order_id,
            instrument_id=board.listing.instrument_id,
            side=entry.side,
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.DAY,
            quantity_e8=entry.quantity_e8,
            price_e8=entry.price_e8,
        )

    def _trade(self, exec_id: str) -> tuple[UserOrder, ExecutionReport]:
        """The order that traded, and the report by which the trade counts; `exec_id` is its own or a correction's."""
        standing = self._desk.log.standing(exec_id)
        order = self._desk.orders.get(standing.account, standing.client_order_id) if standing else None
        if standing is None or order is None:
            raise Refusal(RejectCode.INVALID_ORDER, f"{exec_id} is no trade of this engine.")
        if standing.exec_type is ExecType.TRADE_CANCEL:
            raise Refusal(RejectCode.INVALID_ORDER, f"{exec_id} is void already.")
        return order, standing


DOERS: dict[type[Instruction], Callable[[MarketControl, Any, int], str]] = {
    Bust: MarketControl._bust,
    Correct: MarketControl._correct,
    EnterOrder: MarketControl._enter,
}


class ControlRoom:
    """Instructions come as `*.json` files into `directory` and are answered beside them, in `*.said`: one at a time.

    Done, made durable with the rest of the pass, then answered and taken away: a crash between repeats it, which each
    instruction refuses.
    """

    def __init__(self, directory: Path, control: MarketControl) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory, self._control = directory, control
        self._done: tuple[Path, str] | None = None

    def attend(self, now_us: int) -> None:
        """Do the oldest instruction, if there is one."""
        waiting = min(self._directory.glob("*.json"), default=None)
        if waiting is not None:
            self._done = waiting, self._outcome(waiting, now_us)
            logger.info("The market's staff stepped in.", extra={"instruction": waiting.name, "outcome": self._done[1]})

    def answer(self) -> None:
        """Called once the journal is durable."""
        if self._done is not None:
            waiting, outcome = self._done
            half = waiting.with_suffix(".saying")
            half.write_text(outcome, encoding="utf-8")
            half.replace(waiting.with_suffix(".said"))  # whoever waits for it never sees it empty
            waiting.unlink()
            self._done = None

    def _outcome(self, path: Path, now_us: int) -> str:
        try:
            return self._control.do(INSTRUCTIONS.decode(path.read_bytes()), now_us)
        except (Refusal, msgspec.MsgspecError, OSError) as error:
            return f"{REFUSED} {error}"


def instruct(directory: Path, instruction: AnyInstruction) -> Path:
    """Lay an instruction before the engine that serves `directory`; where it will answer."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / f"{time.time_ns()}.json"
    half = path.with_suffix(".writing")
    half.write_bytes(msgspec.json.encode(instruction))
    half.replace(path)
    return path.with_suffix(".said")
