"""Does the load generator see what goes wrong? A checker that cannot fail proves nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

from bench.children import Child, ChildFailed
from bench.generator import FAULTS, as_words
from tests.bench.scripted import COMPACT, SECONDS, BookScript, Script, item, measured
from tests.needs import program

WITH_FEW_FILES = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))
os.execv(sys.argv[1], sys.argv[1:])
"""
Look = Callable[[list[dict[str, Any]], int], dict[str, Any]]


@pytest.fixture
def faults(loadgen: Path, tmp_path: Path) -> Look:
    """What is found in the given items and the unbroken stream from a number on: the faults that are not 0."""

    def look(items: list[dict[str, Any]], then_from: int) -> dict[str, Any]:
        found = measured(loadgen, tmp_path / "loadgen.log", Script([json.dumps(one) for one in items], then_from))
        assert found["updates"] > 0
        return {name: found[name] for name in (*FAULTS, "merged") if found[name]}

    return look


def test_an_unbroken_stream_has_no_fault(faults: Look) -> None:
    assert faults([], 1) == {}


def test_missing_numbers_are_a_hole(faults: Look) -> None:
    assert faults([item(1), item(5, prevSeq=4)], 6) == {"holes": 1, "lost": 3}


def test_a_hole_at_the_very_beginning_is_seen(faults: Look) -> None:
    assert faults([], 3) == {"holes": 1, "lost": 2}


def test_merged_updates_are_no_hole_when_they_say_how_many_were_skipped(faults: Look) -> None:
    assert faults([item(1), item(5, prevSeq=1, skipped=3)], 6) == {"merged": 3}


def test_a_wrong_count_of_skipped_updates_is_a_hole(faults: Look) -> None:
    assert faults([item(1), item(5, prevSeq=1, skipped=2)], 6)["holes"] == 1


def test_a_repeated_number_is_out_of_order(faults: Look) -> None:
    assert faults([item(1), item(2), item(2)], 3) == {"disordered": 1}


def test_a_symbol_that_was_not_asked_for_is_seen(faults: Look) -> None:
    assert faults([item(1, symbol="SYM777")], 1) == {"unasked": 1}


def test_a_new_epoch_without_a_snapshot_is_a_hole(faults: Look) -> None:
    assert faults([item(1), item(2, epoch=2), item(3, epoch=1)], 4)["holes"] == 2


@pytest.mark.parametrize("text", ["nonsense", '{"symbol":"SYM001","seq":1}', '[{"symbol":"SYM001"', "[]"])
def test_a_message_that_cannot_be_read_ends_the_run(loadgen: Path, tmp_path: Path, text: str) -> None:
    with pytest.raises(ChildFailed):
        measured(loadgen, tmp_path / "loadgen.log", Script([text], 1))
    assert "unreadable: " in (tmp_path / "loadgen.log").read_text()


def test_every_socket_uses_the_target_it_was_given(loadgen: Path, tmp_path: Path) -> None:
    script = Script([], 1)
    assert measured(loadgen, tmp_path / "loadgen.log", script, sockets=20)["sockets"] == 20
    assert sorted(script.targets) == sorted(f"/{number}" for number in range(20))


def test_each_checksum_of_a_book_is_checked(loadgen: Path, tmp_path: Path) -> None:
    found = measured(loadgen, tmp_path / "loadgen.log", BookScript(), dialect="tmw", books=1)
    assert found["checksums"] > found["updates"] > 0
    assert [found[name] for name in FAULTS] == [0] * len(FAULTS)


def test_a_wrong_checksum_is_seen(loadgen: Path, tmp_path: Path) -> None:
    assert measured(loadgen, tmp_path / "loadgen.log", BookScript(lies_at=5), dialect="tmw", books=1)["mismatched"] == 1


def test_symbols_may_be_named(loadgen: Path, tmp_path: Path) -> None:
    found = measured(loadgen, tmp_path / "loadgen.log", Script([], 1), names="OTHER,SYM001", symbols=2)
    assert (found["updates"] > 0, found["unasked"]) == (True, 0)


def test_a_socket_that_stalls_is_read_again_and_is_whole(loadgen: Path, tmp_path: Path) -> None:
    found = measured(loadgen, tmp_path / "loadgen.log", Script([], 1), sockets=2, stalled=1, seconds=0.5)
    assert [found[name] for name in FAULTS] == [0] * len(FAULTS)
    assert found["p99_ms_second_half"] > 0


def test_sockets_may_be_held_without_a_feed(loadgen: Path, tmp_path: Path) -> None:
    found = measured(loadgen, tmp_path / "loadgen.log", Script([], 1), sockets=3, idle=1)
    assert (found["closed"], found["sockets"]) == (0, 3)


