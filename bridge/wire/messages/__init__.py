"""What is said on the engine link, message by message?

Everything here but the market-data batches (`market.py`) travels as one MessagePack map with camelCase keys and the
message's name under `type`. Prices and quantities are integers of 10⁻⁸ (`_e8`), instants integer microseconds since
1970 UTC (`_us`). A field that is unknown, missing, mistyped or out of range makes the whole message refused.
`docs/engine-link.md` specifies each message; `vectors/` holds golden bytes.
"""

from bridge.wire.limits import INT64_MAX
from bridge.wire.messages.answers import CommandReply, ExecutionReport, OpenOrder, OrderList, OrderStatus, ReplayDone
from bridge.wire.messages.commands import (
    CancelOrder,
    Command,
    MassCancel,
    NewOrder,
    OrderListRequest,
    OrderStatusRequest,
    ReplaceOrder,
    ReplayRequest,
)
from bridge.wire.messages.fields import (
    PROTOCOL_VERSION,
    AmountE8,
    ClientOrderId,
    CommandSeq,
    Currency,
    Epoch,
    Exchange,
    InstrumentId,
    Level,
    Levels,
    Message,
    Micros,
    PositiveE8,
    Price,
    Seq,
    Session,
    Symbol,
    Text,
    Token,
)
from bridge.wire.messages.queries import (
    Bar,
    BookSnapshot,
    BookSnapshotRequest,
    Instrument,
    InstrumentList,
    InstrumentListRequest,
    InstrumentSnapshot,
    QueryReject,
)
from bridge.wire.messages.session import (
    ClientHeartbeat,
    EngineHeartbeat,
    EngineStatus,
    Hello,
    SessionReject,
    TopicHeartbeat,
    Welcome,
)

ToEngine = (
    Hello
    | ClientHeartbeat
    | NewOrder
    | CancelOrder
    | ReplaceOrder
    | MassCancel
    | OrderStatusRequest
    | OrderListRequest
    | ReplayRequest
)
FromEngine = (
    Welcome | SessionReject | EngineHeartbeat | CommandReply | OrderStatus | OrderList | ExecutionReport | ReplayDone
)
Query = InstrumentListRequest | BookSnapshotRequest
QueryReply = InstrumentList | BookSnapshot | QueryReject
Published = TopicHeartbeat | EngineStatus

__all__ = [
    "INT64_MAX",
    "PROTOCOL_VERSION",
    "AmountE8",
    "Bar",
    "BookSnapshot",
    "BookSnapshotRequest",
    "CancelOrder",
    "ClientHeartbeat",
    "ClientOrderId",
    "Command",
    "CommandReply",
    "CommandSeq",
    "Currency",
    "EngineHeartbeat",
    "EngineStatus",
    "Epoch",
    "Exchange",
    "ExecutionReport",
    "FromEngine",
    "Hello",
    "Instrument",
    "InstrumentId",
    "InstrumentList",
    "InstrumentListRequest",
    "InstrumentSnapshot",
    "Level",
    "Levels",
    "MassCancel",
    "Message",
    "Micros",
    "NewOrder",
    "OpenOrder",
    "OrderList",
    "OrderListRequest",
    "OrderStatus",
    "OrderStatusRequest",
    "PositiveE8",
    "Price",
    "Published",
    "Query",
    "QueryReject",
    "QueryReply",
    "ReplaceOrder",
    "ReplayDone",
    "ReplayRequest",
    "Seq",
    "Session",
    "SessionReject",
    "Symbol",
    "Text",
    "ToEngine",
    "Token",
    "TopicHeartbeat",
    "Welcome",
]
