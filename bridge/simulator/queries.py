"""What does the engine answer on its REP socket? Every request gets exactly one reply, however broken it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

from bridge.simulator.listings import Listing
from bridge.simulator.publisher import Publisher
from bridge.wire.codec import decode_query, encode
from bridge.wire.faults import Reason, WireError
from bridge.wire.messages import (
    BookSnapshot,
    BookSnapshotRequest,
    InstrumentList,
    InstrumentListRequest,
    InstrumentSnapshot,
    QueryReject,
    QueryReply,
)
from bridge.wire.vocabulary import RejectCode

MALFORMED_TEXT = 200


class ShownBoard(Protocol):
    """An instrument, as far as it is shown."""

    @property
    def listing(self) -> Listing: ...

    def snapshot(self) -> InstrumentSnapshot: ...


class Shown(Protocol):
    """An exchange, as far as it is shown."""

    @property
    def boards(self) -> Mapping[int, ShownBoard]: ...


class QueryDesk:
    """Snapshots and the instrument table of this epoch. `faults` counts what could not be read."""

    def __init__(self, exchange: Shown, publisher: Publisher, epoch: int) -> None:
        self._exchange = exchange
        self._publisher = publisher
        self._epoch = epoch
        self.faults: Counter[Reason] = Counter()

    def answer(self, frames: Sequence[bytes]) -> list[bytes]:
        """The frames of the reply to `frames`."""
        try:
            return encode(self._reply(decode_query(frames)))
        except WireError as error:
            self.faults[error.reason] += 1
            text = str(error)[:MALFORMED_TEXT]
            version = error.reason is Reason.VERSION
            code = RejectCode.VERSION_MISMATCH if version else RejectCode.MALFORMED
            return encode(QueryReject(request_id=0, code=code, reason=text))

    def _reply(self, query: InstrumentListRequest | BookSnapshotRequest) -> QueryReply:
        if isinstance(query, BookSnapshotRequest):
            return self._snapshot(query)
        boards = self._exchange.boards.values()
        rows = [board.listing.instrument() for board in boards]
        return InstrumentList(request_id=query.request_id, epoch=self._epoch, instruments=rows)

    def _snapshot(self, query: BookSnapshotRequest) -> QueryReply:
        self._publisher.flush()  # the snapshot is the state after the last number that was given
        seq = self._publisher.last_seq(query.shard)
        if seq is None:
            code = RejectCode.UNKNOWN_INSTRUMENT
            return QueryReject(request_id=query.request_id, code=code, reason="There is no such shard.")
        boards = [board for board in self._exchange.boards.values() if board.listing.shard == query.shard]
        return BookSnapshot(
            request_id=query.request_id,
            epoch=self._epoch,
            shard=query.shard,
            seq=seq,
            instruments=[board.snapshot() for board in boards],
        )
