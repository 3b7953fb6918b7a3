"""Which words do both sides of the link use? FIX's, in lower case, as they stand on the wire."""

from enum import StrEnum


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"


class TimeInForce(StrEnum):
    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTD = "gtd"


class EngineOrderStatus(StrEnum):
    """What an engine says of an order; the middleware's own list (with `denied`, `unknown`, …) is longer."""

    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"


class ExecType(StrEnum):
    """What happened (FIX 150)."""

    NEW = "new"
    TRADE = "trade"
    CANCELED = "canceled"
    REPLACED = "replaced"
    REJECTED = "rejected"
    EXPIRED = "expired"
    TRADE_CANCEL = "trade_cancel"
    TRADE_CORRECT = "trade_correct"


class ReplyOutcome(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"  #: the engine holds this client order id already; nothing was done again


class RejectCode(StrEnum):
    """Why an engine refuses a command or ends an order."""

    UNKNOWN_INSTRUMENT = "UNKNOWN_INSTRUMENT"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    ORDER_FINAL = "ORDER_FINAL"
    OFF_TICK = "OFF_TICK"
    OFF_LOT = "OFF_LOT"
    INVALID_ORDER = "INVALID_ORDER"
    DEADLINE_PASSED = "DEADLINE_PASSED"
    STALE_SESSION = "STALE_SESSION"
    NO_SESSION = "NO_SESSION"
    VERSION_MISMATCH = "VERSION_MISMATCH"
    MALFORMED = "MALFORMED"
    NO_LIQUIDITY = "NO_LIQUIDITY"
    MARKET_CLOSED = "MARKET_CLOSED"
    REPLAY_UNAVAILABLE = "REPLAY_UNAVAILABLE"
    BRIDGE_SILENT = "BRIDGE_SILENT"  #: ended by the dead-man's switch


class MassCancelScope(StrEnum):
    FIRM = "firm"
    DESK = "desk"
    ACCOUNT = "account"
    SYMBOL = "symbol"


class EngineState(StrEnum):
    OPEN = "open"
    HALTED = "halted"
    CLOSED = "closed"
    STOPPING = "stopping"
