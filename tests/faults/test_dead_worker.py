"""Is a worker that lives and does nothing noticed? (scoreboard, check 24)

One that dies is started again by `up`; one that only stands still keeps its process, and only what it does tells.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil
import pytest

from tests.faults.desk import parts
from tests.scoreboard import Measured
from tests.stack import Stack, wait_for

NOTICED_SECONDS = 120.0  #: the scoreboard's limit
LONGEST_WAIT_SECONDS = 150.0
BACK_SECONDS = 60.0


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_worker_that_stands_still_is_named_within_two_minutes(
    make_stack: Callable[..., Stack], measured: Measured
) -> None:
    stack = make_stack(seed=1)
    worker = psutil.Process(stack.pids()["worker"])
    worker.suspend()
    stood_at = time.monotonic()
    wait_for(lambda: parts(stack).get("worker", "ok") != "ok", LONGEST_WAIT_SECONDS, "a word about it", stack.tail)
    noticed = time.monotonic() - stood_at
    worker.resume()
    wait_for(lambda: parts(stack).get("worker") == "ok", BACK_SECONDS, "the worker", stack.tail)
    measured(24, "a worker that stands still is named after, s", round(noticed, 1), f"≤ {NOTICED_SECONDS:g}")
    assert noticed <= NOTICED_SECONDS
