"""Which rules does an order meet, and which does it break? All that apply are looked at, each is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bridge.wire.vocabulary import OrderType
from orders.core.gate import self_trade
from orders.core.gate.case import Case
from orders.core.gate.findings import Finding
from orders.core.gate.measures import MEASURES
from orders.core.gate.prices import is_firm, meeting_e8
from orders.core.limits import Breach, Limit, Rule
from orders.core.scopes import FIRM, Scope, Target
from orders.core.state import OrderState
from orders.core.trading_states import TradingState, worst_of
from tradingmw.errors import Code

#: what a market is called that cannot be relied on
CROSSED, STALE, MISSING, FRESH = "crossed", "stale", "missing", "fresh"
STATE_CODES: Final = {
    TradingState.ACTIVE: Code.REDUCE_ONLY,  # never broken
    TradingState.REDUCE_ONLY: Code.REDUCE_ONLY,
    TradingState.HALTED: Code.TRADING_HALTED,
}


def judge(case: Case) -> list[Finding]:
    """Every rule that applies to the order, broken or not: the trading state, its price, then limits, widest first."""
    findings = [trading_state(case), *reference_of_market_order(case)]
    for limit in case.draft.gate.sheet.of(case.order, case.draft.now_us):
        if finding := held_against(case, limit):
            findings.append(finding)
    return findings


def trading_state(case: Case) -> Finding:
    restriction = worst_of(case.draft.restrictions, case.order)
    state = restriction.state if restriction else TradingState.ACTIVE
    refused = state is TradingState.HALTED or (state is TradingState.REDUCE_ONLY and case.could_increase)
    target = restriction.target if restriction else FIRM
    return Finding(
        rule=Rule.TRADING_STATE,
        scope=target.scope,
        target=name_of(target, case.order),
        word=state.value,
        breach=Breach.DENY if refused else None,
        code=STATE_CODES[state],
    )


def reference_of_market_order(case: Case) -> Iterator[Finding]:
    """It takes whatever price there is: so there must be one that can be relied on. Needs no limit to hold."""
    if case.order.order_type is OrderType.MARKET and case.grows:
        lacks = not is_firm(case.mark) or meeting_e8(case.mark, case.order.side) is None
        yield Finding(
            rule=Rule.REFERENCE_PRICE,
            scope=Scope.SYMBOL,
            target=case.order.symbol,
            word=market_word(case),
            breach=Breach.DENY if lacks else None,
            code=Code.STALE_PRICE,
        )


def market_word(case: Case) -> str:
    mark = case.mark
    if mark.bid_e8 is None and mark.ask_e8 is None and mark.last_e8 is None:
        return MISSING
    if mark.is_stale:
        return STALE
    if mark.is_crossed:
        return CROSSED
    return FRESH if meeting_e8(mark, case.order.side) is not None else MISSING


def held_against(case: Case, limit: Limit) -> Finding | None:
    if limit.rule is Rule.RESTRICTED:
        return found(case, limit, case.order.symbol, Code.RESTRICTED, broken=not case.only_lessens)
    if limit.rule is Rule.SELF_TRADE:
        word = self_trade.word_of(case, limit)
        return found(case, limit, word, Code.SELF_TRADE, broken=word != self_trade.ANSWERS and not case.only_lessens)
    if limit.rule is Rule.REFERENCE_PRICE:
        broken = not (is_firm(case.mark) or case.only_lessens)
        return found(case, limit, market_word(case), Code.STALE_PRICE, broken=broken)
    value = MEASURES[limit.rule](case, limit)
    if value is None or (case.only_broken and value <= limit.value):
        return None
    return measured(case, limit, value)


def found(case: Case, limit: Limit, word: str, code: Code, *, broken: bool) -> Finding:
    """Of a rule without numbers."""
    return Finding(
        rule=limit.rule,
        scope=limit.target.scope,
        target=name_of(limit.target, case.order),
        symbol=limit.symbol,
        limit_id=limit.id,
        word=word,
        breach=limit.breach if broken else None,
        severity=limit.breach,
        code=code,
    )


def measured(case: Case, limit: Limit, value: int) -> Finding:
    return Finding(
        rule=limit.rule,
        scope=limit.target.scope,
        target=name_of(limit.target, case.order),
        symbol=limit.symbol,
        limit_id=limit.id,
        value=value,
        limit=limit.value,
        breach=limit.breach if value > limit.value else None,
        severity=limit.breach,
    )


def name_of(target: Target, order: OrderState) -> str:
    """In public words; a user's own is that of his account."""
    if target.scope is Scope.USER:
        return order.account_name
    if target.scope is Scope.DESK:
        return order.desk_name or ""
    return order.symbol if target.scope is Scope.SYMBOL else ""
