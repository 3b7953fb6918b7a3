"""What is known of a symbol's quote, and which of its fields changed?"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from marketdata.hub.changes import ChangeLog
from marketdata.hub.options import Options
from marketdata.hub.pushes import UPDATE
from marketdata.hub.views import CatchUp, Moment, Topic, View, skipped
from marketdata.items import CHANGING, Channel, Item, Quality, QuoteItem, QuoteUpdate, read_quote


class QuoteTopic(Topic):
    """The newest item is the whole quote; it is decoded only when somebody needs it."""

    channel = Channel.QUOTES
    __slots__ = ("_last",)

    def __init__(self, packed: bytes) -> None:
        item = read_quote(packed)
        super().__init__(item.symbol, item.seq)
        self._last = packed

    def note(self, seq: int, packed: bytes) -> None:
        self.seq, self._last = seq, packed
        for changes in self.derived.values():
            changes.note(read_quote(packed))  # type: ignore[attr-defined]

    def renew(self, packed: bytes) -> None:
        item = read_quote(packed)
        if item.seq != self.seq:
            self.note(item.seq, packed)

    def view(self, options: Options) -> View:
        if not options.delta:
            return self
        return self.derived.get("delta") or self.derived.setdefault("delta", QuoteChanges(self))

    def whole(self) -> QuoteItem:
        """As it was published last."""
        return read_quote(self._last)

    def snapshot(self, sent: int, moment: Moment) -> QuoteItem:
        item = self.whole()
        quality = item.quality if moment.live else Quality.STALE
        age_ms = max(0, moment.now_us - item.ts) // 1000
        return replace(item, prev_seq=sent, quality=quality, age_ms=age_ms)

    def missed(self, sent: int, moment: Moment) -> CatchUp:
        item = self.snapshot(sent, moment)
        return CatchUp(UPDATE, [replace(item, skipped=skipped(item.seq, sent))])


class QuoteChanges(View):
    """What differs from the quote before, worked out once per update for all who want it."""

    channel = Channel.QUOTES
    __slots__ = ("_changes", "_now", "_topic")

    def __init__(self, topic: QuoteTopic) -> None:
        super().__init__(topic.symbol, topic.seq)
        self._topic, self._now = topic, topic.whole()
        self._changes: ChangeLog[str] = ChangeLog(topic.seq)

    def note(self, item: QuoteItem) -> None:
        before, self._now = self._now, item
        changed = [name for name in CHANGING if getattr(item, name) != getattr(before, name)]
        for name in changed:
            self._changes.note(name, item.seq)
        self.publish(self._update(item, item.prev_seq, changed))

    def snapshot(self, sent: int, moment: Moment) -> Item:
        return self._topic.snapshot(sent, moment)

    def missed(self, sent: int, moment: Moment) -> CatchUp:
        """The union of the changed fields; all of them, where it is not known any more which these are."""
        changed = self._changes.since(sent)
        names = set(CHANGING if changed is None else changed) | (set() if moment.live else {"quality"})
        item = self._topic.snapshot(sent, moment)
        return CatchUp(UPDATE, [self._update(item, sent, [name for name in CHANGING if name in names])])

    @staticmethod
    def _update(item: QuoteItem, sent: int, names: list[str]) -> QuoteUpdate:
        """Fields that are there no more become null."""
        told: dict[str, Any] = {name: None if (value := getattr(item, name)) is UNSET else value for name in names}
        return QuoteUpdate(
            symbol=item.symbol,
            epoch=item.epoch,
            seq=item.seq,
            prev_seq=sent,
            skipped=skipped(item.seq, sent),
            ts=item.ts,
            **told,
        )
