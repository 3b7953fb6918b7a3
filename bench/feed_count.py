"""What comes out of a feed bridge? Whatever the channel layer's exchange would get, counted and judged.

Stands where the exchange stands, with its address and its key, and takes every frame: each must carry the next number
of its epoch and shard, each update the next number of its topic.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import zmq

from bridge.sockets.curve import ADMITTED, Domain, Gatekeeper, KeyRing, Role
from bridge.sockets.exchange import EVERYTHING
from bridge.sockets.options import configure
from marketdata.frames import Frame, read_frame

MOST_WAITING = 1_000
LOOK_MS = 100


class Message(msgspec.Struct):
    """As `Publication` sends it."""

    body: bytes


read_message = msgspec.msgpack.Decoder(Message).decode


class FeedCount:
    """`updates`, `payload_bytes` and `faults` so far; runs in a thread until `close()`."""

    def __init__(self, keys: Path, address: str) -> None:
        self.updates = self.frames = self.payload_bytes = 0
        self.faults: Counter[str] = Counter()
        self._numbers: dict[tuple[int, str], int] = {}
        self._seqs: dict[str, int] = {}
        self._epoch = 0
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        keyring = KeyRing(keys)
        self._gatekeeper = Gatekeeper(self._context, keyring)
        self._gatekeeper.allow(Domain.LAYER, ADMITTED[Domain.LAYER])
        self._socket = configure(self._context.socket(zmq.XSUB), hwm=MOST_WAITING)
        keyring.serve(self._socket, Role.LAYER, Domain.LAYER)
        self._socket.bind(address)
        self._socket.send(EVERYTHING)
        self._closing = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing = True
        self._thread.join()
        self._socket.close()
        self._gatekeeper.stop()
        self._context.term()

    def _run(self) -> None:
        while not self._closing:
            if self._socket.poll(LOOK_MS):
                _topic, body = self._socket.recv_multipart()
                self._take(read_frame(read_message(body).body))
                self.payload_bytes += len(body)

    def _take(self, frame: Frame) -> None:
        if frame.epoch != self._epoch:
            self._epoch, self._seqs = frame.epoch, {}
            self.faults["epochs"] += 1
        if not frame.updates:
            return
        place = (frame.epoch, frame.shard)
        self.faults["frames"] += frame.number != self._numbers.get(place, 0) + 1
        self._numbers[place] = frame.number
        self._judge(frame.updates[::4], frame.updates[1::4])
        self.frames += 1
        self.updates += len(frame.updates) // 4

    def _judge(self, topics: Iterable[str], seqs: Iterable[Any]) -> None:
        known = self._seqs
        for topic, seq in zip(topics, seqs, strict=True):
            if known.get(topic, 0) + 1 != seq:
                self.faults["updates"] += 1
            known[topic] = seq
