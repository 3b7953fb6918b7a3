"""Check 20: does the web process keep nothing of sockets that are gone, however they went?"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.faults.bystanders import MARKET, enter, figures, follow, port_of, rss_mib, symbol, web_process
from tests.raw_client import CLOSE, RawClient, frame, head
from tests.scoreboard import Measured
from tests.stack import Stack, wait_for

SYMBOLS = 100
THREADS = 8
WARM_UP, CYCLES, CYCLES_LONG = 1_000, 2_000, 10_000
RSS_MIB_MAX = 5
KEPT = {
    "tasks": "tmw_web_tasks",
    "sets of symbols": "tmw_web_hub_groups",
    "sockets in the hub": "tmw_web_hub_sockets",
    "sockets": 'tmw_web_sockets{path="/ws/v1/market"}',
}


@pytest.fixture(scope="module")
def stack(make_stack: Callable[..., Stack]) -> Stack:
    settings = {"TMW_SOCKETS_NEW_PER_SECOND": "100000", "TMW_SOCKETS_NEW_BURST": "100000"}
    return make_stack(seed=1, symbols=SYMBOLS, rate=100, environment=settings)


def leave_cleanly(stack: Stack, number: int) -> None:
    with follow(enter(stack, "trader1"), [symbol(1 + number % SYMBOLS), symbol(1 + number // 7 % SYMBOLS)]) as client:
        client.send(frame(CLOSE, b"\x03\xe8"))
        assert client.close_code() == 1000


def abort(stack: Stack, number: int) -> None:
    follow(enter(stack, "trader1"), [symbol(1 + number % SYMBOLS), symbol(1 + number // 7 % SYMBOLS)]).abort()


def leave_in_the_handshake(stack: Stack, number: int) -> None:
    whole = head(MARKET, port_of(stack))
    with socket.create_connection(("127.0.0.1", port_of(stack))) as client:
        client.sendall(whole[: 1 + number % len(whole)])


def leave_before_saying_who(stack: Stack, _number: int) -> None:
    RawClient(port_of(stack), MARKET).abort()


WAYS = (leave_cleanly, abort, leave_in_the_handshake, leave_before_saying_who)


def come_and_go(stack: Stack, cycles: int) -> None:
    stack.token("trader1")
    with ThreadPoolExecutor(THREADS) as threads:
        for outcome in [threads.submit(WAYS[number % len(WAYS)], stack, number) for number in range(cycles)]:
            outcome.result()


def kept(stack: Stack, process: psutil.Process) -> Counter[str]:
    shown = figures(stack)
    counted = Counter({what: int(shown[name]) for what, name in KEPT.items()})
    files = [file.path for file in process.open_files()]
    counted["database files"] = sum("sqlite3" in path for path in files)
    counted["descriptors"] = process.num_fds() if hasattr(process, "num_fds") else process.num_handles()
    return counted


def test_nothing_is_kept_of_sockets_that_are_gone(
    stack: Stack, measured: Measured, request: pytest.FixtureRequest
) -> None:
    cycles = CYCLES_LONG if request.config.getoption("--long") else CYCLES
    process = web_process(stack)
    come_and_go(stack, WARM_UP)
    wait_for(lambda: kept(stack, process)["sockets"] == 0, 20, "the end of the warm-up")
    before, before_mib = kept(stack, process), rss_mib(process)
    come_and_go(stack, cycles)
    wait_for(lambda: kept(stack, process) <= before, 30, "everything back", lambda: str(kept(stack, process) - before))
    grown_mib = rss_mib(process) - before_mib
    measured(20, f"{cycles} sockets come and go: memory", f"{grown_mib:+.1f} MiB", f"+{RSS_MIB_MAX} MiB")
    measured(20, "tasks, groups, database files, descriptors beyond those before", 0, "0")
    assert grown_mib <= RSS_MIB_MAX
