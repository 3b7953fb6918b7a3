"""A trader in a real database, and a ledger on it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from accounts.models import Account, Desk, User
from bridge.wire.messages import OrderList, OrderListRequest, ReplayDone
from orders.core.inputs import LinkUp, Listed, Replayed
from orders.ledger import Ledger, Settled
from orders.requests import Caller
from tests.orders.core.desk import EPOCH, INSTRUMENTS, START_US
from tests.orders.core.desk import Desk as Words


@pytest.fixture
def trader(transactional_db: None) -> Caller:
    desk = Desk.objects.create(name="alpha")
    account = Account.objects.create(name="ann", desk=desk)
    user = User.objects.create(username="ann", email="ann@desk.example", account=account, desk=desk)
    return Caller(user=user.id, account=account.id, account_name="ann", desk=desk.id, desk_name="alpha")


@pytest.fixture
def make_ledger(transactional_db: None) -> Iterator[Callable[[], Ledger]]:
    yield lambda: Ledger("tcp://127.0.0.1:1", command_deadline_us=2_000_000)
    connection.close()  # with it goes the busy handler that the ledger took away


@pytest.fixture
def ledger(make_ledger: Callable[[], Ledger]) -> Ledger:
    ledger = make_ledger()
    go_live(ledger)
    return ledger


@pytest.fixture
def words() -> Words:
    """Makes inputs; its own book is not used."""
    return Words()


def go_live(ledger: Ledger) -> None:
    done = ReplayDone(session=ledger.fence, epoch=EPOCH, last_seq=0, complete=True)
    settled = settle(ledger, LinkUp(EPOCH, 0, INSTRUMENTS), Replayed(done))
    request = next(message for message in settled.draft.to_engine if isinstance(message, OrderListRequest))
    numbers = {"session": ledger.fence, "command_seq": request.command_seq, "epoch": EPOCH, "last_seq": 0}
    settle(ledger, Listed(OrderList(**numbers, orders=[], complete=True, sent_at_us=START_US)))


def welcomed(ledger: Ledger) -> Ledger:
    """After a restart: the engine has welcomed it, and reports are taken."""
    settle(ledger, LinkUp(EPOCH, 9, INSTRUMENTS))
    return ledger


def settle(ledger: Ledger, *inputs: Any, at_us: int = START_US) -> Settled:
    """One batch that is committed in one piece."""
    (settled,) = ledger.settle(inputs, at_us)
    assert isinstance(settled, Settled)
    return settled


@contextmanager
def another_writer() -> Iterator[sqlite3.Connection]:
    """Holds the database's write lock, as another process would."""
    other = sqlite3.connect(str(connection.settings_dict["NAME"]), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        if other.in_transaction:
            other.execute("ROLLBACK")
        other.close()
