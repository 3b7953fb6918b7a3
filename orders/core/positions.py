"""What does a trade do to a position? Average cost, in exact integers.

What is closed takes its share of the cost with it, rounded once to 10⁻¹⁶; what remains keeps the rest, so that
when the position is flat the realised sum is exactly what was received minus what was paid.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from typing import Protocol

import msgspec

from bridge.wire.vocabulary import Side
from orders.core.state import PositionState, rounded_ratio

POSITION_IDS = uuid.UUID("0d6a5c43-41a3-4b43-8a0f-3f9b6f2a7c11")
NOTHING = {"quantity_e8": 0, "cost_e16": 0, "realized_e16": 0, "current_price_e8": 0}


class Trade(Protocol):
    """What of an execution counts for a position."""

    @property
    def exec_id(self) -> str: ...
    @property
    def ref_exec_id(self) -> str:
        """Of the execution in whose place it stands."""

    @property
    def live(self) -> bool: ...
    @property
    def side(self) -> Side: ...
    @property
    def quantity_e8(self) -> int: ...
    @property
    def price_e8(self) -> int: ...
    @property
    def engine_epoch(self) -> int: ...
    @property
    def engine_seq(self) -> int: ...


def position_id(account: uuid.UUID, symbol: str) -> uuid.UUID:
    return uuid.uuid5(POSITION_IDS, f"{account.hex}:{symbol}")


def traded(position: PositionState, *, side: Side, quantity_e8: int, price_e8: int) -> PositionState:
    """The position after `quantity_e8` (> 0) traded at `price_e8`: closes what is open first, then opens the rest."""
    signed = quantity_e8 if side is Side.BUY else -quantity_e8
    closing = closed_part(position.quantity_e8, signed)
    cost_closed = rounded_ratio(position.cost_e16 * -closing, position.quantity_e8) if closing else 0
    return msgspec.structs.replace(
        position,
        quantity_e8=position.quantity_e8 + signed,
        cost_e16=position.cost_e16 - cost_closed + (signed - closing) * price_e8,
        realized_e16=position.realized_e16 - closing * price_e8 - cost_closed,
        current_price_e8=price_e8,
    )


def closed_part(held: int, signed: int) -> int:
    """How much of the signed trade goes against what is held (0 when it adds to it)."""
    if held * signed >= 0:
        return 0
    return signed if abs(signed) <= abs(held) else -held


# --- from all that was traded --------------------------------------------------------------------------------------
def worked_out(position: PositionState, trades: Collection[Trade]) -> PositionState:
    """The position after the live ones of `trades`, which are all of the account in the symbol, and nothing else."""
    position = msgspec.structs.replace(position, **NOTHING)
    for each in in_order_of_trading(trades):
        position = traded(position, side=each.side, quantity_e8=each.quantity_e8, price_e8=each.price_e8)
    return position


def in_order_of_trading(trades: Collection[Trade]) -> Iterable[Trade]:
    """The live ones; a correction stands where the trade stood that it corrects."""
    known = {each.exec_id: each for each in trades}
    return sorted((each for each in trades if each.live), key=lambda each: place_of(known, each))


def place_of(known: dict[str, Trade], trade: Trade) -> tuple[int, int]:
    while first := known.get(trade.ref_exec_id):
        trade = first
    return trade.engine_epoch, trade.engine_seq
