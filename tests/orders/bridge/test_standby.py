"""When does an order bridge take the lease, and when does it wait or refuse to run?"""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orders.bridge.presence import GONE, Presence
from orders.bridge.standby import EXPIRED_SECONDS, LeaseWatch
from orders.ledger.lease import NOBODY, LeaseView
from orders.requests import OrderAnswer
from tests.bridge.waiting import until
from tests.orders.bridge.processes import ROOT, Processes
from tests.scoreboard import Measured
from tradingmw.errors import OutcomeUnknown
from tradingmw.file_lock import HeldByAnother

OWN, OTHER = "tcp://127.0.0.1:5574", "tcp://10.0.0.2:5574"
HOLD = """
import sys
from pathlib import Path
from tradingmw.file_lock import FileLock
with FileLock(Path(sys.argv[1])):
    print("here", flush=True)
    sys.stdin.read()
"""


class Scene:
    """A lease and a clock that the test moves; the holder is on another machine unless `hold` makes it a process."""

    def __init__(self, directory: Path) -> None:
        self.lease = LeaseView(fence=7, renewed=1, holder_address=OTHER)
        self.now = 100.0
        self.presence = Presence(directory)
        self.watch = LeaseWatch(OWN, self.presence, look=lambda: self.lease, monotonic=lambda: self.now)

    def after(self, seconds: float) -> LeaseView | None:
        self.now += seconds
        return self.watch.vacant()

    def renew(self) -> None:
        self.lease = self.lease._replace(renewed=self.lease.renewed + 1)

    def hold(self) -> subprocess.Popen[str]:
        """A process that is the bridge at the holder's address, as far as anybody can tell."""
        words = [sys.executable, "-c", HOLD, str(self.presence.file_of(OTHER))]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        process = subprocess.Popen(words, cwd=ROOT, text=True, **pipes)  # type: ignore[call-overload]
        assert process.stdout.readline() == "here\n"
        return process  # type: ignore[no-any-return]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.mark.parametrize("lease", [NOBODY, LeaseView(7, 5, ""), LeaseView(7, 5, OWN)])
def test_a_lease_that_was_never_taken_or_given_back_or_is_an_earlier_lifes_is_vacant_at_once(
    scene: Scene, lease: LeaseView
) -> None:
    scene.lease = lease
    assert scene.watch.vacant() == lease


def test_a_holder_that_renews_keeps_the_lease(scene: Scene) -> None:
    assert scene.watch.vacant() is None
    assert not scene.watch.holder_lives
    for _ in range(20):
        scene.renew()
        assert scene.after(EXPIRED_SECONDS - 0.1) is None
    assert scene.watch.holder_lives


def test_a_holder_that_does_nothing_loses_the_lease_after_three_seconds(scene: Scene) -> None:
    assert scene.watch.vacant() is None
    assert scene.after(EXPIRED_SECONDS - 0.1) is None
    assert scene.after(0.1) == scene.lease


def test_another_holder_is_a_living_one(scene: Scene) -> None:
    scene.watch.vacant()
    scene.lease = LeaseView(8, 2, "tcp://10.0.0.3:5574")
    assert scene.after(EXPIRED_SECONDS) is None
    assert scene.watch.holder_lives


def test_what_was_seen_before_the_database_was_away_proves_nothing(scene: Scene) -> None:
    scene.watch.vacant()
    scene.now += EXPIRED_SECONDS
    scene.watch.forget()
    assert scene.watch.vacant() is None
    assert scene.after(EXPIRED_SECONDS) == scene.lease


def test_a_holder_of_this_machine_is_gone_as_soon_as_its_process_is(scene: Scene) -> None:
    with scene.hold() as holder:
        assert scene.presence.process_at(OTHER) == holder.pid
        assert scene.watch.vacant() is None
        holder.kill()
        holder.wait()
        assert scene.presence.process_at(OTHER) == GONE
        assert scene.watch.vacant() == scene.lease


def test_a_holder_of_this_machine_that_stands_still_is_ended(scene: Scene) -> None:
    with scene.hold():
        scene.watch.vacant()
        assert scene.after(EXPIRED_SECONDS) == scene.lease
        assert scene.presence.process_at(OTHER) == GONE


def test_two_bridges_are_not_at_one_address(scene: Scene) -> None:
    with scene.hold() as holder:
        with pytest.raises(HeldByAnother) as refused, scene.presence.announced(OTHER):
            raise AssertionError("not reached")
        assert refused.value.pid == holder.pid
        holder.kill()


# --- as processes --------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def two(make_processes: Callable[[], Processes]) -> Processes:
    """The first holds the lease, the second stands by."""
    two = make_processes()
    two.start("engine")
    two.start("orders")
    two.wait_live()
    two.start("standby")
    until(lambda: "stands by" in two.log("standby"), "the standby")
    return two


