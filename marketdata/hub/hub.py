"""How does each update reach the sockets that asked for it, each once, in order, without a hole that cannot be seen?

Everything here runs on the loop thread, in turns that nothing interrupts. A socket either belongs to a group, which
sends it every update, or it is *behind* on some topics: because it just joined, because its client reads too slowly,
or because the hub itself began anew. Then nothing is kept for it but the number last sent; what it missed is read
from the full state when it catches up. So no client can make this process grow.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from marketdata.frames import InstrumentState, topic
from marketdata.hub.pushes import ENCODERS, JSON, SNAPSHOT, Message, push
from marketdata.hub.subscriber import Group, Position, Subscriber
from marketdata.hub.topics import BookTopic, Moment, QuoteTopic, Topic, TradeTopic
from marketdata.items import Channel, Item

Call = Callable[[], None]
GroupKey = tuple[Channel, str, frozenset[str]]


class Hub:
    """The market as this process knows it, and the sockets that follow it.

    `schedule(call)` runs `call` in a later turn of the loop. `counts`: updates, unknown_topics, pauses, catch_ups,
    lost_trades.
    """

    def __init__(self, schedule: Callable[[Call], Any]) -> None:
        self.epoch = 0
        self.live = False
        self.counts: Counter[str] = Counter()
        self.topics: dict[str, Topic] = {}
        self._schedule = schedule
        self._groups: dict[GroupKey, Group] = {}
        self.subscribers: dict[Subscriber, None] = {}
        self._pausing: list[Subscriber] = []
        self._flush_due = False

    # What comes from the feed bridge -----------------------------------------------------------------------------
    def install(self, epoch: int, instruments: Iterable[InstrumentState]) -> None:
        """Begins anew from a whole state. Every socket gets snapshots of what it follows."""
        self.flush()
        for subscriber in self.subscribers:
            self._set_back(subscriber, wants_snapshot=True)
        known_before = self.topics if epoch == self.epoch else {}
        self.topics = {}
        for state in instruments:
            self._add(QuoteTopic(state.quote), BookTopic(state.book), TradeTopic(state.trades))
        if not known_before:
            self._forget_positions()
        self.epoch = epoch
        for subscriber in self.subscribers:
            self._catch_up_soon(subscriber)

    def _add(self, *topics: Topic) -> None:
        self.topics |= {topic(one.channel, one.symbol): one for one in topics}

    def _forget_positions(self) -> None:
        """A new epoch counts from the beginning: nothing of it has been sent to anybody."""
        for subscriber in self.subscribers:
            for behind in subscriber.behind.values():
                behind.update(dict.fromkeys(behind, Position(0, True)))

    def apply(self, updates: list[Any]) -> None:
        """Takes a frame's flat updates; the next turn flushes them together with all that came until then."""
        topics = self.topics
        four = iter(updates)
        for key, seq, json, packed in zip(four, four, four, four, strict=True):
            one = topics.get(key)
            if one is None:
                self.counts["unknown_topics"] += 1
                continue
            one.note(seq, packed)
            for append in one.json_sinks.values():
                append(json)
            for append in one.msgpack_sinks.values():
                append(packed)
        self.counts["updates"] += len(updates) // 4
        self._flush_soon()

    # What goes out -----------------------------------------------------------------------------------------------
    def _flush_soon(self) -> None:
        if not self._flush_due:
            self._flush_due = True
            self._schedule(self.flush)

    def flush(self) -> None:
        """Sends every group what waits for it; a pause takes effect after that, so that positions are exact."""
        self._flush_due = False
        singles: dict[bytes, Message] = {}
        for group in self._groups.values():
            if group.fragments:
                group.flush(singles)
        if self._pausing:
            pausing, self._pausing = self._pausing, []
            for subscriber in pausing:
                if subscriber.paused and subscriber in self.subscribers:
                    self._set_back(subscriber, wants_snapshot=False)

    def heartbeat(self, beats: dict[str, Message]) -> None:
        """Sends each format's message to every socket that keeps up."""
        for subscriber in self.subscribers:
            if not subscriber.paused:
                subscriber.sink.write(beats[subscriber.wire])

    @property
    def groups(self) -> Iterable[Group]:
        return self._groups.values()

    # Sockets -----------------------------------------------------------------------------------------------------
    def join(self, subscriber: Subscriber) -> None:
        """From now on the socket gets heartbeats and may subscribe."""
        self.subscribers[subscriber] = None
        subscriber.sink.watch(Attention(self, subscriber))

    def leave(self, subscriber: Subscriber) -> None:
        """The socket is gone."""
        subscriber.sink.watch(None)
        self.subscribers.pop(subscriber, None)
        for channel in Channel:
            self._regroup(subscriber, channel, frozenset())

    def subscribe(self, subscriber: Subscriber, channel: Channel, symbols: Iterable[str], *, snapshot: bool) -> None:
        """The socket follows `symbols` too. Snapshots, where wanted, go out in a later turn: after the reply."""
        self.flush()
        wants = subscriber.wants.setdefault(channel, set())
        for symbol in symbols:
            known = symbol in wants
            wants.add(symbol)
            seq = self._seq(channel, symbol)
            before = subscriber.behind[channel].get(symbol, Position(seq if known else 0, False))
            sent = before.sent if snapshot or known else seq
            subscriber.behind[channel][symbol] = Position(sent, snapshot or before.wants_snapshot)
        self._serve(subscriber, channel)
        self._catch_up_soon(subscriber)

    def unsubscribe(self, subscriber: Subscriber, channel: Channel, symbols: Iterable[str]) -> None:
        """The socket is sent no more of `symbols`."""
        self.flush()
        for symbol in symbols:
            subscriber.wants.get(channel, set()).discard(symbol)
            subscriber.behind[channel].pop(symbol, None)
        self._serve(subscriber, channel)

    def paused(self, subscriber: Subscriber) -> None:
        """Its client does not keep up: after this turn nothing more is written until it does."""
        if not subscriber.paused:
            subscriber.paused = True
            self.counts["pauses"] += 1
            self._pausing.append(subscriber)
            self._flush_soon()

    def resumed(self, subscriber: Subscriber) -> None:
        """Its client has read what there was. What it missed follows what a waiting `send` has to say first."""
        subscriber.paused = False
        self._catch_up_soon(subscriber)

    # Catching up -------------------------------------------------------------------------------------------------
    def _catch_up_soon(self, subscriber: Subscriber) -> None:
        self._schedule(lambda: self._catch_up(subscriber))

    def _catch_up(self, subscriber: Subscriber) -> None:
        """One turn: flush what is pending, send what was missed, and from then on every update.

        A pause that these very messages cause takes effect at the next flush, as any other.
        """
        if subscriber.paused or subscriber not in self.subscribers or not any(subscriber.behind.values()):
            return
        self.flush()
        moment = Moment(time.time_ns() // 1000, self.live)
        for channel, behind in subscriber.behind.items():
            if behind:
                for message in self._missed(channel, behind, subscriber.wire, moment):
                    subscriber.sink.write(message)
                behind.clear()
                self._serve(subscriber, channel)
        self.counts["catch_ups"] += 1

    def _missed(self, channel: Channel, behind: dict[str, Position], wire: str, moment: Moment) -> Iterable[Message]:
        """Snapshots together, then each kind of catching up together."""
        pushes: dict[str, list[Item]] = {}
        for symbol, position in behind.items():
            one = self.topics.get(topic(channel, symbol))
            if one is None:
                continue
            if position.wants_snapshot:
                pushes.setdefault(SNAPSHOT, []).append(one.snapshot(position.sent, moment))
            elif one.seq != position.sent:
                kind, items, lost = one.missed(position.sent, moment)
                pushes.setdefault(kind, []).extend(items)
                self.counts["lost_trades"] += lost
        encode = ENCODERS[wire]
        return [push(channel, kind, wire, map(encode, items)) for kind, items in pushes.items()]

    def _set_back(self, subscriber: Subscriber, *, wants_snapshot: bool) -> None:
        """Takes the socket out of its groups and keeps where it stands on each topic; call after a flush."""
        for channel, wants in subscriber.wants.items():
            behind = subscriber.behind[channel]
            for symbol in wants:
                before = behind.get(symbol) or Position(self._seq(channel, symbol), False)
                behind[symbol] = Position(before.sent, wants_snapshot or before.wants_snapshot)
            self._regroup(subscriber, channel, frozenset())

    def _seq(self, channel: Channel, symbol: str) -> int:
        one = self.topics.get(topic(channel, symbol))
        return one.seq if one else 0

    # Groups ------------------------------------------------------------------------------------------------------
    def _serve(self, subscriber: Subscriber, channel: Channel) -> None:
        """Puts the socket into the group of all its symbols on which it is not behind."""
        wants = subscriber.wants.get(channel, set()) - subscriber.behind[channel].keys()
        self._regroup(subscriber, channel, frozenset(wants))

    def _regroup(self, subscriber: Subscriber, channel: Channel, symbols: frozenset[str]) -> None:
        before = subscriber.groups.pop(channel, None)
        if before is not None:
            del before.members[subscriber]
            if not before.members:
                self._dissolve(before)
        if symbols:
            group = self._group(channel, subscriber.wire, symbols)
            group.members[subscriber] = None
            subscriber.groups[channel] = group

    def _group(self, channel: Channel, wire: str, symbols: frozenset[str]) -> Group:
        key = (channel, wire, symbols)
        if (group := self._groups.get(key)) is None:
            group = self._groups[key] = Group(channel, wire, symbols)
            for one in self._topics_of(group):
                sinks(one, wire)[group] = group.fragments.append
        return group

    def _dissolve(self, group: Group) -> None:
        del self._groups[group.channel, group.wire, group.symbols]
        for one in self._topics_of(group):
            sinks(one, group.wire).pop(group, None)

    def _topics_of(self, group: Group) -> list[Topic]:
        found = [self.topics.get(topic(group.channel, symbol)) for symbol in group.symbols]
        return [one for one in found if one is not None]


def sinks(one: Topic, wire: str) -> dict[Group, Callable[[bytes], None]]:
    return one.json_sinks if wire == JSON else one.msgpack_sinks


class Attention:
    """Tells the hub whether one socket's client keeps up."""

    __slots__ = ("_hub", "_subscriber")

    def __init__(self, hub: Hub, subscriber: Subscriber) -> None:
        self._hub, self._subscriber = hub, subscriber

    def paused(self) -> None:
        self._hub.paused(self._subscriber)

    def resumed(self) -> None:
        self._hub.resumed(self._subscriber)
