"""Which faults can a caller of this system be told about, and under which code?

    TradingError                  the caller asked the impossible: one code, one HTTP status, one JSON shape
    ├── InvalidRequest            the request's shape or a value in it
    ├── NotAuthenticated          who are you?
    ├── Forbidden                 known, but not allowed
    ├── NotFound                  not there, or not yours: the two look the same
    ├── Conflict                  it contradicts what is already stored
    ├── TooManyRequests           more than one caller may ask at a time
    ├── PreconditionFailed        it was made for a version that is no longer the stored one
    ├── PreconditionRequired      it does not say for which version it was made
    └── Unavailable               a part that is needed is not there now
        └── OutcomeUnknown        it may or may not have happened: poll

Faults of the engine are not in this tree: they are recorded, alarmed and resynchronised where they are met.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """Public, machine-readable reasons (REST `code`, WebSocket `error.code`). Never renamed once released."""

    VALIDATION_FAILED = "VALIDATION_FAILED"  #: a field is missing, mistyped, unknown or out of range
    MALFORMED_BODY = "MALFORMED_BODY"  #: the body is not what its content type says
    BODY_TOO_LARGE = "BODY_TOO_LARGE"  #: more bytes than the endpoint takes
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"  #: send application/json
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"  #: no representation fits the Accept header
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"  #: the path exists, the verb does not
    NOT_FOUND = "NOT_FOUND"  #: there is no such thing, or it is not yours
    AUTHENTICATION_REQUIRED = "AUTHENTICATION_REQUIRED"  #: no credentials were sent
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"  #: user name or password is wrong
    INVALID_TOKEN = "INVALID_TOKEN"  # noqa: S105  #: the token or ticket is expired, used, revoked or forged
    SESSION_ENDED = "SESSION_ENDED"  #: the session behind the token was ended
    MFA_REQUIRED = "MFA_REQUIRED"  #: the password is right, a second factor is needed too: see `mfa`
    MFA_INVALID = "MFA_INVALID"  #: the second factor is wrong, used before or late
    MFA_LOCKED = "MFA_LOCKED"  #: too many wrong codes; see Retry-After
    MFA_ENROLMENT_REQUIRED = "MFA_ENROLMENT_REQUIRED"  #: your role needs a second factor: set one up, or prove yours
    STEP_UP_REQUIRED = "STEP_UP_REQUIRED"  #: this needs a second factor proven in the last 300 s: /auth/mfa/step-up
    FORBIDDEN = "FORBIDDEN"  #: your rights do not cover this
    SECOND_PERSON_REQUIRED = "SECOND_PERSON_REQUIRED"  #: this takes somebody else: you have had a part in it
    SIGNATURE_MALFORMED = "SIGNATURE_MALFORMED"  #: the signature headers do not say or cover what they must
    SIGNATURE_INVALID = "SIGNATURE_INVALID"  #: the signature does not fit, or its key does not count
    SIGNATURE_EXPIRED = "SIGNATURE_EXPIRED"  #: signed more than 30 seconds ago, or in the future
    NONCE_USED = "NONCE_USED"  #: a request with this nonce was taken before
    SIGNATURE_REQUIRED = "SIGNATURE_REQUIRED"  #: this must be signed by one of your keys
    ADDRESS_NOT_ALLOWED = "ADDRESS_NOT_ALLOWED"  #: you may not come from this address
    CSRF_FAILED = "CSRF_FAILED"  #: the cookie came without X-Client or with a foreign Origin
    RATE_LIMITED = "RATE_LIMITED"  #: too many requests; see Retry-After
    OVERLOADED = "OVERLOADED"  #: more is asked than is done in time; nothing was done; see Retry-After
    LOGIN_BUSY = "LOGIN_BUSY"  #: too many log in at once; see Retry-After
    INTERNAL_ERROR = "INTERNAL_ERROR"  #: our fault; quote requestId
    TOO_MANY_SOCKETS = "TOO_MANY_SOCKETS"  #: as many sockets as are taken are open or opening; see Retry-After
    DATABASE_UNAVAILABLE = "DATABASE_UNAVAILABLE"  #: the database cannot be used now; see Retry-After
    NOT_READY = "NOT_READY"  #: a part that this process needs is not there (/readyz)

    UNKNOWN_INSTRUMENT = "UNKNOWN_INSTRUMENT"  #: the symbol is not traded here
    OFF_TICK = "OFF_TICK"  #: a price is not a multiple of the instrument's tick
    OFF_LOT = "OFF_LOT"  #: a quantity is not a multiple of the instrument's lot
    NUMBER_OUT_OF_RANGE = "NUMBER_OUT_OF_RANGE"  #: more digits than the system keeps

    PRECONDITION_FAILED = "PRECONDITION_FAILED"  #: somebody changed it first: its version is now the one in ETag
    PRECONDITION_REQUIRED = "PRECONDITION_REQUIRED"  #: a change needs If-Match with the ETag of what you have read
    DEEP_JSON = "DEEP_JSON"  #: JSON is nested deeper than is kept
    NAME_TAKEN = "NAME_TAKEN"  #: you have one of that name; upper and lower case are the same
    ALREADY_LISTED = "ALREADY_LISTED"  #: a watchlist names an instrument once
    ALREADY_DECIDED = "ALREADY_DECIDED"  #: somebody has approved, refused or withdrawn it before
    LIMIT_OVER = "LIMIT_OVER"  #: the limit does not hold then: it is over, replaced, or was never approved
    QUOTA_REACHED = "QUOTA_REACHED"  #: you have as many of these as there may be; delete one first

    CLIENT_ORDER_ID_REUSED = "CLIENT_ORDER_ID_REUSED"  #: the same clientOrderId came with another body
    ORDER_FINAL = "ORDER_FINAL"  #: the order has ended and cannot change any more
    ORDER_PENDING = "ORDER_PENDING"  #: a change, a cancel or the order's first word is awaited: ask again after it
    REPLACE_REJECTED = "REPLACE_REJECTED"  #: the change was refused or not done; the order works on as it was
    NOT_SENT = "NOT_SENT"  #: proven never to have reached the engine
    ENGINE_LOST = "ENGINE_LOST"  #: acknowledged by an engine that no longer knows it
    ENGINE_REJECTED = "ENGINE_REJECTED"  #: the engine refused it
    CANCELED_ON_DISCONNECT = "CANCELED_ON_DISCONNECT"  #: its session was guarded, and had no socket for the grace
    CANCEL_AFTER_ELAPSED = "CANCEL_AFTER_ELAPSED"  #: the account's cancel-after was not set anew in time
    AWAITING_APPROVAL = "AWAITING_APPROVAL"  #: it is kept here until a second person has decided
    TRADING_HALTED = "TRADING_HALTED"  #: no new orders and no changes here now; cancels pass
    REDUCE_ONLY = "REDUCE_ONLY"  #: only orders that bring a position nearer to flat
    APPROVAL_REFUSED = "APPROVAL_REFUSED"  #: a second person has refused the order; it was not sent
    NOT_AWAITING_APPROVAL = "NOT_AWAITING_APPROVAL"  #: there is nothing to decide: it was decided, or never kept for it
    RISK_LIMIT = "RISK_LIMIT"  #: a limit forbids it: `rules` say which, and by how much
    SELF_TRADE = "SELF_TRADE"  #: it would trade with an open order of the same account, desk or firm
    RESTRICTED = "RESTRICTED"  #: the instrument is on the restricted list
    STALE_PRICE = "STALE_PRICE"  #: there is no price of the market to rely on: stale, missing or crossed
    CONFIRMATION_REQUIRED = "CONFIRMATION_REQUIRED"  #: it breaks soft limits: send it again with `confirmationToken`
    CONFIRMATION_INVALID = "CONFIRMATION_INVALID"  #: the token is not of this order, or used, or over a minute old
    AWAITING_PARENT = "AWAITING_PARENT"  #: it is kept here until another order of its group has traded
    AWAITING_CANCELS = "AWAITING_CANCELS"  #: it is kept here until the orders have ended that would trade beside it
    CANCELS_OVERDUE = "CANCELS_OVERDUE"  #: the orders that would trade beside it did not end in time; it was not sent
    NOTHING_TO_CLOSE = "NOTHING_TO_CLOSE"  #: nothing is held any more that it would close; it was not sent
    GROUP_ENDED = "GROUP_ENDED"  #: another order of its group has traded, or has ended without
    GROUP_RESIZED = "GROUP_RESIZED"  #: its quantity follows what another order of its group has traded
    GROUP_OVERRUN = "GROUP_OVERRUN"  #: orders of one group traded more together than was asked for
    REPLY_OVERDUE = "REPLY_OVERDUE"  #: no answer by the deadline; evidence is being asked for
    ENGINE_UNAVAILABLE = "ENGINE_UNAVAILABLE"  #: the engine link is down; nothing was written
    ORDERS_STOPPED = "ORDERS_STOPPED"  #: more was about to be sent than is journalled; cancels are taken, orders not
    ORDER_BRIDGE_UNAVAILABLE = "ORDER_BRIDGE_UNAVAILABLE"  #: the order bridge is down; nothing was written
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"  #: it may have been accepted: poll by clientOrderId
    FEED_UNAVAILABLE = "FEED_UNAVAILABLE"  #: no market data state is at hand

    INVALID_PARAMS = "INVALID_PARAMS"  #: WebSocket: the params do not fit the method
    UNKNOWN_METHOD = "UNKNOWN_METHOD"  #: WebSocket: there is no such method
    UNKNOWN_CHANNEL = "UNKNOWN_CHANNEL"  #: WebSocket: there is no such channel on this socket
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"  #: WebSocket: the symbol is not carried
    SUBSCRIPTION_LIMIT = "SUBSCRIPTION_LIMIT"  #: WebSocket: the socket follows as many symbols as it may
    MALFORMED_FRAME = "MALFORMED_FRAME"  #: WebSocket: the frame could not be decoded
    TOO_MANY_REQUESTS_IN_FLIGHT = "TOO_MANY_REQUESTS_IN_FLIGHT"  #: WebSocket: wait for answers before you ask more
    CURSOR_UNKNOWN = "CURSOR_UNKNOWN"  #: the cursor lies outside the kept log


class TradingError(Exception):
    """The request could not be served."""

    status = 500
    code = Code.INTERNAL_ERROR

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: Code | None = None,
        errors: list[dict[str, str]] | None = None,
        retry_after_seconds: int | None = None,
        **extra: Any,
    ) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip()
        self.code = code or type(self).code
        self.errors = errors or []  #: per field: {"attr", "code", "detail"}
        self.retry_after_seconds = retry_after_seconds
        self.headers: dict[str, str] = {}  #: of the HTTP answer
        self.beside: dict[str, Any] = {}  #: members of a socket's answer beside `error`
        self.extra = extra  #: further public members of the problem document
        super().__init__(self.detail)


class InvalidRequest(TradingError):
    """The request has values that cannot be taken."""

    status = 422
    code = Code.VALIDATION_FAILED


class NotAuthenticated(TradingError):
    """Log in first."""

    status = 401
    code = Code.AUTHENTICATION_REQUIRED


class Forbidden(TradingError):
    """Your rights do not cover this."""

    status = 403
    code = Code.FORBIDDEN


class NotFound(TradingError):
    """There is no such thing."""

    status = 404
    code = Code.NOT_FOUND


class Conflict(TradingError):
    """This contradicts what is already stored."""

    status = 409
    code = Code.CLIENT_ORDER_ID_REUSED


class PreconditionFailed(TradingError):
    """It was changed since you read it."""

    status = 412
    code = Code.PRECONDITION_FAILED


class PreconditionRequired(TradingError):
    """Say by If-Match which version this is a change of."""

    status = 428
    code = Code.PRECONDITION_REQUIRED


class TooManyRequests(TradingError):
    """You ask too much at a time."""

    status = 429
    code = Code.RATE_LIMITED


class Unavailable(TradingError):
    """A part that is needed is not available now; nothing was done."""

    status = 503
    code = Code.ENGINE_UNAVAILABLE


class OutcomeUnknown(Unavailable):
    """No answer came in time: it may or may not have happened."""

    status = 504
    code = Code.OUTCOME_UNKNOWN
