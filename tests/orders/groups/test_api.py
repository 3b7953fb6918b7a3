"""Do groups, baskets and closes do over REST and the socket what they say? Against a whole stack with its engine."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.orders.screen import Screen
from tests.stack import ROOT, Stack, wait_for

SECONDS = 20.0
Body = dict[str, Any]


@pytest.fixture(scope="module")
def trader(stack: Stack) -> Iterator[httpx.Client]:
    with stack.client("trader1") as client:
        yield client


@pytest.fixture(scope="module")
def other(stack: Stack) -> Iterator[httpx.Client]:
    with stack.client("trader2") as client:
        yield client


def limit(side: str = "buy", price: str = "1.00", **changes: Any) -> Body:
    """Far from the market, with an id of its own."""
    plain = {"symbol": "AAPL", "side": side, "orderType": "limit", "quantity": "10", "price": price}
    return {"clientOrderId": uuid.uuid4().hex, **plain, **changes}


def market(side: str = "buy", **changes: Any) -> Body:
    order = limit(side, orderType="market", **changes)
    del order["price"]
    return order


def stop(side: str = "sell", price: str = "1.00", **changes: Any) -> Body:
    order = limit(side, orderType="stop", stopPrice=price, **changes)
    del order["price"]
    return order


def profit(**changes: Any) -> Body:
    return limit("sell", "9000.00", **changes)


def bracket(entry: Body, **changes: Any) -> Body:
    return {"type": "bracket", "orders": [entry, profit(**changes), stop(**changes)]}


def status(client: httpx.Client, order_id: str) -> str:
    return str(client.get(f"/orders/{order_id}").json()["status"])


def becomes(client: httpx.Client, order: Body, *words: str) -> None:
    wait_for(lambda: status(client, order["id"]) in words, SECONDS, f"{order['leg']} {words}")


def faults(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [each["attr"] for each in answer.json()["errors"]]


# --- groups -------------------------------------------------------------------------------------------------------
def test_a_group_is_201_with_all_its_orders_and_can_be_read(trader: httpx.Client) -> None:
    answer = trader.post("/orders/groups", json={"type": "oco", "orders": [profit(), stop()]})
    told = answer.json()
    assert answer.status_code == 201
    assert answer.headers["X-Last-Event-Id"] == str(told["lastEventId"])
    assert answer.headers["Location"] == f"/api/v1/orders/groups/{told['id']}"
    assert [(order["groupId"], order["leg"]) for order in told["orders"]] == [(told["id"], "one_of")] * 2
    read = trader.get(f"/orders/groups/{told['id']}").json()
    assert (read["id"], read["type"]) == (told["id"], "oco")
    assert {order["id"] for order in read["orders"]} == {order["id"] for order in told["orders"]}


def test_the_same_group_again_is_200_and_another_with_its_ids_409(trader: httpx.Client) -> None:
    group = bracket(limit(price="2.00"))
    first = trader.post("/orders/groups", json=group)
    again = trader.post("/orders/groups", json=group)
    mixed = trader.post("/orders/groups", json=group | {"orders": [*group["orders"][:2], stop()]})
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    assert (mixed.status_code, mixed.json()["code"]) == (409, "CLIENT_ORDER_ID_REUSED")


def test_anothers_group_is_not_there(trader: httpx.Client, other: httpx.Client) -> None:
    group = trader.post("/orders/groups", json={"type": "oco", "orders": [profit(), stop()]}).json()
    assert other.get(f"/orders/groups/{group['id']}").status_code == 404


def test_what_is_wrong_is_told_with_its_place_and_nothing_is_stored(trader: httpx.Client) -> None:
    leg = profit()
    assert faults(trader.post("/orders/groups", json={"type": "oco", "orders": []})) == ["orders"]
    assert faults(trader.post("/orders/groups", json={"type": "oco", "orders": [leg]})) == ["orders"]
    assert faults(trader.post("/orders/groups", json={"type": "pair", "orders": [leg, stop()]})) == ["type"]
    twice = [leg, stop(clientOrderId=leg["clientOrderId"])]
    assert faults(trader.post("/orders/groups", json={"type": "oco", "orders": twice})) == ["orders[1].clientOrderId"]
    bad = [leg | {"price": "9000.001"}, stop() | {"misspelt": 1, "quantity": "-1"}]
    told = faults(trader.post("/orders/groups", json={"type": "oco", "orders": bad}))
    assert told == ["orders[1].quantity", "orders[1].misspelt"], "The shape is looked at before the instrument."
    crossed = {"type": "bracket", "orders": [limit("buy", "2.00"), profit(), stop(price="3.00")]}
    assert faults(trader.post("/orders/groups", json=crossed)) == ["orders[2].stopPrice"]
    assert trader.get(f"/orders/by-client-id/{leg['clientOrderId']}").status_code == 404


def test_exits_go_live_with_their_entry_and_end_with_each_other(trader: httpx.Client) -> None:
    """The take-profit is brought to the market, and takes the stop with it."""
    entry, gain, loss = trader.post("/orders/groups", json=bracket(market())).json()["orders"]
    assert (gain["status"], gain["reason"]) == ("pending_new", "AWAITING_PARENT")
    becomes(trader, entry, "filled")
    becomes(trader, gain, "new")
    becomes(trader, loss, "new")
    bid = Decimal(trader.get("/quotes", params={"symbols": "AAPL"}).json()["items"][0]["bid"])
    below = {"price": str((bid * Decimal("0.99")).quantize(Decimal("0.01")))}
    assert trader.patch(f"/orders/{gain['id']}", json=below).status_code == 202
    becomes(trader, gain, "filled")
    becomes(trader, loss, "canceled")
    assert trader.get(f"/orders/{loss['id']}").json()["reason"] == "GROUP_ENDED"
    story = trader.get(f"/orders/{loss['id']}/history").json()["items"]
    assert [each["kind"] for each in story][:2] == ["order_held", "order_released"]


def test_exits_end_with_an_entry_that_did_not_trade(trader: httpx.Client) -> None:
    entry, gain, loss = trader.post("/orders/groups", json=bracket(limit(price="2.00"))).json()["orders"]
    trader.delete(f"/orders/{entry['id']}").raise_for_status()
    becomes(trader, entry, "canceled")
    becomes(trader, gain, "canceled")
    assert trader.get(f"/orders/{loss['id']}").json()["reason"] == "GROUP_ENDED"


# --- baskets --------------------------------------------------------------------------------------------------------
def test_a_basket_answers_for_each_order(trader: httpx.Client) -> None:
    orders = [limit(), limit(symbol="NOPE"), limit(price="1.001"), limit()]
    answer = trader.post("/orders/basket", json={"orders": orders})
    told = answer.json()["items"]
    assert answer.status_code == 207
    assert [item["clientOrderId"] for item in told] == [order["clientOrderId"] for order in orders]
    assert [(item["status"], item.get("code")) for item in told] == [
        (201, None),
        (422, "UNKNOWN_INSTRUMENT"),
        (422, "OFF_TICK"),
        (201, None),
    ]
    again = trader.post("/orders/basket", json={"orders": [orders[0], orders[3] | {"quantity": "11"}]}).json()["items"]
    assert [(item["status"], item.get("code")) for item in again] == [(200, None), (409, "CLIENT_ORDER_ID_REUSED")]
    assert again[0]["order"]["id"] == told[0]["order"]["id"]


def test_a_hundred_are_taken_and_a_hundred_and_one_are_not(trader: httpx.Client) -> None:
    orders = [limit(price=f"{1 + place / 100:.2f}") for place in range(101)]
    assert faults(trader.post("/orders/basket", json={"orders": orders})) == ["orders"]
    items = trader.post("/orders/basket", json={"orders": orders[:100]}).json()["items"]
    assert {item["status"] for item in items} == {201} and len(items) == 100
    trader.delete("/orders").raise_for_status()


def test_an_empty_basket_is_told(trader: httpx.Client) -> None:
    assert faults(trader.post("/orders/basket", json={"orders": []})) == ["orders"]


# --- closing --------------------------------------------------------------------------------------------------------
def held(client: httpx.Client, symbol: str) -> str:
    found = client.get("/positions", params={"symbols": symbol}).json()["items"]
    return str(found[0]["quantity"]) if found else "0"


def test_a_position_is_closed_and_its_exits_are_cancelled_first(trader: httpx.Client) -> None:
    group = bracket(market(symbol="MSFT"), symbol="MSFT")
    _, gain, loss = trader.post("/orders/groups", json=group).json()["orders"]
    becomes(trader, gain, "new")
    becomes(trader, loss, "new")
    asked = {"requestId": uuid.uuid4().hex, "symbol": "MSFT"}
    answer = trader.post("/positions/close", json=asked)
    (item,) = answer.json()["items"]
    assert (answer.status_code, item["status"], item["symbol"]) == (207, 201, "MSFT")
    assert set(item["canceled"]) == {gain["id"], loss["id"]}
    assert (item["order"]["side"], item["order"]["orderType"]) == ("sell", "market")
    wait_for(lambda: held(trader, "MSFT") == "0", SECONDS, "the end of the position")
    (again,) = trader.post("/positions/close", json=asked).json()["items"]
    assert (again["status"], again["order"]["id"]) == (200, item["order"]["id"])


def test_what_is_not_held_needs_no_closing(trader: httpx.Client) -> None:
    (item,) = trader.post("/positions/close", json={"requestId": "x", "symbol": "IBM"}).json()["items"]
    assert (item["status"], "order" in item) == (200, False)


def test_a_close_without_an_id_is_refused(trader: httpx.Client) -> None:
    assert faults(trader.post("/positions/close", json={})) == ["requestId"]


# --- the socket, the audit, the whole -------------------------------------------------------------------------------
async def test_over_the_socket_the_answers_are_the_same(stack: Stack) -> None:
    async with stack.ws("/ws/v1/trading", "trader2", "tmw.json.v1") as connection:
        screen = Screen(connection, binary=False)
        group = {"type": "oco", "orders": [profit(), stop()]}
        first, again = (
            await screen.result("order.placeGroup", **group),
            await screen.result("order.placeGroup", **group),
        )
        assert first["id"] == again["id"] and [order["leg"] for order in first["orders"]] == ["one_of"] * 2
        refused = (await screen.ask("order.placeGroup", type="oco", orders=[profit(), {"symbol": 7}]))["error"]
        assert refused["code"] == "VALIDATION_FAILED"
        assert "orders[1].symbol" in [each["attr"] for each in refused["errors"]]
        basket = await screen.result("order.placeBasket", orders=[limit(), limit(symbol="NOPE")])
        assert [item["status"] for item in basket["items"]] == [201, 422]
        closed = await screen.result("position.close", requestId=uuid.uuid4().hex, symbol="GOOG")
        assert [item["status"] for item in closed["items"]] == [200]


def test_every_order_of_many_is_audited(stack: Stack, trader: httpx.Client) -> None:
    group = trader.post("/orders/groups", json=bracket(limit(price="2.00")), headers={"X-Request-ID": "group-1"}).json()
    query = "SELECT action, request_id FROM accounts_auditlog WHERE resource_id = ?"
    with closing(sqlite3.connect(stack.data_dir / "tradingmw.sqlite3", timeout=10)) as database:
        found = [database.execute(query, [order["id"]]).fetchall() for order in group["orders"]]
    assert found == [[("order.place", "group-1")]] * 3


def test_afterwards_every_order_is_what_its_history_says(stack: Stack) -> None:
    command = [sys.executable, "manage.py", "orders", "verify"]
    here = {**os.environ, "TMW_DATA_DIR": str(stack.data_dir)}
    ran = subprocess.run(command, cwd=ROOT, env=here, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
