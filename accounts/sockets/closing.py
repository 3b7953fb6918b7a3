"""With which code is a socket closed, and may the client come back?"""

from enum import IntEnum


class CloseCode(IntEnum):
    """4000–4499: reconnect. 4500–4999: do not, until something has changed."""

    SHUTTING_DOWN = 4001
    SLOW = 4008
    RIGHTS_CHANGED = 4010
    RATE = 4013
    INVALID_TOKEN = 4500
    AUTH_TIMEOUT = 4502
    SESSION_ENDED = 4503
    TOO_MANY = 4504
    FORBIDDEN = 4507


MEANINGS = {
    CloseCode.SHUTTING_DOWN: "The process ends; come back after the `reconnectAfterMs` of the `system` frame before.",
    CloseCode.SLOW: "You read too slowly; reconnect and resume.",
    CloseCode.RIGHTS_CHANGED: "What you may do was changed; reconnect, and subscribe to what you still may.",
    CloseCode.RATE: "You ask too fast; reconnect later.",
    CloseCode.INVALID_TOKEN: "The ticket or token is bad, late or used.",
    CloseCode.AUTH_TIMEOUT: "There was no `auth` within ten seconds.",
    CloseCode.SESSION_ENDED: "The session was ended: log in again.",
    CloseCode.TOO_MANY: "You have more sockets than this process takes of one user.",
    CloseCode.FORBIDDEN: "Your rights do not cover this socket, or no more: from this address, without a factor.",
}
