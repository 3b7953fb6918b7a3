"""A recording as a test writes it: one instrument, whose best bid rises by a cent each tenth of a second."""

from __future__ import annotations

from pathlib import Path

from bridge.recording.file import Kind, Recorded, RecordingWriter
from bridge.wire.codec import encode
from bridge.wire.envelope import Kind as Payload
from bridge.wire.envelope import seal
from bridge.wire.market import Depth, encode_depth
from bridge.wire.messages import BookSnapshot, Instrument, InstrumentList, InstrumentSnapshot

BEGIN_NS = 1_795_000_000 * 1_000_000_000
STEP_NS = 100_000_000
CENT_E8 = 1_000_000
FIRST_E8 = 100 * 100 * CENT_E8
TABLE = [Instrument(instrument_id=7, symbol="AAPL", exchange="XNAS", shard="0", tick_e8=CENT_E8, lot_e8=100 * CENT_E8)]


def bid_e8(number: int) -> int:
    """The best bid after message `number`; 0 is the opening."""
    return FIRST_E8 + number * CENT_E8


def batch(number: int, epoch: int, seq: int, at_ns: int) -> Recorded:
    rows = [Depth(7, 1, True, at_ns // 1000, bid_e8(number), 100 * CENT_E8)]
    payload = encode_depth(rows)
    return Recorded(Kind.PUBLISHED, at_ns, b"md.0", seal(Payload.DEPTH, payload, epoch=epoch, seq=seq), payload)


def opening(number: int, epoch: int, seq: int, at_ns: int) -> list[Recorded]:
    """Table and snapshot after message `number`."""
    levels = [(bid_e8(each), 100 * CENT_E8) for each in range(number, -1, -1)]
    row = InstrumentSnapshot(instrument_id=7, bids=levels, asks=[])
    table = encode(InstrumentList(request_id=1, epoch=epoch, instruments=TABLE))
    snapshot = encode(BookSnapshot(request_id=2, epoch=epoch, shard="0", seq=seq, instruments=[row]))
    return [Recorded(Kind.TABLE, at_ns, b"", *table), Recorded(Kind.SNAPSHOT, at_ns, b"", *snapshot)]


def write(path: Path, *lengths: int) -> Path:
    """Parts of so many batches each, a step apart; numbers go on through them."""
    writer = RecordingWriter(path)
    number, at_ns = 0, BEGIN_NS
    for epoch, length in enumerate(lengths, 1):
        for message in opening(number, epoch, 40, at_ns):
            writer.add(message)
        for seq in range(41, 41 + length):
            number, at_ns = number + 1, at_ns + STEP_NS
            writer.add(batch(number, epoch, seq, at_ns))
            writer.flush()
    writer.flush()
    writer.close()
    return path