def test_a_second_bridge_that_is_not_to_wait_is_refused_by_name(two: Processes) -> None:
    fence, _, holder = two.lease()
    two.start("second")
    until(lambda: two.exit_code("second") is not None, "the end of the second bridge")
    assert two.exit_code("second") == 1
    assert f"The order bridge at {holder} holds the lease under fence {fence}." in two.log("second")
    assert "Traceback" not in two.log("second")
    assert (two.lease().fence, two.lease().holder_address) == (fence, holder)


def test_a_second_bridge_on_the_same_address_is_refused_by_name(two: Processes) -> None:
    address, fence = two.lease().holder_address, two.lease().fence
    two.start("second", "--standby", TMW_ORDER_REQUESTS=address)
    until(lambda: two.exit_code("second") is not None, "the end of the second bridge")
    assert two.exit_code("second") == 1
    assert f"Process {two.process('orders').pid} is the order bridge at {address}." in two.log("second")
    assert two.lease().fence == fence


def test_a_standby_does_nothing_for_whoever_asks_it(two: Processes) -> None:
    two.client.follow(two.standby_address)
    state = until(two.state, "the standby's answer")
    assert (state.link, state.live) == ("standing_by", False)
    assert until(lambda: two.refusal("aside-1"), "a refusal").detail.startswith("This order bridge stands by")
    assert two.rows("SELECT COUNT(*) FROM orders_order") == [(0,)]
    two.follow_holder()
    two.wait_live()


def test_a_bridge_that_is_stopped_gives_the_lease_to_the_standby(two: Processes) -> None:
    two.ask(two.place("before-1", price=1, wait_seconds=5))
    fence = two.lease().fence
    two.close_input("orders")
    until(lambda: two.lease().holder_address == two.standby_address, "the standby's lease")
    two.follow_holder()
    assert two.wait_live().session == two.lease().fence > fence
    assert two.status_of("before-1") == "new"
    assert two.ask(two.place("before-1", price=1)).created is False
    assert two.ask(two.place("after-1", price=1, wait_seconds=5)).order["status"] == "new"


def test_the_one_that_was_stopped_stands_by_when_it_is_started_again(two: Processes) -> None:
    until(lambda: two.exit_code("orders") is not None, "the end of the first bridge")
    two.start("orders", "--standby")
    until(lambda: "stands by" in two.log("orders"), "the standby")
    two.kill("standby")
    until(lambda: two.lease().holder_address not in ("", two.standby_address), "the first bridge's lease")
    two.follow_holder()
    two.wait_live()
    assert two.ask(two.place("back-1", price=1, wait_seconds=5)).order["status"] == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGSTOP")
def test_a_bridge_of_another_machine_that_wakes_up_too_late_writes_and_sends_nothing(
    make_processes: Callable[[], Processes], measured: Measured
) -> None:
    """Its locked file is taken away: as if it were on another machine nobody can end it, only fence it."""
    two = make_processes()
    two.start("engine")
    two.start("orders")
    two.wait_live()
    two.start("standby")
    until(lambda: "stands by" in two.log("standby"), "the standby")
    for file in two.directory.glob("run/order-bridge-*.lock"):
        if file.read_text() == str(two.process("orders").pid):
            file.unlink()
    order = two.ask(two.place("mine-1", price=1, wait_seconds=5)).order
    until(lambda: stands_still_outside_a_transaction(two), "a bridge that stands still and locks nothing")
    assert [type(answer) for answer in two.ask(late_orders(two))] == [OutcomeUnknown] * 5
    until(lambda: two.lease().holder_address == two.standby_address, "the standby's lease")
    two.follow_holder()
    two.wait_live()
    assert two.ask(two.cancel(order["id"])).order["status"] == "pending_cancel"
    two.process("orders").resume()
    until(lambda: two.exit_code("orders") is not None, "the end of the bridge that woke up")
    assert "Fenced" in two.log("orders")
    until(lambda: two.status_of("mine-1") == "canceled", "the cancel")
    assert set(two.statuses()) == {"mine-1"}
    received = [command.client_order_id for command in two.received()]
    measured(12, "orders asked for of a frozen bridge, fenced when it woke up: at the engine", len(received) - 1, "0")
    assert received == ["mine-1"]


async def late_orders(two: Processes) -> list[OrderAnswer | BaseException]:
    return await asyncio.gather(*[two.place(f"late-{number}", price=1) for number in range(5)], return_exceptions=True)


def stands_still_outside_a_transaction(two: Processes) -> bool:
    two.process("orders").suspend()
    database = sqlite3.connect(two.directory / "tradingmw.sqlite3", timeout=0.1, isolation_level=None)
    try:
        database.execute("BEGIN IMMEDIATE")
        database.execute("ROLLBACK")
    except sqlite3.OperationalError:
        two.process("orders").resume()
        return False
    finally:
        database.close()
    return True
