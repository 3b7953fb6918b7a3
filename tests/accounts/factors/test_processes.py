"""Is a code taken once, and are guesses counted exactly, where several processes ask at the same moment?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter

import pytest
from django.db import connection

from accounts.factors.totp import Enrolment
from accounts.models import FactorGuesses, User
from tests.accounts.factors.conftest import NOON, shown
from tests.house.sources import ROOT
from tests.scoreboard import Measured

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(user: User, code: str, processes: int, times: int) -> Counter[str]:
    """What came of it: as many processes, each so many times, all let go together."""
    database = str(connection.settings_dict["NAME"])
    command = [sys.executable, "-m", "tests.accounts.factors.guesser", database, str(user.id), code, str(times)]
    asking = [
        subprocess.Popen(
            [*command, NOON.isoformat()],
            cwd=ROOT,
            env=dict(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(processes)
    ]
    for process in asking:
        assert process.stdout and process.stdout.readline() == "ready\n"
    found: Counter[str] = Counter()
    for process in asking:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in asking:
        found.update(json.loads(process.communicate(timeout=60)[0]))
    return found


def test_of_ten_uses_by_two_processes_one_is_taken(trader: User, app: Enrolment, measured: Measured) -> None:
    found = at_once(trader, shown(app.secret, NOON), processes=2, times=5)
    measured(32, "uses of one code, five each by two processes at once: taken", found["taken"], "exactly 1")
    assert found["taken"] == 1
    assert found.total() == 10


def test_guesses_of_four_processes_are_counted_to_the_last(trader: User, app: Enrolment, measured: Measured) -> None:
    found = at_once(trader, "000000", processes=4, times=250)
    measured(32, "of 1,000 wrong codes by four processes at once: looked at", found["wrong"], "≤ 10")
    assert found["wrong"] == FactorGuesses.objects.get().wrong <= 10
    assert (found["taken"], found.total()) == (0, 1_000)
