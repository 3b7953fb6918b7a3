"""Where do the peers of the fan-out bench get their market data from? A ZeroMQ publisher of quotes at a set rate.

    python -m bench.source --rate 1000 --symbols 200 --seed 1

Publishes `[symbol, MessagePack map]`, with the fields, spelling and rhythm of this project's own quotes under the
engine's synthetic market. Says its address, then `joined` at the first subscription; begins at the first line on
standard input, answers each further one with how much it has sent, and ends with standard input.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Protocol

import msgspec
import zmq
from msgspec import UNSET, Struct, UnsetType

CENT = Decimal("0.01")
MOVES, TAKES = 0.05, 0.05  #: shares of the updates, as in bridge/simulator/synthetic.py
SHORTEST_NAP_SECONDS, LONGEST_NAP_SECONDS = 0.0005, 0.05
SENT_AHEAD = 200_000
POLL_MS = 100


class Quote(Struct, rename="camel"):
    """As `QuoteItem` of marketdata/items.py."""

    symbol: str
    epoch: int
    seq: int
    prev_seq: int
    ts: int
    bid: str
    bid_size: str
    ask: str
    ask_size: str
    last: str | UnsetType = UNSET
    last_size: str | UnsetType = UNSET
    volume: str | UnsetType = UNSET
    change: str | UnsetType = UNSET
    change_percent: str | UnsetType = UNSET
    vwap: str | UnsetType = UNSET
    high: str | UnsetType = UNSET
    low: str | UnsetType = UNSET
    quality: str = "ok"
    age_ms: int = 0


class Ladder:
    """One instrument: mostly a size changes, sometimes the price moves by a tick or a taker trades."""

    def __init__(self, number: int, epoch: int, random: Random) -> None:
        self._random = random
        self._bid = self._open = Decimal(100 + number % 100 * 5)
        self._volume = 0
        self.quote = Quote(f"SYM{number:03d}", epoch, 0, -1, 0, "", self._size(), "", self._size())
        self._place()

    def update(self) -> Quote:
        """The next quote; its time stamp is now."""
        quote, chance = self.quote, self._random.random()
        if chance < MOVES:
            self._bid += CENT if self._bid <= self._open else -CENT
            self._place()
        elif chance < MOVES + (1 - MOVES) / 2:
            quote.bid_size = self._size()
        else:
            quote.ask_size = self._size()
        if chance > 1 - TAKES:
            self._trade()
        quote.prev_seq, quote.seq = quote.seq, quote.seq + 1
        quote.ts = time.time_ns() // 1000
        return quote

    def _place(self) -> None:
        self.quote.bid, self.quote.ask = str(self._bid), str(self._bid + CENT)

    def _trade(self) -> None:
        quote, size = self.quote, 1 + int(self._random.random() * 100)
        self._volume += size
        quote.last, quote.last_size, quote.volume = quote.ask, str(size), str(self._volume)
        quote.change = str(self._bid + CENT - self._open)
        quote.change_percent, quote.vwap = f"{(self._bid - self._open) / self._open * 100:.4f}", f"{self._bid:.8f}"
        quote.high, quote.low = quote.ask, quote.bid

    def _size(self) -> str:
        return str(1500 + int(self._random.random() * 2500))


def updates(symbols: int, seed: int) -> Iterator[Quote]:
    """Quotes without end, evenly spread over the symbols."""
    random, epoch = Random(seed), time.time_ns() // 1000
    ladders = [Ladder(number, epoch, random) for number in range(1, symbols + 1)]
    while True:
        yield ladders[int(random.random() * symbols)].update()


class Publisher:
    """Sends `rate` quotes a second."""

    def __init__(self, socket: zmq.Socket[bytes], quotes: Iterator[Quote], rate: float) -> None:
        self._socket, self._quotes, self._rate = socket, quotes, rate
        self._began = 0.0
        self._sent = 0

    def run(self, stop: threading.Event) -> None:
        """Send what is due until `stop` is set."""
        encode, self._began = msgspec.msgpack.Encoder().encode, time.monotonic()
        while not stop.is_set():
            due = int((time.monotonic() - self._began) * self._rate)
            while self._sent < due:
                quote = next(self._quotes)
                self._socket.send_multipart((quote.symbol.encode(), encode(quote)))
                self._sent += 1
            nap = (self._sent + 1) / self._rate - (time.monotonic() - self._began)
            stop.wait(min(max(nap, SHORTEST_NAP_SECONDS), LONGEST_NAP_SECONDS))

    @property
    def per_second(self) -> float:
        """Since it began; any thread."""
        return self._sent / (time.monotonic() - self._began)


def say(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


class Paced(Protocol):
    """What can say how fast it has been since it began."""

    @property
    def per_second(self) -> float: ...


def read_lines(publisher: Paced, go: threading.Event, stop: threading.Event) -> None:
    """A thread, on standard input: `go` at the first line, an answer at each other, `stop` at the end."""
    for _ in sys.stdin:
        if go.is_set():
            say(event="sent", per_second=publisher.per_second)
        go.set()
    stop.set()
    go.set()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--symbols", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    go, stop = threading.Event(), threading.Event()
    with zmq.Context() as context, context.socket(zmq.XPUB) as socket:
        socket.set(zmq.SNDHWM, SENT_AHEAD)
        socket.set(zmq.LINGER, 0)
        publisher = Publisher(socket, updates(args.symbols, args.seed), args.rate)
        threading.Thread(target=read_lines, args=(publisher, go, stop), daemon=True).start()
        say(event="bound", address=f"tcp://127.0.0.1:{socket.bind_to_random_port('tcp://127.0.0.1')}")
        while not stop.is_set() and not socket.poll(POLL_MS):
            pass
        say(event="joined")
        go.wait()
        publisher.run(stop)


if __name__ == "__main__":
    main()
