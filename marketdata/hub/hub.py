"""How does each update reach the sockets that asked for it, each once, in order, without a hole that cannot be seen?

Everything here runs on the loop thread, in turns that nothing interrupts. A socket either belongs to a group, which
sends it every update, or to a pace, which sends it the newest at a rate, or it is *behind*: because it just joined,
because its client reads too slowly, or because the hub itself missed something. Then nothing is kept for it but the
number last sent; what it missed is read from the full state when it catches up. So no client can make this process
grow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from marketdata.frames import InstrumentState, topic
from marketdata.hub.books import BookTopic
from marketdata.hub.flushing import FlushClock, Loop
from marketdata.hub.followers import Followers
from marketdata.hub.merging import merge
from marketdata.hub.options import PLAIN, Options
from marketdata.hub.quotes import QuoteTopic
from marketdata.hub.subscriber import Attention, Group, Position, Subscriber
from marketdata.hub.telling import Telling, Told, frames
from marketdata.hub.trades import TradeTopic
from marketdata.hub.views import Topic, View
from marketdata.items import Channel

LONGEST_SECONDS = 0.016
NEVER = float("inf")


class Hub:
    """The market as this process knows it, and the sockets that follow it.

    `counts`: updates, unknown_topics, repeated, holes, pauses, catch_ups, merged (updates that a socket was not sent
    because a later one stands for them), lost_trades.
    """

    def __init__(self, loop: Loop, longest_seconds: float = LONGEST_SECONDS) -> None:
        """`longest_seconds` between two flushes, under load."""
        self.epoch = 0
        self.counts: Counter[str] = Counter()
        self.clock = FlushClock(loop, self._flush_due, longest_seconds)
        self._loop = loop
        self._followers = Followers()
        self._telling = Telling()
        self._touched: dict[Topic, None] = {}
        self._newest_only = False  #: quotes are not gathered until the next flush, which sends the newest of each
        self._pausing: list[Subscriber] = []
        self._alarm_at = NEVER

    # What others look at -----------------------------------------------------------------------------------------
    @property
    def live(self) -> bool:
        """Is the feed?"""
        return self._telling.live

    @live.setter
    def live(self, live: bool) -> None:
        self._telling.live = live

    @property
    def topics(self) -> Mapping[str, Topic]:
        return self._followers.topics

    @property
    def subscribers(self) -> dict[Subscriber, None]:
        return self._followers.subscribers

    @property
    def groups(self) -> Iterable[Group]:
        return self._followers.groups.all

    @property
    def bytes_written(self) -> int:
        return self._followers.groups.bytes

    # What comes from the feed bridge -----------------------------------------------------------------------------
    def install(self, epoch: int, instruments: Iterable[InstrumentState]) -> None:
        """Takes a whole state: of a new epoch, then every socket gets snapshots, or of this one, to fill a hole."""
        self.flush()
        for subscriber in self.subscribers:
            self._followers.set_back(subscriber)
        states = {one.symbol: one for one in instruments}
        if epoch == self.epoch and states.keys() == {one.symbol for one in self.topics.values()}:
            self._renew(states.values())
        else:
            self._begin(epoch, states.values())
        for subscriber in self.subscribers:
            self._catch_up_soon(subscriber)

    def _begin(self, epoch: int, instruments: Iterable[InstrumentState]) -> None:
        self.epoch = epoch
        self._telling.forget()
        self._telling.dimmed = False
        topics: list[Topic] = []
        for state in instruments:
            topics += (QuoteTopic(state.quote), BookTopic(state.book), TradeTopic(state.trades))
        self._followers.begin({topic(one.channel, one.symbol): one for one in topics})

    def _renew(self, instruments: Iterable[InstrumentState]) -> None:
        """Whoever has all of it is sent nothing; others get what changed. What was called stale is told again."""
        self._telling.forget()
        for state in instruments:
            whole = {Channel.QUOTES: state.quote, Channel.BOOK: state.book, Channel.TRADES: state.trades}
            for channel, packed in whole.items():
                one = self.topics[topic(channel, state.symbol)]
                one.renew(packed)
                self._touched[one] = None
        if self._telling.dimmed:
            self._telling.dimmed = False
            self._followers.want_quotes()

    def darken(self) -> None:
        """Nothing is heard any more: every quote is told once more, as stale."""
        self.flush()
        self.live = False
        for subscriber in self.subscribers:
            self._followers.set_back(subscriber)
            self._catch_up_soon(subscriber)
        self._followers.want_quotes()

    def apply(self, updates: list[Any]) -> bool:
        """Takes a frame's flat updates, which leave with the next flush; False where one is missing before them."""
        topics, touched, newest_only, whole = self.topics, self._touched, self._newest_only, True
        four = iter(updates)
        for key, seq, json, packed in zip(four, four, four, four, strict=True):
            one = topics.get(key)
            if one is None:
                self.counts["unknown_topics"] += 1
                continue
            if seq != one.seq + 1:
                whole = self._repeated(one, seq) and whole
                continue
            touched[one] = None
            one.note(seq, packed)
            if newest_only and one.channel is Channel.QUOTES:
                continue
            for append in one.json_sinks.values():
                append(json)
            for append in one.msgpack_sinks.values():
                append(packed)
        self.counts["updates"] += len(updates) // 4
        self._telling.forget()
        self.clock.soon()
        return whole

    def _repeated(self, one: Topic, seq: int) -> bool:
        """Whether the update was there before; else one before it is missing."""
        repeated = seq <= one.seq
        self.counts["repeated" if repeated else "holes"] += 1
        return repeated

    # What goes out -----------------------------------------------------------------------------------------------
    def _flush_due(self, merging: bool) -> bool:
        """Whether there was something to send."""
        busy = bool(self._touched)
        self.flush(merging)
        self._newest_only = merging
        return busy

    def flush(self, merging: bool = False) -> None:
        """Sends what waits, one write per socket. A pause takes effect after that, so that positions are exact."""
        if self._touched and (merging or self._newest_only):
            self.counts["merged"] += merge(self._touched, self.groups, self._telling, self._newest_only)
        groups = self._followers.groups
        groups.flush()
        self._tell_rated()
        groups.release()
        for one in self._touched:
            one.flushed = one.seq
            for view in one.derived.values():
                view.flushed = view.seq
        self._touched.clear()
        if self._pausing:
            pausing, self._pausing = self._pausing, []
            for subscriber in pausing:
                if subscriber.paused and subscriber in self.subscribers:
                    self._followers.set_back(subscriber)

    def _tell_rated(self) -> None:
        """Whoever asked for a rate is told what may be told now."""
        paces = self._followers.paces
        told: dict[tuple[Subscriber, Channel], list[Told]] = {}
        for view, subscriber in paces.ready(self._loop.time()):
            one = self._told(view, Position(subscriber.rated[view], False), subscriber.wire)
            subscriber.rated[view] = view.seq
            told.setdefault((subscriber, view.channel), []).append(one)
        for (subscriber, channel), parts in told.items():
            for frame in frames(channel, subscriber.wire, parts):
                self._followers.groups.hold(subscriber, frame)
                self._followers.groups.bytes += len(frame)
        self._wake_at(paces.next_at)

    def _wake_at(self, when: float) -> None:
        if when < self._alarm_at:
            self._alarm_at = when
            self._loop.call_later(when - self._loop.time(), self._alarm)

    def _alarm(self) -> None:
        self._alarm_at = NEVER
        self.clock.soon()

    def _told(self, view: View, position: Position, wire: str) -> Told:
        told = self._telling.told(view, position, wire)
        self.counts["merged"] += told.merged
        self.counts["lost_trades"] += told.lost
        return told

    def heartbeat(self, beats: dict[str, bytes]) -> None:
        """Sends each format's frame to every socket that keeps up."""
        for subscriber in self.subscribers:
            if not subscriber.paused:
                subscriber.write(beats[subscriber.wire])

    # Sockets -----------------------------------------------------------------------------------------------------
    def join(self, subscriber: Subscriber) -> None:
        """From now on the socket gets heartbeats and may subscribe."""
        self.subscribers[subscriber] = None
        subscriber.sink.watch(Attention(self, subscriber))

    def leave(self, subscriber: Subscriber) -> None:
        """The socket is gone."""
        subscriber.sink.watch(None)
        self.subscribers.pop(subscriber, None)
        for channel, wants in subscriber.wants.items():
            self._followers.drop(subscriber, channel, tuple(wants))

    def subscribe(
        self,
        subscriber: Subscriber,
        channel: Channel,
        symbols: Iterable[str],
        *,
        snapshot: bool,
        options: Options = PLAIN,
    ) -> None:
        """The socket follows `symbols` too, or in another way. Snapshots go out in a later turn: after the reply."""
        self.flush()
        for symbol in symbols:
            self._followers.want(subscriber, channel, symbol, options.on(channel), snapshot=snapshot)
        self._followers.serve(subscriber, channel)
        self._catch_up_soon(subscriber)

    def unsubscribe(self, subscriber: Subscriber, channel: Channel, symbols: Iterable[str]) -> None:
        """The socket is sent no more of `symbols`."""
        self.flush()
        self._followers.drop(subscriber, channel, symbols)

    def paused(self, subscriber: Subscriber) -> None:
        """Its client does not keep up: after this turn nothing more is written until it does."""
        if not subscriber.paused:
            subscriber.paused = True
            self.counts["pauses"] += 1
            self._pausing.append(subscriber)
            self.clock.soon()

    def resumed(self, subscriber: Subscriber) -> None:
        """Its client has read what there was. What it missed follows what a waiting `send` has to say first."""
        subscriber.paused = False
        self._catch_up_soon(subscriber)

    # Catching up -------------------------------------------------------------------------------------------------
    def _catch_up_soon(self, subscriber: Subscriber) -> None:
        self._loop.call_soon(lambda: self._catch_up(subscriber))

    def _catch_up(self, subscriber: Subscriber) -> None:
        """One turn: flush what is pending, send what was missed, and from then on every update.

        A pause that these very messages cause takes effect at the next flush, as any other.
        """
        if subscriber.paused or subscriber not in self.subscribers or not any(subscriber.behind.values()):
            return
        self._touched.update(dict.fromkeys(self._followers.settle(subscriber, self._telling.moment())))
        self.flush()
        missed: list[bytes] = []
        for channel, behind in subscriber.behind.items():
            if behind:
                missed += frames(channel, subscriber.wire, self._missed(subscriber, channel, behind))
                behind.clear()
                self._followers.serve(subscriber, channel)
        if missed:
            subscriber.write(written := b"".join(missed))
            self._followers.groups.bytes += len(written)
        self.counts["catch_ups"] += 1

    def _missed(self, subscriber: Subscriber, channel: Channel, behind: dict[str, Position]) -> list[Told]:
        wants, view = subscriber.wants[channel], self._followers.view
        views = [(view(channel, symbol, wants[symbol]), position) for symbol, position in behind.items()]
        return [self._told(one, position, subscriber.wire) for one, position in views if one is not None]
