"""One world under one seed: a storm, then calm weather, then the story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from bridge.wire.vocabulary import ExecType
from orders.core.outcomes import Reply
from tests.orders.core.desk import E8
from tests.orders.simulation.bridge import Bridge
from tests.orders.simulation.dice import Dice
from tests.orders.simulation.engine import Engine
from tests.orders.simulation.link import Link
from tests.orders.simulation.network import Connection
from tests.orders.simulation.rules import BrokenRule, Rules
from tests.orders.simulation.schedule import MS_US, SECOND_US, START_US, Schedule
from tests.orders.simulation.staff import Staff
from tests.orders.simulation.store import Store
from tests.orders.simulation.story import check_story, is_settled
from tests.orders.simulation.traders import Traders
from tests.orders.simulation.weather import CALM, Weather

STORM_US = 4 * SECOND_US
MOMENTS = 40  #: of the storm; at each a trader, the market and the weather may do something
CALM_US = 30 * SECOND_US  #: after which nothing may be in doubt any more
LOOK_US = 250 * MS_US
REBIRTH_US = SECOND_US
FREEZE_US = 6 * SECOND_US
STANDBY_US = 3 * SECOND_US
JUMP_US = 5 * SECOND_US
WAY_US = MS_US
Teller = Callable[[int, str, Any], None]


class Simulation:
    """`run` raises `BrokenRule`, or whatever else a part of the world did not survive."""

    def __init__(self, seed: int, tell: Teller | None = None) -> None:
        self.seed, self._tell = seed, tell
        self.pick = Dice(seed)
        self.random = self.pick.random
        self.weather = Weather.of(self.pick)
        self._troubles = [(chance, what) for chance, what in self._every_trouble() if chance > 0]
        self.schedule = Schedule()
        self.skew_us = 0  #: of the clock of bridge and web
        self.counts: Counter[str] = Counter()
        self.settled_after_us = 0  #: how long the calm lasted until nothing was in doubt
        self._connections: list[Connection] = []
        self.rules = Rules(self)
        self.store = Store(self.rules)
        self.engine = Engine(self)
        self.bridge = Bridge(self)
        self.traders, self.staff = Traders(self), Staff(self.engine, self.pick)
        self.schedule.after(0, self.engine.beat)

    def run(self) -> Simulation:
        for _ in range(MOMENTS):
            self.schedule.after(self.pick.below(STORM_US), self._moment)
        self.schedule.run_until(START_US + STORM_US)
        self._clear()
        self._settle()
        check_story(self)
        return self

    # --- the storm -------------------------------------------------------------------------------------------------
    def _moment(self) -> None:
        pick = self.pick
        if pick.random() < 0.7:
            self.traders.act()
        if pick.random() < 0.5:
            self._market_moves()
        if self.happens(self.weather.amend):
            self.staff.act()
        self._something_breaks()

    def _market_moves(self) -> None:
        standing = self.engine.standing if self.engine.up else []
        if not standing:
            return
        held = self.pick.one_of(standing)
        if self.pick.random() >= self.weather.whim:
            self.engine.trade(held, self.pick.between(1, held.open_e8 // E8) * E8, self.pick.between(149, 151) * E8)
        elif self.pick.random() < 0.5:
            self.engine.end(held, ExecType.CANCELED)
        else:
            self.engine.change(held, self.pick.between(140, 148) * E8)

    def _every_trouble(self) -> Iterable[tuple[float, Callable[[], None]]]:
        """What may break at any moment of the storm, and the chance of it."""
        weather = self.weather
        return (
            (weather.cut, self._cut_connection),
            (weather.hole, self._swallow_everything),
            (weather.freeze, self._freeze_bridge),
            (weather.engine_crash, self._engine_dies),
            (weather.jump, self._set_a_clock),
        )

    def _something_breaks(self) -> None:
        for chance, what in self._troubles:
            if self.happens(chance):
                self.counts[what.__name__.strip("_")] += 1
                self.say("world", what.__name__)
                what()

    def _cut_connection(self) -> None:
        if self.bridge.link.connection is not None:
            self.bridge.link.connection.cut()

    def _swallow_everything(self) -> None:
        if self.bridge.link.connection is not None:
            self.bridge.link.connection.hole = True

    def _freeze_bridge(self) -> None:
        """It stands still with everything it has in hand; another takes the lease before or after it wakes."""
        self.bridge.frozen_until_us = self.schedule.now_us + self.pick.below(FREEZE_US)
        self.schedule.after(self.pick.below(STANDBY_US), self._take_over, self.bridge)

    def _take_over(self, frozen: Bridge) -> None:
        if self.bridge is frozen:
            self.bridge = Bridge(self)

    def _engine_dies(self) -> None:
        if self.engine.up:
            self.engine.crash()

    def _set_a_clock(self) -> None:
        if self.pick.random() < 0.5:
            self.skew_us = self.pick.between(-JUMP_US, JUMP_US)
        else:
            self.engine.skew_us = self.pick.between(-JUMP_US, JUMP_US)

    # --- the calm --------------------------------------------------------------------------------------------------
    def _clear(self) -> None:
        self.say("world", "the storm is over")
        self.weather = CALM
        self.skew_us = self.engine.skew_us = 0
        self.engine.start()
        for connection in self._connections:
            if connection.hole:
                connection.cut()

    def _settle(self) -> None:
        began_us = self.schedule.now_us
        while not is_settled(self):
            waited_us = self.schedule.now_us - began_us
            self.rules.hold(waited_us < CALM_US, "after {} s of calm something is in doubt", waited_us / SECOND_US)
            self.schedule.run_until(self.schedule.now_us + LOOK_US)
        self.settled_after_us = self.schedule.now_us - began_us

    # --- chance ----------------------------------------------------------------------------------------------------
    def happens(self, chance: float) -> bool:
        """Most chances are 0, and cost nothing."""
        return chance > 0 and self.random() < chance

    def some(self, most_us: int) -> int:
        """A time below `most_us`."""
        return int(self.random() * most_us)

    # --- what the parts of the world ask for ------------------------------------------------------------------------
    def connect(self, link: Link) -> Connection:
        connection = Connection(self, link)
        self._connections = [each for each in self._connections if each.open]
        self._connections.append(connection)
        return connection

    def bridge_died(self, bridge: Bridge) -> None:
        if bridge is self.bridge:
            self.schedule.after(self.pick.below(REBIRTH_US), self._take_over, bridge)

    def answer(self, reply: Reply) -> None:
        self.schedule.after(self.some(WAY_US), self.traders.hear, reply)

    def say(self, who: str, what: Any) -> None:
        if self._tell is not None:
            self._tell(self.schedule.now_us - START_US, who, what)


__all__ = ["BrokenRule", "Simulation"]
