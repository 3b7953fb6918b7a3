"""The drop copy on the trading socket: a desk's whole flow for its head, under its own numbers, and for nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from accounts.policy import Role
from notifications.readers import in_reader
from notifications.watch import stream_watch
from tests.orders.conftest import MakeScreen, new_ticket
from tests.orders.holdings import execution_of, order_of, position_of
from tests.orders.screen import Screen
from tests.orders.supervisors import Flow, compliance, on_desk
from tests.roles import in_roles

pytestmark = pytest.mark.django_db(transaction=True)
DESK_CHANNELS = ("desk.orders", "desk.executions", "desk.positions")


@pytest.fixture
def alpha(transactional_db: None) -> Flow:
    return Flow("alpha")


@pytest.fixture
def beta(transactional_db: None) -> Flow:
    return Flow("beta")


def ids(items: list[Any]) -> list[str]:
    return [item["data"]["clientOrderId"] for item in items]


# --- what its head sees --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])
async def test_the_head_sees_every_order_of_the_desk_and_what_happens_to_it(
    screen: MakeScreen, alpha: Flow, beta: Flow, binary: bool
) -> None:
    async with screen(alpha.head, binary=binary) as desk:
        assert await desk.result("subscribe", channel="desk.orders") == {"channel": "desk.orders", "lastEventId": 0}
        assert sorted(ids(await desk.push("desk.orders", "snapshot"))) == ["alpha-1-order", "alpha-2-order"]
        await beta.changed(beta.orders[0], "canceled")
        for place, order in enumerate(alpha.orders, 1):
            await alpha.changed(order, "filled")
            (item,) = await desk.push("desk.orders")
            assert (item["eventId"], item["prevEventId"], item["data"]["status"]) == (place, place - 1, "filled")
            assert item["data"]["account"] == f"alpha-{place}"


async def test_executions_and_positions_of_the_desk_are_shown(screen: MakeScreen, alpha: Flow) -> None:
    for order in alpha.orders:
        await in_reader(execution_of)(order, minute=60 * 24 * 365 * 50)  # recent, whenever this runs
        await in_reader(position_of)(order.user, "AAPL")
    async with screen(alpha.head) as desk:
        for channel in DESK_CHANNELS[1:]:
            await desk.result("subscribe", channel=channel)
            accounts = sorted(item["data"]["account"] for item in await desk.push(channel, "snapshot"))
            assert accounts == ["alpha-1", "alpha-2"]


async def test_both_streams_of_one_socket_have_their_own_numbers(screen: MakeScreen, alpha: Flow) -> None:
    own = await in_reader(order_of_head)(alpha)
    async with screen(alpha.head) as desk:
        await alpha.changed(alpha.orders[0], "pending_cancel")
        await desk.result("subscribe", channel="orders", snapshot=False)
        await desk.result("subscribe", channel="desk.orders", snapshot=False)
        assert await desk.result("subscriptions") == {"channels": ["desk.orders", "orders"]}
        await alpha.changed(own, "filled")
        (mine,), (copy,) = await desk.push("orders"), await desk.push("desk.orders")
        assert (mine["eventId"], copy["eventId"], copy["prevEventId"]) == (1, 2, 1)
        assert mine["data"] == copy["data"]


def order_of_head(flow: Flow) -> Any:
    return order_of(flow.head, "own", desk=flow.desk)


async def test_the_heartbeat_tells_how_far_both_have_come(screen: MakeScreen, alpha: Flow) -> None:
    async with screen(alpha.head) as desk:
        (before,) = await desk.push("heartbeat")
        assert "deskLastEventId" not in before
        await desk.result("subscribe", channel="desk.orders", snapshot=False)
        await alpha.changed(alpha.orders[0], "filled")
        while (beat := (await desk.push("heartbeat"))[0]).get("deskLastEventId") != 1:
            pass
        assert beat["lastEventId"] == 0


async def test_a_resume_replays_what_the_desk_did_meanwhile(screen: MakeScreen, alpha: Flow) -> None:
    async with screen(alpha.head) as desk:
        cursor = (await desk.result("subscribe", channel="desk.orders"))["lastEventId"]
    for order in alpha.orders:
        await alpha.changed(order, "canceled")
    async with screen(alpha.head) as desk:
        await desk.result("subscribe", channel="desk.orders", snapshot=False)
        assert await desk.result("resume", since=cursor, stream="desk") == {"recovered": True, "lastEventId": 2}
        items = await desk.items(2, "desk.orders")
        assert [(item["prevEventId"], item["eventId"]) for item in items] == [(0, 1), (1, 2)]
        assert ids(items) == ["alpha-1-order", "alpha-2-order"]


async def test_a_resume_behind_the_log_brings_snapshots(screen: MakeScreen, alpha: Flow) -> None:
    async with screen(alpha.head) as desk:
        await desk.result("subscribe", channel="desk.orders", snapshot=False)
        assert await desk.result("resume", since=10**15, stream="desk") == {"recovered": False, "lastEventId": 0}
        assert len(await desk.push("desk.orders", "snapshot")) == 2


async def test_what_was_left_is_pushed_no_more(screen: MakeScreen, alpha: Flow) -> None:
    async with screen(alpha.head) as desk:
        for channel in DESK_CHANNELS:
            await desk.result("subscribe", channel=channel)
        await desk.result("unsubscribe", channel="desk.orders")
        assert await desk.result("subscriptions") == {"channels": ["desk.executions", "desk.positions"]}
        await desk.result("unsubscribeAll")
        assert await desk.result("subscriptions") == {"channels": []}
        await alpha.changed(alpha.orders[0], "filled")
        while (await desk.push("heartbeat"))[0]["deskLastEventId"] != 1:
            pass
        assert not [
            frame for frame in desk.frames if frame.get("channel") == "desk.orders" and frame["type"] == "update"
        ]


# --- who else ------------------------------------------------------------------------------------------------------
async def test_compliance_follows_any_desk_by_its_name_one_at_a_time(
    screen: MakeScreen, alpha: Flow, beta: Flow
) -> None:
    async with screen(await in_reader(compliance)()) as eve:
        await eve.result("subscribe", channel="desk.orders", desk="beta")
        assert sorted(ids(await eve.push("desk.orders", "snapshot"))) == ["beta-1-order", "beta-2-order"]
        assert await eve.error("subscribe", channel="desk.executions", desk="alpha") == "INVALID_PARAMS"
        await eve.result("unsubscribe", channel="desk.orders")
        await eve.result("subscribe", channel="desk.orders", desk="alpha")
        assert sorted(ids(await eve.push("desk.orders", "snapshot"))) == ["alpha-1-order", "alpha-2-order"]
        await beta.changed(beta.orders[0], "filled")
        await alpha.changed(alpha.orders[0], "filled")
        assert ids(await eve.push("desk.orders")) == ["alpha-1-order"]
        assert await eve.error("subscribe", channel="desk.orders", desk="gamma") == "NOT_FOUND"
        assert await eve.error("subscribe", channel="desk.orders") == "FORBIDDEN"


async def test_a_trader_gets_nothing_of_his_desk(screen: MakeScreen, alpha: Flow) -> None:
    async with screen(alpha.traders[0]) as trader:
        for channel in DESK_CHANNELS:
            assert await trader.error("subscribe", channel=channel) == "FORBIDDEN"
            assert await trader.error("subscribe", channel=channel, desk="alpha") == "FORBIDDEN"
            assert await trader.error("subscribe", channel=channel, desk="nowhere") == "FORBIDDEN"
        assert await trader.error("resume", since=0, stream="desk") == "INVALID_PARAMS"
        await sees_nothing_of(alpha, trader, screen)


async def test_another_desk_is_not_there_for_a_head(screen: MakeScreen, alpha: Flow, beta: Flow) -> None:
    async with screen(beta.head) as head:
        for channel in DESK_CHANNELS:
            assert await head.error("subscribe", channel=channel, desk="alpha") == "NOT_FOUND"
            assert await head.error("subscribe", channel=channel, desk="nowhere") == "NOT_FOUND"
        await sees_nothing_of(alpha, head, screen)


async def sees_nothing_of(flow: Flow, suspect: Screen, screen: MakeScreen) -> None:
    """What a socket beside it has been told of the desk has not come, and nothing else."""
    async with screen(await in_reader(compliance)()) as witness:
        await witness.result("subscribe", channel="desk.orders", desk=flow.desk.name, snapshot=False)
        await flow.changed(flow.orders[1], "filled")
        await witness.push("desk.orders")
    await suspect.result("ping")
    assert {frame["channel"] for frame in suspect.frames if "channel" in frame} <= {"heartbeat"}


def demoted(head: User, _beta: Flow) -> None:
    in_roles(head, Role.TRADER)


def moved(head: User, beta: Flow) -> None:
    on_desk(head, beta.desk)


@pytest.mark.parametrize("change", [demoted, moved])
async def test_who_is_head_no_more_sees_nothing_more_within_seconds(
    screen: MakeScreen, alpha: Flow, beta: Flow, change: Callable[[User, Flow], None]
) -> None:
    async with screen(alpha.head) as desk:
        await desk.result("subscribe", channel="desk.orders", snapshot=False)
        await in_reader(change)(alpha.head, beta)
        assert 4000 <= await desk.close_code() < 4999
    assert stream_watch().following == 0
    async with screen(alpha.head) as desk:
        assert await desk.error("subscribe", channel="desk.orders", desk="alpha") in ("FORBIDDEN", "NOT_FOUND")


@pytest.mark.parametrize("change", [demoted, moved])
async def test_who_proves_himself_anew_with_fewer_rights_leaves_the_desk_at_once(
    screen: MakeScreen, alpha: Flow, beta: Flow, change: Callable[[User, Flow], None]
) -> None:
    async with screen(alpha.head) as desk:
        for channel in ("orders", *DESK_CHANNELS):
            await desk.result("subscribe", channel=channel)
        await in_reader(change)(alpha.head, beta)
        await desk.result("auth", ticket=await in_reader(new_ticket)(alpha.head))
        assert await desk.result("subscriptions") == {"channels": ["orders"]}
        desk.frames.clear()
        await sees_nothing_of(alpha, desk, screen)


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("subscribe", {"channel": "desk.alerts"}, "UNKNOWN_CHANNEL"),
        ("subscribe", {"channel": "desk."}, "UNKNOWN_CHANNEL"),
        ("subscribe", {"channel": "desk.orders", "desk": 3}, "INVALID_PARAMS"),
        ("subscribe", {"channel": "desk.orders", "desk": "x" * 500}, "INVALID_PARAMS"),
        ("subscribe", {"channel": "orders", "desk": "alpha"}, "INVALID_PARAMS"),
        ("resume", {"since": 0, "stream": "desk"}, "INVALID_PARAMS"),
        ("resume", {"since": 0, "stream": "desk:1"}, "INVALID_PARAMS"),
    ],
)
async def test_a_request_that_cannot_be_served_is_named(
    screen: MakeScreen, alpha: Flow, method: str, params: dict[str, Any], code: str
) -> None:
    async with screen(alpha.head) as desk:
        assert await desk.error(method, **params) == code
