"""How often does a long-running part look for garbage?

Python looks at everything that lives, a few hundred thousand objects of the libraries among it, again and again: a
quarter of the feed bridge's time, and pauses of tens of milliseconds. What is there once a part is put together stays
until its end, so it need not be looked at; and what comes later is freed by its last reference, cycles apart.
"""

from __future__ import annotations

import gc

YOUNG_OBJECTS = 10_000  #: containers made and not freed, before the young ones are looked at
ROUNDS = 20  #: looks at one generation for each at the next
#: Where connections come and go: each leaves a circle of a hundred objects that have grown old meanwhile. With `ROUNDS`
#: storms of 7,000 sockets left 47 MiB lying about, and more with each; like this memory stands still at 26.
ROUNDS_OF_CONNECTIONS = 5


def collect_seldom(rounds: int = ROUNDS) -> None:
    """Call once, when all that the part consists of is imported and made."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, rounds, rounds)
