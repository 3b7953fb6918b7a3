import asyncio
import threading

import pytest

from bridge.sockets.bell import Bell, wake
from tests.bridge.waiting import until


async def test_a_condition_that_holds_already_is_not_waited_for() -> None:
    await Bell().wait(lambda: True)


async def test_a_ring_from_another_thread_wakes_every_task() -> None:
    bell, open_ = Bell(), threading.Event()
    tasks = [asyncio.create_task(bell.wait(open_.is_set)) for _ in range(3)]
    await asyncio.sleep(0)
    threading.Thread(target=lambda: (open_.set(), bell.ring())).start()
    await asyncio.wait_for(asyncio.gather(*tasks), 20)


async def test_a_ring_before_the_condition_holds_is_not_the_end_of_waiting() -> None:
    bell, values = Bell(), []
    task = asyncio.create_task(bell.wait(lambda: bool(values)))
    await asyncio.sleep(0)
    bell.ring()
    await asyncio.sleep(0)
    assert not task.done()
    values.append(1)
    bell.ring()
    await asyncio.wait_for(task, 20)


async def test_no_ring_is_missed_however_the_two_threads_meet() -> None:
    bell, numbers = Bell(), []

    def produce() -> None:
        for number in range(2000):
            numbers.append(number)
            bell.ring()

    producer = threading.Thread(target=produce)
    producer.start()
    for _ in range(2000):
        await asyncio.wait_for(bell.wait(lambda: bool(numbers)), 20)
        numbers.pop()
    producer.join()


async def test_waiting_ends_with_its_time() -> None:
    assert not await Bell().wait_at_most(lambda: False, 0.001)


async def test_a_cancelled_waiter_is_forgotten() -> None:
    bell = Bell()
    task = asyncio.create_task(bell.wait(lambda: False))
    await asyncio.sleep(0)
    assert bell.awaited
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not bell.awaited


def test_tasks_of_two_loops_are_woken() -> None:
    bell, open_, done = Bell(), threading.Event(), []

    def run() -> None:
        asyncio.run(bell.wait(open_.is_set))
        done.append(1)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    until(lambda: len(bell._waiters) == 2)
    open_.set()
    bell.ring()
    for thread in threads:
        thread.join(20)
    assert done == [1, 1]


def test_a_loop_that_was_closed_does_no_harm() -> None:
    loop = asyncio.new_event_loop()
    waiter = (loop, loop.create_future())
    loop.close()
    wake([waiter])
