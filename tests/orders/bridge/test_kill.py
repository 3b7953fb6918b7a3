"""Is a kill in force at once, at the engine too, and does it stay so through a restart and without a database?"""

from __future__ import annotations

import itertools
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bridge.simulator.journal import RecordKind
from bridge.wire.messages import MassCancel
from orders.bridge.kill_files import KillFiles
from orders.core.scopes import Scope
from orders.core.trading_states import TradingState
from tests.bridge.waiting import until
from tests.orders.bridge.kills import files, in_tables, kill, release, wanted
from tests.orders.bridge.processes import ROOT, Processes
from tests.orders.bridge.story import both_tell_the_same_story
from tradingmw.errors import Code, TradingError


@pytest.fixture
def live(pair: Processes) -> Processes:
    pair.wait_live()
    return pair


@pytest.fixture(scope="module")
def mortal(make_processes: Callable[[], Processes]) -> Processes:
    """A pair whose bridge is killed, and started again."""
    pair = make_processes()
    pair.start("engine")
    pair.start("orders")
    pair.wait_live()
    return pair


def mass_cancels(pair: Processes) -> list[MassCancel]:
    return [message for message in pair.journal(RecordKind.COMMAND) if isinstance(message, MassCancel)]


def booked(pair: Processes) -> None:
    until(lambda: in_tables(pair) and not files(pair), "the kill in the tables")


def stopped(pair: Processes, client_order_id: str) -> bool:
    """Is an order denied, or refused, because trading is halted?"""
    try:
        order = pair.ask(pair.place(client_order_id, price=1)).order
    except TradingError as error:
        return error.code is Code.TRADING_HALTED
    return bool(order["status"] == "denied" and order["reason"] == Code.TRADING_HALTED.value)


def away(pair: Processes) -> bool:
    error = pair.refusal("while-it-is-away")
    return error is not None and error.code is Code.ORDER_BRIDGE_UNAVAILABLE


@contextmanager
def locked(pair: Processes) -> Iterator[None]:
    """The database, by another that writes and does not end."""
    database = sqlite3.connect(pair.directory / "tradingmw.sqlite3", timeout=10, isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        database.close()


@pytest.mark.parametrize("scope", list(Scope))
def test_a_kill_stops_what_is_new_and_ends_what_is_open_until_two_let_go(live: Processes, scope: Scope) -> None:
    resting = f"resting-{scope}"
    live.ask(live.place(resting, price=1, wait_seconds=5))
    kill(live, scope)
    assert stopped(live, f"stopped-{scope}")
    until(lambda: live.status_of(resting) == "canceled", "the end of the open order")
    booked(live)
    assert release(live, scope) is None
    assert live.ask(live.place(f"after-{scope}", price=1, wait_seconds=5)).order["status"] == "new"


def test_the_engine_is_told_in_one_word_and_both_tell_the_same_story(live: Processes) -> None:
    both_tell_the_same_story(live, {f"resting-{scope}" for scope in Scope})
    assert {str(message.scope) for message in mass_cancels(live)} == {"firm", "desk", "account", "symbol"}


def test_a_kill_outlives_its_bridge(mortal: Processes) -> None:
    pair = mortal
    kill(pair, Scope.SYMBOL)
    booked(pair)
    pair.kill("orders")
    pair.start("orders")
    pair.wait_live()
    assert stopped(pair, "behind-its-end")
    release(pair, Scope.SYMBOL)


def test_without_a_database_a_kill_is_in_force_and_recorded_and_the_next_bridge_has_it(mortal: Processes) -> None:
    pair = mortal
    pair.ask(pair.place("resting", price=1, wait_seconds=5))
    with locked(pair):
        one = kill(pair, Scope.FIRM)
        until(lambda: "firm" in [str(message.scope) for message in mass_cancels(pair)], "the mass cancel")
        assert files(pair) == [f"{one.id.hex}.json"]
        pair.kill("orders")
    assert not in_tables(pair)
    pair.start("orders")
    pair.wait_live()
    booked(pair)
    assert in_tables(pair) == [("firm", "", "halted")] and stopped(pair, "behind-the-restart")
    until(lambda: pair.status_of("resting") == "canceled", "the end of the open order")
    audits = pair.rows("SELECT action FROM accounts_auditlog WHERE resource = 'trading_state' AND resource_id = 'firm'")
    assert audits == [("trading_state.block",)]
    release(pair, Scope.FIRM)


def test_a_kill_while_the_database_is_away_is_written_when_it_is_back(live: Processes) -> None:
    live.ask(live.place("open-then", price=1, wait_seconds=5))
    with locked(live):
        kill(live)
        until(lambda: away(live), "the core without a database")
        assert len(files(live)) == 1 and not in_tables(live)
    booked(live)
    assert stopped(live, "after-the-return")
    until(lambda: live.status_of("open-then") == "canceled", "the end of the open order")
    release(live)
    both_tell_the_same_story(live, {"open-then"})


def test_a_file_that_somebody_leaves_kills_as_well(live: Processes) -> None:
    one = wanted(live, TradingState.HALTED)
    KillFiles(live.directory).keep(one)
    numbers = itertools.count(1)
    until(lambda: stopped(live, f"behind-the-file-{next(numbers)}"), "the halt")
    booked(live)
    release(live)
    assert not stopped(live, "after-the-file")


def test_a_file_that_the_tables_have_means_nothing(mortal: Processes) -> None:
    """Its bridge ended before it could remove it, and others have let go since."""
    pair = mortal
    one = kill(pair)
    booked(pair)
    release(pair)
    pair.kill("orders")
    KillFiles(pair.directory).keep(one)
    pair.start("orders")
    pair.wait_live()
    assert not stopped(pair, "behind-the-release") and not files(pair)


def test_every_order_is_what_its_history_says_after_all_that(live: Processes) -> None:
    words = [sys.executable, str(ROOT / "manage.py"), "orders", "verify", "--json"]
    ran = subprocess.run(words, env=live.environment, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, json.loads(ran.stdout)["differences"]) == (0, []), ran.stderr
