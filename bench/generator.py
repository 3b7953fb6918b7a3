"""What is said to the load generator, and what does it call a fault?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: Events on any of its sockets that must not be, by name.
FAULTS = ("holes", "lost", "disordered", "unasked", "mismatched", "closed")


def as_words(options: Mapping[str, object]) -> list[str]:
    """`--name value` of each."""
    return [word for name, value in options.items() for word in (f"--{name}", str(value))]


def kb_per_further_socket(measured: Mapping[str, Any], labels: Iterable[str]) -> float:
    """Of these processes; what they load and keep for their first sockets is left out."""
    grown = sum(measured["rss_mb"].get(label, 0.0) - measured["rss_mb_first"].get(label, 0.0) for label in labels)
    return float(grown * 1024 / max(measured["sockets"] - measured["first_sockets"], 1))
