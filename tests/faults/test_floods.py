"""Check 19: does a client that floods end itself, and nobody else?"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from string import ascii_uppercase

import httpx
import msgspec
import pytest

from tests.faults.bystanders import (
    MARKET,
    Bystanders,
    ended,
    enter,
    figures,
    follow,
    p99,
    port_of,
    refused,
    rss_mib,
    symbol,
    watching,
    web_process,
)
from tests.faults.flooder import PER_SECOND, PER_SECOND_ELSE, STORM, SUBSCRIPTIONS, Flooded, Target
from tests.patience import PATIENCE
from tests.raw_client import CLOSE, TEXT, Frame, RawClient, frame, head
from tests.scoreboard import Measured
from tests.stack import ROOT, Stack, wait_for

pytestmark = pytest.mark.alone

SYMBOLS, RATE = 20, 1_000
BYSTANDERS, FOLLOWED = 10, 5
ROUNDS_LONG = 5
QUOTES, QUOTES_LONG = 1_000, 5_000  #: a second brings 2,500, about
USER_MAX = 40
STALL_SECONDS = 2
HEAD_SECONDS = 5.0
#: Two cores are shared with the flood itself and the whole system: the true limit is asserted with --long.
RATIO_MAX, RATIO_MAX_PATIENT, CALM_MS_PATIENT = 1.2, 8.0, 50.0
RSS_MIB_MAX = 20
GIVEN_UP_SECONDS = 4 * STALL_SECONDS
#: 1 kB to which the answer is 11 kB. All requests fit in the server's first window: a client whose own window is closed
#: may never hear of a second one, which travels in packets that it drops.
UNKNOWN = [f"{first}{second}" for first in ascii_uppercase for second in ascii_uppercase][:199]
FOLLOW = {"channel": "quotes", "symbols": [symbol(1), *UNKNOWN]}
MUCH_TO_ANSWER = {"id": 1, "method": "subscribe", "params": FOLLOW}
REQUESTS, WINDOW_BYTES = 58, 65_483

HALF_HEADS = 200
CODES = {
    "10,000 messages": 4013,
    "10 MB in a frame": 1009,
    "65,536 fragments of a byte": 1009,
    "10,000 pings": 1008,
}
Disturbed = Callable[[str], Counter[str]]


@pytest.fixture(scope="module")
def stack(make_stack: Callable[..., Stack]) -> Stack:
    settings = {
        "TMW_SOCKETS_PER_USER": str(USER_MAX),
        "TMW_SOCKET_STALL_SECONDS": str(STALL_SECONDS),
        "TMW_SOCKETS_NEW_PER_SECOND": "100",
        "TMW_SOCKETS_NEW_BURST": "100",
    }
    return make_stack(seed=1, symbols=SYMBOLS, rate=RATE, environment=settings)


@pytest.fixture(scope="module")
def bystanders(stack: Stack) -> Iterator[Bystanders]:
    followed = [[symbol(1 + (number + step) % SYMBOLS) for step in range(FOLLOWED)] for number in range(BYSTANDERS)]
    clients = [follow(enter(stack, "trader1"), symbols) for symbols in followed]
    with watching(clients, BYSTANDERS) as crowd:
        crowd.p99_ms(QUOTES)  # what is needed once is loaded
        yield crowd
    for client in clients:
        client.socket.close()


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Target]:
    """A server in a process of its own that does nothing with what it is sent."""
    command = [sys.executable, "-m", "tests.faults.sink"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        yield Target(int(process.stdout.readline()), "", 0.0)
        process.stdin.close()


@pytest.fixture
def disturbed(
    stack: Stack, elsewhere: Target, bystanders: Bystanders, measured: Measured, request: pytest.FixtureRequest
) -> Disturbed:
    """`disturbed(what)`: others under that flood, and under the same of somebody else; how the flood came out."""
    long = request.config.getoption("--long")

    def compare(what: str) -> Counter[str]:
        process = web_process(stack)
        before_mib = rss_mib(process)
        here = Target(port_of(stack), stack.token("trader2"), PER_SECOND.get(what, PER_SECOND_ELSE))
        turns = Turns(bystanders, what, here, elsewhere)
        seen = turns.taken(ROUNDS_LONG, QUOTES_LONG) if long else turns.taken(1, QUOTES)
        grown_mib = rss_mib(process) - before_mib
        compared = f"{seen.ratio:.2f} ({seen.calm_p99_ms:.1f} → {seen.p99_ms:.1f} ms)"
        measured(19, f"{what}: others' p99, times that beside a flood elsewhere", compared, f"{RATIO_MAX}")
        measured(19, f"{what}: floods a second", f"{seen.per_second:.1f}", "reported")
        measured(19, f"{what}: memory", f"{grown_mib:+.1f} MiB", f"+{RSS_MIB_MAX} MiB")
        assert seen.ratio <= RATIO_MAX if long else seen.patient
        assert grown_mib <= RSS_MIB_MAX
        assert bystanders.closed == 0
        return seen.outcomes

    return compare


class Turns:
    """Windows under a flood, and windows in which the same flood goes elsewhere at the same pace, in turns.

    The two cores are the flooder's too, and the kernel's who carries its bytes: that is in both, so that they differ in
    what we do alone. `outcomes` is how the flood came out with us, `per_second` the pace of its last window.
    """

    def __init__(self, bystanders: Bystanders, what: str, here: Target, elsewhere: Target) -> None:
        self.outcomes: Counter[str] = Counter()
        self._bystanders, self._what, self._here, self._elsewhere = bystanders, what, here, elsewhere
        self._calm_ms: list[float] = []
        self._flooded_ms: list[float] = []
        self.per_second = 0.0

    def taken(self, rounds: int, quotes: int) -> Turns:
        for _ in range(rounds):
            self._turn(quotes)
        return self

    def _turn(self, quotes: int) -> None:
        with flooding(self._here, self._what) as floods:
            self._flooded_ms += self._bystanders.ages_ms(quotes)
        (here,) = floods
        self.outcomes.update(here.outcomes)
        self.per_second = here.per_second
        with flooding(self._elsewhere._replace(per_second=here.per_second), self._what):
            self._calm_ms += self._bystanders.ages_ms(quotes)

    @property
    def p99_ms(self) -> float:
        return p99(self._flooded_ms)

    @property
    def calm_p99_ms(self) -> float:
        return p99(self._calm_ms)

    @property
    def ratio(self) -> float:
        return self.p99_ms / self.calm_p99_ms

    @property
    def patient(self) -> bool:
        return self.p99_ms <= max(self.calm_p99_ms, CALM_MS_PATIENT) * RATIO_MAX_PATIENT


@contextmanager
def flooding(target: Target, what: str) -> Iterator[list[Flooded]]:
    """Repeated from before the block until it ends; the list has an entry then: what came of it."""
    floods: list[Flooded] = []
    command = [sys.executable, "-m", "tests.faults.flooder", what]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps(target._asdict()) + "\n")
        process.stdin.flush()
        try:
            assert process.stdout.readline(), "the flood has ended before it began"
            yield floods
        finally:
            process.stdin.close()
            last = process.stdout.read()
    assert process.returncode == 0, "a flood failed: see its traceback"
    floods.append(msgspec.json.decode(last, type=Flooded))


@pytest.mark.parametrize("what", CODES)
def test_a_flood_ends_itself_and_nobody_else(disturbed: Disturbed, measured: Measured, what: str) -> None:
    outcomes = disturbed(what)
    measured(19, f"{what}: closed with", ", ".join(outcomes), str(CODES[what]))
    assert set(outcomes) == {str(CODES[what])}


def test_5000_subscriptions_in_a_request_are_refused_and_cost_nothing(disturbed: Disturbed) -> None:
    assert set(disturbed(SUBSCRIPTIONS)) == {"INVALID_PARAMS"}


def test_answers_that_are_not_read_do_not_pile_up(stack: Stack, measured: Measured) -> None:
    process, before = web_process(stack), ended(stack, "stalled")
    before_mib = rss_mib(process)
    request = frame(TEXT, msgspec.json.encode(MUCH_TO_ANSWER))
    assert len(request) * REQUESTS < WINDOW_BYTES
    with enter(stack, "trader2", window_bytes=4_096) as client:
        assert client.send(request * REQUESTS)
        began = time.monotonic()
        wait_for(lambda: ended(stack, "stalled") > before, GIVEN_UP_SECONDS, "the end of the socket")
    measured(19, "answers not read: the client is given up after", f"{time.monotonic() - began:.1f} s", "reported")
    measured(19, "answers not read: memory", f"{rss_mib(process) - before_mib:+.1f} MiB", f"+{RSS_MIB_MAX} MiB")
    assert rss_mib(process) - before_mib <= RSS_MIB_MAX


def test_handshakes_that_do_not_end_are_cut_off(stack: Stack, bystanders: Bystanders, measured: Measured) -> None:
    whole, before = head(MARKET, port_of(stack)), figures(stack)['tmw_web_heads_refused_total{reason="late"}']
    opened = [socket.create_connection(("127.0.0.1", port_of(stack)), timeout=20) for _ in range(HALF_HEADS)]
    began = time.monotonic()
    for number, one in enumerate(opened):
        one.sendall(whole[: 1 + number % (len(whole) - 1)])
    for one in opened:
        assert one.recv(1) == b""
        one.close()
    took = time.monotonic() - began
    measured(19, "handshakes without end: the last of 200 is cut off after", f"{took:.1f} s", f"{HEAD_SECONDS} s")
    assert took <= PATIENCE * HEAD_SECONDS
    assert figures(stack)['tmw_web_heads_refused_total{reason="late"}'] == before + HALF_HEADS
    assert bystanders.closed == 0


def test_a_user_has_so_many_sockets(stack: Stack, measured: Measured) -> None:
    wait_for(lambda: figures(stack)['tmw_web_sockets{path="/ws/v1/market"}'] == BYSTANDERS, 20, "only bystanders")
    clients: list[RawClient] = []
    first = Frame(TEXT, b"")
    while first.opcode == TEXT and len(clients) < 2 * USER_MAX:
        clients.append(RawClient(port_of(stack), MARKET))
        clients[-1].ask("auth", {"accessToken": stack.token("trader2")}, "auth")
        first = clients[-1].frame() or Frame(CLOSE, b"")
    assert (first.close_code, len(clients)) == (4504, USER_MAX + 1)
    measured(19, "sockets of one user; one more is closed with 4504", len(clients) - 1, str(USER_MAX))
    for client in clients:
        client.socket.close()


def test_a_storm_of_connections_is_let_in_at_its_pace(stack: Stack, disturbed: Disturbed, measured: Measured) -> None:
    statuses = disturbed(STORM)
    away = statuses["503"]
    assert away
    measured(19, "storm: sockets let in, sent away with 503", f"{statuses['101']}, {away}", "both, none else")
    assert set(statuses) <= {"101", "503"}
    assert refused(stack, "pace") + refused(stack, "address") >= away
    wait_for(lambda: httpx.get(f"{stack.url}/readyz").status_code == 200, 10, "a healthy process")
