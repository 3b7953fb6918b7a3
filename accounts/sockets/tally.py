"""How many sockets were not let in, and how many were closed for what their clients did? By reason, for the figures."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from accounts.sockets.closing import CloseCode
from tradingmw.metrics import SOCKETS_ENDED, SOCKETS_REFUSED


class Refused(StrEnum):
    """Why a socket does not come to be."""

    PROCESS = "process"  #: the process has as many as it takes
    ADDRESS = "address"  #: too many of its address have not said who they are
    PACE = "pace"  #: too many came in the last moment
    USER = "user"  #: its user has too many (told by a close with 4504)


class Ended(StrEnum):
    """Why this process closes a socket whose client would have gone on."""

    AUTH_TIMEOUT = "auth_timeout"  #: 4502: it never said who it is
    INVALID_TOKEN = "invalid_token"  # noqa: S105  #: 4500: a bad ticket or token
    MESSAGES = "messages"  #: 4013: it asks too fast
    FRAMES = "frames"  #: 1008: pings, pongs and fragments without end
    FRAGMENTS = "fragments"  #: 1009: one message in too many pieces
    PROTOCOL = "protocol"  #: 1002, 1007, 1009: what it sent is no legal message, or too large
    SLOW = "slow"  #: 4008: too much waits for it
    STALLED = "stalled"  #: 4008: it has read nothing for too long
    PING_TIMEOUT = "ping_timeout"  #: 1011: a ping was not answered
    ABANDONED = "abandoned"  #: cut off: it was closed already and would not read that


OF_CODE = {
    CloseCode.AUTH_TIMEOUT: Ended.AUTH_TIMEOUT,
    CloseCode.INVALID_TOKEN: Ended.INVALID_TOKEN,
    CloseCode.RATE: Ended.MESSAGES,
    CloseCode.SLOW: Ended.SLOW,
}

refused: Counter[str] = Counter(dict.fromkeys(Refused, 0))
ended: Counter[str] = Counter(dict.fromkeys(Ended, 0))
SOCKETS_REFUSED.read_from(lambda: refused)
SOCKETS_ENDED.read_from(lambda: ended)


def count_close(code: CloseCode) -> None:
    """A consumer closes with `code`; codes that are nobody's fault are not counted."""
    if reason := OF_CODE.get(code):
        ended[reason] += 1
