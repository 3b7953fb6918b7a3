"""What is left when a process dies at a named step of an order's way? Nothing lost, nothing doubled, at every step.

Two order bridges: the one that works is made to die at the next point while orders are placed without a pause, the
other takes over and is made to die at the one after it. Here a few of the points, with `--long` all of them, and the
web process's.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import pytest

from tests.bridge.waiting import until
from tests.faults.careful import Script, hold_to_the_engine
from tests.orders.bridge.processes import Processes
from tests.orders.bridge.story import Traders, both_tell_the_same_story, settled
from tests.scoreboard import Measured
from tests.stack import Stack, wait_for
from tradingmw.crash_points import EXIT_CODE, CrashPoint

WEB = [point for point in CrashPoint if point.startswith("web.")]
BRIDGE = [point for point in CrashPoint if point not in WEB]
FEW = [
    CrashPoint.ORDERS_WRITTEN,
    CrashPoint.ORDERS_COMMITTED,
    CrashPoint.COMMAND_SENT,
    CrashPoint.REPORTS_COMMITTED,
]
TIMES = (1, 7, 40)  #: at its first batch, in the middle of the load, after a while
TRADERS = 4
PATIENCE_SECONDS = 60
SLOTS = ("orders", "standby")


def test_no_order_is_lost_or_doubled_at_some_of_the_steps(processes: Processes, measured: Measured) -> None:
    die_at(processes, [f"{point}:5" for point in FEW], measured)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("times", TIMES)
def test_no_order_is_lost_or_doubled_at_any_step(processes: Processes, times: int, measured: Measured) -> None:
    die_at(processes, [f"{point}:{times}" for point in BRIDGE], measured)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_no_order_is_lost_or_doubled_when_the_web_process_dies(
    make_stack: Callable[..., Stack], measured: Measured
) -> None:
    where = ",".join(f"{point}:{40 * turn}" for turn, point in enumerate(WEB, 1))
    stack = make_stack(seed=1, environment={"TMW_CRASH_AT": where})
    script = Script(stack, "web", seed=1)
    asyncio.run(script.run(lambda: None, 1))
    died = {path.name for path in (stack.data_dir / "run" / "crashed").iterdir()}
    measured(2, "steps of the web process at which it died", len(died), str(len(WEB)))
    assert died == set(WEB)
    stack.wait_ready()
    hold_to_the_engine(script, partial(measured, 2), "web process dead at its steps")


def die_at(processes: Processes, places: Sequence[str], measured: Measured) -> None:
    processes.start("engine")
    traders = Traders(processes)
    processes.ask(trade_and_die(processes, traders, places))
    until(lambda: settled(processes, set(traders.accepted)), f"every order settled: {counted(processes)}")
    measured(2, "steps at which an order bridge died", len(places), str(len(places)))
    lost = [name for name in traders.accepted if name not in processes.statuses()]
    measured(2, f"acknowledged orders lost, of {len(traders.accepted)}", len(lost), "0")
    undurable = [name for name, durable in traders.accepted.items() if not durable]
    measured(2, "orders acknowledged without a durable row", len(undurable), "0")
    assert (lost, undurable) == ([], [])
    both_tell_the_same_story(processes, set(traders.accepted))
    measured(2, "orders twice at the engine", 0, "0")


async def trade_and_die(processes: Processes, traders: Traders, places: Sequence[str]) -> None:
    following = asyncio.create_task(follow(processes))
    trading = [asyncio.create_task(traders.trade(f"t{number}")) for number in range(TRADERS)]
    start(processes, SLOTS[0], places[0])
    for turn in range(len(places)):
        dying, next_one = SLOTS[turn % 2], SLOTS[(turn + 1) % 2]
        await true(partial(has_begun, processes, dying), f"{dying} at work")
        start(processes, next_one, places[turn + 1] if turn + 1 < len(places) else "")
        await died(processes, dying, places[turn], trading)
    done = len(traders.accepted)
    await true(lambda: len(traders.accepted) > done + TRADERS, "orders after the last death")
    traders.stopping = True
    await asyncio.gather(*trading)
    following.cancel()


def has_begun(processes: Processes, slot: str) -> bool:
    """It has the lease, or had it. Only then may the next one come: that one, quicker, would not die in its place."""
    if processes.exit_code(slot) is not None:
        return True
    there = processes.rows("SELECT holder_address FROM orders_lease")
    return there == [(processes.address_of(slot),)]


def start(processes: Processes, slot: str, place: str) -> None:
    """It takes the lease, or stands by until the one before it has died."""
    processes.start(slot, *([] if slot == "standby" else ["--standby"]), TMW_CRASH_AT=place)


async def died(processes: Processes, slot: str, place: str, trading: Sequence[asyncio.Task[None]]) -> None:
    stopped = lambda: any(task.done() for task in trading)  # noqa: E731
    await true(lambda: stopped() or processes.exit_code(slot) is not None, f"the death at {place}")
    for task in trading:
        if task.done():
            task.result()
    assert processes.exit_code(slot) == EXIT_CODE, processes.log(slot)[-2000:]


async def follow(processes: Processes) -> None:
    while True:
        if processes.rows("SELECT 1 FROM orders_lease"):
            processes.follow_holder()
        await asyncio.sleep(0.05)


async def true(condition: Callable[[], bool], what: str) -> None:
    """In a thread: the traders go on. A step that is rare, or a machine that is busy, takes its time."""
    await asyncio.to_thread(wait_for, condition, PATIENCE_SECONDS, what)


def counted(processes: Processes) -> Counter[str]:
    return Counter(processes.statuses().values())
