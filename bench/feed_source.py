"""Where does the feed bridge's bench get its market from? An engine's sockets that offer as much as is taken.

    python -m bench.feed_source --keys DIR --market-data tcp://… --queries tcp://… --rows 64 --market quotes

Batches are made beforehand and sent round and round, numbered as the engine link asks. Nothing is dropped: where the
queue is full it waits, so that the bridge always has work and never a gap. Says `listening`, beats until the first line
on standard input, then sends, and ends with standard input.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import zmq

from bridge.sockets.curve import ADMITTED, Domain, Gatekeeper, KeyRing, Role
from bridge.sockets.options import configure
from bridge.wire.codec import decode_query, encode, encode_numbered
from bridge.wire.envelope import Kind, seal
from bridge.wire.market import Depth, Quote, Trade, encode_depth, encode_quotes, encode_trades
from bridge.wire.messages import (
    BookSnapshot,
    Instrument,
    InstrumentList,
    InstrumentListRequest,
    TopicHeartbeat,
)

E8 = 10**8
SYMBOLS = 200
TICK_E8 = E8 // 100
TICKS_DEEP = 12  #: how far levels lie from the middle
MOVES, TAKES = 0.05, 0.05  #: shares of the quotes, as in bridge/simulator/synthetic.py
ROWS_MADE = 16_384
TOPIC = b"md.0"
AHEAD = 1_000  #: messages
BEAT_SECONDS = 0.2
FASTER = 10  #: its clock runs: work that waits, as is meant here, is not to be taken for lateness and thrown away
SENT_AT_ONCE = 50
BID, ASK = 1, 2
MARKETS = ("quotes", "books")


class Ladder:
    """One instrument, as bench/source.py moves it: mostly a size changes, at times the price or the last trade."""

    def __init__(self, number: int, random: Random) -> None:
        self._number, self._random = number, random
        self._middle_e8 = (100 + number % 100 * 5) * E8
        self._bid_e8 = self._middle_e8 - TICK_E8
        self._sizes = [self._size(), self._size()]
        self._last_e8 = self._last_size_e8 = self._volume_e8 = 0

    def quote(self, ts_us: int) -> Quote:
        chance = self._random.random()
        if chance < MOVES:
            self._bid_e8 = self._middle_e8 - self._random.randint(1, 2) * TICK_E8
        else:
            self._sizes[chance < MOVES + (1 - MOVES) / 2] = self._size()
        if chance > 1 - TAKES:
            self.trade(ts_us)
        bid, ask = (self._bid_e8, self._sizes[0]), (self._bid_e8 + TICK_E8, self._sizes[1])
        return Quote(self._number, ts_us, *bid, *ask, self._last_e8, self._last_size_e8, self._volume_e8)

    def trade(self, ts_us: int) -> Trade:
        self._last_e8, self._last_size_e8 = self._bid_e8, self._random.randint(1, 20) * 100 * E8
        self._volume_e8 += self._last_size_e8
        identity = self._volume_e8 // E8
        return Trade(self._number, self._random.randint(1, 2), identity, ts_us, self._last_e8, self._last_size_e8)

    def level(self, ts_us: int) -> Depth:
        """One level within `TICKS_DEEP`; one in ten goes."""
        side = self._random.choice((BID, ASK))
        away_e8 = self._random.randint(1, TICKS_DEEP) * TICK_E8
        price_e8 = self._middle_e8 + (away_e8 if side == ASK else -away_e8)
        size_e8 = self._size() if self._random.random() > 0.1 else 0
        return Depth(self._number, side, True, ts_us, price_e8, size_e8)

    def _size(self) -> int:
        return self._random.randint(10, 500) * 100 * E8


def batches(market: str, rows: int, seed: int) -> list[tuple[Kind, bytes]]:
    """A round of batches of `rows` rows. `books`: four changes of levels and four quotes to each trade."""
    random = Random(seed)
    ladders = [Ladder(number, random) for number in range(1, SYMBOLS + 1)]
    ts_us = time.time_ns() // 1000
    kinds = [Kind.QUOTES] if market == "quotes" else [*[Kind.DEPTH, Kind.QUOTES] * 4, Kind.TRADES]

    def batch(kind: Kind) -> bytes:
        chosen = random.choices(ladders, k=rows)
        if kind is Kind.QUOTES:
            return encode_quotes([ladder.quote(ts_us) for ladder in chosen])
        if kind is Kind.TRADES:
            return encode_trades([ladder.trade(ts_us) for ladder in chosen])
        return encode_depth([ladder.level(ts_us) for ladder in chosen])

    made = max(len(kinds), ROWS_MADE // rows)
    return [(kind, batch(kind)) for kind in itertools.islice(itertools.cycle(kinds), made)]


class Source:
    """The two sockets of an engine that market data needs."""

    def __init__(self, keys: Path, market_data: str, queries: str) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._keyring = KeyRing(keys)
        self._gatekeeper = Gatekeeper(self._context, self._keyring)
        self._gatekeeper.allow(Domain.ENGINE, ADMITTED[Domain.ENGINE])
        self._out = self._bound(zmq.PUB, market_data)
        self._queries = self._bound(zmq.REP, queries)
        self._epoch = time.time_ns() // 1000
        self._seq = 0
        self._beat_at = 0.0

    def _bound(self, pattern: int, address: str) -> zmq.Socket[bytes]:
        socket = configure(self._context.socket(pattern), hwm=AHEAD, no_drop=pattern == zmq.PUB)
        self._keyring.serve(socket, Role.ENGINE, Domain.ENGINE)
        socket.bind(address)
        return socket

    def serve(self) -> None:
        """Answers what was asked and beats."""
        while self._queries.poll(0):
            self._answer()
        if time.monotonic() - self._beat_at > BEAT_SECONDS:
            self._beat_at = time.monotonic()
            sent_at_us = self._epoch + FASTER * (time.time_ns() // 1000 - self._epoch)
            self._offer([TOPIC, *encode_numbered(TopicHeartbeat(sent_at_us=sent_at_us), self._epoch, self._seq)])

    def send(self, waiting: Iterator[tuple[Kind, bytes]]) -> None:
        """The next batches, as many as are taken at once."""
        for kind, payload in itertools.islice(waiting, SENT_AT_ONCE):
            frames = [TOPIC, seal(kind, payload, epoch=self._epoch, seq=self._seq + 1), payload]
            while not self._offer(frames):
                self._out.poll(1, zmq.POLLOUT)
            self._seq += 1

    def _offer(self, frames: list[bytes]) -> bool:
        try:
            self._out.send_multipart(frames, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def _answer(self) -> None:
        query = decode_query(self._queries.recv_multipart())
        if isinstance(query, InstrumentListRequest):
            reply = encode(InstrumentList(request_id=query.request_id, epoch=self._epoch, instruments=table()))
        else:
            snapshot = BookSnapshot(
                request_id=query.request_id, epoch=self._epoch, shard="0", seq=self._seq, instruments=[]
            )
            reply = encode(snapshot)
        self._queries.send_multipart(reply)


def table() -> list[Instrument]:
    return [
        Instrument(
            instrument_id=number,
            symbol=f"SYM{number:03d}",
            exchange="XNAS",
            shard="0",
            tick_e8=TICK_E8,
            lot_e8=E8,
            previous_close_e8=(100 + number % 100 * 5) * E8,
        )
        for number in range(1, SYMBOLS + 1)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=Path, required=True)
    parser.add_argument("--market-data", required=True)
    parser.add_argument("--queries", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--market", choices=MARKETS, required=True)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    waiting = itertools.cycle(batches(args.market, args.rows, args.seed))
    source = Source(args.keys, args.market_data, args.queries)
    told = threading.Event()
    ended = threading.Event()

    def listen() -> None:
        for _ in sys.stdin:
            told.set()
        ended.set()

    threading.Thread(target=listen, daemon=True).start()
    print(json.dumps({"event": "listening"}), flush=True)
    while not ended.is_set():
        source.serve()
        if told.is_set():
            source.send(waiting)
        else:
            told.wait(0.01)


if __name__ == "__main__":
    main()
