"""How often does a long-running part look for garbage?

Python looks at everything that lives, a few hundred thousand objects of the libraries among it, again and again: a
quarter of the feed bridge's time, and pauses of tens of milliseconds. What is there once a part is put together stays
until its end, so it need not be looked at; and what comes later is freed by its last reference, cycles apart.
"""

from __future__ import annotations

import gc

YOUNG_OBJECTS = 10_000  #: containers made and not freed, before the young ones are looked at
ROUNDS = 20  #: looks at one generation for each at the next
#: Where connections come and go, a few hundred objects each: a look at a thousand that live takes a millisecond, and
#: every look at the middle ones, after `STEPS` at the youngest, has to find few of them there. What a connection leaves
#: behind is freed by its last reference, so that the looks at all, a hundred milliseconds each, can be rare.
STEP_OBJECTS, STEPS, STEPS_OF_ALL = 300, 1, 3_000


def collect_seldom() -> None:
    """Call once, when all that the part consists of is imported and made."""
    keep_for_good()
    gc.set_threshold(YOUNG_OBJECTS, ROUNDS, ROUNDS)


def collect_in_small_steps() -> None:
    """The same, where clients wait meanwhile: no look takes long."""
    keep_for_good()
    gc.set_threshold(STEP_OBJECTS, STEPS, STEPS_OF_ALL)


def keep_for_good() -> None:
    """What is there now is looked at no more."""
    gc.collect()
    gc.freeze()
