"""Is the stream of a desk exactly what its users' streams tell of orders, trades and positions?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from notifications.models import StreamEvent
from notifications.stream import desk_stream, user_stream
from orders.requests import Caller
from tests.orders.positions.stories import Story, trader_of

OF_ORDERS = ("orders", "executions", "positions")
Told = tuple[str, str, str]


def told(stream: str) -> list[Told]:
    rows = StreamEvent.objects.filter(stream=stream, channel__in=OF_ORDERS).order_by("number")
    return list(rows.values_list("channel", "kind", "data"))


def numbers(stream: str) -> list[int]:
    return list(StreamEvent.objects.filter(stream=stream).order_by("number").values_list("number", flat=True))


def is_within(part: Iterable[Told], whole: Iterator[Told]) -> bool:
    """In the same order, with others between."""
    return all(each in whole for each in part)


def test_it_is_their_union_each_in_its_order_and_nothing_else(story: Story, trader: Caller, bob: Caller) -> None:
    stranger, alone = trader_of("eve", None), UUID(int=0)
    for _ in range(60):
        story.anything([trader, bob, stranger])
    users = [told(user_stream(caller.user)) for caller in (trader, bob)]
    desk = told(desk_stream(trader.desk or alone))
    assert min(map(len, users)) > 20 and told(user_stream(stranger.user))
    assert sorted(desk) == sorted([*users[0], *users[1]])
    assert all(is_within(mine, iter(desk)) for mine in users)
    assert numbers(desk_stream(trader.desk or alone)) == list(range(1, len(desk) + 1))
