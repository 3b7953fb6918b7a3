"""What do the market's staff do? They break trades, correct them, and enter orders that nobody sent from here."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from uuid import UUID

from bridge.wire.messages import NewOrder
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, OrderType, Side, TimeInForce
from tests.orders.core.desk import E8
from tests.orders.simulation.commands import ENDED, Held, is_immediate
from tests.orders.simulation.dice import Dice
from tests.orders.simulation.engine import Engine, Trade

S = EngineOrderStatus


class Staff:
    """What one of them does at a moment, to the engine that he serves."""

    def __init__(self, engine: Engine, pick: Dice) -> None:
        self._engine, self._pick = engine, pick
        self._numbers = count(1)

    def act(self) -> None:
        what: Callable[[], None] = self._pick.one_of((self._bust, self._correct, self._enter))
        if self._engine.up:
            what()

    def _some_trade(self) -> Trade | None:
        """A live one, of an order that the engine has not lost."""
        kept = self._engine.held.values()
        trades = [trade for trade in self._engine.trades.values() if trade.held in kept]
        return self._pick.one_of(trades) if trades else None

    def _bust(self) -> None:
        if trade := self._some_trade():
            del self._engine.trades[trade.exec_id]
            self._unfill(trade.held, trade.quantity_e8)
            self._engine.say(trade.held, ExecType.TRADE_CANCEL, ref_exec_id=trade.exec_id)

    def _correct(self) -> None:
        """Another price, and perhaps less."""
        if trade := self._some_trade():
            quantity_e8, price_e8 = (
                self._pick.between(1, trade.quantity_e8 // E8) * E8,
                self._pick.between(140, 160) * E8,
            )
            del self._engine.trades[trade.exec_id]
            self._unfill(trade.held, trade.quantity_e8 - quantity_e8)
            told = {"last_quantity_e8": quantity_e8, "last_price_e8": price_e8}
            report = self._engine.say(trade.held, ExecType.TRADE_CORRECT, ref_exec_id=trade.exec_id, **told)
            self._engine.trades[report.exec_id] = Trade(report.exec_id, trade.held, quantity_e8, price_e8)

    def _unfill(self, held: Held, quantity_e8: int) -> None:
        """What is missing in a filled order works again, or not; in an open one it does."""
        held.cum_e8 -= quantity_e8
        if held.status is S.FILLED and quantity_e8:
            works = not is_immediate(held.command) and self._pick.random() < 0.5
            held.status = S.NEW if works else S.CANCELED
        if held.status not in ENDED:
            held.status = S.PARTIALLY_FILLED if held.cum_e8 else S.NEW
            self._engine.expire_later(held)

    def _enter(self) -> None:
        """An order that nobody sent from here, on an account of ours."""
        command = NewOrder(
            session=1,
            command_seq=1,
            deadline_us=self._engine.now_us,
            order_id=UUID(int=self._pick.getrandbits(128)),
            account=self._pick.one_of(("ann", "bob")),
            client_order_id=f"staff-{next(self._numbers)}",
            instrument_id=self._engine.instruments["AAPL"].instrument_id,
            side=self._pick.one_of((Side.BUY, Side.SELL)),
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.DAY,
            quantity_e8=self._pick.between(1, 5) * E8,
            price_e8=150 * E8,
        )
        self._engine.open(command)
