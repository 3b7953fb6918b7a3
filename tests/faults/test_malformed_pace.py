"""Check 21: is what is good as fast as ever beside a thousand malformed messages a second?

Bridges, engine and liar are processes of their own. Windows with lies and windows in which the same lies go to a drain
take turns: making and sending them takes the two cores' time in both, so that they differ in what we do alone.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec
import pytest

from tests.bridge.waiting import until
from tests.faults.bystanders import p99
from tests.faults.liar import PER_SECOND, Lies, Scene
from tests.marketdata.lab import Client, Lab
from tests.orders.bridge.processes import ADDRESSES, Processes, make_template
from tests.scoreboard import Measured
from tests.stack import ROOT
from tradingmw.env import Env
from tradingmw.supervisor.addresses import HOST, Ports

pytestmark = pytest.mark.alone

EACH, TURNS, TURNS_LONG = 2_500, 1, 4  #: lies in a window, and windows of each kind
WARM_UP = 500
#: Two cores are shared with the whole system and other tests: the true limit is asserted with --long.
RATIO_MAX, RATIO_MAX_PATIENT, CALM_MS_PATIENT = 1.2, 8.0, 50.0
Window = Callable[[Lies], AsyncIterator[float]]


class Liar:
    """The process; `tell` waits until all is said."""

    def __init__(self, process: subprocess.Popen[str], scene: Scene) -> None:
        self._process = process
        self.address = self._ask(scene).strip()

    def tell(self, lies: Lies) -> None:
        assert self._ask(lies) == "said\n"

    def _ask(self, what: msgspec.Struct) -> str:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(msgspec.json.encode(what).decode() + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the liar has ended"
        return line


@contextmanager
def running(module: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", f"tests.faults.{module}", *words]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        try:
            yield process
        finally:
            process.stdin.close()


class Bridges(NamedTuple):
    """What lies are told to."""

    processes: Processes
    settings: dict[str, str]
    figures: str
    metrics_port: str

    def counted(self, figure: str) -> Counter[str]:
        """By reason."""
        lines = httpx.get(self.figures, timeout=15).text.splitlines()
        found = [line.removeprefix(f'{figure}{{reason="').split('"} ') for line in lines if line.startswith(figure)]
        return Counter({reason: int(float(count)) for reason, count in found})


@pytest.fixture
def bridges(tmp_path: Path) -> Iterator[Bridges]:
    processes, ports = Processes(make_template(tmp_path / "template"), tmp_path / "data"), Ports()
    settings = {name.removeprefix("TMW_").lower(): processes.environment[name] for name in ADDRESSES}
    port = ports.choose()
    yield Bridges(processes, settings, f"http://{HOST}:{port}/metrics", str(port))
    processes.end()
    ports.close()


@pytest.fixture
def liar_of(bridges: Bridges) -> Iterator[Callable[[str], Liar]]:
    with ExitStack() as opened:

        def start(what: str) -> Liar:
            drain = opened.enter_context(running("drain"))
            assert drain.stdout
            scene = Scene(str(bridges.processes.directory), bridges.settings, int(drain.stdout.readline()))
            return Liar(opened.enter_context(running("liar", what)), scene)

        yield start


class Turns:
    """How long the good takes beside lies, and beside those that go elsewhere."""

    def __init__(self, long: bool) -> None:
        self.turns = TURNS_LONG if long else TURNS
        self._long = long
        self._beside_ms: list[float] = []
        self._calm_ms: list[float] = []

    def add(self, lies: Lies, took_ms: list[float]) -> None:
        (self._beside_ms if lies.here else self._calm_ms).extend(took_ms)

    def hold(self, measured: Measured, what: str) -> None:
        """The limit."""
        beside, calm = p99(self._beside_ms), p99(self._calm_ms)
        compared = f"{beside / calm:.2f} ({calm:.1f} → {beside:.1f} ms)"
        beside_what = f"p99 beside {PER_SECOND:,} malformed a second, times that beside these elsewhere"
        measured(21, f"{what}: {beside_what}", compared, str(RATIO_MAX))
        if self._long:
            assert beside <= RATIO_MAX * calm
        else:
            assert beside <= RATIO_MAX_PATIENT * max(calm, CALM_MS_PATIENT)


async def beside(liar: Liar, lies: Lies, once: Callable[[], AsyncIterator[float]]) -> list[float]:
    """What `once` yields, again and again, until the liar has said all."""
    telling = asyncio.create_task(asyncio.to_thread(liar.tell, lies))
    took_ms: list[float] = []
    while not telling.done():
        took_ms += [each async for each in once()]
    await telling
    return took_ms


async def ages_ms(client: Client) -> AsyncIterator[float]:
    """Of the quotes in the next push."""
    push = await client.push()
    for item in push["data"]:
        yield time.time_ns() / 1_000_000 - item["ts"] / 1_000


async def test_good_quotes_are_as_fast(
    bridges: Bridges, liar_of: Callable[[str], Liar], measured: Measured, request: pytest.FixtureRequest
) -> None:
    lab = Lab(Env(_env_file=None, data_dir=bridges.processes.directory, **bridges.settings))  # type: ignore[arg-type]
    liar = await asyncio.to_thread(liar_of, "feed")
    bridges.processes.start("feed", TMW_METRICS_PORT=bridges.metrics_port)
    seen = Turns(request.config.getoption("--long"))
    try:
        async with lab.web() as web, web.client() as client:
            await web.ready()
            await client.follow("quotes", "AAPL")
            before, repairs = bridges.counted("tmw_feed_rejected_total"), bridges.counted("tmw_feed_repairs_total")
            await beside(liar, Lies(WARM_UP, here=False), lambda: ages_ms(client))
            for _ in range(seen.turns):
                for lies in (Lies(EACH, here=True), Lies(EACH, here=False)):
                    seen.add(lies, await beside(liar, lies, lambda: ages_ms(client)))
            until(lambda: (bridges.counted("tmw_feed_rejected_total") - before).total() >= seen.turns * EACH, "counted")
    finally:
        lab.close()
    found = (bridges.counted("tmw_feed_rejected_total") - before).total()
    measured(21, "feed, steadily: malformed counted of sent", f"{found:,} of {seen.turns * EACH:,}", "all")
    assert found == seen.turns * EACH
    assert bridges.counted("tmw_feed_repairs_total") == repairs
    seen.hold(measured, "feed")


def test_good_orders_are_as_fast(
    bridges: Bridges, liar_of: Callable[[str], Liar], measured: Measured, request: pytest.FixtureRequest
) -> None:
    processes, liar = bridges.processes, liar_of("orders")
    processes.start("engine")
    processes.start("orders", TMW_ENGINE_COMMANDS=liar.address, TMW_METRICS_PORT=bridges.metrics_port)
    state = processes.wait_live()
    seen = Turns(request.config.getoption("--long"))
    numbers = iter(range(1_000_000))

    async def one_order() -> AsyncIterator[float]:
        number = next(numbers)
        began = time.monotonic()
        price, status = (None, "filled") if number % 2 else (1, "new")
        answer = await processes.place(f"good-{number}", price=price, wait_seconds=5)
        yield 1000 * (time.monotonic() - began)
        assert answer.order["status"] == status

    async def in_turns() -> None:
        await beside(liar, Lies(WARM_UP, False, state.session, state.epoch, processes.caller), one_order)
        for _ in range(seen.turns):
            for here in (True, False):
                lies = Lies(EACH, here, state.session, state.epoch, processes.caller)
                seen.add(lies, await beside(liar, lies, one_order))

    processes.ask(in_turns())
    sent = seen.turns * EACH
    until(lambda: refused(bridges) >= sent, "all counted")
    measured(21, "orders, steadily: malformed counted of sent", f"{refused(bridges):,} of {sent:,}", "all")
    assert refused(bridges) == sent
    assert len(processes.statuses()) == next(numbers)
    seen.hold(measured, "orders")


def refused(bridges: Bridges) -> int:
    """At the link to the engine, and at the door."""
    return sum(bridges.counted(f"tmw_orders_{place}_faults_total").total() for place in ("link", "door"))
