"""An engine's market-data and query sockets that say exactly what a test wants said, mistakes included."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

import zmq

from bridge.simulator.sockets import EngineAddresses, EngineSockets
from bridge.sockets.curve import KeyRing
from bridge.wire.codec import decode_query, encode, encode_numbered
from bridge.wire.envelope import Kind, seal
from bridge.wire.market import Depth, Quote, Trade, encode_depth, encode_quotes, encode_trades
from bridge.wire.messages import (
    BookSnapshot,
    Instrument,
    InstrumentList,
    InstrumentListRequest,
    InstrumentSnapshot,
    TopicHeartbeat,
)
from tradingmw.env import Env

E8 = 10**8


def now_us() -> int:
    return time.time_ns() // 1000


def listing(number: int = 1, symbol: str = "AAPL", shard: str = "0", close: int = 100) -> Instrument:
    return Instrument(
        instrument_id=number,
        symbol=symbol,
        exchange="XNAS",
        shard=shard,
        tick_e8=E8 // 100,
        lot_e8=E8,
        previous_close_e8=close * E8,
    )


def quote(bid: int, ask: int, number: int = 1, **more: int) -> Quote:
    """Whole prices; sizes of 1,000."""
    last, volume = more.get("last", 0) * E8, more.get("volume", 0) * E8
    return Quote(number, now_us(), bid * E8, 1000 * E8, ask * E8, 1000 * E8, last, E8 if last else 0, volume)


def trade(price: int, size: int, trade_id: int, number: int = 1, aggressor: int = 1) -> Trade:
    return Trade(number, aggressor, trade_id, now_us(), price * E8, size * E8)


def level(side: int, price: int, size: int, *, last: bool = True, number: int = 1) -> Depth:
    return Depth(number, side, last, now_us(), price * E8, size * E8)


def cleared(*, last: bool = False, number: int = 1) -> Depth:
    return Depth(number, 0, last, now_us(), 0, 0)


class AttentiveSockets(EngineSockets):
    """Their PUB tells who subscribes: what is published before that is lost, and a test would wait for it in vain."""

    def _server(self, pattern: int, hwm: int) -> zmq.Socket[bytes]:
        if pattern != zmq.PUB:
            return super()._server(pattern, hwm)
        publisher = super()._server(zmq.XPUB, hwm)
        publisher.set(zmq.XPUB_VERBOSER, 1)  # each subscription of each peer, and its end
        return publisher


class ScriptedEngine:
    """An engine's market-data and query sockets. `snapshots` is what it answers; every `publish` is numbered."""

    def __init__(self, env: Env, table: list[Instrument], epoch: int | None = None) -> None:
        self.table, self.epoch = table, epoch or now_us()
        self.seq: Counter[str] = Counter()
        self.snapshots = {
            entry.instrument_id: InstrumentSnapshot(instrument_id=entry.instrument_id, bids=[], asks=[])
            for entry in table
        }
        self.queries = 0
        self.answering = True
        #: from then on its heartbeats are ever later: they say that hardly any time has passed
        self.behind_since_us = 0
        self._joined = self._left = 0
        self._sockets = AttentiveSockets(KeyRing(env.keys))
        self._sockets.bind(
            EngineAddresses(env.engine_market_data, env.engine_commands, env.engine_queries, env.engine_work)
        )
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def quotes(self, *rows: Quote, shard: str = "0") -> None:
        self.publish(Kind.QUOTES, encode_quotes(rows), shard)

    def trades(self, *rows: Trade, shard: str = "0") -> None:
        self.publish(Kind.TRADES, encode_trades(rows), shard)

    def depth(self, *rows: Depth, shard: str = "0") -> None:
        self.publish(Kind.DEPTH, encode_depth(rows), shard)

    def publish(self, kind: Kind, payload: bytes, shard: str = "0") -> None:
        with self._lock:
            self.seq[shard] += 1
            self._send(shard, seal(kind, payload, epoch=self.epoch, seq=self.seq[shard]), payload)

    def has_subscriber(self) -> bool:
        """Somebody hears what it publishes now, unless his connection is gone and that was not noticed yet."""
        return self.subscriptions() > self._left

    def subscriptions(self) -> int:
        """So many were made so far, by all peers and on all their connections."""
        with self._lock:
            while self._sockets.market_data.poll(0):
                if self._sockets.market_data.recv().startswith(b"\x01"):
                    self._joined += 1
                else:
                    self._left += 1
        return self._joined

    def raw(self, *frames: bytes) -> None:
        """Whatever a test wants said."""
        with self._lock:
            self._sockets.market_data.send_multipart(list(frames))

    def lose(self, shard: str = "0", batches: int = 1) -> None:
        """The next numbers are never sent."""
        self.seq[shard] += batches

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._sockets.close()

    def _send(self, shard: str, *frames: bytes) -> None:
        self._sockets.market_data.send_multipart([f"md.{shard}".encode(), *frames])

    def _run(self) -> None:
        beat_at = 0.0
        while not self._stop.is_set():
            if self.answering and time.monotonic() - beat_at > 0.2:
                beat_at = time.monotonic()
                self._beat()
            if self.answering and self._sockets.queries.poll(10):
                self._answer()

    def _beat(self) -> None:
        behind_us = (now_us() - self.behind_since_us) * 9 // 10 if self.behind_since_us else 0
        with self._lock:
            for shard in {entry.shard for entry in self.table}:
                beat = encode_numbered(TopicHeartbeat(sent_at_us=now_us() - behind_us), self.epoch, self.seq[shard])
                self._send(shard, *beat)

    def _answer(self) -> None:
        query = decode_query(self._sockets.queries.recv_multipart())
        self.queries += 1
        if isinstance(query, InstrumentListRequest):
            reply: Any = InstrumentList(request_id=query.request_id, epoch=self.epoch, instruments=self.table)
        else:
            ids = [entry.instrument_id for entry in self.table if entry.shard == query.shard]
            with self._lock:
                reply = BookSnapshot(
                    request_id=query.request_id,
                    epoch=self.epoch,
                    shard=query.shard,
                    seq=self.seq[query.shard],
                    instruments=[self.snapshots[number] for number in ids],
                )
        self._sockets.queries.send_multipart(encode(reply))
