"""What is said to the load generator, and what does it call a fault?"""

from __future__ import annotations

from collections.abc import Mapping

#: Events on any of its sockets that must not be, by name.
FAULTS = ("holes", "lost", "disordered", "unasked", "mismatched", "closed")


def as_words(options: Mapping[str, object]) -> list[str]:
    """`--name value` of each."""
    return [word for name, value in options.items() for word in (f"--{name}", str(value))]
