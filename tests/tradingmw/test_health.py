"""Does `/readyz` name the part that fails, and survive a check that breaks?"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator

import pytest
from django.db import OperationalError
from django.test import RequestFactory

from tradingmw import health
from tradingmw.health import ready_check, readyz


@pytest.fixture(autouse=True)
def own_checks() -> Iterator[None]:
    kept = dict(health._checks), dict(health._figures)
    for registered in (health._checks, health._figures):
        registered.clear()
    yield
    for registered, before in zip((health._checks, health._figures), kept, strict=True):
        registered.clear()
        registered.update(before)  # type: ignore[arg-type]


async def asked() -> tuple[int, dict[str, str], str]:
    answer = await readyz(RequestFactory().get("/readyz"))
    body = json.loads(answer.content)
    return answer.status_code, body["parts"], body.get("detail", "")


def broken() -> str | None:
    raise ZeroDivisionError("secret")


def without_database() -> str | None:
    raise OperationalError("disk I/O error")


async def test_ready_when_all_parts_are() -> None:
    ready_check("layer", lambda: None)
    assert await asked() == (200, {"layer": "ok"}, "")


async def test_the_part_that_fails_is_named() -> None:
    ready_check("layer", lambda: None)
    ready_check("engine link", lambda: "down since 10:00")
    status, parts, detail = await asked()
    assert (status, parts["engine link"], detail) == (503, "down since 10:00", "engine link: down since 10:00")


async def test_a_check_that_breaks_fails_alone() -> None:
    ready_check("layer", broken)
    assert await asked() == (503, {"layer": "the check failed"}, "layer: the check failed")


async def test_a_check_that_meets_no_database_says_so_and_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    ready_check("worker", without_database)
    status, parts, _ = await asked()
    assert (status, parts) == (503, {"worker": "the database does not answer (OperationalError)"})
    assert "A readiness check failed" not in caplog.text


async def test_503_says_when_to_ask_again() -> None:
    ready_check("layer", broken)
    assert (await readyz(RequestFactory().get("/readyz")))["Retry-After"] == "1"


async def test_a_crowd_is_told_by_two_looks_and_a_late_comer_by_one_that_began_after_he_asked() -> None:
    looks, began, gate = [], threading.Event(), threading.Event()

    def slow() -> str | None:
        looks.append(None)
        began.set()
        return None if gate.wait(10) else "never let go"

    ready_check("slow", slow)
    first = asyncio.create_task(asked())
    assert await asyncio.to_thread(began.wait, 10)
    crowd = [asyncio.create_task(asked()) for _ in range(50)]
    gate.set()
    assert {status for status, *_ in await asyncio.gather(first, *crowd)} == {200}
    assert len(looks) == 2


@pytest.mark.django_db
def test_the_database_answers() -> None:
    ready_check("database", health.database_check)
    assert health.parts() == {"database": "ok"}
