"""How does a caller confirm that he means an order which breaks soft limits? With the token that the warning gave him.

It is good for that order of that user, once, for a minute, and for what was shown: where it has become worse meanwhile,
the warning is given anew. Tokens live in memory; after a restart of the order bridge they are not known any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Final
from uuid import UUID

from msgspec import Struct

from orders.core.gate.findings import Finding, Findings, broken
from orders.core.limits import Breach, Rule

if TYPE_CHECKING:
    from orders.core.draft import Draft
    from orders.core.state import OrderState

KEPT_US: Final = 60_000_000
MOST: Final = 10_000  #: of all users; the oldest gives way
LOOKED_AT: Final = 16  #: of the oldest, each time: more than come in


class Confirmation(Struct, frozen=True):
    """`body` is what the order was when the warning was given; `shown` how far it went by each soft rule."""

    user: UUID
    body: str
    shown: Mapping[tuple[Rule, UUID | None], int | None]
    until_us: int


def offer(draft: Draft, token: str, user: UUID, body: str, soft: Findings) -> None:
    """Keep `token`: by showing it `user` confirms `soft` of what `body` tells apart from everything else."""
    forget_old(draft)
    shown = {finding.what: finding.value for finding in soft}
    draft.gate.confirmations.put(token, Confirmation(user, body, shown, draft.now_us + KEPT_US))


def body_of(order: OrderState) -> str:
    """The id in it is 1 to 48 characters without a blank."""
    return f"{order.account.hex} {order.client_order_id} {order.fingerprint}"


def redeem(draft: Draft, token: str, user: UUID, body: str) -> Confirmation | None:
    """What was confirmed with it, once; None where it does not count."""
    confirmation = draft.gate.confirmations.get(token)
    if confirmation is None or (confirmation.user, confirmation.body) != (user, body):
        return None  # a stranger's try takes nothing from whose it is
    draft.gate.confirmations.drop(token)
    return confirmation if draft.now_us < confirmation.until_us else None


def unconfirmed(findings: Findings, confirmation: Confirmation | None) -> Findings:
    """The soft rules that are broken; none where all of it was shown and confirmed."""
    soft = broken(findings, Breach.CONFIRM)
    return [] if confirmation and covers(confirmation, soft) else soft


def covers(confirmation: Confirmation, soft: Findings) -> bool:
    """Was all of it shown, and is none of it worse now?"""
    return all(is_shown(confirmation, finding) for finding in soft)


def is_shown(confirmation: Confirmation, finding: Finding) -> bool:
    if finding.what not in confirmation.shown:
        return False
    shown = confirmation.shown[finding.what]
    return finding.value == shown or (None not in (finding.value, shown) and (finding.value or 0) < (shown or 0))


def forget_old(draft: Draft) -> None:
    """Those that are over, and as many as are too many: the oldest come first."""
    kept = draft.book.gate.confirmations
    over = len(kept) - MOST
    for number, (token, confirmation) in enumerate(islice(kept.items(), max(LOOKED_AT, over))):
        if number < over or draft.now_us >= confirmation.until_us:
            draft.gate.confirmations.drop(token)
