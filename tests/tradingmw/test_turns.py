"""Does the loop tell of all that is ready, a few at a time, and of nothing that is no more?"""

from __future__ import annotations

import asyncio
import selectors
import socket
import sys
from collections.abc import Iterator

import pytest

from tradingmw.env import Env
from tradingmw.server import server_config
from tradingmw.turns import READY_PER_TURN, FewAtATime

READY = 3 * READY_PER_TURN + 1


@pytest.fixture
def ready() -> Iterator[tuple[FewAtATime, list[socket.socket]]]:
    """A selector, and sockets registered with it that have something to read."""
    with FewAtATime() as selector:
        pairs = [socket.socketpair() for _ in range(READY)]
        for near, far in pairs:
            far.send(b"x")
            selector.register(near, selectors.EVENT_READ)
        yield selector, [near for near, _ in pairs]
        for pair in pairs:
            for one in pair:
                one.close()


def told(selector: FewAtATime) -> list[object]:
    return [key.fileobj for key, _ in selector.select(0)]


def test_all_are_told_a_few_at_a_time_and_each_once(ready: tuple[FewAtATime, list[socket.socket]]) -> None:
    selector, sockets = ready
    pieces = [told(selector) for _ in range(4)]
    assert [len(piece) for piece in pieces] == [READY_PER_TURN] * 3 + [1]
    assert {one for piece in pieces for one in piece} == set(sockets)


def test_who_is_still_ready_is_told_again_after_all_others(ready: tuple[FewAtATime, list[socket.socket]]) -> None:
    selector, _ = ready
    first = [told(selector) for _ in range(4)]
    assert {one for piece in first for one in piece} == {one for _ in range(4) for one in told(selector)}


def test_who_left_or_was_changed_meanwhile_is_not_told(ready: tuple[FewAtATime, list[socket.socket]]) -> None:
    selector, sockets = ready
    first = told(selector)
    gone, changed, *_rest = [one for one in sockets if one not in first]
    selector.unregister(gone)
    selector.modify(changed, selectors.EVENT_WRITE)
    later = [one for _ in range(3) for one in told(selector)]
    assert gone not in later
    assert changed not in later
    assert len(first) + len(later) == READY - 2
    assert changed in [one for _ in range(4) for one in told(selector)]


def test_nothing_ready_is_nothing_told() -> None:
    with FewAtATime() as selector:
        assert told(selector) == []


def test_the_web_process_runs_on_such_a_loop_where_there_are_selectors() -> None:
    factory = server_config(Env()).get_loop_factory()
    assert factory
    loop = factory()
    loop.close()
    if sys.platform == "win32":
        assert isinstance(loop, asyncio.ProactorEventLoop)
    else:
        assert isinstance(loop, asyncio.SelectorEventLoop)
