"""Do those who are in have their turn while many come at once?"""

from __future__ import annotations

import asyncio
import itertools
from functools import partial

from accounts.sockets.turnstile import turnstile

COMING = 20


async def come(begun: list[int]) -> None:
    for number in range(COMING):
        turnstile(asyncio.get_running_loop()).enter(partial(begun.append, number))


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
        turnstile(loop).enter([].pop)
        await come(begun)
        last = asyncio.Event()
        turnstile(loop).enter(last.set)
        await last.wait()
        return begun

    assert asyncio.run(begun_after_a_failure()) == list(range(COMING))
