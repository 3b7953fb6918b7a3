"""The trading socket, over a real server and real sockets."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from channels.layers import get_channel_layer

from accounts.models import User
from notifications.models import Alert, Notification
from notifications.readers import in_reader
from notifications.send_queue import PENDING_BYTES_MAX
from notifications.shapes import alert_shape, notification_shape
from notifications.stream import NewEvent, last_number, user_stream
from notifications.wakeups import GROUP, advanced
from notifications.watch import PAGE, stream_watch
from orders.models import Order
from orders.selectors import order_as_shape
from tests.notifications.streams import until, write_from_loop
from tests.orders.conftest import MakeScreen
from tests.orders.holdings import change, execution_of, order_of, position_of, trader

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ann(db: None) -> User:
    return trader("ann")


async def changed(order: Order, status: str, kind: str = "order_changed") -> int:
    """The core's commit and the wake-up after it; the number of the event."""
    number = await in_reader(change)(order, status, kind)
    await get_channel_layer().group_send(GROUP, advanced({user_stream(order.user_id): number}))
    return number


@pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])
async def test_a_snapshot_then_updates_in_both_formats(screen: MakeScreen, ann: User, binary: bool) -> None:
    order = await in_reader(order_of)(ann, "c1")
    await changed(order, "new", "order_acknowledged")
    async with screen(ann, binary=binary) as trading:
        assert await trading.result("subscribe", channel="orders") == {"channel": "orders", "lastEventId": 1}
        (standing,) = await trading.push("orders", "snapshot")
        assert (standing["eventId"], standing["kind"], standing["data"]["status"]) == (1, "snapshot", "new")
        await changed(order, "filled", "order_filled")
        (item,) = await trading.push("orders")
        assert item["data"] == {**standing["data"], "status": "filled"}
        assert (item["eventId"], item["prevEventId"], item["kind"]) == (2, 1, "order_filled")


async def test_every_channel_shows_what_the_account_holds(screen: MakeScreen, ann: User) -> None:
    order = await in_reader(order_of)(ann, "c1")
    await in_reader(position_of)(ann, "AAPL")
    await in_reader(execution_of)(order, minute=60 * 24 * 365 * 50)  # recent, whenever this runs
    async with screen(ann) as trading:
        for channel in ("orders", "executions", "positions"):
            await trading.result("subscribe", channel=channel)
            (item,) = await trading.push(channel, "snapshot")
            assert item["data"]["symbol"] == "AAPL"
        assert await trading.result("subscriptions") == {"channels": ["executions", "orders", "positions"]}


async def test_active_alerts_and_unread_notifications_are_shown_and_what_happens_to_them(
    screen: MakeScreen, ann: User
) -> None:
    alert = await in_reader(alert_of)(ann)
    told = await in_reader(notification_of)(ann)
    await in_reader(notification_of)(ann, is_read=True)
    async with screen(ann) as trading:
        for channel, shape in (("alerts", alert), ("notifications", told)):
            await trading.result("subscribe", channel=channel)
            assert [item["data"] for item in await trading.push(channel, "snapshot")] == [shape]
            event = NewEvent(user_stream(ann.id), channel, "changed", json.dumps(shape))
            await write_from_loop([event])
            assert [item["data"] for item in await trading.push(channel)] == [shape]


def alert_of(user: User) -> dict[str, Any]:
    return alert_shape(Alert.objects.create(user=user, symbol="AAPL", condition="above", target_price="200.5"))


def notification_of(user: User, **fields: Any) -> dict[str, Any]:
    return notification_shape(Notification.objects.create(user=user, type="alert", title="AAPL", **fields))


async def test_a_snapshot_can_be_left_out(screen: MakeScreen, ann: User) -> None:
    order = await in_reader(order_of)(ann, "c1")
    async with screen(ann) as trading:
        await trading.result("subscribe", channel="orders", snapshot=False)
        await changed(order, "filled", "order_filled")
        assert [item["eventId"] for item in await trading.push("orders")] == [1]
        assert all(frame.get("type") != "snapshot" for frame in trading.frames)


async def test_an_event_without_a_wake_up_is_found_all_the_same(screen: MakeScreen, ann: User) -> None:
    order = await in_reader(order_of)(ann, "c1")
    async with screen(ann) as trading:
        await trading.result("subscribe", channel="orders")
        await in_reader(change)(order, "filled", "order_filled")
        assert [item["eventId"] for item in await trading.push("orders")] == [1]


async def test_two_sockets_of_a_user_see_the_same_and_another_user_nothing(screen: MakeScreen, ann: User) -> None:
    order = await in_reader(order_of)(ann, "c1")
    bob = await in_reader(trader)("bob")
    bobs = await in_reader(order_of)(bob, "b1")
    async with screen(ann) as first, screen(ann, binary=True) as second, screen(bob) as other:
        for trading in (first, second, other):
            await trading.result("subscribe", channel="orders")
        await changed(order, "filled", "order_filled")
        assert await first.push("orders") == await second.push("orders")
        await changed(bobs, "canceled", "order_canceled")
        (item,) = await other.push("orders")
        assert item["data"]["clientOrderId"] == "b1"


async def test_a_resume_replays_what_was_missed_between_two_sockets(screen: MakeScreen, ann: User) -> None:
    order = await in_reader(order_of)(ann, "c1")
    async with screen(ann) as trading:
        cursor = (await trading.result("subscribe", channel="orders"))["lastEventId"]
    for status in ("pending_cancel", "canceled"):
        await changed(order, status, "order_changed")
    async with screen(ann) as trading:
        await trading.result("subscribe", channel="orders", snapshot=False)
        assert await trading.result("resume", since=cursor) == {"recovered": True, "lastEventId": 2}
        items = await trading.items(2, "orders")
        assert [(item["prevEventId"], item["eventId"], item["data"]["status"]) for item in items] == [
            (0, 1, "pending_cancel"),
            (1, 2, "canceled"),
        ]


