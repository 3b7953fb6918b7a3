"""Do two beats fire each slot once, and does one go on when the other is killed? (scoreboard, check 24)"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from notifications.models import BeatLease, OutboxTask
from tests.notifications.outbox.effects import EFFECT
from tests.scoreboard import Measured
from tests.tradingmw.test_worker import Crew, end_hard

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    made = Crew(tmp_path)
    yield made
    made.end()


def slots() -> list[datetime]:
    keys = OutboxTask.objects.filter(task=EFFECT).order_by("key").values_list("key", flat=True)
    return [datetime.fromisoformat(key) for key in keys]


def holder_pid() -> int:
    row = BeatLease.objects.filter(id=1).first()
    return int(row.holder.split(":")[1]) if row and row.holder else 0


def test_two_beats_fire_each_slot_once_and_one_goes_on_when_the_other_dies(crew: Crew, measured: Measured) -> None:
    beats = {beat.pid: beat for beat in (crew.start("beat"), crew.start("beat"))}
    crew.wait(lambda: len(slots()) >= 2, "a few slots")
    dead = holder_pid()
    end_hard(beats.pop(dead))
    killed_at, fired = time.monotonic(), len(slots())
    crew.wait(lambda: len(slots()) > fired and holder_pid() != dead, "the other beat goes on")
    takeover = round(time.monotonic() - killed_at, 1)
    crew.wait(lambda: len(slots()) >= fired + 2, "more slots")
    found = slots()
    twice = len(found) - len(set(found))
    measured(24, "slots fired twice by two beats, of so many", f"{twice} of {len(found)}", "0")
    measured(24, "the other beat fires after the first one's death, s", takeover, "reported")
    assert holder_pid() in beats
    assert twice == 0
