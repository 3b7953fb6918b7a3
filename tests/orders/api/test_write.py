"""Does REST place, change and cancel as the contract says? Against a whole stack."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.orders.api.repeats import AT_ONCE, is_ready, posted_at_once, received, second_web
from tests.scoreboard import Measured
from tests.stack import Stack, wait_for


@pytest.fixture(scope="module")
def trader(stack: Stack) -> Iterator[httpx.Client]:
    with stack.client("trader1") as client:
        yield client


def body(**changes: Any) -> dict[str, Any]:
    """A limit order far below the market, with an id of its own."""
    plain = {"symbol": "AAPL", "side": "buy", "orderType": "limit", "quantity": "10", "price": "1.00"}
    return {"clientOrderId": uuid.uuid4().hex, **plain, **changes}


def market(**changes: Any) -> dict[str, Any]:
    order = body(orderType="market", **changes)
    del order["price"]
    return order


def code_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def test_an_accepted_order_is_answered_flat_with_201(trader: httpx.Client) -> None:
    order = body()
    answer = trader.post("/orders", json=order)
    told = answer.json()
    assert answer.status_code == 201
    assert {name: told[name] for name in ("clientOrderId", "symbol", "quantity", "price")} == {
        "clientOrderId": order["clientOrderId"],
        "symbol": "AAPL",
        "quantity": "10",
        "price": "1",
    }
    assert (told["exchange"], told["timeInForce"], told["status"]) == ("XNAS", "day", "pending_new")
    assert answer.headers["X-Last-Event-Id"] == str(told["lastEventId"])
    parts = [part.partition(";dur=")[0] for part in answer.headers["Server-Timing"].split(", ")]
    assert parts == ["web", "queue", "commit", "back", "order"]


def test_prefer_wait_holds_the_answer_until_the_engine_has_spoken(trader: httpx.Client) -> None:
    answer = trader.post("/orders", json=market(), headers={"Prefer": "wait=5"})
    assert (answer.status_code, answer.json()["status"]) == (201, "filled")
    assert answer.headers["Preference-Applied"] == "wait=5"


def test_the_same_body_again_is_200_and_another_body_409(trader: httpx.Client) -> None:
    order = body()
    first = trader.post("/orders", json=order)
    again = trader.post("/orders", json={**order, "price": "1.0", "exchange": "XNAS", "timeInForce": "day"})
    other = trader.post("/orders", json={**order, "quantity": "11"})
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    assert code_of(other) == (409, "CLIENT_ORDER_ID_REUSED")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"symbol": "NOPE"}, "UNKNOWN_INSTRUMENT"),
        ({"price": "1.005"}, "OFF_TICK"),
        ({"quantity": "0.5"}, "OFF_LOT"),
        ({"quantity": "-1"}, "VALIDATION_FAILED"),
        ({"quantity": "many"}, "VALIDATION_FAILED"),
        ({"price": None}, "VALIDATION_FAILED"),
        ({"misspelt": "1"}, "VALIDATION_FAILED"),
    ],
)
def test_what_cannot_be_taken_is_422_and_leaves_nothing(
    trader: httpx.Client, change: dict[str, Any], code: str
) -> None:
    order = body(**change)
    assert code_of(trader.post("/orders", json=order)) == (422, code)
    assert trader.get(f"/orders/by-client-id/{order['clientOrderId']}").status_code == 404


def test_a_body_that_is_not_json_is_400(trader: httpx.Client) -> None:
    answer = trader.post("/orders", content=b"{", headers={"Content-Type": "application/json"})
    assert code_of(answer) == (400, "MALFORMED_BODY")


def test_a_cancel_is_202_and_the_order_ends(trader: httpx.Client) -> None:
    order = trader.post("/orders", json=body(), headers={"Prefer": "wait=5"}).json()
    answer = trader.delete(f"/orders/{order['id']}")
    assert (answer.status_code, answer.json()["status"]) == (202, "pending_cancel")
    wait_for(lambda: status(trader, order["id"]) == "canceled", 10, "the cancel")
    assert code_of(trader.delete(f"/orders/{order['id']}")) == (409, "ORDER_FINAL")


def test_a_change_is_202_and_the_order_keeps_its_ids(trader: httpx.Client) -> None:
    order = trader.post("/orders", json=body(), headers={"Prefer": "wait=5"}).json()
    answer = trader.patch(f"/orders/{order['id']}", json={"quantity": "20.0", "price": "2"})
    told = answer.json()
    assert (answer.status_code, told["status"], told["quantity"]) == (202, "pending_replace", "10")
    assert (told["id"], told["clientOrderId"]) == (order["id"], order["clientOrderId"])
    assert answer.headers["X-Last-Event-Id"] == str(told["lastEventId"])
    wait_for(lambda: status(trader, order["id"]) == "new", 10, "the change")
    after = trader.get(f"/orders/{order['id']}").json()
    assert (after["quantity"], after["price"]) == ("20", "2")
    story = trader.get(f"/orders/{order['id']}/history").json()["items"]
    assert [each["kind"] for each in story][-2:] == ["order_replace_requested", "order_replaced"]
    assert story[-1]["statusDetails"]["quantity"] == "20"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "VALIDATION_FAILED"),
        ({"price": "1.00", "quantity": "10"}, "VALIDATION_FAILED"),
        ({"price": "1.005"}, "OFF_TICK"),
        ({"quantity": "0.5"}, "OFF_LOT"),
        ({"quantity": "0"}, "VALIDATION_FAILED"),
        ({"stopPrice": "1"}, "VALIDATION_FAILED"),
        ({"side": "sell"}, "VALIDATION_FAILED"),
        ({"price": 2}, "VALIDATION_FAILED"),
    ],
)
def test_a_change_that_cannot_be_is_422_and_changes_nothing(
    trader: httpx.Client, change: dict[str, Any], code: str
) -> None:
    order = trader.post("/orders", json=body(), headers={"Prefer": "wait=5"}).json()
    assert code_of(trader.patch(f"/orders/{order['id']}", json=change)) == (422, code)
    assert trader.get(f"/orders/{order['id']}").json()["updatedAt"] == order["updatedAt"]


def test_an_ended_order_cannot_be_changed(trader: httpx.Client) -> None:
    order = trader.post("/orders", json=market(), headers={"Prefer": "wait=5"}).json()
    assert code_of(trader.patch(f"/orders/{order['id']}", json={"quantity": "20"})) == (409, "ORDER_FINAL")


def test_an_order_whose_cancel_is_awaited_cannot_be_changed(stack: Stack, trader: httpx.Client) -> None:
    order = trader.post("/orders", json=body(), headers={"Prefer": "wait=5"}).json()
    with stack.frozen("engine"):
        assert trader.delete(f"/orders/{order['id']}").status_code == 202
        assert code_of(trader.patch(f"/orders/{order['id']}", json={"price": "2"})) == (409, "ORDER_PENDING")


def test_anothers_order_is_404(stack: Stack, trader: httpx.Client) -> None:
    order = trader.post("/orders", json=body()).json()
    with stack.client("trader2") as other:
        assert code_of(other.delete(f"/orders/{order['id']}")) == (404, "NOT_FOUND")
        assert code_of(other.delete(f"/orders/{uuid.uuid4()}")) == (404, "NOT_FOUND")
        assert code_of(other.patch(f"/orders/{order['id']}", json={"price": "2"})) == (404, "NOT_FOUND")


def test_a_gtd_order_expires_at_its_time(trader: httpx.Client) -> None:
    expires_at = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    placed = trader.post("/orders", json=body(timeInForce="gtd", expiresAt=expires_at))
    assert placed.status_code == 201, placed.text
    wait_for(lambda: status(trader, placed.json()["id"]) == "expired", 15, "the expiry")


def test_cancel_all_is_207_with_an_item_per_open_order(stack: Stack) -> None:
    with stack.client("desk1") as client:
        ids = {client.post("/orders", json=body()).json()["id"] for _ in range(3)}
        answer = client.delete("/orders")
        assert answer.status_code == 207
        assert {item["id"] for item in answer.json()["items"]} == ids
        assert {item["status"] for item in answer.json()["items"]} == {"pending_cancel"}


def test_the_head_of_a_desk_cancels_its_orders_or_those_of_some_symbols(stack: Stack) -> None:
    with stack.client("desk1") as head, stack.client("trader2") as member:
        aapl, msft = (member.post("/orders", json=body(symbol=each)).json()["id"] for each in ("AAPL", "MSFT"))
        some = head.delete("/orders", params={"desk": "alpha", "symbols": "MSFT"}).json()["items"]
        assert msft in {item["id"] for item in some} and aapl not in {item["id"] for item in some}
        assert aapl in {item["id"] for item in head.delete("/orders", params={"desk": "alpha"}).json()["items"]}
        wait_for(lambda: status(member, aapl) == "canceled", 10, "the cancel")
        assert code_of(member.delete("/orders", params={"desk": "alpha"})) == (403, "FORBIDDEN")
        assert code_of(head.delete("/orders", params={"desk": "beta"})) == (404, "NOT_FOUND")


def test_who_may_not_trade_is_refused(stack: Stack) -> None:
    with stack.client("compliance1") as client:
        assert code_of(client.post("/orders", json=body())) == (403, "FORBIDDEN")


def test_nobody_places_an_order_without_a_login(stack: Stack) -> None:
    answer = httpx.post(f"{stack.api}/orders", json=body())
    assert code_of(answer) == (401, "AUTHENTICATION_REQUIRED")


def test_reading_and_writing_verbs_share_their_paths(trader: httpx.Client) -> None:
    assert trader.get("/orders").status_code == 200
    assert code_of(trader.put("/orders", json={})) == (405, "METHOD_NOT_ALLOWED")


def test_both_verbs_are_documented(trader: httpx.Client) -> None:
    paths = trader.get("/openapi.json").json()["paths"]
    assert {"get", "post", "delete"} <= set(paths["/api/v1/orders"])
    assert {"get", "patch", "delete"} <= set(paths["/api/v1/orders/{order_id}"])


def test_without_the_engine_new_orders_are_503_and_a_cancel_is_kept(stack: Stack, trader: httpx.Client) -> None:
    order = trader.post("/orders", json=body(), headers={"Prefer": "wait=5"}).json()
    stack.kill("engine")
    refused = trader.post("/orders", json=body())
    if refused.status_code == 503:  # the supervisor may have brought it back already
        assert refused.json()["outcome"] == "none" and refused.headers["Retry-After"]
    change = trader.patch(f"/orders/{order['id']}", json={"price": "2"})
    assert change.status_code == 202 or code_of(change) == (503, "ENGINE_UNAVAILABLE")
    assert trader.delete(f"/orders/{order['id']}").status_code == 202
    stack.wait_ready()
    wait_for(lambda: status(trader, order["id"]) == "canceled", 15, "the kept cancel")


def status(client: httpx.Client, order_id: str) -> str:
    return str(client.get(f"/orders/{order_id}").json()["status"])


def test_fifty_equal_posts_over_two_processes_and_a_crash_are_one_order(
    stack: Stack, trader: httpx.Client, measured: Measured
) -> None:
    order = body(clientOrderId="once-only")
    with second_web(stack) as second_url:
        urls = [stack.url, second_url]
        first = posted_at_once(urls, stack.token("trader1"), order)
        wait_for(lambda: status(trader, first[0].json()["id"]) == "new", 10, "the engine's word")
        stack.kill("orders")
        stack.kill("web")
        stack.wait_ready()
        wait_for(lambda: is_ready(second_url), 30, "the second web process to find the bridge")
        again = posted_at_once(urls, stack.token("trader1"), order)
    other = trader.post("/orders", json={**order, "price": "2.00"})
    codes = Counter(answer.status_code for answer in first), Counter(answer.status_code for answer in again)
    ids = {answer.json()["id"] for answer in [*first, *again]}
    at_the_engine = received(stack, "once-only")
    measured(7, f"orders of {AT_ONCE} equal posts over two web processes, and {AT_ONCE} after a crash", len(ids), "1")
    measured(7, "of them at the engine", at_the_engine, "1")
    measured(7, "answers 201, of all", codes[0][201] + codes[1][201], "1")
    measured(7, "answer to another body after the crash", other.status_code, "409")
    assert (codes, len(ids), at_the_engine) == ((Counter({200: AT_ONCE - 1, 201: 1}), Counter({200: AT_ONCE})), 1, 1)
    assert (other.status_code, other.json()["code"]) == (409, "CLIENT_ORDER_ID_REUSED")
