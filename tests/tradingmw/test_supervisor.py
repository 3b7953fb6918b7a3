"""Are parts kept alive, announced when healthy, given up when hopeless, stopped in order? With small real children."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest

from tests.stack import is_alive, wait_for
from tradingmw.supervisor.health import HealthProbe
from tradingmw.supervisor.keeper import Keeper
from tradingmw.supervisor.parts import Part
from tradingmw.supervisor.process import ChildProcess
from tradingmw.supervisor.records import RunRecords
from tradingmw.supervisor.supervisor import Supervisor

STOPS = """
import sys, time
print(f"start {time.monotonic()}", flush=True)
sys.stdin.read()
print(f"end {time.monotonic()}", flush=True)
"""
STUBBORN = "import time\nwhile True: time.sleep(1)"
REFUSES = "import sys; print('unrecognized arguments: --rte', file=sys.stderr); sys.exit(2)"


class ReadyPage:
    """An HTTP server whose `/readyz` says what the test wants."""

    def __init__(self) -> None:
        self.status = 200
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(page.status)
                self.end_headers()
                self.wfile.write(b'{"part":"feed"}')

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def ready_page() -> Iterator[ReadyPage]:
    page = ReadyPage()
    yield page
    page.server.shutdown()
    page.server.server_close()


class House:
    """A supervisor over children that are small programs, run in a thread."""

    def __init__(self, data_dir: Path, page: ReadyPage, programs: dict[str, tuple[str, int]]) -> None:
        self.announced = threading.Event()
        self.stop, self.at_once = threading.Event(), threading.Event()
        self.lines: dict[str, list[str]] = {name: [] for name in programs}
        self.codes: list[int] = []
        self.records = RunRecords(data_dir)
        self.keepers = {name: self._keeper(name, program, turn) for name, (program, turn) in programs.items()}
        probe = HealthProbe("127.0.0.1", page.server.server_port)
        supervisor = Supervisor(list(self.keepers.values()), probe, self.records, self.announced.set)
        self.thread = threading.Thread(target=lambda: self.codes.append(supervisor.run(self.stop, self.at_once)))
        self.thread.start()

    def _keeper(self, name: str, program: str, turn: int) -> Keeper:
        def start() -> ChildProcess:
            return ChildProcess([sys.executable, "-c", program], {}, self.lines[name].extend)

        return Keeper(Part(name, (), "", turn), start, lambda text: None)

    def pids(self) -> dict[str, int]:
        path = self.records.directory / "parts.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def end(self) -> int:
        self.stop.set()
        self.thread.join(20)
        return self.codes[0]


@pytest.fixture
def make_house(tmp_path: Path, ready_page: ReadyPage) -> Iterator[Callable[..., House]]:
    houses: list[House] = []

    def make(**programs: tuple[str, int]) -> House:
        houses.append(House(tmp_path, ready_page, programs))
        return houses[-1]

    yield make
    for house in houses:
        house.at_once.set()
        house.stop.set()
        house.thread.join(20)


MakeHouse = Callable[..., House]


def test_it_is_ready_once_all_live_and_the_page_says_so(make_house: MakeHouse, ready_page: ReadyPage) -> None:
    ready_page.status = 503
    house = make_house(web=(STOPS, 0), engine=(STOPS, 2))
    wait_for(lambda: set(house.pids()) == {"web", "engine"}, 20, "both parts")
    assert not house.announced.is_set()
    ready_page.status = 200
    assert house.announced.wait(20)
    assert house.end() == 0


def test_a_killed_part_comes_back_under_a_new_number(make_house: MakeHouse) -> None:
    house = make_house(web=(STOPS, 0), feed=(STOPS, 1))
    wait_for(lambda: len(house.pids()) == 2, 20, "both parts")
    before = house.pids()
    psutil.Process(before["feed"]).kill()
    wait_for(lambda: house.pids().get("feed", before["feed"]) != before["feed"], 20, "a new feed")
    assert house.pids()["web"] == before["web"]


def test_parts_stop_turn_by_turn_those_who_ask_before_those_who_answer(make_house: MakeHouse) -> None:
    house = make_house(engine=(STOPS, 2), orders=(STOPS, 1), web=(STOPS, 0))
    wait_for(lambda: all(house.lines.values()), 20, "all have started")
    assert house.end() == 0
    ends = {name: float(lines[-1].removeprefix("end ")) for name, lines in house.lines.items()}
    assert ends["web"] < ends["orders"] < ends["engine"]
    assert house.pids() == {}


def test_a_part_that_does_not_stop_is_killed(make_house: MakeHouse) -> None:
    house = make_house(engine=(STUBBORN, 2))
    pid = wait_for(lambda: house.pids().get("engine", 0), 20, "the engine")
    assert house.end() == 0
    assert not is_alive(pid)


def test_a_second_ctrl_c_kills_at_once(make_house: MakeHouse) -> None:
    house = make_house(web=(STUBBORN, 0), orders=(STUBBORN, 1), engine=(STUBBORN, 2))
    pids = wait_for(lambda: house.pids() if len(house.pids()) == 3 else None, 20, "all parts") or {}
    house.at_once.set()
    assert house.end() == 0
    assert not any(map(is_alive, pids.values()))


def test_a_part_that_cannot_start_ends_everything_and_shows_what_it_said(
    make_house: MakeHouse, caplog: pytest.LogCaptureFixture
) -> None:
    house = make_house(web=(STOPS, 0), engine=(REFUSES, 2))
    house.thread.join(20)
    assert house.codes == [1]
    assert "engine cannot be started" in caplog.text
    assert "unrecognized arguments: --rte" in caplog.text
    assert not house.announced.is_set()


def test_a_part_that_dies_after_all_were_ready_never_ends_the_others(make_house: MakeHouse) -> None:
    house = make_house(web=(STOPS, 0), feed=(STOPS, 1))
    assert house.announced.wait(20)
    for _ in range(4):
        pid = wait_for(lambda: house.pids().get("feed", 0), 20, "a feed")
        psutil.Process(pid).kill()
        wait_for(lambda old=pid: house.pids().get("feed", old) != old, 20, "a new feed")  # type: ignore[misc]
    assert house.thread.is_alive()
