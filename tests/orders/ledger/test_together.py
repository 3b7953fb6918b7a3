"""Do several processes that change one order in one SQLite file wait for each other, and lose nothing?"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack

import pytest
from django.db import connection

from notifications.models import StreamEvent
from notifications.stream import user_stream
from orders.ledger import Ledger
from orders.models import Order
from orders.requests import Caller
from tests.orders.core.desk import Desk
from tests.orders.ledger.conftest import settle
from tests.scoreboard import Measured
from tests.stack import ROOT

PROCESSES, TIMES = 8, 200


@pytest.fixture
def order(ledger: Ledger, words: Desk, trader: Caller) -> Order:
    settle(ledger, words.place_input(caller=trader))
    return Order.objects.get()


def test_no_change_of_eight_processes_is_refused_or_lost(order: Order, trader: Caller, measured: Measured) -> None:
    told = all_told()
    stored, changes = Order.objects.get(), PROCESSES * TIMES
    refused = changes - told["committed"]
    measured(23, f"answers that the database is locked, of {changes}", refused, "0")
    lost = changes - int(stored.filled_quantity)
    measured(23, f"updates lost, of {changes}", lost, "0")
    assert (refused, lost, stored.version) == (0, 0, order.version + changes), told
    events = StreamEvent.objects.filter(stream=user_stream(trader.user)).order_by("number")
    numbers = list(events.values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) == 1 + changes
    versions = [json.loads(data)["version"] for data in events.values_list("data", flat=True)[1:]]
    assert versions == list(range(2, 2 + changes)), "the stream tells the changes in another order"


def all_told() -> Counter[str]:
    """What the processes say, which begin together."""
    words = [sys.executable, "-m", "tests.orders.ledger.changer", str(connection.settings_dict["NAME"]), str(TIMES)]
    connection.close()  # with it goes a ledger's impatience
    with ExitStack() as running:
        processes = [
            running.enter_context(
                subprocess.Popen(words, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            )
            for _ in range(PROCESSES)
        ]
        assert {process.stdout.readline() for process in processes if process.stdout} == {"ready\n"}
        said = [begun(process) for process in processes]
        return sum((Counter(json.loads(process.communicate()[0])) for process in said), Counter())


def begun(process: subprocess.Popen[str]) -> subprocess.Popen[str]:
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()
    return process
