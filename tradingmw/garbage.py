"""How often does a long-running part look for garbage?

Python looks at everything that lives, a few hundred thousand objects of the libraries among it, again and again: a
quarter of the feed bridge's time, and pauses of tens of milliseconds. What is there once a part is put together stays
until its end, so it need not be looked at; and what comes later is freed by its last reference, cycles apart.
"""

from __future__ import annotations

import gc

YOUNG_OBJECTS = 10_000  #: containers made and not freed, before the young ones are looked at
YOUNG_ROUNDS, OLDER_ROUNDS = 20, 20  #: looks at one generation for each at the next


def collect_seldom() -> None:
    """Call once, when all that the part consists of is imported and made."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_ROUNDS, OLDER_ROUNDS)
