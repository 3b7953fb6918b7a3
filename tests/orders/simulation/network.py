"""What becomes of a message between the bridge and the engine?

A connection is TCP: in order, both ways. Beyond what TCP does, messages are dropped, repeated and overtaken, because
programs at both ends may do so; but never within a replay, which the engine paces, and a `ReplaceOrder` is never
repeated: nobody but the bridge could send it again, and that it never does is one of the rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.wire.messages import CancelOrder, NewOrder, OrderListRequest, OrderStatusRequest, ReplaceOrder
from tests.orders.simulation.schedule import MS_US, SECOND_US

if TYPE_CHECKING:
    from tests.orders.simulation.link import Link
    from tests.orders.simulation.simulation import Simulation

LATENCY_US = 2 * MS_US
LATE_US = SECOND_US
GARBLED = "a message that cannot be read"
ASTRAY_US = 4 * SECOND_US
COMMANDS = (NewOrder, CancelOrder, ReplaceOrder, OrderStatusRequest, OrderListRequest)


class Connection:
    """One connection of a bridge with the engine. `open` ends for both; in a `hole` neither knows."""

    def __init__(self, world: Simulation, link: Link) -> None:
        self._world, self._link = world, link
        self._epoch = world.engine.epoch
        self.open, self.hole = True, False
        self._engine_hears_us = self._bridge_hears_us = 0  #: when the last message arrives

    def cut(self) -> None:
        """Both sides notice: the bridge at once, the engine with the next Hello."""
        if self.open:
            self.open = False
            self._link.on_cut(self)

    def to_engine(self, message: Any) -> None:
        arrival_us, self._engine_hears_us = self._arrival(self._engine_hears_us)
        self._world.schedule.after(arrival_us, self._at_engine, message)
        if not isinstance(message, ReplaceOrder) and self._world.happens(self._world.weather.repeat):
            self._world.counts["repeated"] += 1
            self._world.schedule.after(arrival_us + self._world.some(LATE_US), self._at_engine, message)

    def to_bridge(self, message: Any, *, paced: bool = False) -> None:
        """`paced`: part of a replay."""
        world, weather = self._world, self._world.weather
        if not paced and world.happens(weather.drop):
            self._world.counts["dropped"] += 1
            return
        if world.happens(weather.garble):
            message = GARBLED
        arrival_us, self._bridge_hears_us = self._arrival(self._bridge_hears_us, in_order=paced)
        self._world.schedule.after(arrival_us, self._at_bridge, message)
        if world.happens(weather.repeat):
            self._world.counts["repeated"] += 1
            self._world.schedule.after(arrival_us + world.some(LATE_US), self._at_bridge, message)

    def _arrival(self, last_us: int, *, in_order: bool = False) -> tuple[int, int]:
        """How long from now, and when the last one arrives; one that is overtaken makes nobody wait."""
        world, now_us = self._world, self._world.schedule.now_us
        if not in_order and world.happens(world.weather.overtake):
            self._world.counts["overtaken"] += 1
            return world.some(LATE_US), last_us
        at_us = max(last_us, now_us + world.some(LATENCY_US))
        return at_us - now_us, at_us

    def _at_bridge(self, message: Any) -> None:
        if self.open and not self.hole:
            self._link.hear(self, message)

    def _at_engine(self, message: Any) -> None:
        if self.open and not self.hole:
            self._world.engine.take(self, message)
        elif isinstance(message, COMMANDS) and self._world.happens(self._world.weather.astray):
            self._world.counts["astray"] += 1
            self._world.schedule.after(self._world.some(ASTRAY_US), self._after_all, message)

    def _after_all(self, message: Any) -> None:
        """What is under way dies with the process that it was sent to."""
        if self._world.engine.epoch == self._epoch:
            self._world.engine.take(self, message)
