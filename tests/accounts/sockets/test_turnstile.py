"""Do those who are in have their turn while many come, or go, at once?"""

from __future__ import annotations

import asyncio
import itertools
from functools import partial

from accounts.sockets.turnstile import turnstiles

COMING = 20


async def come(begun: list[int]) -> None:
    for number in range(COMING):
        turnstiles(asyncio.get_running_loop()).arrivals.enter(partial(begun.append, number))


def test_one_handshake_begins_in_a_turn_and_all_in_their_order() -> None:
    async def begun_at_each_turn() -> tuple[list[int], list[int]]:
        begun: list[int] = []
        counts = [0]
        await come(begun)
        while counts[-1] < COMING:
            await asyncio.sleep(0)
            counts.append(len(begun))
        return begun, counts

    begun, counts = asyncio.run(begun_at_each_turn())
    assert begun == list(range(COMING))
    assert all(after - before <= 1 for before, after in itertools.pairwise(counts))


def test_a_handshake_that_fails_keeps_nobody_out() -> None:
    async def begun_after_a_failure() -> list[int]:
        begun: list[int] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: None)
        turnstiles(loop).arrivals.enter([].pop)
        await come(begun)
        last = asyncio.Event()
        turnstiles(loop).arrivals.enter(last.set)
        await last.wait()
        return begun

    assert asyncio.run(begun_after_a_failure()) == list(range(COMING))


def test_of_many_who_leave_one_is_taken_leave_of_in_a_turn() -> None:
    async def left_at_each_turn() -> list[int]:
        departures = turnstiles(asyncio.get_running_loop()).departures
        leaving = [asyncio.ensure_future(departures.passed()) for _ in range(COMING)]
        counts = [0]
        while counts[-1] < COMING:
            await asyncio.sleep(0)
            counts.append(sum(one.done() for one in leaving))
        return counts

    assert all(after - before <= 1 for before, after in itertools.pairwise(asyncio.run(left_at_each_turn())))


def test_who_no_longer_waits_to_leave_keeps_nobody() -> None:
    async def one_gives_up() -> None:
        departures = turnstiles(asyncio.get_running_loop()).departures
        first = asyncio.ensure_future(departures.passed())
        last = asyncio.ensure_future(departures.passed())
        await asyncio.sleep(0)
        first.cancel()
        await last

    asyncio.run(one_gives_up())
