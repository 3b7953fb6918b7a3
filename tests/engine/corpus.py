"""Seeds for the fuzz target: `python -m tests.engine.corpus DIRECTORY` writes the golden payloads as it reads them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from bridge.wire.golden.__main__ import VECTORS

#: The first byte of an input chooses one of these: `decoders` in `engine/tests/decoders.hpp`.
DECODERS = ("to_engine", "from_engine", "query", "query_reply", "bar", "published", "quotes", "trades", "depth")


def seeds() -> Iterator[bytes]:
    """One input per golden vector."""
    for name in ("messages.json", "market.json", "tolerated.json", "malformed.json"):
        for vector in json.loads((VECTORS / name).read_text(encoding="ascii")):
            payload = vector.get("payload") or "".join(vector["frames"][1:2])
            yield bytes([DECODERS.index(vector["decoder"])]) + bytes.fromhex(payload)


def main() -> None:
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (directory / f"{number:04}").write_bytes(seed)


if __name__ == "__main__":
    main()
