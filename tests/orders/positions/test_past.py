"""What was held at a past moment, as `GET /positions?asOf=` tells it?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.policy import Role
from bridge.wire.vocabulary import Side
from orders.instants import text
from orders.positions.past import EXECUTIONS_PER_PAGE, Holding, within_bounds
from orders.requests import Caller
from tests.orders.core.desk import SECOND_US, START_US
from tests.orders.positions.stories import Story, trader_of
from tests.roles import in_roles

MOVES = ("updatedAt",)  #: when the row was written; worked out from executions: when the last of them was


def client_of(user_id: UUID, role: Role = Role.TRADER) -> APIClient:
    client = APIClient()
    client.force_authenticate(in_roles(User.objects.get(id=user_id), role))
    return client


@pytest.fixture
def ann(trader: Caller) -> APIClient:
    return client_of(trader.user)


def positions(client: APIClient, **query: Any) -> dict[tuple[str, str], dict[str, Any]]:
    answer = client.get("/api/v1/positions", query)
    assert answer.status_code == 200, answer.content
    return by_key(answer.json()["items"])


def by_key(items: Iterable[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (item["account"], item["symbol"]): {name: value for name, value in item.items() if name not in MOVES}
        for item in items
    }


def test_at_each_moment_it_is_what_was_shown_then(story: Story, trader: Caller, ann: APIClient) -> None:
    shown = []
    for number in range(25):
        symbol, side = story.pick.choice(["AAPL", "IBM"]), story.pick.choice(list(Side))
        story.trade(trader, symbol, side, story.pick.randint(1, 20), 90 + number)
        shown.append((text(story.at_us()), positions(ann)))
    for moment, then in shown:
        assert positions(ann, asOf=moment) == then


def test_before_anything_was_traded_nothing_was_held(story: Story, trader: Caller, ann: APIClient) -> None:
    story.trade(trader, "AAPL", Side.BUY, 1, 100)
    assert positions(ann, asOf=text(story.at_us() - 1)) == {}
    assert positions(ann, asOf="1970-01-01T00:00:00Z") == {}
    assert len(positions(ann, asOf=text(story.at_us()))) == 1


def test_now_it_is_what_is_stored_whatever_was_busted_and_corrected(story: Story, trader: Caller, bob: Caller) -> None:
    for _ in range(60):
        story.anything([trader, bob])
    eve = client_of(bob.user, Role.COMPLIANCE)
    now = positions(eve)
    assert len(now) == 4
    assert positions(eve, asOf=datetime.now(UTC).isoformat()) == now


def test_a_later_bust_makes_the_trade_void_from_the_beginning(story: Story, trader: Caller, ann: APIClient) -> None:
    story.trade(trader, "AAPL", Side.BUY, 10, 100)
    void = story.trade(trader, "AAPL", Side.BUY, 5, 200)
    then = text(story.at_us())
    story.bust(void)
    assert positions(ann, asOf=then)["ann", "AAPL"]["quantity"] == "10"


def test_a_later_correction_stands_where_the_trade_stood(story: Story, trader: Caller, ann: APIClient) -> None:
    wrong = story.trade(trader, "AAPL", Side.BUY, 10, 100)
    then = text(story.at_us())
    story.trade(trader, "AAPL", Side.BUY, 10, 120)
    story.trade(trader, "AAPL", Side.SELL, 5, 130)
    story.correct(wrong, 10, 90)
    position = positions(ann, asOf=then)["ann", "AAPL"]
    assert (position["quantity"], position["costBasis"], position["currentPrice"]) == ("10", "900", "90")
    for now in (positions(ann), positions(ann, asOf=text(story.at_us()))):
        position = now["ann", "AAPL"]
        assert (position["averagePrice"], position["realizedPnl"], position["costBasis"]) == ("105", "125", "1575")


def test_of_a_trade_that_is_void_nothing_is_left(story: Story, trader: Caller, ann: APIClient) -> None:
    story.bust(story.trade(trader, "AAPL", Side.BUY, 10, 100))
    then = positions(ann, asOf=text(START_US + 60 * SECOND_US))["ann", "AAPL"]
    assert (then["quantity"], then["costBasis"], then["realizedPnl"], then["averagePrice"]) == ("0", "0", "0", None)


def test_no_market_price_is_made_up_for_the_past(story: Story, trader: Caller, ann: APIClient) -> None:
    story.trade(trader, "AAPL", Side.BUY, 10, 100)
    position = positions(ann, asOf=text(story.at_us()))["ann", "AAPL"]
    assert (position["markQuality"], position["markedAt"], position["currentPrice"]) == ("none", None, "100")


# --- whose ---------------------------------------------------------------------------------------------------------
def test_each_sees_of_the_past_what_he_sees_of_today(story: Story, trader: Caller, bob: Caller) -> None:
    stranger = trader_of("eve", None)
    for caller in (trader, bob, stranger):
        story.trade(caller, "AAPL", Side.BUY, 1, 100)
    then = {"asOf": text(story.at_us())}
    accounts = {
        "own": positions(client_of(trader.user), **then),
        "desk": positions(client_of(trader.user, Role.DESK_HEAD), **then),
        "narrowed": positions(client_of(trader.user, Role.DESK_HEAD), scope="own", **then),
        "all": positions(client_of(trader.user, Role.COMPLIANCE), **then),
    }
    assert {who: sorted(name for name, _ in seen) for who, seen in accounts.items()} == {
        "own": ["ann"],
        "desk": ["ann", "bob"],
        "narrowed": ["ann"],
        "all": ["ann", "bob", "eve"],
    }
    assert client_of(trader.user).get("/api/v1/positions", {"scope": "desk", **then}).status_code == 403


def test_pages_put_together_are_all_of_it(story: Story, trader: Caller, bob: Caller) -> None:
    for caller in (trader, bob):
        for symbol in ("AAPL", "IBM"):
            story.trade(caller, symbol, Side.BUY, 1, 100)
    head, query = client_of(trader.user, Role.DESK_HEAD), {"asOf": text(story.at_us()), "limit": "1"}
    seen, pages = [], 0
    while pages == 0 or "pageToken" in query:
        page = head.get("/api/v1/positions", query).json()
        seen, pages = [*seen, *page["items"]], pages + 1
        query = {**query, "pageToken": page["nextPageToken"]} if page["nextPageToken"] else {}
    assert (pages, [item["symbol"] for item in seen]) == (4, ["AAPL", "AAPL", "IBM", "IBM"])
    assert by_key(seen) == positions(head)
    assert {symbol for _, symbol in positions(head, asOf=text(story.at_us()), symbols="IBM")} == {"IBM"}


@pytest.mark.parametrize(
    ("executions", "fits"),
    [
        ([EXECUTIONS_PER_PAGE, 1], 1),
        ([EXECUTIONS_PER_PAGE - 1, 1, 1], 2),
        ([EXECUTIONS_PER_PAGE + 1], 1),
        ([EXECUTIONS_PER_PAGE * 3, 1], 1),
        ([1, EXECUTIONS_PER_PAGE], 1),
        ([], 0),
    ],
)
def test_a_page_ends_before_it_reads_too_much_but_is_never_empty(executions: list[int], fits: int) -> None:
    holdings = [Holding(f"S{place}", UUID(int=0), count) for place, count in enumerate(executions)]
    assert within_bounds(holdings) == holdings[:fits]


# --- bad input -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "moment",
    [
        "yesterday",
        "",
        "2026-11-22T10:00:00",
        "2026-11-22",
        "2026-13-01T00:00:00Z",
        "2126-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        "1795000000",
    ],
)
def test_a_moment_that_is_none_or_has_not_been_is_named(ann: APIClient, moment: str) -> None:
    answer = ann.get("/api/v1/positions", {"asOf": moment})
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED"), answer.content
    assert [error["attr"] for error in answer.json()["errors"]] == ["asOf"]
