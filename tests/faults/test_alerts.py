"""A price alert fires once, is stored, pushed and mailed once, also when parts are killed around the crossing.

The makers stand still; one trader sets alerts between bid and ask, the other moves the last price to and fro. At random
moments worker, feed bridge and web get `kill -9`; `up` brings them back.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import httpx
import pytest

from tests.scoreboard import Measured
from tests.smtp_server import SmtpServer
from tests.stack import Stack, wait_for

SEEDS = (1, 2, 3)
MANY_SEEDS = range(4, 24)
PARTS = ("worker", "feed", "web")
SYMBOL, SHARES = "AAPL", "1"
FIRED_SECONDS, TOLD_SECONDS, PUSHED_SECONDS = 60, 90, 20
LONGEST_PAUSE_SECONDS = 0.8


@pytest.fixture(scope="module")
def smtp() -> Iterator[SmtpServer]:
    server = SmtpServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def stack(make_stack: Callable[..., Stack], smtp: SmtpServer, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    mail = {"TMW_SMTP_HOST": "127.0.0.1", "TMW_SMTP_PORT": str(smtp.port), "TMW_SMTP_FROM": "alerts@desk.example"}
    mail["TMW_SMTP_TIMEOUT_SECONDS"] = "1"  # so long, times twelve, is a mail put off whose worker is killed
    hold = tmp_path_factory.mktemp("market") / "hold"
    stack = make_stack(seed=1, environment=mail, hold_file=hold)
    hold.touch()
    return stack


class Mover:
    """Buys at the ask and sells at the bid in turn: the last price goes to and fro."""

    def __init__(self, stack: Stack) -> None:
        self._stack, self._stop, self.trades = stack, threading.Event(), 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Mover:
        self._stack.token("trader2")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with self._stack.client("trader2") as client:
            for side in cycle(("buy", "sell")):
                if self._stop.wait(0.1):
                    return
                order = {"clientOrderId": f"m{id(self)}-{self.trades}", "symbol": SYMBOL, "side": side}
                order |= {"orderType": "market", "quantity": SHARES, "timeInForce": "ioc"}
                self.trades += asked(lambda order=order: client.post("/orders", json=order)) is not None


def asked(ask: Callable[[], httpx.Response]) -> Any:
    """The answer's body; None while what answers is away."""
    try:
        answer = ask()
    except httpx.HTTPError:
        return None
    return answer.json() if answer.status_code < 300 else None


def near_the_market(client: httpx.Client) -> list[tuple[str, str]]:
    """Crossings of the price between bid and ask, one alert that is met at once, and two that are never met."""
    answer = wait_for(lambda: asked(lambda: client.get("/quotes", params={"symbols": SYMBOL})), 20, "a quote")
    quote = answer["items"][0]
    middle = f"{(float(quote['bid']) + float(quote['ask'])) / 2:.4f}"
    near = [(condition, middle) for condition in ("above", "below", "cross")]
    return [*near, ("above", "1"), ("above", "99999"), ("below", "0.01")]


def alerts_set(client: httpx.Client) -> tuple[set[str], set[str]]:
    """Ids of the alerts that will be met, and of those that will not."""
    ids = []
    for condition, target in near_the_market(client):
        answer = client.post("/alerts", json={"symbol": SYMBOL, "condition": condition, "targetPrice": target})
        assert answer.status_code == 201, answer.text
        ids.append(answer.json()["id"])
    return set(ids[:4]), set(ids[4:])


def events(client: httpx.Client, since: int) -> list[dict[str, Any]]:
    """Every event after `since`; nothing while nobody answers."""
    page = asked(lambda: client.get("/events", params={"since": since, "limit": 1000}))
    return page["items"] if page else []


def told(items: list[dict[str, Any]]) -> Counter[str]:
    """How often the user was notified of each alert."""
    return Counter(item["data"]["metadata"]["alertId"] for item in items if item["kind"] == "notification_created")


def fired(items: list[dict[str, Any]]) -> Counter[str]:
    return Counter(item["data"]["id"] for item in items if item["kind"] == "alert_triggered")


def check_once(stack: Stack, smtp: SmtpServer, disturb: Callable[[], None]) -> int:
    """Set alerts, disturb, and hold what came of it: each alert that was met fired, was told and was mailed once.

    The result: how many firings, notifications and mails were too few or too many.
    """
    with stack.client("trader1") as client, Mover(stack):
        mails_before, since = len(smtp.mails), last_event(client)
        met, unmet = alerts_set(client)
        disturb()
        wait_for(lambda: set(fired(events(client, since))) >= met, FIRED_SECONDS, "every firing", stack.tail)
        wait_for(lambda: set(told(events(client, since))) >= met, TOLD_SECONDS, "every notification", stack.tail)
        wait_for(lambda: len(set(smtp.ids()[mails_before:])) >= len(met), TOLD_SECONDS, "every mail", stack.tail)
        stack.wait_ready()
        log = events(client, since)
        assert fired(log) == told(log) == Counter(met)
        assert len(set(smtp.ids()[mails_before:])) == len(met)
        stored = client.get("/notifications", params={"limit": 1000}).json()["items"]
        assert Counter(item["metadata"]["alertId"] for item in stored if item["metadata"]["alertId"] in met) == Counter(
            met
        )
        assert not any(client.get(f"/alerts/{alert}").json()["isTriggered"] for alert in unmet)
        mails = len(set(smtp.ids()[mails_before:]))
        return sum(abs(seen[alert] - 1) for seen in (fired(log), told(log)) for alert in met) + abs(mails - len(met))


def last_event(client: httpx.Client) -> int:
    return int(client.get("/events").json()["lastEventId"])


def test_an_alert_fires_once_is_stored_pushed_and_mailed(stack: Stack, smtp: SmtpServer) -> None:
    with stack.ws_sync("/ws/v1/trading", "trader1") as socket:
        for channel in ("alerts", "notifications"):
            socket.send(json.dumps({"id": channel, "method": "subscribe", "params": {"channel": channel}}))
        check_once(stack, smtp, lambda: None)
        seen: Counter[str] = Counter()
        while len(seen) < 3 or seen["notification_created"] < 4:
            frame = json.loads(socket.recv(timeout=PUSHED_SECONDS))
            seen.update(item.get("kind") for item in frame.get("data", []) if frame.get("type") == "update")
            seen.pop(None, None)  # type: ignore[call-overload]
        assert seen["alert_triggered"] == 4
    assert smtp.recipients.count("trader1@demo.invalid") >= 4


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_parts_cost_no_alert_and_repeat_none(
    stack: Stack, smtp: SmtpServer, seed: int, measured: Measured
) -> None:
    wrong = check_once(stack, smtp, lambda: kill_some(stack, seed))
    measured(24, "alerts lost or doubled when worker, feed bridge and web were killed", wrong, "0")


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", MANY_SEEDS)
def test_killed_parts_cost_no_alert_many_times(stack: Stack, smtp: SmtpServer, seed: int) -> None:
    check_once(stack, smtp, lambda: kill_some(stack, seed))


def kill_some(stack: Stack, seed: int) -> None:
    """All three parts, in a random order, at random moments."""
    dice = random.Random(seed)
    pause = threading.Event()
    for part in dice.sample(PARTS, len(PARTS)):
        pause.wait(dice.uniform(0, LONGEST_PAUSE_SECONDS))
        stack.kill(part)
