"""Why are orders cancelled that nobody asked to cancel at that moment?"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from tradingmw.errors import Code


class Cause(StrEnum):
    """As history and audit name it. Empty: somebody asked."""

    ASKED = ""
    DISCONNECT = "disconnect"  #: the session's last socket was gone for the grace
    CANCEL_AFTER = "cancel_after"  #: the account's timer was not set anew in time
    GROUP = "group"  #: another order of its group has traded, or has ended without


REASONS: Final = {
    Cause.ASKED: "",
    Cause.DISCONNECT: Code.CANCELED_ON_DISCONNECT.value,
    Cause.CANCEL_AFTER: Code.CANCEL_AFTER_ELAPSED.value,
    Cause.GROUP: Code.GROUP_ENDED.value,
}
#: an order that has ended still says so
KEPT_REASONS: Final = frozenset(REASONS.values()) - {""}
