"""What do those notice who do nothing wrong? Sockets that read all they are sent, and how old each quote is by then."""

from __future__ import annotations

import selectors
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlsplit

import httpx
import msgspec
import psutil

from tests.raw_client import PING, PONG, TEXT, RawClient, frame, frames_in
from tests.stack import Stack, wait_for

MARKET, TRADING = "/ws/v1/market", "/ws/v1/trading"
MEBIBYTE = 1_048_576
SELECT_SECONDS = 0.1
WINDOW_SECONDS = 60.0  #: how long a window may take to fill
#: The server's: nothing else of its looks like it, and a pong too many is no harm.
PING_HEAD, PING_BYTES = b"\x89\x04", 6


class Stamp(msgspec.Struct, gc=False):
    ts: int


class Push(msgspec.Struct, gc=False):
    """What is read of a frame."""

    channel: str = ""
    type: str = ""
    data: list[Stamp] = []


_read = msgspec.json.Decoder(Push).decode


class Bystanders(threading.Thread):
    """Reads on all `clients`. The first `probes` of them note the age of each quote that is an update."""

    def __init__(self, clients: Iterable[RawClient], probes: int) -> None:
        super().__init__(name="bystanders", daemon=True)
        self.closed = 0
        self._ages_ms: list[float] = []
        self._selector = selectors.DefaultSelector()
        self._over = threading.Event()
        self._scratch = bytearray(262_144)
        self._lock = threading.Lock()
        for number, client in enumerate(clients):
            client.socket.setblocking(False)
            read = self._note if number < probes else self._pass_over
            self._selector.register(client.socket, selectors.EVENT_READ, partial(read, client))

    def run(self) -> None:
        while not self._over.is_set():
            with self._lock:
                for key, _ in self._selector.select(SELECT_SECONDS):
                    self._read_from(key)

    def _read_from(self, key: selectors.SelectorKey) -> None:
        size = key.fileobj.recv_into(self._scratch)  # type: ignore[union-attr]
        if not size:
            self.closed += 1
            self._selector.unregister(key.fileobj)
            return
        read: Callable[[memoryview], None] = key.data
        read(memoryview(self._scratch)[:size])

    def _note(self, client: RawClient, data: memoryview) -> None:
        now_us = time.time_ns() // 1_000
        client.received += data
        for one in frames_in(client.received):
            if one.opcode == PING:
                client.send(frame(PONG, one.payload))
            push = _read(one.payload) if one.opcode == TEXT else Push()
            if (push.channel, push.type) == ("quotes", "update"):
                self._ages_ms += [(now_us - item.ts) / 1_000 for item in push.data]

    def _pass_over(self, client: RawClient, data: memoryview) -> None:
        """Only a ping is looked for, which may come in two pieces: who answers none is closed after 40 s."""
        client.received += data
        at = client.received.find(PING_HEAD)
        if 0 <= at <= len(client.received) - PING_BYTES:
            client.send(frame(PONG, bytes(client.received[at + 2 : at + PING_BYTES])))
        del client.received[: 1 - PING_BYTES]

    def ignore(self, client: RawClient) -> None:
        """This one is read no more."""
        with self._lock:
            self._selector.unregister(client.socket)

    def ages_ms(self, quotes: int) -> list[float]:
        """Of the next so many quotes."""
        before = len(self._ages_ms)
        wait_for(lambda: len(self._ages_ms) >= before + quotes, WINDOW_SECONDS, f"{quotes} quotes")
        return self._ages_ms[before : before + quotes]

    def p99_ms(self, quotes: int) -> float:
        """Of the ages of the next so many quotes."""
        return p99(self.ages_ms(quotes))

    def end(self) -> None:
        self._over.set()
        self.join()
        self._selector.close()


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


@contextmanager
def watching(clients: Iterable[RawClient], probes: int) -> Iterator[Bystanders]:
    crowd = Bystanders(clients, probes)
    crowd.start()
    try:
        yield crowd
    finally:
        crowd.end()


def port_of(stack: Stack) -> int:
    port = urlsplit(stack.url).port
    assert port
    return port


def enter(stack: Stack, username: str, path: str = MARKET, window_bytes: int = 0) -> RawClient:
    """An authenticated socket."""
    return RawClient(port_of(stack), path, window_bytes).authenticate(stack.token(username))


def follow(client: RawClient, symbols: list[str]) -> RawClient:
    """The same, following the quotes of `symbols`."""
    client.ask("subscribe", {"channel": "quotes", "symbols": symbols}, "follow")
    assert client.answer("follow")["status"] == "ok"
    return client


def symbol(number: int) -> str:
    """Of the synthetic market."""
    return f"SYM{number:03}"


def figures(stack: Stack) -> dict[str, float]:
    """`name{label="value"}` → figure, of the web process."""
    lines = httpx.get(f"{stack.url}/metrics", timeout=15).text.splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}


def ended(stack: Stack, reason: str) -> int:
    return int(figures(stack)[f'tmw_web_sockets_ended_total{{reason="{reason}"}}'])


def refused(stack: Stack, reason: str) -> int:
    return int(figures(stack)[f'tmw_web_sockets_refused_total{{reason="{reason}"}}'])


def web_process(stack: Stack) -> psutil.Process:
    return psutil.Process(stack.pids()["web"])


def rss_mib(process: psutil.Process) -> float:
    return float(process.memory_info().rss / MEBIBYTE)
