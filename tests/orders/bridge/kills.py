"""How do tests kill at a real order bridge, and what do they read of it?"""

from __future__ import annotations

import sqlite3
import uuid
from typing import Any

from orders.bridge.kill_files import DIRECTORY
from orders.core.scopes import Scope
from orders.core.trading_states import Restriction, TradingState
from orders.requests import SetTradingState, TradingStateAnswer, WantedState
from tests.orders.bridge.processes import Processes

EVE, FAY = uuid.UUID(int=71), uuid.UUID(int=72)


def wanted(pair: Processes, state: TradingState, scope: Scope = Scope.USER, **more: Any) -> WantedState:
    """For ann, her desk, AAPL or the firm; by an operator at the machine."""
    caller = pair.caller
    key, name = {
        Scope.FIRM: ("", ""),
        Scope.DESK: (str(caller.desk), "alpha"),
        Scope.USER: (str(caller.user), "ann"),
        Scope.SYMBOL: ("AAPL", "AAPL"),
    }[scope]
    plain: dict[str, Any] = {"user_name": "operator", "reason": "a test", "at_us": 1, "releases": True}
    return WantedState(
        id=uuid.uuid4(), scope=scope, key=key, name=name, engine_name=name, state=state, **{**plain, **more}
    )


def ask(pair: Processes, one: WantedState) -> TradingStateAnswer:
    request = SetTradingState(request_id=1, deadline_us=0, wanted=one)
    return pair.ask(pair.client.ask(request, TradingStateAnswer))


def kill(pair: Processes, scope: Scope = Scope.USER, **more: Any) -> WantedState:
    """In force when this returns."""
    one = wanted(pair, TradingState.HALTED, scope, **more)
    answer = ask(pair, one)
    assert answer.restriction and answer.restriction.state is TradingState.HALTED and answer.recorded
    return one


def release(pair: Processes, scope: Scope = Scope.USER) -> Restriction | None:
    """By two, who are users then; what is in force behind it."""
    for user, name in ((EVE, "eve"), (FAY, "fay")):
        like_ann(pair, user, name)
    for user in (EVE, FAY):
        answer = ask(pair, wanted(pair, TradingState.ACTIVE, scope, user=user))
    return answer.restriction


def like_ann(pair: Processes, user: uuid.UUID, name: str) -> None:
    """A user who differs in id and names only: the audit log names users who are there."""
    own = {"id": user.hex, "username": name, "email": f"{name}@desk.example"}
    database = sqlite3.connect(pair.directory / "tradingmw.sqlite3", timeout=10)
    with database:
        columns = [column for _, column, *_ in database.execute("PRAGMA table_info(accounts_user)")]
        values = [f"'{own[column]}'" if column in own else column for column in columns]
        picked = f"SELECT {', '.join(values)} FROM accounts_user WHERE username = 'ann'"
        database.execute(f"INSERT OR IGNORE INTO accounts_user ({', '.join(columns)}) {picked}")
    database.close()


def files(pair: Processes) -> list[str]:
    """Kills that the tables do not have, as far as the disk knows."""
    return sorted(path.name for path in (pair.directory / DIRECTORY).glob("*.json"))


def in_tables(pair: Processes) -> list[tuple[str, str, str]]:
    return pair.rows("SELECT scope, name, state FROM orders_tradingrestriction WHERE state != 'active'")
