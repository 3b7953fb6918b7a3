"""What do people do who have a password, or a token, or neither, and several web processes to try them on?"""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple, TypeVar

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.orders.api.repeats import second_web
from tests.stack import DEMO_PASSWORD, Stack

Found = TypeVar("Found")
FORGED = "X-Forwarded-For"


class Tokens(NamedTuple):
    access: str
    refresh: str

    @classmethod
    def of(cls, answer: httpx.Response) -> Tokens:
        body = answer.raise_for_status().json()
        return cls(body["accessToken"], body["refreshToken"])


@contextmanager
def webs(stack: Stack, number: int) -> Iterator[list[str]]:
    """The addresses of so many web processes of one stack."""
    with ExitStack() as others:
        yield [stack.url, *(others.enter_context(second_web(stack)) for _ in range(number - 1))]


def login(url: str, username: str, password: str = DEMO_PASSWORD, **headers: str) -> httpx.Response:
    body = {"username": username, "password": password}
    return httpx.post(f"{url}/api/v1/auth/login", json=body, headers=headers, timeout=60)


def refresh(url: str, token: str) -> httpx.Response:
    return httpx.post(f"{url}/api/v1/auth/refresh", json={"refreshToken": token}, timeout=30)


def status(url: str, access: str) -> int:
    return httpx.get(f"{url}/api/v1/auth/me", headers={"Authorization": f"Bearer {access}"}).status_code


def guesses(urls: list[str], username: str, number: int, threads: int = 8) -> Counter[int]:
    """So many wrong passwords, each from an address of its own with a forged one in front; the answers by status."""
    count = itertools.count()

    def some(thread: int) -> list[int]:
        body = {"username": username, "password": f"guess number {thread}"}
        with httpx.Client(base_url=urls[thread % len(urls)], timeout=60) as client:
            return [client.post("/api/v1/auth/login", json=body, headers=forged()).status_code for _ in mine(thread)]

    def forged() -> dict[str, str]:
        each = next(count)
        return {FORGED: f"127.0.0.1, 203.0.113.{each % 250}, 198.18.{each // 250}.{each % 250}"}

    def mine(thread: int) -> range:
        return range(thread, number, threads)

    with ThreadPoolExecutor(threads) as pool:
        return Counter(itertools.chain.from_iterable(pool.map(some, range(threads))))


def at_once(calls: list[Callable[[], Found]]) -> list[Found]:
    """All of them at the same moment."""
    together = threading.Barrier(len(calls))

    def one(call: Callable[[], Found]) -> Found:
        together.wait(30)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


@contextmanager
def socket_of(url: str, access: str) -> Iterator[ClientConnection]:
    """A socket that has authenticated and follows its user's notifications."""
    with connect(f"{url.replace('http', 'ws', 1)}/ws/v1/trading", proxy=None) as socket:
        ask(socket, "auth", accessToken=access)
        ask(socket, "subscribe", channel="notifications")
        yield socket


def ask(socket: ClientConnection, method: str, **params: Any) -> None:
    answer = answered(socket, method, **params)
    assert answer["status"] == "ok", answer


def answered(socket: ClientConnection, method: str, **params: Any) -> dict[str, Any]:
    socket.send(json.dumps({"id": method, "method": method, "params": params}))
    while (answer := json.loads(socket.recv(timeout=30))).get("id") != method:
        pass
    return dict(answer)


def told(socket: ClientConnection, notice: str) -> dict[str, Any]:
    """The first notification of that notice."""
    while True:
        said = json.loads(socket.recv(timeout=30))
        for item in said.get("data", ()) if said.get("channel") == "notifications" else ():
            if item["data"].get("metadata", {}).get("notice") == notice:
                return dict(item["data"])


def close_code(socket: ClientConnection) -> int:
    """With what the server closes it; what comes before is read away."""
    try:
        while True:
            socket.recv(timeout=30)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006
