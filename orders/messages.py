"""What does the trading socket take, answer and push? Each type is decoded or encoded as it stands here.

Orders, executions, positions, alerts and notifications have the shapes that REST gives them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from accounts.sockets.methods import Pushes, rest_shape
from accounts.sockets.system import CHANNEL as SYSTEM
from accounts.sockets.system import PUSHES as SYSTEM_PUSHES
from bridge.wire.messages import Symbol, Token
from notifications.items import PrivateItem
from orders.gate_requests import ConfirmationToken
from orders.requests import SYMBOLS_MAX
from tradingmw.typed_body import PositiveDecimal, RestBody

STREAM_CHANNELS = ("orders", "executions", "positions", "alerts", "notifications")
DESK_PREFIX = "desk."
DESK_CHANNELS = ("desk.orders", "desk.executions", "desk.positions")
CHANNELS = (*STREAM_CHANNELS, *DESK_CHANNELS, SYSTEM)

ChannelName = Annotated[str, Meta(extra_json_schema={"enum": list(CHANNELS)})]
Cursor = Annotated[int, Meta(ge=0, description="A number of the private stream; 0 is its beginning.")]
WrittenOrder = Annotated[dict[str, Any], rest_shape("WrittenOrder")]
CanceledItems = Annotated[dict[str, Any], rest_shape("CanceledItems")]
WrittenOrderGroup = Annotated[dict[str, Any], rest_shape("WrittenOrderGroup")]
PlacedItems = Annotated[dict[str, Any], rest_shape("PlacedItems")]


class Subscribe(Struct, frozen=True):
    """With `snapshot` the channel's objects follow the result as they stand at its `lastEventId`.

    `desk.…` is the drop copy: everything of your desk, for its head; of the desk called `desk`, for who sees all.
    """

    channel: ChannelName
    snapshot: bool = True
    desk: Token | None = None


class Subscribed(Struct, frozen=True, rename="camel"):
    channel: ChannelName
    last_event_id: Cursor


class OneChannel(Struct, frozen=True):
    channel: ChannelName


class ChannelList(Struct, frozen=True):
    channels: list[ChannelName]


class Resume(Struct, frozen=True):
    """`since` is the last `eventId` that you have of that stream: your own, or that of the desk you follow."""

    since: Cursor
    stream: Literal["own", "desk"] = "own"


class Resumed(Struct, frozen=True, rename="camel"):
    """`recovered` false: the log does not reach back; snapshots of the subscribed channels follow."""

    recovered: bool
    last_event_id: Cursor


class CancelOne(Struct, frozen=True):
    """The order's `id`."""

    id: UUID


class StreamHeartbeat(Struct, frozen=True, rename="camel"):
    """Every event of the subscribed channels up to `last_event_id` lies before this frame.

    Where a desk is followed, every event of its stream up to `desk_last_event_id`, too.
    """

    last_event_id: Cursor
    ts: int
    desk_last_event_id: Cursor | UnsetType = UNSET


class ReplaceOne(RestBody, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The order's `id`, and at least one of its new terms; `quantity` is the new total."""

    id: UUID
    quantity: PositiveDecimal | None = None
    price: PositiveDecimal | None = None
    stop_price: PositiveDecimal | None = None
    confirmation_token: ConfirmationToken = ""


class CancelAll(RestBody, frozen=True, forbid_unknown_fields=True):
    """Without symbols every open order is cancelled; a misspelt field is refused, as it would mean the same.

    With `desk`, by its head, those of the whole desk.
    """

    symbols: Annotated[list[Symbol], Meta(min_length=1, max_length=SYMBOLS_MAX)] | None = None
    desk: Token | None = None


class OrderItem(PrivateItem, frozen=True, kw_only=True, rename="camel"):
    data: Annotated[dict[str, Any], rest_shape("Order")]


class ExecutionItem(PrivateItem, frozen=True, kw_only=True, rename="camel"):
    data: Annotated[dict[str, Any], rest_shape("Execution")]


class PositionItem(PrivateItem, frozen=True, kw_only=True, rename="camel"):
    data: Annotated[dict[str, Any], rest_shape("Position")]


class PositionUpdate(Struct, frozen=True, kw_only=True, rename="camel"):
    """An event of the stream, as every item; or a mark (`kind` is `position_marked`), which has no number.

    A mark shows the position as the last event did, at the market's price: `data.markQuality` says how good it is. It
    comes at most a few times a second, only where price or quality moved, and is no event: it is not resumed.
    """

    event_id: int | UnsetType = UNSET
    prev_event_id: int | UnsetType = UNSET
    kind: str
    ts: int
    data: Annotated[dict[str, Any], rest_shape("Position")]


class AlertItem(PrivateItem, frozen=True, kw_only=True, rename="camel"):
    data: Annotated[dict[str, Any], rest_shape("AlertAnswer")]


class NotificationItem(PrivateItem, frozen=True, kw_only=True, rename="camel"):
    data: Annotated[dict[str, Any], rest_shape("NotificationAnswer")]


PUSHES = {
    "orders": Pushes(
        "Open orders and those that ended lately; then each order after every change.", OrderItem, OrderItem
    ),
    "executions": Pushes("Trades of the last day; then each as it happens.", ExecutionItem, ExecutionItem),
    "positions": Pushes(
        "What the account holds; then each position after every trade, and its marks.", PositionUpdate, PositionItem
    ),
    "alerts": Pushes("Active price alerts; then each alert after every change.", AlertItem, AlertItem),
    "notifications": Pushes("The newest unread ones; then each as it comes.", NotificationItem, NotificationItem),
    "desk.orders": Pushes("As `orders`, of a whole desk, with the numbers of its stream.", OrderItem, OrderItem),
    "desk.executions": Pushes(
        "As `executions`, of a whole desk, with the numbers of its stream.", ExecutionItem, ExecutionItem
    ),
    "desk.positions": Pushes(
        "As `positions`, of a whole desk, with the numbers of its stream.", PositionUpdate, PositionItem
    ),
    SYSTEM: SYSTEM_PUSHES,
    "heartbeat": Pushes("Each second: how far the stream has come on this socket.", StreamHeartbeat),
}
