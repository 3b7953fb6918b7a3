"""How do tests make accounts that trade, and a history of trades, busts and corrections as the order core writes it?"""

from __future__ import annotations

import random
from typing import Any

from accounts.models import Account, Desk, User
from bridge.wire.vocabulary import ExecType, Side
from orders.core.state import OrderState
from orders.ledger import Ledger
from orders.requests import Caller
from tests.orders.core.desk import E8, EPOCH, SECOND_US, START_US
from tests.orders.core.desk import Desk as Words
from tests.orders.ledger.conftest import settle
from tests.orders.ledger.test_ledger import placed

LARGE = 10**6  #: so much that no order of a story is ever filled


def trader_of(name: str, desk: Desk | None) -> Caller:
    account = Account.objects.create(name=name, desk=desk)
    user = User.objects.create(username=name, email=f"{name}@desk.example", account=account, desk=desk)
    whose = {"desk": desk.id, "desk_name": desk.name} if desk else {}
    return Caller(user=user.id, account=account.id, account_name=name, **whose)


class Story:
    """Orders that trade in small parts; each report a second after the one before, in the engine's order."""

    def __init__(self, ledger: Ledger, words: Words, seed: int = 1) -> None:
        self.ledger, self.words, self.pick = ledger, words, random.Random(seed)
        self.orders: dict[tuple[str, str, Side], OrderState] = {}
        self.live: list[tuple[OrderState, str]] = []
        self.seq = 0

    def order(self, caller: Caller, symbol: str, side: Side) -> OrderState:
        key = (caller.account_name, symbol, side)
        if key not in self.orders:
            terms = {"symbol": symbol, "side": side, "quantity_e8": LARGE * E8}
            self.orders[key] = placed(self.ledger, self.words, caller, f"{symbol}-{side}", **terms)
        return self.orders[key]

    def at_us(self) -> int:
        return START_US + self.seq * SECOND_US

    def say(self, order: OrderState, kind: ExecType, **fields: Any) -> str:
        """The execution id of what is told."""
        self.seq += 1
        exec_id = f"{EPOCH}-{self.seq}"
        told = {"seq": self.seq, "epoch": EPOCH, "transacted_at_us": self.at_us(), **fields}
        settle(self.ledger, self.words.report(order, kind, **told), at_us=self.at_us())
        return exec_id

    def trade(self, caller: Caller, symbol: str, side: Side, quantity: int, price: int) -> str:
        order = self.order(caller, symbol, side)
        exec_id = self.say(order, ExecType.TRADE, fill=(quantity, price))
        self.live.append((order, exec_id))
        return exec_id

    def bust(self, exec_id: str) -> None:
        order = self._taken(exec_id)
        self.say(order, ExecType.TRADE_CANCEL, ref_exec_id=exec_id)

    def correct(self, exec_id: str, quantity: int, price: int) -> str:
        order = self._taken(exec_id)
        lasts = {"last_quantity_e8": quantity * E8, "last_price_e8": price * E8}
        now = self.say(order, ExecType.TRADE_CORRECT, ref_exec_id=exec_id, **lasts)
        self.live.append((order, now))
        return now

    def _taken(self, exec_id: str) -> OrderState:
        (found,) = [each for each in self.live if each[1] == exec_id]
        self.live.remove(found)
        return found[0]

    def anything(self, callers: list[Caller], symbols: tuple[str, ...] = ("AAPL", "IBM")) -> None:
        """Mostly a trade, now and then a bust or a correction of any trade before."""
        what = self.pick.random()
        if self.live and what < 0.3:
            exec_id = self.pick.choice(self.live)[1]
            if what < 0.15:
                self.bust(exec_id)
            else:
                self.correct(exec_id, self.pick.randint(1, 50), self.pick.randint(90, 110))
        else:
            caller, symbol, side = self.pick.choice(callers), self.pick.choice(symbols), self.pick.choice(list(Side))
            self.trade(caller, symbol, side, self.pick.randint(1, 50), self.pick.randint(90, 110))
