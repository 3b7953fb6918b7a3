"""Where does each socket stand on each symbol that it follows, and what serves it there?

It is in a group, which sends it every update; or in a pace, which sends it the newest at a rate; or it is *behind*, and
only the number last sent is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from marketdata.frames import topic
from marketdata.hub.groups import Groups
from marketdata.hub.options import Options
from marketdata.hub.pacing import Paces
from marketdata.hub.subscriber import Position, Subscriber
from marketdata.hub.views import Moment, Topic, View
from marketdata.items import Channel

START = Position(0, True)


class Followers:
    """The sockets of a hub and what they follow. `topics` is the market, by name."""

    def __init__(self) -> None:
        self.topics: dict[str, Topic] = {}
        self.subscribers: dict[Subscriber, None] = {}
        self.groups = Groups()
        self.paces = Paces()

    def __iter__(self) -> Iterator[Subscriber]:
        return iter(self.subscribers)

    def topic(self, channel: Channel, symbol: str) -> Topic | None:
        return self.topics.get(topic(channel, symbol))

    def view(self, channel: Channel, symbol: str, options: Options) -> View | None:
        """What such a subscription follows; None where the symbol is not carried."""
        found = self.topic(channel, symbol)
        return found.view(options) if found else None

    def want(self, subscriber: Subscriber, channel: Channel, symbol: str, options: Options, *, snapshot: bool) -> None:
        """The socket follows the symbol, or follows it in another way; it is behind on it until it has caught up.

        Another depth is another book, and other fields another quote, so that they always begin with a snapshot.
        """
        wants = subscriber.wants.setdefault(channel, {})
        view = self._use(channel, symbol, options)
        before = wants.get(symbol)
        if before is None:
            position = START if snapshot else Position(view.seq if view else 0, False)
        else:
            stands = self.position(subscriber, channel, symbol, before)
            anew = snapshot or stands.wants_snapshot or before.part != options.part
            position = Position(stands.sent, anew)
            self._let_go(subscriber, channel, symbol, before)
        wants[symbol] = options
        subscriber.behind[channel][symbol] = position

    def drop(self, subscriber: Subscriber, channel: Channel, symbols: Iterable[str]) -> None:
        """The socket follows `symbols` no more."""
        wants = subscriber.wants.get(channel, {})
        for symbol in symbols:
            if (options := wants.pop(symbol, None)) is not None:
                self._let_go(subscriber, channel, symbol, options)
                subscriber.behind[channel].pop(symbol, None)
        self.serve(subscriber, channel)

    def position(self, subscriber: Subscriber, channel: Channel, symbol: str, options: Options) -> Position:
        """Where the socket stands; call after a flush."""
        if (behind := subscriber.behind[channel].get(symbol)) is not None:
            return behind
        view = self.view(channel, symbol, options)
        return Position(subscriber.rated.get(view, view.seq), False) if view else START

    def set_back(self, subscriber: Subscriber) -> None:
        """Nothing serves the socket any more: it is behind on everything, where it stands; call after a flush."""
        for channel, wants in subscriber.wants.items():
            behind = subscriber.behind[channel]
            for symbol, options in wants.items():
                behind[symbol] = self.position(subscriber, channel, symbol, options)
                self._unrate(subscriber, channel, symbol, options)
            self.groups.place(subscriber, channel, frozenset())

    def serve(self, subscriber: Subscriber, channel: Channel) -> None:
        """Serves the socket with all on which it is not behind."""
        behind, views = subscriber.behind[channel], set[View]()
        for symbol, options in subscriber.wants.get(channel, {}).items():
            if symbol in behind or (view := self.view(channel, symbol, options)) is None:
                continue
            if options.max_rate is None:
                views.add(view)
            elif view not in subscriber.rated:
                self.paces.add(options.max_rate, view, subscriber, view.seq)
        self.groups.place(subscriber, channel, frozenset(views))

    def begin(self, topics: dict[str, Topic]) -> None:
        """A market that counts from the beginning: nothing of it has been sent to anybody. All were set back."""
        self.topics = topics
        for subscriber in self.subscribers:
            for channel, wants in subscriber.wants.items():
                for symbol, options in wants.items():
                    self._use(channel, symbol, options)
                    subscriber.behind[channel][symbol] = START

    def want_quotes(self) -> None:
        """Every quote that a socket follows is to come as a snapshot. All were set back."""
        for subscriber in self.subscribers:
            behind = subscriber.behind[Channel.QUOTES]
            behind.update({symbol: position._replace(wants_snapshot=True) for symbol, position in behind.items()})

    def settle(self, subscriber: Subscriber, moment: Moment) -> Iterator[Topic]:
        """Brings the views that the socket is about to join to the present; their topics."""
        for channel, behind in subscriber.behind.items():
            for symbol in behind:
                if found := self.topic(channel, symbol):
                    found.view(subscriber.wants[channel][symbol]).settle(moment)
                    yield found

    def _use(self, channel: Channel, symbol: str, options: Options) -> View | None:
        if view := self.view(channel, symbol, options):
            view.users += 1
        return view

    def _let_go(self, subscriber: Subscriber, channel: Channel, symbol: str, options: Options) -> None:
        found = self.topic(channel, symbol)
        if found is None:
            return
        self._unrate(subscriber, channel, symbol, options)
        view = found.view(options)
        view.users -= 1
        if not view.users:
            found.release(view)

    def _unrate(self, subscriber: Subscriber, channel: Channel, symbol: str, options: Options) -> None:
        if options.max_rate is not None and (view := self.view(channel, symbol, options)):
            self.paces.remove(options.max_rate, view, subscriber)
