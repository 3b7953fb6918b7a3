"""What does the life of an order look like? The page in `docs/`, drawn from the table and from nothing else."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator

from orders.lifecycle import FINAL, TABLE, OrderEvent, OrderStatus, next_status

UNTRADED = (None, OrderStatus.PENDING_NEW, OrderStatus.UNKNOWN, OrderStatus.NEW)
HEAD = """# The life of an order

Generated from the table in `orders/lifecycle.py` by `manage.py orders diagram`; a test holds the two together. An event
that has no arrow from a status is illegal there: its report is quarantined with an alarm, never applied, never fatal.

"""


def page() -> str:
    """Markdown: the diagram, then every row of the table that leaves an order as it was."""
    return HEAD + "```mermaid\n" + "\n".join(diagram()) + "\n```\n\n" + "\n".join(staying()) + "\n"


def diagram() -> Iterator[str]:
    yield "stateDiagram-v2"
    for (before, after), events in moves().items():
        yield f"    {before or '[*]'} --> {after}: {', '.join(events)}"
    for status in sorted(FINAL):
        yield f"    {status} --> [*]"


def moves() -> dict[tuple[OrderStatus | None, OrderStatus], dict[str, None]]:
    """Arrows between different statuses, with the events that lead along them."""
    arrows: defaultdict[tuple[OrderStatus | None, OrderStatus], dict[str, None]] = defaultdict(dict)
    for (before, event), traded in itertools.product(TABLE, (False, True)):
        after = next_status(before, event, traded=traded)
        if before != after and is_possible(before, traded=traded):
            arrows[before, after].setdefault(word(event))
    return arrows


def is_possible(status: OrderStatus | None, *, traded: bool) -> bool:
    """May an order of this status have traded?"""
    return not traded or status not in UNTRADED


def staying() -> Iterator[str]:
    yield "Events that are recorded and change no status:\n"
    yield "| status | events |"
    yield "|---|---|"
    events: defaultdict[OrderStatus, list[str]] = defaultdict(list)
    for (before, event), after in TABLE.items():
        if before == after:
            events[after].append(word(event))
    for status, names in events.items():
        yield f"| `{status}` | {', '.join(names)} |"


def word(event: OrderEvent) -> str:
    return event.value.removeprefix("order_").replace("_", " ")
