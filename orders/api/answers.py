"""What is a write answered with over REST? Status, headers and body, whoever sends them."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec

from orders.requests import CancelAllAnswer, GroupAnswer, OrderAnswer, PlacedAnswer
from orders.safeguard_requests import CancelAfterAnswer
from orders.services import WAIT_SECONDS_MAX
from orders.shapes import written_shape
from orders.timing import server_timing
from tradingmw.rate_limit import told_budget

PREFER_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,2})(?=$|[,;\s])")


ToWriter = OrderAnswer | CancelAllAnswer | CancelAfterAnswer | GroupAnswer | PlacedAnswer


class Written(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def written(body: dict[str, Any], answer: ToWriter, status: int) -> Written:
    headers = {
        "Content-Type": "application/json",
        "X-Last-Event-Id": str(answer.last_event_id),
        "Server-Timing": server_timing(answer.timing),
        **(told_budget(answer.budget) if answer.budget else {}),
    }
    return Written(status, headers, msgspec.json.encode(body))


def order_written(answer: OrderAnswer, status: int) -> Written:
    return written(written_shape(answer), answer, status)


def order_placed(answer: OrderAnswer, wait_seconds: int) -> Written:
    """201 for a new order, 200 for one that was there; where it is, and how long the engine was waited for."""
    done = order_written(answer, 201 if answer.created else 200)
    done.headers["Location"] = f"/api/v1/orders/{answer.order['id']}"
    if wait_seconds:
        done.headers["Preference-Applied"] = f"wait={wait_seconds}"
    return done


def preferred_wait(prefer: str) -> int:
    """Seconds of `Prefer: wait=…` (RFC 7240), 0 without it."""
    found = PREFER_WAIT.search(prefer)
    return min(int(found[1]), WAIT_SECONDS_MAX) if found else 0
