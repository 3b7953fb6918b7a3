"""What did the gate find? Each rule that applies, how far the order goes and how far it may, and what follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from orders.core.limits import Breach, Rule
from orders.core.scopes import Scope
from tradingmw.errors import Code
from tradingmw.scaled import text_e4, text_e8

E8_RULES = (Rule.MAX_ORDER_QUANTITY, Rule.MAX_POSITION)
E4_RULES = (Rule.MAX_ORDER_NOTIONAL, Rule.MAX_OPEN_NOTIONAL, Rule.PRICE_COLLAR)
#: how a rule's numbers are written; the others count whole things
TEXTS: Final[Mapping[Rule, Callable[[int], str]]] = {
    **dict.fromkeys(E8_RULES, text_e8),
    **dict.fromkeys(E4_RULES, text_e4),
}


class Finding(Struct, frozen=True, kw_only=True):
    """`value` and `limit` are in the rule's unit, None where it has no numbers; `word` says it then.

    `breach` is None where the rule holds. `code` is what the breach is called.
    """

    rule: Rule
    scope: Scope
    target: str = ""  #: a desk's name, an account's name, a symbol; empty for the firm
    symbol: str = ""  #: where the limit is of one instrument only
    limit_id: UUID | None = None
    value: int | None = None
    limit: int | None = None
    word: str = ""
    breach: Breach | None = None
    severity: Breach = Breach.DENY  #: what a breach of it leads to
    code: Code = Code.RISK_LIMIT

    @property
    def headroom(self) -> int | None:
        return None if self.value is None or self.limit is None else self.limit - self.value

    @property
    def what(self) -> tuple[Rule, UUID | None]:
        """The same in two findings of the same limit."""
        return self.rule, self.limit_id


Findings = Sequence[Finding]


def broken(findings: Findings, severity: Breach) -> list[Finding]:
    return [finding for finding in findings if finding.breach is severity]


def rule_shape(finding: Finding) -> dict[str, Any]:
    """As `rules[]` has it: decimal strings in public units, null where the rule has no numbers."""
    return {
        "rule": finding.rule.value,
        "value": text_of(finding.rule, finding.value) or finding.word or None,
        "limit": text_of(finding.rule, finding.limit),
        "headroom": text_of(finding.rule, finding.headroom),
        "hard": finding.severity is Breach.DENY,
        "passed": finding.breach is None,
        "breach": finding.severity.value,
        "code": finding.code.value if finding.breach else None,
        "scope": finding.scope.value,
        "target": finding.target or None,
        "symbol": finding.symbol or None,
    }


def text_of(rule: Rule, number: int | None) -> str | None:
    return None if number is None else TEXTS.get(rule, str)(number)


def rules_shape(findings: Findings) -> list[dict[str, Any]]:
    return [rule_shape(finding) for finding in findings]


def sentence(findings: Findings) -> str:
    """What is broken, for people."""
    return f"The order breaks {', '.join(dict.fromkeys(finding.rule.value for finding in findings))}."
