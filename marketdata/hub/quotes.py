"""What is known of a symbol's quote, and which of its fields changed?"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from marketdata.hub.changes import ChangeLog
from marketdata.hub.options import Options
from marketdata.hub.pushes import UPDATE
from marketdata.hub.views import CatchUp, Moment, Topic, View, skipped
from marketdata.items import CHANGING, CHOOSABLE, FRESHNESS, Channel, Item, Quality, QuoteItem, QuoteUpdate, read_quote

EVERYTHING: tuple[tuple[str, ...] | None, bool] = (None, False)


def dated(item: QuoteItem, sent: int, moment: Moment) -> QuoteItem:
    """As it is told at that moment: as old as it is by then, and stale where nothing is heard."""
    quality = item.quality if moment.live else Quality.STALE
    return replace(item, prev_seq=sent, quality=quality, age_ms=max(0, moment.now_us - item.ts) // 1000)


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
        if self.derived:
            item = read_quote(packed)
            for part in self.derived.values():
                part.note(item)  # type: ignore[attr-defined]

    def renew(self, packed: bytes) -> None:
        item = read_quote(packed)
        if item.seq != self.seq:
            self.note(item.seq, packed)

    def view(self, options: Options) -> View:
        key = (options.fields, options.delta)
        if key == EVERYTHING:
            return self
        return self.derived.get(key) or self.derived.setdefault(key, QuotePart(self, *key))

    def whole(self) -> QuoteItem:
        """As it was published last."""
        return read_quote(self._last)

    def snapshot(self, sent: int, moment: Moment) -> QuoteItem:
        return dated(self.whole(), sent, moment)

    def missed(self, sent: int, moment: Moment) -> CatchUp:
        item = self.snapshot(sent, moment)
        return CatchUp(UPDATE, [replace(item, skipped=skipped(item.seq, sent))])


class QuotePart(View):
    """Chosen fields of the quote (`fields` None: all), with `delta` those of them that changed: made once for all.

    It has the quote's numbers. Those that changed none of the chosen fields are left out of it, unless its quality
    changed: what is chosen never looks fresher than it is.
    """

    channel = Channel.QUOTES
    __slots__ = ("_changes", "_delta", "_dimmed", "_hidden", "_last", "_names", "_topic", "_values", "_worth")

    def __init__(self, topic: QuoteTopic, fields: tuple[str, ...] | None, delta: bool) -> None:
        super().__init__(topic.symbol, topic.seq)
        self._topic, self._delta, self._last = topic, delta, topic.whole()
        chosen = CHANGING if fields is None else [*[CHOOSABLE[field] for field in fields], *FRESHNESS]
        self._names = [name for name in CHANGING if name in chosen]
        self._values = attrgetter(*self._names)
        self._hidden: dict[str, Any] = {name: UNSET for name in CHANGING if name not in chosen}
        #: What must differ for an update to be told; None: every update is.
        self._worth = None if fields is None else attrgetter(*[name for name in self._names if name != "age_ms"])
        self._changes: ChangeLog[str] = ChangeLog(topic.seq)
        self._dimmed = False  #: was anybody told that it is stale only because nothing was heard?

    def note(self, item: QuoteItem) -> None:
        if self._dimmed or self._worth is None or self._worth(item) != self._worth(self._last):
            self._publish(item, item)
            self._dimmed = False

    def settle(self, moment: Moment) -> None:
        if self.seq != self._topic.seq:
            item = self._topic.whole()
            self._publish(item, dated(item, self.seq, moment))
            self._dimmed = not moment.live

    def _publish(self, item: QuoteItem, shown: QuoteItem) -> None:
        """`shown` is `item` as it is told at this moment."""
        changed = self._changed(shown) if self._delta else []
        for name in changed:
            self._changes.note(name, item.seq)
        self._last = item
        self.publish(self._update(shown, self.seq, changed))

    def _changed(self, shown: QuoteItem) -> list[str]:
        values = zip(self._names, self._values(shown), self._values(self._last), strict=True)
        changed = [name for name, now, before in values if now != before]
        return [*changed, "quality"] if self._dimmed and "quality" not in changed else changed

    def snapshot(self, sent: int, moment: Moment) -> QuoteItem:
        return replace(self._dated(sent, moment), **self._hidden)

    def missed(self, sent: int, moment: Moment) -> CatchUp:
        """With `delta` the union of the changed fields; all, where it is not known any more which these are."""
        item = self._dated(sent, moment)
        changed = self._changes.since(sent)
        names = {*(self._names if changed is None else changed), "age_ms"}
        return CatchUp(UPDATE, [self._update(item, sent, names | ({"quality"} if self._dimmed else set()))])

    def _dated(self, sent: int, moment: Moment) -> QuoteItem:
        self._dimmed = self._dimmed or not moment.live
        return dated(self._last, sent, moment)

    def _update(self, item: QuoteItem, sent: int, changed: Iterable[str]) -> Item:
        """Fields that are there no more become null where only `changed` ones are told."""
        gap = skipped(item.seq, sent)
        if not self._delta:
            return replace(item, prev_seq=sent, skipped=gap, **self._hidden)
        told: dict[str, Any] = {name: None if (value := getattr(item, name)) is UNSET else value for name in changed}
        return QuoteUpdate(
            symbol=item.symbol, epoch=item.epoch, seq=item.seq, prev_seq=sent, skipped=gap, ts=item.ts, **told
        )
