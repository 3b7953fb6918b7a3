"""What goes wrong in this world, and how often? Each seed has a weather of its own.

Every kind of trouble is there in some worlds only, and rarer or more frequent: where everything goes wrong all the
time, nothing gets far enough to go wrong in an interesting way.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

PRESENT = 0.4  #: of the worlds have a given kind of trouble


class Weather(NamedTuple):
    """Chances, each from 0 to 1; of a message, of a step of the bridge, or of one of the storm's moments."""

    drop: float = 0.0  #: a message to the bridge is lost, the connection stands
    garble: float = 0.0  #: a message comes and cannot be read
    repeat: float = 0.0  #: a message comes twice
    overtake: float = 0.0  #: a message is late, later ones come before it
    astray: float = 0.0  #: what was under way on a connection that ended still arrives, seconds later
    full: float = 0.0  #: the network takes no more just now
    crash: float = 0.0  #: the bridge dies at a step
    cut: float = 0.0  #: the connection breaks
    hole: float = 0.0  #: the connection swallows everything from now on, and nobody is told
    freeze: float = 0.0  #: the bridge stands still, and another one takes over
    engine_crash: float = 0.0
    forget: float = 0.0  #: an open order, when the engine comes back
    whim: float = 0.0  #: the engine cancels or changes an order of its own accord
    amend: float = 0.0  #: the market's staff break or correct a trade, or enter an order
    refuse: float = 0.0  #: the engine refuses a new order
    jump: float = 0.0  #: a clock is set, up to five seconds forward or back
    slow_commit: float = 0.0  #: the database takes seconds
    away: float = 0.0  #: the database is away
    doubtful: float = 0.0  #: nobody knows whether the commit was done
    poison: float = 0.0  #: an order cannot be stored

    @classmethod
    def of(cls, pick: Random) -> Weather:
        return cls(*[pick.random() * worst if pick.random() < PRESENT else 0.0 for worst in WORST])


CALM = Weather()
WORST = Weather(
    drop=0.3,
    garble=0.25,
    repeat=0.3,
    overtake=0.3,
    astray=0.9,
    full=0.2,
    crash=0.06,
    cut=0.15,
    hole=0.08,
    freeze=0.08,
    engine_crash=0.1,
    forget=0.3,
    whim=0.15,
    amend=0.3,
    refuse=0.2,
    jump=0.15,
    slow_commit=0.05,
    away=0.1,
    doubtful=0.08,
    poison=0.1,
)
