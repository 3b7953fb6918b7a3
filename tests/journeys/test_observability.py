"""Can one order be followed through every log, and do the figures of all parts move with what happens?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import ClientConnection

from tests.stack import PARTS, Stack, wait_for

ORDER = {"symbol": "AAPL", "side": "buy", "orderType": "market", "timeInForce": "ioc", "quantity": "1"}
BUDGET = {"BURST": "30", "PER_SECOND": "1"}


@pytest.fixture(scope="module")
def stack(make_stack: Any) -> Stack:
    """A stack that writes JSON lines and grants each user thirty changes at once, and as many cancels."""
    budgets = {f"TMW_{kind}_{what}": most for kind in ("WRITES", "CANCELS") for what, most in BUDGET.items()}
    made: Stack = make_stack(seed=1, environment={"TMW_LOG_FORMAT": "json", **budgets})
    return made


def lines(stack: Stack, request_id: str) -> list[dict[str, Any]]:
    """Every log line of that request, of all parts, in the order in which they were written."""
    said = [json.loads(line) for line in stack.log.splitlines() if line.startswith("{")]
    return [line for line in said if line.get("request_id") == request_id]


def figures(stack: Stack, part: str) -> dict[str, float]:
    """What a part shows now: `name{label values}` → figure."""
    text = httpx.get(stack.addresses[f"metrics_{part}"], timeout=15).text
    return dict(samples(text))


def samples(text: str) -> Iterator[tuple[str, float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sample.labels.items() if name != "le")
            yield (f"{sample.name}{{{labels}}}" if labels else sample.name), sample.value


def place(stack: Stack, client_order_id: str, **headers: str) -> httpx.Response:
    with stack.client("trader1") as client:
        body = {**ORDER, "clientOrderId": client_order_id}
        return client.post("/orders", json=body, headers={"Prefer": "wait=5", **headers})


def test_one_id_leads_from_the_answer_through_web_and_bridge_to_the_engines_report(stack: Stack) -> None:
    answer = place(stack, "traced-1")
    assert answer.status_code == 201, answer.text
    request_id = answer.headers["X-Request-ID"]

    def followed() -> dict[tuple[str, str], dict[str, Any]]:
        return {(line["part"], line["event"]): line for line in lines(stack, request_id)}

    wait_for(
        lambda: ("orders", "A report of the engine was applied") in followed(), 10, "the report's line", stack.tail
    )
    wait_for(lambda: any(part == "web" for part, _ in followed()), 10, "the web process's line", stack.tail)
    reported = followed()["orders", "A report of the engine was applied"]
    assert reported["client_order_id"] == "traced-1"
    assert reported["engine_seq"] > 0
    assert ("orders", "An order was changed") in followed()


def test_the_id_is_in_the_database_with_every_event_of_the_order(stack: Stack) -> None:
    answer = place(stack, "traced-2", **{"X-Request-ID": "desk-7.42"})
    assert answer.headers["X-Request-ID"] == "desk-7.42"
    with stack.client("trader1") as client:
        history = client.get(f"/orders/{answer.json()['id']}/history").json()["items"]
    assert len(history) > 1
    assert {event["statusDetails"]["requestId"] for event in history} == {"desk-7.42"}


def test_an_order_over_the_socket_is_followed_by_the_ids_of_connection_and_request(stack: Stack) -> None:
    with stack.ws_sync("/ws/v1/trading", "trader1") as socket:
        connection_id = socket.response.headers["X-Request-ID"] if socket.response else ""
        body = {**ORDER, "clientOrderId": "traced-3"}
        socket.send(json.dumps({"id": 7, "method": "order.place", "params": body}))

        def reported() -> bool:
            said = lines(stack, f"{connection_id}:7")
            return any(line["event"] == "A report of the engine was applied" for line in said)

        wait_for(reported, 10, "the report's line", stack.tail)


def test_the_trace_id_of_a_caller_is_taken_up(stack: Stack) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = httpx.get(f"{stack.url}/healthz", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert answer.headers["X-Request-ID"] == trace


def test_no_line_shows_a_secret(stack: Stack) -> None:
    token = stack.token("trader1")
    with stack.ws_sync("/ws/v1/market", "trader1"):
        assert stack.log.count("ticket=") == stack.log.count("ticket=…")
    assert token not in stack.log


def test_every_part_shows_its_figures(stack: Stack) -> None:
    for part in PARTS:
        shown = figures(stack, part)
        assert shown[f"tmw_process_info{{part={part}}}"] == 1
        assert shown["tmw_process_resident_bytes"] > 1_000_000
        others = [name for name in shown if name.startswith("tmw_") and part not in name and "process" not in name]
        assert others == []


def test_an_order_moves_the_figures_of_web_and_orders(stack: Stack) -> None:
    web, orders = figures(stack, "web"), figures(stack, "orders")
    assert place(stack, "measured-1").status_code == 201

    def moved() -> bool:
        web_now, orders_now = figures(stack, "web"), figures(stack, "orders")
        posts = "tmw_web_http_responses_total{method=POST,route=/api/v1/orders,status=201}"
        counted = ["tmw_orders_accept_seconds_count", "tmw_orders_engine_answer_seconds_count"]
        counted += ["tmw_orders_commit_seconds_count", "tmw_orders_events_total{event=order_accepted}"]
        assert orders_now["tmw_orders_link_state{state=live}"] == 1
        return web_now[posts] == web.get(posts, 0) + 1 and all(orders_now[one] > orders.get(one, 0) for one in counted)

    wait_for(moved, 10, "the figures of an order", stack.tail)


def test_ticks_and_sockets_move_the_figures_of_feed_and_web(stack: Stack) -> None:
    before, web = figures(stack, "feed"), figures(stack, "web")
    with stack.ws_sync("/ws/v1/market", "trader1"):
        wait_for(
            lambda: figures(stack, "feed")["tmw_feed_updates_total"] > before["tmw_feed_updates_total"], 10, "ticks"
        )
        now = figures(stack, "web")
        assert now["tmw_web_sockets{path=/ws/v1/market}"] == 1
        assert now["tmw_web_hub_events_total{event=updates}"] > web["tmw_web_hub_events_total{event=updates}"]
        assert now["tmw_web_feed_state{state=live}"] == 1
        assert now["tmw_web_feed_age_seconds"] < 5


def test_an_alert_moves_the_figures_of_feed_and_worker(stack: Stack) -> None:
    fired = figures(stack, "feed")["tmw_feed_alerts_fired_total"]
    with stack.client("trader2") as client:
        for target in ("1", "99999"):
            alert = {"symbol": "AAPL", "condition": "above", "targetPrice": target}
            client.post("/alerts", json=alert).raise_for_status()

    def moved() -> bool:
        now = figures(stack, "feed")
        return now["tmw_feed_alerts_fired_total"] == fired + 1 and now["tmw_feed_alerts_watched"] == 1

    wait_for(moved, 10, "the figures of an alert", stack.tail)
    assert figures(stack, "feed")["tmw_feed_alert_look_age_seconds"] < 30
    wait_for(lambda: figures(stack, "worker")["tmw_worker_outbox_oldest_due_seconds"] == 0, 30, "an outbox at rest")
    assert figures(stack, "worker")["tmw_worker_outbox_parked_tasks"] == 0


def test_an_order_says_what_is_left_of_its_users_budget(stack: Stack) -> None:
    headers = place(stack, "budget-1").headers
    limit, left = int(headers["RateLimit-Limit"]), int(headers["RateLimit-Remaining"])
    assert left < limit
    assert int(headers["RateLimit-Reset"]) >= 0


def test_sockets_and_rest_are_paid_from_one_budget_and_both_tell_it(stack: Stack) -> None:
    with stack.ws_sync("/ws/v1/trading", "desk1") as socket, stack.client("desk1") as client:
        told = [placed_on(socket, f"both-{number}")["rateLimit"] for number in range(10)]
        over_rest = client.post("/orders", json={**ORDER, "clientOrderId": "both-rest"}).headers
        canceled = client.delete(f"/orders/{UUID(int=0)}").headers
    assert {one["limit"] for one in told} == {30} == {int(over_rest["RateLimit-Limit"])}
    assert told[-1]["remaining"] < told[0]["remaining"] and told[-1]["resetSeconds"] >= 1
    assert int(over_rest["RateLimit-Remaining"]) < 29
    assert int(canceled["RateLimit-Remaining"]) == 29


def placed_on(socket: ClientConnection, client_order_id: str) -> dict[str, Any]:
    """The answer to an order over a socket."""
    params = {**ORDER, "clientOrderId": client_order_id}
    socket.send(json.dumps({"id": client_order_id, "method": "order.place", "params": params}))
    while (frame := json.loads(socket.recv(timeout=20))).get("id") != client_order_id:
        pass
    answer: dict[str, Any] = frame
    return answer


def test_a_user_who_asks_for_too_much_is_told_when_to_come_back_and_others_are_not(stack: Stack) -> None:
    with stack.client("trader2") as hasty, stack.client("trader1") as patient:
        answers = [hasty.delete(f"/orders/{UUID(int=0)}") for _ in range(40)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) >= 1
        assert refused[0].json()["code"] == "RATE_LIMITED"
        assert int(refused[0].headers["Retry-After"]) >= 1
        assert refused[0].headers["RateLimit-Remaining"] == "0"
        assert hasty.get("/orders").status_code == 200
        assert patient.delete(f"/orders/{UUID(int=0)}").status_code == 404
    assert figures(stack, "web")["tmw_web_rate_limited_total"] >= 1
    bridge = figures(stack, "orders")
    assert bridge["tmw_orders_refused_total{reason=rate_limited}"] == bridge["tmw_orders_overload_level"] == 0


def test_the_system_is_not_ready_from_the_moment_the_feed_bridge_is_gone(stack: Stack) -> None:
    ready = httpx.get(f"{stack.url}/readyz", timeout=10).json()
    assert ready["feedAgeMs"] < 5_000
    epoch_before = stack.pids()["feed"]
    stack.kill("feed")
    answer = httpx.get(f"{stack.url}/readyz", timeout=10)
    assert answer.status_code == 503
    assert "market data" in answer.json()["detail"]
    stack.wait_ready()
    assert stack.pids()["feed"] != epoch_before