def test_more_sockets_than_files_are_refused_with_what_to_do(loadgen: Path) -> None:
    flags = {"dialect": "plain", "port": 1, "sockets": 100, "symbols": 1, "of": 1}
    unprivileged = ["setpriv", "--bounding-set=-sys_resource", "--inh-caps=-sys_resource"] if os.geteuid() == 0 else []
    if unprivileged:
        program("setpriv")
    command = [*unprivileged, sys.executable, "-c", WITH_FEW_FILES, str(loadgen), "fanout", *as_words(flags)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
    assert (done.returncode, "ulimit -n" in done.stderr) == (2, True)


def test_the_cost_of_a_bare_send_is_measured(loadgen: Path) -> None:
    flags = {"sockets": 4, "bytes": 300, "flush-us": 1_000, "seconds": 0.2}
    done = subprocess.run([loadgen, "send", *as_words(flags)], capture_output=True, text=True, timeout=SECONDS)
    found = json.loads(done.stdout)
    assert (found["sends"] >= 4, found["us_per_send"] > 0) == (True, True)


def test_delay_is_measured_from_the_time_stamp(loadgen: Path, tmp_path: Path) -> None:
    found = measured(loadgen, tmp_path / "loadgen.log", Script([], 1))
    assert 0 < found["p50_ms"] <= found["p99_ms"] <= found["max_ms"]


@pytest.mark.parametrize(
    "words", [["fanout"], ["fanout", "--port", "0"], ["orders", "--body", "{}"], ["fanout", "--unknown"], []]
)
def test_wrong_arguments_are_named(loadgen: Path, words: list[str]) -> None:
    done = subprocess.run([loadgen, *words], capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert done.stderr.startswith(("loadgen: ", "usage: "))


class OrderTaker(BaseHTTPRequestHandler):
    """Answers each order with its own id; `status` may be another than 201."""

    protocol_version = "HTTP/1.1"
    status = 201

    def do_POST(self) -> None:
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps({"clientOrderId": order["clientOrderId"]}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def order_server() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Taker", (OrderTaker,), {}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(SECONDS)


def ordered(loadgen: Path, log: Path, server: ThreadingHTTPServer) -> dict[str, Any]:
    flags = {"port": server.server_port, "path": "/", "clients": 3, "warm": 0, "seconds": 0.2}
    with Child([loadgen, "orders", "--body", '{"clientOrderId": "{id}"}', *as_words(flags)], log) as generator:
        return generator.event("measured", SECONDS)


def test_orders_are_placed_one_after_another_on_each_connection(
    loadgen: Path, tmp_path: Path, order_server: ThreadingHTTPServer
) -> None:
    found = ordered(loadgen, tmp_path / "loadgen.log", order_server)
    assert found["orders"] > 3
    assert found["redialled"] == 0


class OrderSocket:
    """Answers orders on sockets, with a push before each; `status` is what it says of them."""

    def __init__(self, status: str = "ok") -> None:
        self.status = status
        self.targets: list[str] = []

    def __call__(self, socket: ServerConnection) -> None:
        assert socket.request
        self.targets.append(socket.request.path)
        for text in socket:
            asked = json.loads(text)
            assert asked["method"] == "order.place"
            socket.send('{"channel":"heartbeat","type":"update","data":[]}')
            answer = {"id": asked["id"], "status": self.status, "result": asked["params"]}
            socket.send(json.dumps(answer, separators=COMPACT))


def socket_ordered(loadgen: Path, log: Path, desk: OrderSocket, **more: Any) -> dict[str, Any]:
    with serve(desk, "127.0.0.1", 0, subprotocols=[Subprotocol("tmw.json.v1")]) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.socket.getsockname()[1]
        flags = {"entry": "socket", "port": port, "clients": 3, "warm": 0, "seconds": 0.3, **more}
        with Child([loadgen, "orders", "--body", '{"clientOrderId": "{id}"}', *as_words(flags)], log) as generator:
            for number in range(3):
                generator.say(f"/{number}")
            return generator.event("measured", SECONDS)


def test_orders_are_placed_over_sockets_each_with_its_target(loadgen: Path, tmp_path: Path) -> None:
    desk = OrderSocket()
    found = socket_ordered(loadgen, tmp_path / "loadgen.log", desk)
    assert (found["orders"] > 3, found["unanswered"]) == (True, 3)
    assert sorted(desk.targets) == ["/0", "/1", "/2"]


def test_an_order_that_is_refused_on_a_socket_ends_the_run(loadgen: Path, tmp_path: Path) -> None:
    with pytest.raises(ChildFailed):
        socket_ordered(loadgen, tmp_path / "loadgen.log", OrderSocket("error"))
    assert 'answered {"id":' in (tmp_path / "loadgen.log").read_text()


def test_orders_are_due_at_a_rate_whatever_is_answered(loadgen: Path, tmp_path: Path) -> None:
    found = socket_ordered(loadgen, tmp_path / "loadgen.log", OrderSocket(), rate=50)
    assert 10 <= found["orders"] + found["unanswered"] <= 16


def test_an_order_that_is_refused_ends_the_run(
    loadgen: Path, tmp_path: Path, order_server: ThreadingHTTPServer
) -> None:
    order_server.RequestHandlerClass.status = 503  # type: ignore[attr-defined]
    with pytest.raises(ChildFailed):
        ordered(loadgen, tmp_path / "loadgen.log", order_server)
    assert "answered 503" in (tmp_path / "loadgen.log").read_text()
