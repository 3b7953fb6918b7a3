"""Write the golden vectors: `python -m bridge.wire.golden`. The files hold nothing that depends on when or where."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from bridge.wire.codec import encode_numbered
from bridge.wire.envelope import seal
from bridge.wire.golden.malformed import malformed
from bridge.wire.golden.market import batches
from bridge.wire.golden.messages import examples
from bridge.wire.golden.tolerated import tolerated

VECTORS = Path(__file__).resolve().parent.parent / "vectors"


def documents() -> dict[str, list[dict[str, Any]]]:
    """The vectors by file name; `docs/engine-link.md` says what the members mean."""
    return {
        "messages.json": [
            {
                "name": example.name,
                "kind": "MESSAGE",
                "decoder": example.decoder,
                "epoch": example.epoch,
                "seq": example.seq,
                "decoded": msgspec.to_builtins(example.message),
                **_hex(encode_numbered(example.message, example.epoch, example.seq)),
            }
            for example in examples()
        ],
        "market.json": [
            {
                "name": batch.name,
                "kind": batch.kind.name,
                "decoder": batch.kind.name.lower(),
                "epoch": batch.epoch,
                "seq": batch.seq,
                "decoded": [row._asdict() for row in batch.rows],
                **_hex([seal(batch.kind, batch.payload, epoch=batch.epoch, seq=batch.seq), batch.payload]),
            }
            for batch in batches()
        ],
        "tolerated.json": [
            {"name": other.name, "means": other.means, "decoder": other.decoder, **_hex(other.frames)}
            for other in tolerated()
        ],
        "malformed.json": [
            {
                "name": bad.name,
                "decoder": bad.decoder,
                "reason": bad.reason,
                "frames": [frame.hex() for frame in bad.frames],
            }
            for bad in malformed()
        ],
    }


def rendered(vectors: list[dict[str, Any]]) -> str:
    """The text of a file: a vector per line would be unreadable, a byte per line too."""
    return json.dumps(vectors, indent=1) + "\n"


def _hex(frames: list[bytes]) -> dict[str, str]:
    envelope, payload = frames
    return {"envelope": envelope.hex(), "payload": payload.hex()}


def main() -> None:
    for name, vectors in documents().items():
        (VECTORS / name).write_text(rendered(vectors), encoding="ascii", newline="\n")
        sys.stdout.write(f"{len(vectors):4} vectors in {VECTORS / name}\n")


if __name__ == "__main__":
    main()
