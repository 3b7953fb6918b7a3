"""Is every effect had exactly once by real workers, whatever is killed, doubled or deleted? (scoreboard, check 24)

Worker processes over the test database, on both brokers.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from notifications.models import OutboxTask
from tests.notifications.outbox.effects import EFFECT, effects, owe
from tests.redis_server import RedisServer
from tests.scoreboard import Measured
from tests.stack import ROOT, wait_for
from tradingmw.celery import celery_app
from tradingmw.env import env
from tradingmw.worker import UNSOUND_EXIT_CODE

pytestmark = pytest.mark.django_db(transaction=True)

WAIT_SECONDS = 40.0
BACKLOG_SECONDS = 60.0  #: the scoreboard's limit


class Crew:
    """Workers (or beats) over one database and one broker."""

    def __init__(self, data_dir: Path, redis: RedisServer | None = None) -> None:
        self.data_dir, self.redis = data_dir, redis
        redis_url = redis.url if redis else ""
        self._environment = {
            **os.environ,
            "TMW_DATA_DIR": str(data_dir),
            "TMW_REDIS_URL": redis_url,
            "TMW_SUPERVISED": "1",
        }
        self.broker = celery_app(env().model_copy(update={"data_dir": data_dir, "redis_url": redis_url}))
        self._log = (data_dir / "crew.log").open("ab")
        self._members: list[subprocess.Popen[bytes]] = []

    def start(self, part: str = "worker") -> subprocess.Popen[bytes]:
        database = str(connection.settings_dict["NAME"])
        member = subprocess.Popen(
            [sys.executable, "-m", "tests.tradingmw.part_process", part, database],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
        )
        self._members.append(member)
        return member

    def deliver(self, key: str, attempt: int = 1) -> None:
        """One more copy of the message, past the sweeper."""
        row = OutboxTask.objects.get(key=key)
        self.broker.send_task("outbox.run", (row.id.hex, attempt), retry=False)

    def lose_messages(self) -> None:
        """Whatever the broker holds is gone."""
        if self.redis:
            with self.redis.client() as client:
                client.flushall()
        else:
            shutil.rmtree(self.data_dir / "celery", ignore_errors=True)

    def log(self) -> str:
        return (self.data_dir / "crew.log").read_text(encoding="utf-8", errors="replace")

    def wait(self, look: Callable[[], Any], what: str) -> None:
        wait_for(look, WAIT_SECONDS, what, lambda: self.log()[-6_000:])

    def end(self) -> None:
        """The end of standard input stops whoever still lives."""
        for member in self._members:
            if member.stdin and not member.stdin.closed:
                member.stdin.close()
        for member in self._members:
            try:
                member.wait(10)
            except subprocess.TimeoutExpired:
                member.kill()
                member.wait()
        self._log.close()


def end_hard(member: subprocess.Popen[bytes]) -> None:
    """kill -9."""
    member.kill()
    member.wait()


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    made = Crew(tmp_path)
    yield made
    made.end()


@pytest.fixture
def redis_crew(tmp_path: Path) -> Iterator[Crew]:
    made = Crew(tmp_path, RedisServer(tmp_path).start())
    yield made
    made.end()
    assert made.redis
    made.redis.end()


def done(*keys: str) -> bool:
    return OutboxTask.objects.filter(key__in=keys, done_at__isnull=False).count() == len(keys)


def counted(keys: list[str]) -> dict[int, int]:
    """How many keys had how many effects."""
    return dict(Counter(effects(key) for key in keys))


def once(figures: dict[int, int]) -> str:
    """How many of all keys had one effect."""
    return f"{figures.get(1, 0)} of {sum(figures.values())}"


def storm(crew: Crew, keys: list[str], seed: int, turns: int) -> None:
    """Copies of every message, a broker that forgets, workers killed in the middle: until all is done."""
    dice = random.Random(seed)
    workers = [crew.start(), crew.start()]
    for key in keys:
        owe(EFFECT, key)
    crew.wait(lambda: OutboxTask.objects.filter(key__in=keys, done_at__isnull=False).exists(), "the first effect")
    for turn in range(turns):
        for key in dice.sample(keys, 10):
            for _ in range(3):
                crew.deliver(key)
        crew.lose_messages()
        if turn % 2:
            victim = dice.randrange(2)
            end_hard(workers[victim])
            workers[victim] = crew.start()
    crew.wait(lambda: done(*keys), "every effect")
    for key in keys[:5]:
        crew.deliver(key)


def test_messages_doubled_and_deleted_and_workers_killed_leave_each_effect_once(crew: Crew, measured: Measured) -> None:
    keys = [f"key-{number}" for number in range(60)]
    storm(crew, keys, seed=1, turns=4)
    figures = counted(keys)
    measured(24, "effects had exactly once, messages as files", once(figures), "all")
    assert figures == {1: 60}


def test_redis_forgetting_and_dying_leaves_each_effect_once_and_the_backlog_moves(
    redis_crew: Crew, measured: Measured
) -> None:
    server = redis_crew.redis
    assert server
    keys = [f"key-{number}" for number in range(40)]
    storm(redis_crew, keys, seed=2, turns=1)
    server.kill()
    owe(EFFECT, late := "owed while Redis is away")
    redis_crew.wait(lambda: "The sweeper failed" in redis_crew.log(), "the sweeper meets the dead broker")
    server.start()
    began = time.monotonic()
    wait_for(lambda: done(late), BACKLOG_SECONDS, "the backlog moves", redis_crew.log)
    seconds = round(time.monotonic() - began, 1)
    figures = counted([*keys, late])
    measured(24, "effects had exactly once, messages in Redis", once(figures), "all")
    measured(24, "the backlog moves after the broker's return, s", seconds, f"≤ {BACKLOG_SECONDS:g}")
    assert figures == {1: 41}


def test_a_task_that_loses_its_worker_leaves_no_half_of_it_and_is_done_by_another(crew: Crew, tmp_path: Path) -> None:
    """One worker is killed in mid-task, its effect written and not committed; one has a body that hangs."""
    killed, hung = tmp_path / "killed", tmp_path / "hung"
    owe("tests.hang-once", "killed", begun=str(killed))
    first = crew.start()
    crew.wait(killed.exists, "the body has begun")
    end_hard(first)
    owe("tests.hang-once", "hung", begun=str(hung))
    second = crew.start()
    crew.wait(lambda: second.poll() is not None, "the worker with the hanging body ends itself")
    assert second.returncode == UNSOUND_EXIT_CODE
    assert "over time: tests.hang-once" in crew.log()
    assert counted(["killed", "hung"]) == {0: 2}
    crew.start()
    crew.wait(lambda: done("killed", "hung"), "the second attempts")
    assert counted(["killed", "hung"]) == {1: 2}
    assert set(OutboxTask.objects.values_list("attempts", flat=True)) == {2}


def test_a_poisonous_task_is_parked_and_holds_nobody_up(crew: Crew) -> None:
    owe("tests.poison", "bad")
    owe("tests.outside", "good")
    members = [crew.start("worker"), crew.start("beat")]
    crew.wait(lambda: OutboxTask.objects.filter(key="bad", parked_at__isnull=False).exists(), "it is parked")
    crew.wait(lambda: done("good"), "the other task")
    crew.wait(lambda: OutboxTask.objects.filter(task=EFFECT, done_at__isnull=False).exists(), "a timed task")
    assert counted(["bad", "good"]) == {0: 1, 1: 1}
    assert "ALARM: a task was given up" in crew.log()
    crew.end()
    assert [member.returncode for member in members] == [0, 0]  # the end of standard input stopped both
