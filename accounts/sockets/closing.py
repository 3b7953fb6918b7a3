"""With which code is a socket closed, and may the client come back?"""

from enum import IntEnum


class CloseCode(IntEnum):
    """4000–4499: reconnect. 4500–4999: do not, until something has changed."""

    SHUTTING_DOWN = 4001
    SLOW = 4008  #: it reads too slowly; reconnect and resume
    RATE = 4013
    INVALID_TOKEN = 4500  #: the ticket or token is bad, late or used
    AUTH_TIMEOUT = 4502  #: no `auth` within ten seconds
    SESSION_ENDED = 4503
    TOO_MANY = 4504  #: more sockets of one user than this process takes
    FORBIDDEN = 4507
