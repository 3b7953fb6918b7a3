"""How do tests ask the core for other trading states?"""

from __future__ import annotations

import itertools
import uuid
from typing import Any

from orders.core.draft import Draft
from orders.core.inputs import Halt, SetState, Ticket
from orders.core.scopes import Scope
from orders.core.trading_states import TradingState
from orders.requests import SetTradingState, WantedState
from tests.orders.core.desk import ANN, LATER_US, Desk

EVE, FAY, GUS = (uuid.UUID(int=number) for number in (71, 72, 73))  #: may block and release anything
_numbers = itertools.count(1)


def wish(
    state: TradingState,
    user: uuid.UUID | None = EVE,
    scope: Scope = Scope.FIRM,
    key: str = "",
    *,
    releases: bool = True,
    shared: bool = False,
) -> WantedState:
    return WantedState(
        id=uuid.UUID(int=next(_numbers)),
        scope=scope,
        key=key,
        name=key,
        engine_name=key,
        shared=shared,
        state=state,
        reason="for a test",
        user=user,
        user_name=f"user {user.int if user else 0}",
        at_us=1,
        releases=releases,
    )


def set_state(desk: Desk, state: TradingState, user: uuid.UUID | None = EVE, *of: Any, **more: Any) -> Draft:
    """As the bridge does it: a kill without a ticket, anything else with one."""
    wanted = wish(state, user, *of, **more)
    if state is TradingState.HALTED:
        return desk.do(Halt(wanted))
    request = SetTradingState(request_id=1, deadline_us=LATER_US, wanted=wanted)
    return desk.do(SetState(Ticket(b"web", 1), request))


#: every target that ann's orders in AAPL fall under
OF_ANN = {
    Scope.FIRM: "",
    Scope.DESK: str(ANN.desk),
    Scope.USER: str(ANN.user),
    Scope.SYMBOL: "AAPL",
}
