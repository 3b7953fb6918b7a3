"""What are callers told, one after another without a pause, while something is done to the system?"""

from __future__ import annotations

import itertools
import threading
import time
from typing import NamedTuple

import httpx

from tests.stack import Stack, wait_for

CALLERS = 3
PACE_SECONDS = 0.02


class Answer(NamedTuple):
    name: str  #: the clientOrderId
    status: int
    retry_after: str
    code: str
    at: float  #: by `time.monotonic`
    seconds: float

    @property
    def is_accepted(self) -> bool:
        return self.status in (200, 201)


class Load:
    """`with Load(stack, "full") as load:` orders are placed in its names; `answers` grows."""

    def __init__(self, stack: Stack, name: str) -> None:
        self.answers: list[Answer] = []
        self._stack, self._name = stack, name
        self._headers = {"Authorization": f"Bearer {stack.token('trader1')}"}
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(number,), daemon=True) for number in range(CALLERS)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        self.accepted_since(0.0)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def accepted_since(self, at: float, seconds: float = 30) -> float:
        """When the first order after `at` was accepted."""
        return wait_for(lambda: self._first(at, accepted=True), seconds, f"an order taken, {self.tail()}").at

    def refused_since(self, at: float, seconds: float = 30) -> float:
        """When the first order after `at` was not."""
        return wait_for(lambda: self._first(at, accepted=False), seconds, f"an order refused, {self.tail()}").at

    def tail(self) -> str:
        return f"after {self.answers[-3:]}"

    def _first(self, at: float, *, accepted: bool) -> Answer | None:
        return next((each for each in self.answers if each.at > at and each.is_accepted is accepted), None)

    def _call(self, caller: int) -> None:
        with httpx.Client(base_url=self._stack.api, headers=self._headers, timeout=30) as client:
            for number in itertools.count():
                self._place(client, f"{self._name}-{caller}-{number}")
                if self._ended.wait(PACE_SECONDS):
                    return

    def _place(self, client: httpx.Client, name: str) -> None:
        """It expires at once: no limit of open orders is reached."""
        began = time.monotonic()
        answer = client.post("/orders", json=order(name, "ioc"))
        at, code = time.monotonic(), "" if answer.is_success else answer.json().get("code", "")
        told = Answer(name, answer.status_code, answer.headers.get("Retry-After", ""), code, at, at - began)
        self.answers.append(told)


def order(name: str, time_in_force: str) -> dict[str, str]:
    """Far below the market."""
    terms = {"orderType": "limit", "price": "1.00", "quantity": "1", "timeInForce": time_in_force}
    return {"clientOrderId": name, "symbol": "AAPL", "side": "buy", **terms}
