"""What has each account traded of each symbol? Executions as positions need them: few columns, whole numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from bridge.wire.vocabulary import Side
from orders.core.positions import position_id, worked_out
from orders.core.state import ExecutionStatus, PositionState
from orders.instants import micros
from orders.models import Execution
from tradingmw.scaled import to_e8

COLUMNS = (
    "account_id",
    "symbol",
    "account__name",
    "exchange",
    "exec_id",
    "ref_exec_id",
    "status",
    "side",
    "quantity",
    "price",
    "engine_epoch",
    "engine_seq",
    "executed_at",
)
LIVE = ExecutionStatus.LIVE.value
SIDES = {side.value: side for side in Side}
Key = tuple[UUID, str]  #: account, symbol


class Fill(NamedTuple):
    """An execution, live or void: what corrects another one stands in its place."""

    exec_id: str
    ref_exec_id: str
    live: bool
    side: Side
    quantity_e8: int
    price_e8: int
    engine_epoch: int
    engine_seq: int
    executed_at: datetime


class Traded:
    """All of one account in one symbol."""

    def __init__(self, account: UUID, symbol: str, account_name: str, exchange: str) -> None:
        self.account, self.symbol, self.account_name, self.exchange = account, symbol, account_name, exchange
        self.fills: list[Fill] = []

    def position(self, user: UUID) -> PositionState:
        """What is held because of it; as old as the last trade. `user` is whom it is shown as."""
        last_us = max((micros(fill.executed_at) for fill in self.fills), default=0)
        flat = PositionState(
            id=position_id(self.account, self.symbol),
            user=user,
            account=self.account,
            account_name=self.account_name,
            symbol=self.symbol,
            exchange=self.exchange,
            updated_at_us=last_us,
        )
        return worked_out(flat, self.fills)


def traded_by(executions: QuerySet[Execution]) -> dict[Key, Traded]:
    """`executions`, void ones too, by account and symbol."""
    found: dict[Key, Traded] = {}
    for account, symbol, *rest in executions.values_list(*COLUMNS).iterator(chunk_size=2_000):
        note(found, account, symbol, rest)
    return found


def note(found: dict[Key, Traded], account: UUID, symbol: str, rest: list[Any]) -> None:
    account_name, exchange, exec_id, ref_exec_id, status, side, quantity, price, epoch, seq, executed_at = rest
    traded = found.get((account, symbol))
    if traded is None:
        traded = found[account, symbol] = Traded(account, symbol, account_name, exchange)
    numbers = to_e8(quantity), to_e8(price), epoch, seq
    traded.fills.append(Fill(exec_id, ref_exec_id, status == LIVE, SIDES[side], *numbers, executed_at))