async def test_a_resume_from_a_cursor_that_never_was_brings_snapshots(screen: MakeScreen, ann: User) -> None:
    await in_reader(order_of)(ann, "c1")
    async with screen(ann) as trading:
        await trading.result("subscribe", channel="orders", snapshot=False)
        assert await trading.result("resume", since=10**15) == {"recovered": False, "lastEventId": 0}
        assert len(await trading.push("orders", "snapshot")) == 1


async def test_a_resume_subscribes_to_nothing_by_itself(screen: MakeScreen, ann: User) -> None:
    order = await in_reader(order_of)(ann, "c1")
    await changed(order, "filled", "order_filled")
    async with screen(ann) as trading:
        assert await trading.result("resume", since=0) == {"recovered": True, "lastEventId": 1}
        (beat,) = await trading.push("heartbeat")
        assert beat["lastEventId"] == 1
        assert await trading.result("subscriptions") == {"channels": []}


async def test_heartbeats_tell_how_far_the_stream_has_come(screen: MakeScreen, ann: User) -> None:
    order = await in_reader(order_of)(ann, "c1")
    async with screen(ann) as trading:
        await changed(order, "filled", "order_filled")
        while (await trading.push("heartbeat"))[0]["lastEventId"] != 1:
            pass


async def test_what_was_unsubscribed_is_pushed_no_more(screen: MakeScreen, ann: User) -> None:
    order = await in_reader(order_of)(ann, "c1")
    async with screen(ann) as trading:
        await trading.result("subscribe", channel="orders")
        await trading.result("subscribe", channel="positions")
        assert await trading.result("unsubscribe", channel="orders") == {"channel": "orders"}
        await changed(order, "filled", "order_filled")
        while (await trading.push("heartbeat"))[0]["lastEventId"] != 1:
            pass
        assert not [frame for frame in trading.frames if frame.get("channel") == "orders" and frame["type"] == "update"]
        assert await trading.result("unsubscribeAll") == {"channels": []}
        assert await trading.result("subscriptions") == {"channels": []}


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("subscribe", {"channel": "weather"}, "UNKNOWN_CHANNEL"),
        ("subscribe", {"channel": 3}, "INVALID_PARAMS"),
        ("subscribe", {}, "INVALID_PARAMS"),
        ("subscribe", {"channel": "orders", "snapshot": "yes"}, "INVALID_PARAMS"),
        ("unsubscribe", {"channel": "quotes"}, "UNKNOWN_CHANNEL"),
        ("resume", {"since": -1}, "INVALID_PARAMS"),
        ("resume", {"since": "5"}, "INVALID_PARAMS"),
        ("resume", {}, "INVALID_PARAMS"),
        ("order.fly", {}, "UNKNOWN_METHOD"),
    ],
)
async def test_a_request_that_cannot_be_served_is_answered_and_disturbs_nothing(
    screen: MakeScreen, ann: User, method: str, params: dict[str, Any], code: str
) -> None:
    order = await in_reader(order_of)(ann, "c1")
    async with screen(ann) as trading:
        await trading.result("subscribe", channel="orders")
        assert await trading.error(method, **params) == code
        await changed(order, "filled", "order_filled")
        assert [item["eventId"] for item in await trading.push("orders")] == [1]


async def test_a_client_that_does_not_read_is_closed_with_4008_and_misses_nothing_once_it_resumes(
    server: str, screen: MakeScreen, ann: User
) -> None:
    order = await in_reader(order_of)(ann, "c1")
    with narrow_socket(server) as narrow:
        async with screen(ann, sock=narrow, max_queue=1, max_size=None, compression=None) as stuck:
            await stuck.result("subscribe", channel="orders")
            last = await flood(ann, order, 12 * PENDING_BYTES_MAX)
            await until(lambda: stream_watch().following == 0)
            assert await stuck.close_code() == 4008
            seen = event_ids(stuck.frames)
    assert seen == list(range(1, len(seen) + 1))
    async with screen(ann, max_size=None) as trading:
        await trading.result("subscribe", channel="orders", snapshot=False)
        await trading.result("resume", since=len(seen))
        items = await trading.items(last - len(seen), "orders")
    assert [item["eventId"] for item in items] == list(range(len(seen) + 1, last + 1))
    assert [item["prevEventId"] for item in items] == list(range(len(seen), last))


def narrow_socket(server: str) -> socket.socket:
    """A connection whose receiving side holds little, so that the server soon notices who does not read."""
    address = urlsplit(server)
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
    narrow.connect((address.hostname, address.port))
    return narrow


def event_ids(frames: list[Any]) -> list[int]:
    updates = [frame for frame in frames if frame.get("channel") == "orders" and frame["type"] == "update"]
    return [item["eventId"] for frame in updates for item in frame["data"]]


async def flood(user: User, order: Order, bytes_total: int) -> int:
    """Write pages of events until there are `bytes_total`; the number of the last."""
    shape = {**await in_reader(order_as_shape)(order), "reason": "x" * 3_000}
    page = [NewEvent(user_stream(user.id), "orders", "order_filled", json.dumps(shape))] * PAGE
    for _ in range(bytes_total // (PAGE * 3_000)):
        await write_from_loop(page)
    return await in_reader(last_number)(user_stream(user.id))
