"""Is the web process bounded towards every client, quiet about itself, and free of what must not be in it?"""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from accounts.sockets.guard import GuardedProtocol
from bridge.sockets.curve import make_keys
from tests.stack import ROOT, wait_for
from tradingmw.env import Env
from tradingmw.server import HEAD_BYTES, HEAD_SECONDS, AccessLines, server_config
from tradingmw.supervisor.addresses import HOST, Ports, as_environment, choose_addresses
from tradingmw.supervisor.process import ChildProcess, manage


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """`manage.py web` alone; it asks no other part for `/healthz`."""
    data_dir = tmp_path_factory.mktemp("web")
    make_keys(data_dir / "keys")
    with closing(Ports()) as ports:
        port = ports.choose()
        settings = {**choose_addresses(Env(data_dir=data_dir), ports), "web_port": port, "data_dir": data_dir}
        child = ChildProcess(manage(["web"]), as_environment(settings), on_lines=lambda lines: None)
        wait_for(lambda: is_open(port), 60, "the web server", lambda: "\n".join(child.last_lines))
        yield port
        child.request_stop()
        assert child.wait(20), "the web server did not stop"
        assert child.exit_code == 0


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def send_in_pieces(port: int, *pieces: bytes) -> bytes:
    """What the server says to these pieces, until it closes or answers."""
    with socket.create_connection((HOST, port), timeout=20) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                client.sendall(piece)
            return client.recv(65_536)
        except ConnectionError:
            return b""


def test_it_says_neither_what_it_is_nor_what_time_it_has(port: int) -> None:
    headers = httpx.get(f"http://{HOST}:{port}/healthz").headers
    assert "server" not in headers
    assert "date" not in headers


def test_a_head_without_end_is_cut_off(port: int) -> None:
    answer = send_in_pieces(port, b"GET /healthz HTTP/1.1\r\nx: ", *[b"y" * 1_000] * (HEAD_BYTES // 500))
    assert answer[:12] in (b"HTTP/1.1 431", b"")  # none where the reset overtook it


def test_a_head_that_comes_too_slowly_is_cut_off(port: int) -> None:
    with socket.create_connection((HOST, port), timeout=2 * HEAD_SECONDS) as client:
        client.sendall(b"GET /ws/v1/market HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\n")
        assert client.recv(65_536) == b""
    assert HEAD_SECONDS <= 5
    assert 'tmw_web_heads_refused_total{reason="late"} 1.0' in httpx.get(f"http://{HOST}:{port}/metrics").text


def test_a_large_head_that_ends_is_served(port: int) -> None:
    filler = b"x: " + b"y" * (HEAD_BYTES // 2)
    answer = send_in_pieces(port, b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n", filler, b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")


def test_a_second_request_on_the_same_connection_has_a_head_of_its_own(port: int) -> None:
    head = b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nx: " + b"y" * (HEAD_BYTES - 1_000) + b"\r\n\r\n"
    with httpx.Client(base_url=f"http://{HOST}:{port}") as client:
        statuses = [client.get("/healthz", headers={"x": "y" * (HEAD_BYTES - 1_000)}).status_code for _ in range(3)]
    assert statuses == [200, 200, 200]
    assert send_in_pieces(port, head).startswith(b"HTTP/1.1 200")


def test_garbage_is_refused_without_disturbing_others(port: int) -> None:
    assert send_in_pieces(port, b"\x16\x03\x01\x02\x00\x01\x00").startswith(b"HTTP/1.1 400")
    assert httpx.get(f"http://{HOST}:{port}/healthz").status_code == 200


def test_an_access_line_shows_no_query_string() -> None:
    line = logging.LogRecord(
        "uvicorn.access", logging.INFO, "", 0, '%s "%s %s"', ("1.2.3.4", "GET", "/ws?ticket=s"), None
    )
    assert AccessLines().filter(line)
    assert line.getMessage() == '1.2.3.4 "GET /ws"'


def test_the_log_is_not_filled_with_questions_for_health() -> None:
    line = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, "%s %s", ("1.2.3.4", "/readyz"), None)
    assert not AccessLines().filter(line)


def test_sockets_that_are_sent_away_are_told_of_together_and_not_each() -> None:
    line = logging.LogRecord(
        "uvicorn.error", logging.INFO, "", 0, '%s - "WebSocket %s" %d', ("1.2.3.4", "/ws/v1/market", 503), None
    )
    assert not AccessLines().filter(line)
    line = logging.LogRecord("", logging.INFO, "", 0, "connection rejected (%d %s)", (503, "Service Unavailable"), None)
    assert not AccessLines().filter(line)


def test_the_web_process_imports_neither_daphne_nor_twisted() -> None:
    question = (
        "import sys, tradingmw.asgi, tradingmw.server; print([m for m in ('daphne', 'twisted') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", question], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_sockets_are_bounded_and_uncompressed(tmp_path: Path) -> None:
    config = server_config(Env(data_dir=tmp_path))
    assert (config.ws_max_size, config.ws_ping_interval, config.ws_per_message_deflate) == (65_536, 20.0, False)


def test_sockets_are_guarded_with_the_patience_that_is_set(tmp_path: Path) -> None:
    protocol = server_config(Env(data_dir=tmp_path, socket_stall_seconds=45)).ws
    assert isinstance(protocol, type)
    assert issubclass(protocol, GuardedProtocol)
    assert protocol.stall_seconds == 45
