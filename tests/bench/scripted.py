"""A feed that says exactly what a test wants said, to the load generator."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

from bench.children import Child
from bench.generator import as_words
from bridge.books import checksum_of

SECONDS = 20.0
COMPACT = (",", ":")
Levels = list[tuple[str, str]]
BIDS: Levels = [(f"{99 - deep}.5", str(7 + deep)) for deep in range(12)]
ASKS: Levels = [("100.0", "5"), ("100.25", "0.5"), *[(f"{101 + deep}", "3") for deep in range(11)]]


def item(seq: int, *, symbol: str = "SYM001", **fields: Any) -> dict[str, Any]:
    """A quote as a peer sends it; its predecessor is the number before unless `prevSeq` is given."""
    numbers = {"epoch": 1, "seq": seq, "prevSeq": seq - 1, **fields, "ts": time.time_ns() // 1000}
    return {"symbol": symbol, **numbers, "bid": "100.00"}


class Script:
    """To each socket: the answer to its subscription, after `go` the given messages, then the next numbers for ever."""

    def __init__(self, messages: Sequence[str], then_from: int) -> None:
        self.go = threading.Event()
        self.targets: list[str] = []
        self._messages, self._then_from = messages, then_from

    def __call__(self, socket: ServerConnection) -> None:
        assert socket.request
        self.targets.append(socket.request.path)
        socket.send(json.dumps(self.answer(json.loads(socket.recv())), separators=COMPACT))
        self.go.wait(SECONDS)
        try:
            for message in self._all():
                socket.send(message)
        except ConnectionClosed:
            return  # the generator has measured

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"subscribed": len(asked["subscribe"])}

    def following(self, seq: int) -> str:
        """The message that carries number `seq`."""
        return json.dumps(item(seq))

    def _all(self) -> Iterator[str]:
        yield from self._messages
        for seq in itertools.count(self._then_from):
            yield self.following(seq)


class BookScript(Script):
    """The same in this project's own words, on its book channel: a book whose best ask changes its size."""

    def __init__(self, *, lies_at: int = 0) -> None:
        super().__init__([self._push("snapshot", 1, BIDS, ASKS, checksum_of(BIDS, ASKS))], 2)
        self._lies_at = lies_at

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["params"]["channel"] == "book"
        return {"id": asked["id"], "status": "ok", "result": {"symbols": {"SYM001": {"status": "ok"}}}}

    def following(self, seq: int) -> str:
        best = (ASKS[0][0], str(seq))
        checksum = checksum_of(BIDS, [best, *ASKS[1:]]) ^ (seq == self._lies_at)
        return self._push("update", seq, [], [best], checksum)

    @staticmethod
    def _push(kind: str, seq: int, bids: Levels, asks: Levels, checksum: int) -> str:
        numbers = {"epoch": 1, "seq": seq, "prevSeq": seq - 1, "ts": time.time_ns() // 1000}
        book = {"symbol": "SYM001", **numbers, "bids": bids, "asks": asks, "checksum": checksum}
        return json.dumps({"channel": "book", "type": kind, "data": [book]}, separators=COMPACT)


@contextmanager
def served(script: Script) -> Iterator[int]:
    """The port where the script is played."""
    words = [Subprotocol("tmw.json.v1")] if isinstance(script, BookScript) else None
    with serve(script, "127.0.0.1", 0, compression=None, subprotocols=words) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield int(server.socket.getsockname()[1])
        finally:
            server.shutdown()
            thread.join(SECONDS)


def measured(loadgen: Path, log: Path, script: Script, *, sockets: int = 1, **options: Any) -> dict[str, Any]:
    """What the generator finds in the script; every socket follows the one symbol SYM001."""
    with served(script) as port:
        flags = {
            "dialect": "plain",
            "port": port,
            "sockets": sockets,
            "symbols": 1,
            "warm": 0,
            "seconds": 0.2,
            **options,
        }
        if "names" not in flags:
            flags["of"] = 1
        with Child([loadgen, "fanout", *as_words(flags)], log) as generator:
            for number in range(sockets):
                generator.say(f"/{number}")
            generator.event("subscribed", SECONDS)
            script.go.set()
            return generator.event("measured", SECONDS)
