"""How is one order posted fifty times at once, to two web processes, and how often does the engine get it?"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import psutil

from bridge.simulator.journal import read_journal
from bridge.wire.messages import NewOrder
from tests.stack import Stack, wait_for
from tradingmw.supervisor.addresses import HOST, Ports

AT_ONCE = 50


@contextmanager
def second_web(stack: Stack) -> Iterator[str]:
    """Another web process of the same stack."""
    first = psutil.Process(stack.pids()["web"])
    plain = {name: value for name, value in first.environ().items() if "METRICS" not in name}
    ports = Ports()
    environment = {**plain, "TMW_WEB_PORT": str(ports.choose())}
    process = subprocess.Popen(first.cmdline(), env=environment, cwd=first.cwd(), stdin=subprocess.PIPE)
    url = f"http://{HOST}:{environment['TMW_WEB_PORT']}"
    wait_for(lambda: is_ready(url), 60, "the second web process")
    try:
        yield url
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=15)
        ports.close()


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def posted_at_once(urls: list[str], token: str, order: dict[str, Any]) -> list[httpx.Response]:
    """The same order over a connection of its own each, all of them at the same moment, the urls in turn."""
    together = threading.Barrier(AT_ONCE)

    def post(number: int) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"{urls[number % len(urls)]}/api/v1", headers=headers, timeout=30) as client:
            together.wait(30)
            return client.post("/orders", json=order)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(post, range(AT_ONCE)))


def received(stack: Stack, client_order_id: str) -> int:
    """How often the order came to the engine."""
    commands = [record.message() for record in read_journal(stack.journal()) if record.kind.name == "COMMAND"]
    return sum(isinstance(each, NewOrder) and each.client_order_id == client_order_id for each in commands)
