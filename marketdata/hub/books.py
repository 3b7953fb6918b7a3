"""What does a symbol's book look like, whole or down to a depth, and which of its levels changed?"""

from __future__ import annotations

from msgspec import UNSET

from bridge.books import CHECKSUM_LEVELS, checksum_of
from marketdata.hub.options import Options
from marketdata.hub.pushes import SNAPSHOT, UPDATE
from marketdata.hub.sides import GONE, TextSide
from marketdata.hub.views import CatchUp, Moment, Topic, View, skipped
from marketdata.items import BookItem, Channel, TextLevel, read_book

UPDATES_UNFOLDED = 512  #: kept as they came, until somebody needs the book or there are so many


class BookTopic(Topic):
    """The book's levels as text, and the updates since that nobody has needed in them yet."""

    channel = Channel.BOOK
    __slots__ = ("_asks", "_bids", "_epoch", "_ts_us", "_unfolded")

    def __init__(self, packed: bytes) -> None:
        item = read_book(packed)
        super().__init__(item.symbol, item.seq)
        self._epoch, self._ts_us = item.epoch, item.ts
        self._bids = TextSide(item.bids, item.seq, ascending=False)
        self._asks = TextSide(item.asks, item.seq, ascending=True)
        self._unfolded: list[bytes] = []

    def note(self, seq: int, packed: bytes) -> None:
        self.seq = seq
        self._unfolded.append(packed)
        if self.derived or len(self._unfolded) >= UPDATES_UNFOLDED:
            self._fold()

    def _fold(self) -> None:
        unfolded, self._unfolded = self._unfolded, []
        for item in map(read_book, unfolded):
            self._bids.take(item.bids, item.seq)
            self._asks.take(item.asks, item.seq)
            self._moved(item)

    def renew(self, packed: bytes) -> None:
        item = read_book(packed)
        if item.seq != self.seq:
            self._fold()
            self.seq = item.seq
            self._bids.become(item.bids, item.seq)
            self._asks.become(item.asks, item.seq)
            self._moved(item)

    def _moved(self, item: BookItem) -> None:
        self._ts_us = item.ts
        for view in self.derived.values():
            view.moved(item.seq)  # type: ignore[attr-defined]

    def view(self, options: Options) -> View:
        if options.depth is None:
            return self
        return self.derived.get(options.depth) or self.derived.setdefault(options.depth, BookTop(self, options.depth))

    def sides(self) -> tuple[TextSide, TextSide]:
        """Bids and asks, up to date."""
        self._fold()
        return self._bids, self._asks

    def snapshot(self, sent: int, moment: Moment) -> BookItem:
        return self.top(None, sent)

    def top(self, depth: int | None, sent: int = 0) -> BookItem:
        """The best `depth` levels (None: all); the checksum is that of as many."""
        bids, asks = self.sides()
        return self.item(self.seq, sent, bids.top(depth), asks.top(depth), depth)

    def missed(self, sent: int, moment: Moment) -> CatchUp:
        """The levels that changed; the whole book where it is not known any more which these are."""
        bids, asks = (side.changed_since(sent) for side in self.sides())
        if bids is None or asks is None:
            return CatchUp(SNAPSHOT, [self.item(self.seq, sent, self._bids.top(None), self._asks.top(None), gap=True)])
        return CatchUp(UPDATE, [self.item(self.seq, sent, bids, asks, gap=True)])

    def item(
        self,
        seq: int,
        sent: int,
        bids: list[TextLevel],
        asks: list[TextLevel],
        depth: int | None = None,
        *,
        gap: bool = False,
    ) -> BookItem:
        """An item of these levels with the checksum of the book as it is; `gap`: it stands for all after `sent`."""
        count = min(CHECKSUM_LEVELS, depth or CHECKSUM_LEVELS)
        return BookItem(
            symbol=self.symbol,
            epoch=self._epoch,
            seq=seq,
            prev_seq=sent,
            skipped=skipped(seq, sent) if gap else UNSET,
            ts=self._ts_us,
            bids=bids,
            asks=asks,
            checksum=checksum_of(self._bids.top(count), self._asks.top(count)),
        )


class BookTop(View):
    """The best levels of both sides. It has the book's numbers; those that changed nothing here are left out of it."""

    channel = Channel.BOOK
    __slots__ = ("_asks", "_bids", "_depth", "_topic")

    def __init__(self, topic: BookTopic, depth: int) -> None:
        bids, asks = topic.sides()
        super().__init__(topic.symbol, topic.seq)
        self._topic, self._depth = topic, depth
        self._bids = TextSide(bids.top(depth), topic.seq, ascending=False)
        self._asks = TextSide(asks.top(depth), topic.seq, ascending=True)

    def moved(self, seq: int) -> None:
        """The book has changed: a level that came into view is told, one that left is deleted."""
        bids, asks = (self._changed(*sides) for sides in self._pairs())
        if bids or asks:
            self._bids.take(bids, seq)
            self._asks.take(asks, seq)
            self._publish(seq, bids, asks)

    def _pairs(self) -> list[tuple[TextSide, TextSide]]:
        """Each side as it was seen and as it is."""
        return list(zip((self._bids, self._asks), self._topic.sides(), strict=True))

    def _changed(self, seen: TextSide, now: TextSide) -> list[TextLevel]:
        before, after = seen.top(None), now.top(self._depth)
        if before == after:
            return []
        left = dict(before)
        changed = [level for level in after if left.pop(level[0], None) != level[1]]
        return seen.best_first([*changed, *[(price, GONE) for price in left]])

    def settle(self, moment: Moment) -> None:
        if self.seq != self._topic.seq:
            self._publish(self._topic.seq, [], [])

    def _publish(self, seq: int, bids: list[TextLevel], asks: list[TextLevel]) -> None:
        self.publish(self._topic.item(seq, self.seq, bids, asks, self._depth, gap=True))

    def snapshot(self, sent: int, moment: Moment) -> BookItem:
        return self._whole(sent, gap=False)

    def _whole(self, sent: int, *, gap: bool) -> BookItem:
        return self._topic.item(self.seq, sent, self._bids.top(None), self._asks.top(None), self._depth, gap=gap)

    def missed(self, sent: int, moment: Moment) -> CatchUp:
        bids, asks = self._bids.changed_since(sent), self._asks.changed_since(sent)
        if bids is None or asks is None:
            return CatchUp(SNAPSHOT, [self._whole(sent, gap=True)])
        return CatchUp(UPDATE, [self._topic.item(self.seq, sent, bids, asks, self._depth, gap=True)])
