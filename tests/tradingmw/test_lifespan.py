"""Are the parts opened before the first request, and closed in reverse, whatever one of them does?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tradingmw import lifespan


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(lifespan, "_startup", [])
    monkeypatch.setattr(lifespan, "_shutdown", [])
    return []


def noting(done: list[str], what: str, error: Exception | None = None) -> Callable[[], Awaitable[None]]:
    async def hook() -> None:
        done.append(what)
        if error:
            raise error

    return hook


async def live(done: list[str]) -> None:
    async def receive() -> Any:
        return {}

    async def send(message: Any) -> None:
        done.append(message["type"])

    await lifespan.lifespan({}, receive, send)


async def test_parts_open_in_order_and_close_in_reverse(done: list[str]) -> None:
    for name in ("a", "b"):
        lifespan.on_startup(noting(done, f"open {name}"))
        lifespan.on_shutdown(noting(done, f"close {name}"))
    await live(done)
    assert done == [
        "open a",
        "open b",
        "lifespan.startup.complete",
        "close b",
        "close a",
        "lifespan.shutdown.complete",
    ]


async def test_one_that_fails_to_close_does_not_keep_the_others_open(done: list[str]) -> None:
    lifespan.on_shutdown(noting(done, "close a"))
    lifespan.on_shutdown(noting(done, "close b", ZeroDivisionError()))
    await live(done)
    assert done[-3:] == ["close b", "close a", "lifespan.shutdown.complete"]
