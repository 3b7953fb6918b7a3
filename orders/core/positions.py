"""What does a trade do to a position? Average cost, in exact integers.

What is closed takes its share of the cost with it, rounded once to 10⁻¹⁶; what remains keeps the rest, so that
when the position is flat the realised sum is exactly what was received minus what was paid.
"""

from __future__ import annotations

import msgspec

from bridge.wire.vocabulary import Side
from orders.core.state import PositionState, rounded_ratio


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
