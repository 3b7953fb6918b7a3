"""Whatever sockets and market do in whatever order: does every socket see a chain without a hole it could not see?

And does it know, at rest, exactly what the market knows, however it asked to be told?
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from marketdata.hub.options import Options
from marketdata.items import Channel
from tests.marketdata.hub.model import SYMBOLS, World
from tests.marketdata.scripted import level, quote, trade

WIRES = ("json", "json", "msgpack")
OPTIONS = st.builds(
    Options,
    st.sampled_from([None, 1, 5]),
    st.sampled_from([None, None, 1.0, 50.0]),
    st.booleans(),
    st.sampled_from([None, ("ask",), ("bid", "volume")]),
)


class HubMachine(RuleBasedStateMachine):
    """A market, a hub, three sockets; turns of the loop are run, and time passes, when the machine likes."""

    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.hub, self.turns = self.world.hub, self.world.turns
        self.trades = 0
        joined = [self.world.joined(wire) for wire in WIRES]
        self.sockets = [socket for socket, _ in joined]
        self.subscribers = [subscriber for _, subscriber in joined]

    @rule(how=st.sampled_from(["", "", "", "", "lost frame", "new epoch", "silence"]))
    def the_hub_must_begin_anew(self, how: str) -> None:
        if how == "lost frame":
            self.world.state_again()
        elif how == "silence":
            self.hub.darken()
        elif how:
            self.world.new_epoch()

    @rule(number=st.sampled_from([1, 2]), price=st.integers(0, 20))
    def quoted(self, number: int, price: int) -> None:
        self.world.market.on_quotes([quote(price, price + 1 if price % 3 else 0, number)])

    @rule(stale=st.booleans())
    def the_engine_is_silent(self, stale: bool) -> None:
        self.world.market.set_stale(["0"] if stale else [])

    @rule(number=st.sampled_from([1, 2]), count=st.sampled_from([1, 3, 120]))
    def traded(self, number: int, count: int) -> None:
        self.trades += count
        self.world.market.on_trades([trade(5, 1, self.trades, number) for _ in range(count)])

    @rule(number=st.sampled_from([1, 2]), side=st.sampled_from([1, 2]), price=st.integers(1, 9), size=st.integers(0, 3))
    def changed(self, number: int, side: int, price: int, size: int) -> None:
        self.world.market.on_depth([level(side, price, size, number=number)])

    @rule()
    def frame(self) -> None:
        self.world.frame()

    @rule(turns=st.sampled_from([1, 2, 99]))
    def loop(self, turns: int) -> None:
        for _ in range(min(turns, len(self.turns.waiting))):
            self.turns.turn()

    @rule(seconds=st.sampled_from([0.001, 0.01, 0.1, 1.0]))
    def time_passes(self, seconds: float) -> None:
        self.turns.passes(seconds)

    @rule(price=st.integers(1, 20))
    def a_busy_moment(self, price: int) -> None:
        """Everything moves, and the loop has not come round yet."""
        for number in (1, 2):
            self.quoted(number, price)
            self.traded(number, 1)
            self.changed(number, 1 + price % 2, 1 + price % 6, price % 4)
        self.frame()

    @rule(
        who=st.integers(0, 2),
        channel=st.sampled_from(Channel),
        symbols=st.sets(st.sampled_from(SYMBOLS), min_size=1),
        options=OPTIONS,
        snapshot=st.booleans(),
    )
    def subscribe(self, who: int, channel: Channel, symbols: set[str], options: Options, snapshot: bool) -> None:
        """Who follows a symbol already may do without its snapshot."""
        socket, subscriber = self.sockets[who], self.subscribers[who]
        snapshot = snapshot or not symbols <= subscriber.wants.get(channel, {}).keys()
        self.world.follow(socket, subscriber, channel, *symbols, snapshot=snapshot, options=options)

    @rule(who=st.integers(0, 2), channel=st.sampled_from(Channel), symbol=st.sampled_from(SYMBOLS))
    def unsubscribe(self, who: int, channel: Channel, symbol: str) -> None:
        self.hub.unsubscribe(self.subscribers[who], channel, [symbol])
        self.sockets[who].forget(channel, symbol)

    @rule(who=st.integers(0, 2))
    def stop_reading_at_the_next_message(self, who: int) -> None:
        self.sockets[who].stops = True

    @rule(who=st.integers(0, 2))
    def pause(self, who: int) -> None:
        self.hub.paused(self.subscribers[who])

    @precondition(lambda self: any(subscriber.paused for subscriber in self.subscribers))
    @rule()
    def resume(self) -> None:
        for subscriber in self.subscribers:
            if subscriber.paused:
                self.hub.resumed(subscriber)

    @invariant()
    def nothing_piles_up(self) -> None:
        if hasattr(self, "hub"):
            assert all(len(behind) <= 2 for one in self.subscribers for behind in one.behind.values())
            assert not any(one.held for one in self.subscribers)
            served = [one for group in self.hub.groups for one in group.members]
            assert all(one in self.hub.subscribers for one in served)
            assert self.turns.waiting or self.turns.timers or not any(one.paused for one in served)

    @invariant()
    def views_live_as_long_as_somebody_follows_them(self) -> None:
        if hasattr(self, "hub"):
            views = [view for one in self.hub.topics.values() for view in one.derived.values()]
            assert all(view.users for view in views)
            followed = sum(len(wants) for one in self.subscribers for wants in one.wants.values())
            assert sum(one.users for one in [*views, *self.hub.topics.values()]) == followed

    def teardown(self) -> None:
        """At rest every socket that reads knows exactly what the market knows."""
        if not hasattr(self, "hub"):
            return
        self.frame()
        if not self.hub.live:
            self.world.state_again()
        while self.turns.waiting or self.turns.timers or any(one.paused for one in self.subscribers):
            self.resume()
            self.turns.rest()
        for subscriber, socket in zip(self.subscribers, self.sockets, strict=True):
            for channel, symbols in subscriber.wants.items():
                for symbol in symbols:
                    self.world.agrees(socket, channel, symbol)


HubMachine.TestCase.settings = settings(max_examples=120, stateful_step_count=50, deadline=None)
TestHub = HubMachine.TestCase
