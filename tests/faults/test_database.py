"""Is an order ever taken that is not kept, while its database is locked, full, gone, or chooses it as a victim?

One whole system whose database lies on a file system of its own. Callers place orders without a pause; whoever is not
told 201 is told 503, nothing is half written, and soon after the fault orders are taken again, without a restart.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest

from bridge.simulator.journal import RecordKind, read_journal
from bridge.wire.messages import NewOrder
from tests.faults.database import (
    FILE,
    HALF_WRITTEN,
    change,
    locked,
    names,
    rows,
    sessions,
    status_of,
    without_audit,
)
from tests.faults.load import CALLERS, Answer, Load, order
from tests.faults.stillness import standing_still
from tests.faults.unlucky_database.base import UNSAID, VICTIM, come, end
from tests.faults.volume import CannotMount, Volume
from tests.scoreboard import Measured
from tests.stack import DEMO_PASSWORD, ROOT, Stack, wait_for

LOCKED_SECONDS = 10
AWAY_SECONDS, SHORTLY_SECONDS = 20, 4
BACK_SECONDS = 5  #: the promise
ANSWER_SECONDS = 3
REFUSALS = 20  #: before a full disk is full enough


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Volume | None]:
    """None where nothing can be mounted."""
    try:
        volume = Volume(tmp_path_factory.mktemp("storage"))
    except CannotMount:
        yield None
        return
    yield volume
    volume.end()


@pytest.fixture(scope="module")
def stack(volume: Volume | None, make_stack: Callable[..., Stack], tmp_path_factory: pytest.TempPathFactory) -> Stack:
    data_dir = tmp_path_factory.mktemp("stack")
    if volume:
        (data_dir / FILE).symlink_to(volume.directory / FILE)
    environment = {"DJANGO_SETTINGS_MODULE": "tests.faults.unlucky_settings"}
    return make_stack(data_dir=data_dir, environment=environment, seed=1)


@pytest.fixture
def disk(volume: Volume | None) -> Volume:
    if volume is None:
        pytest.skip("missing here: root, mkfs.ext4 and loop devices")  # in CI too: it may run in a sandbox without them
    return volume


# --- locked ----------------------------------------------------------------------------------------------------------
def test_a_lock_of_ten_seconds_refuses_orders_and_leaves_no_trace(stack: Stack, measured: Measured) -> None:
    keep, parts = partial(measured, 22), stack.pids()
    resting, reader = rest(stack, "locked"), idle(stack, "trader2")
    with Load(stack, "locked") as load:
        with locked(stack):
            began = time.monotonic()
            seconds = reads(stack, reader)
            passed(began + LOCKED_SECONDS)
        ended = time.monotonic()
        hold_back(load, ended, keep, "locked for 10 s")
    hold(stack, load, keep, "locked for 10 s")
    assert load.refused_since(began) < ended
    slowest = round(max(each.seconds for each in load.answers), 1)
    keep("locked for 10 s: longest wait for an answer, s", slowest, f"≤ {ANSWER_SECONDS}")
    keep("locked for 10 s: a request that only reads, s", seconds, f"≤ {ANSWER_SECONDS}")
    assert max(slowest, seconds) <= ANSWER_SECONDS
    assert (status_of(stack, resting), stack.pids()) == ("new", parts)


# --- full ------------------------------------------------------------------------------------------------------------
def test_a_full_disk_refuses_orders_and_leaves_no_trace(stack: Stack, disk: Volume, measured: Measured) -> None:
    keep, parts = partial(measured, 22), stack.pids()
    with Load(stack, "full") as load:
        disk.fill()
        wait_for(lambda: refused(load) >= REFUSALS, 30, f"refusals, {load.tail()}", stack.tail)
        disk.free()
        hold_back(load, time.monotonic(), keep, "disk full")
    hold(stack, load, keep, "disk full")
    assert stack.pids() == parts


# --- away ------------------------------------------------------------------------------------------------------------
def test_a_disk_that_is_gone_for_seconds_refuses_orders(stack: Stack, disk: Volume, measured: Measured) -> None:
    resting = rest(stack, "gone")
    without_disk(stack, disk, measured, SHORTLY_SECONDS, "gone")
    assert status_of(stack, resting) == "new"


@pytest.mark.long
def test_a_disk_that_is_gone_for_longer_than_the_dead_man_waits_ends_open_orders(
    stack: Stack, disk: Volume, measured: Measured
) -> None:
    """For fifteen seconds nobody could cancel anything: the engine does it, and says so afterwards."""
    resting = rest(stack, "lost")
    without_disk(stack, disk, measured, AWAY_SECONDS, "lost")
    wait_for(lambda: status_of(stack, resting) == "canceled", BACK_SECONDS, "the dead-man's word", stack.tail)
    told = rows(stack, "SELECT status_details FROM orders_orderhistory WHERE kind = 'order_canceled'")
    assert any("BRIDGE_SILENT" in details for (details,) in told)


def without_disk(stack: Stack, disk: Volume, measured: Measured, seconds: int, name: str) -> None:
    keep, what, parts = partial(measured, 22), f"disk gone for {seconds} s", stack.pids()
    with Load(stack, name) as load:
        with standing_still(parts.values()):
            disk.tear_away()
        gone_at = time.monotonic()
        load.refused_since(gone_at)
        passed(gone_at + seconds)
        last_accepted = max(each.at for each in load.answers if each.is_accepted)
        disk.give_back()
        hold_back(load, time.monotonic(), keep, what)
    hold(stack, load, keep, what)
    assert last_accepted < gone_at + 1, "an order was taken without a disk"
    assert stack.pids() == parts
    stack.wait_ready()


# --- deadlock --------------------------------------------------------------------------------------------------------
def test_a_deadlocks_victim_is_tried_three_times_in_all(stack: Stack, measured: Measured) -> None:
    with stack.client("trader1") as client:
        come(stack.data_dir, VICTIM, 2, 'INSERT INTO "orders_order"')
        assert client.post("/orders", json=order("victim-twice", "ioc")).status_code == 201
        come(stack.data_dir, VICTIM, 9, 'INSERT INTO "orders_order"')
        refusal = client.post("/orders", json=order("victim-always", "ioc"))
        left = end(stack.data_dir)
        assert (refusal.status_code, refusal.json()["outcome"]) == (503, "none") and refusal.headers["Retry-After"]
        measured(22, "deadlock: tries of an order before 503", 9 - left, "≤ 3")
        assert 9 - left == 3
        ended = time.monotonic()
        wait_for(lambda: client.post("/orders", json=order("victim-after", "ioc")).is_success, BACK_SECONDS, "an order")
        measured(22, "deadlock: orders taken again after, s", round(time.monotonic() - ended, 1), f"≤ {BACK_SECONDS}")
    assert names(stack, "victim") == {"victim-twice", "victim-after"}


def test_a_login_that_is_a_deadlocks_victim_may_come_back(stack: Stack) -> None:
    come(stack.data_dir, VICTIM, 1, 'INSERT INTO "accounts_session"')
    before = rows(stack, "SELECT COUNT(*) FROM accounts_session")
    answer = login(stack)
    assert (answer.status_code, answer.json()["code"]) == (503, "DATABASE_UNAVAILABLE"), answer.text
    assert answer.headers["Retry-After"]
    assert rows(stack, "SELECT COUNT(*) FROM accounts_session") == before
    assert login(stack).status_code == 200


# --- a commit without an answer --------------------------------------------------------------------------------------
def test_a_commit_whose_answer_is_lost_is_looked_for(stack: Stack, measured: Measured) -> None:
    """It came about: the caller is told so, and the order goes to the engine once."""
    come(stack.data_dir, UNSAID, 1, 'INSERT INTO "orders_order"')
    with stack.client("trader1") as client:
        answer = client.post("/orders", json=order("unsaid", "ioc"), headers={"Prefer": "wait=5"})
    assert (answer.status_code, answer.json()["status"]) == (201, "canceled"), answer.text
    assert "A commit failed" in stack.log
    at_engine = sum(isinstance(said, NewOrder) and said.client_order_id == "unsaid" for said in commands(stack))
    measured(22, "a commit's answer is lost: orders at the engine, of 1", at_engine, "1")
    assert at_engine == 1


# --- audit -----------------------------------------------------------------------------------------------------------
def test_what_cannot_be_audited_is_not_done(stack: Stack, measured: Measured) -> None:
    resting = rest(stack, "audited")
    before = sessions(stack)
    with stack.client("trader1") as client, without_audit(stack):
        answers = {
            "an order": client.post("/orders", json=order("unaudited", "ioc")),
            "a cancel": client.delete(f"/orders/{resting}"),
            "a login": login(stack),
            "a logout": client.delete("/auth/sessions"),
        }
    done = [what for what, answer in answers.items() if answer.status_code < 500]
    measured(22, "audit cannot be written: orders, cancels, logins, logouts done", len(done), "0")
    assert not done
    assert (names(stack, "unaudited"), status_of(stack, resting), sessions(stack)) == (set(), "new", before)
    with stack.client("trader1") as client:
        assert client.post("/orders", json=order("audited-again", "ioc")).status_code == 201


def test_every_row_is_what_its_history_says(stack: Stack) -> None:
    """After all of the above."""
    environment = {**os.environ, "TMW_DATA_DIR": str(stack.data_dir)}
    command = [sys.executable, "manage.py", "orders", "verify", "--json"]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert json.loads(ran.stdout)["orders"] > 0


# --- what is held ----------------------------------------------------------------------------------------------------
def hold_back(load: Load, ended: float, keep: Callable[[str, object, str], None], what: str) -> None:
    """Orders are taken again soon after the fault is over."""
    seconds = round(load.accepted_since(ended) - ended, 1)
    keep(f"{what}: orders taken again after, s", seconds, f"≤ {BACK_SECONDS}")
    assert seconds <= BACK_SECONDS


def hold(stack: Stack, load: Load, keep: Callable[[str, object, str], None], what: str) -> None:
    """201 and kept whole; 503, when to come back, and not kept; 504 where no one could tell, of one batch at most."""
    kept = names(stack, load.answers[0].name.split("-")[0])
    lost = {each.name for each in load.answers if each.is_accepted} - kept
    keep(f"{what}: orders taken without a row, of {len(load.answers)}", len(lost), "0")
    others = [each for each in load.answers if not is_plain(each)]
    keep(f"{what}: answers but 201, 503 and Retry-After, 504", len(others), "0")
    doubtful = sum(each.status == 504 for each in load.answers)
    keep(f"{what}: 504, what was under way when it began", doubtful, f"≤ {CALLERS}")
    refused_and_kept = {each.name for each in load.answers if each.status == 503} & kept
    halves = {told: rows(stack, query)[0][0] for told, query in HALF_WRITTEN.items()}
    keep(f"{what}: orders half written", sum(halves.values()), "0")
    assert not lost and not others and not refused_and_kept, (lost, others[:3], refused_and_kept)
    assert doubtful <= CALLERS
    assert not any(halves.values()), halves


def is_plain(answer: Answer) -> bool:
    if answer.status == 503:
        return int(answer.retry_after) > 0
    return answer.is_accepted or (answer.status, answer.code) == (504, "OUTCOME_UNKNOWN")


def refused(load: Load) -> int:
    return Counter(each.status for each in load.answers)[503]


# --- what is done ----------------------------------------------------------------------------------------------------
def rest(stack: Stack, name: str) -> str:
    """An order that rests; its id."""
    with stack.client("trader1") as client:
        answer = client.post("/orders", json=order(f"rest-{name}", "day"), headers={"Prefer": "wait=5"})
    assert (answer.status_code, answer.json()["status"]) == (201, "new"), answer.text
    return str(answer.json()["id"])


def commands(stack: Stack) -> list[Any]:
    return [record.message() for record in read_journal(stack.journal()) if record.kind is RecordKind.COMMAND]


def idle(stack: Stack, username: str) -> str:
    """The token of a session whose activity is to be noted at its next request."""
    token = stack.token(username)
    change(stack, "UPDATE accounts_session SET last_active = datetime('now', '-2 minutes')")
    return token


def reads(stack: Stack, token: str) -> float:
    """How long it takes to be told who one is, in seconds."""
    began = time.monotonic()
    answer = httpx.get(f"{stack.api}/auth/me", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert answer.status_code == 200, answer.text
    return round(time.monotonic() - began, 1)


def login(stack: Stack) -> httpx.Response:
    credentials = {"username": "trader2", "password": DEMO_PASSWORD}
    return httpx.post(f"{stack.api}/auth/login", json=credentials, timeout=30)


def passed(at: float) -> None:
    """How long the fault lasts is what is promised about."""
    wait_for(lambda: time.monotonic() >= at, 60, "the time")
