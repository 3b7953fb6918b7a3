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

from bench.children import Child

SECONDS = 20.0


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
        asked = json.loads(socket.recv())["subscribe"]
        socket.send(json.dumps({"subscribed": len(asked)}))
        self.go.wait(SECONDS)
        try:
            for message in self._all():
                socket.send(message)
        except ConnectionClosed:
            return  # the generator has measured

    def _all(self) -> Iterator[str]:
        yield from self._messages
        for seq in itertools.count(self._then_from):
            yield json.dumps(item(seq))


@contextmanager
def served(script: Script) -> Iterator[int]:
    """The port where the script is played."""
    with serve(script, "127.0.0.1", 0, compression=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield int(server.socket.getsockname()[1])
        finally:
            server.shutdown()
            thread.join(SECONDS)


def measured(loadgen: Path, log: Path, script: Script, *, sockets: int = 1) -> dict[str, Any]:
    """What the generator finds in the script; every socket follows the one symbol SYM001."""
    with served(script) as port:
        flags = {"dialect": "plain", "port": port, "sockets": sockets, "symbols": 1, "of": 1, "warm": 0, "seconds": 0.2}
        words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
        with Child([loadgen, "fanout", *words], log) as generator:
            for number in range(sockets):
                generator.say(f"/{number}")
            generator.event("subscribed", SECONDS)
            script.go.set()
            return generator.event("measured", SECONDS)
