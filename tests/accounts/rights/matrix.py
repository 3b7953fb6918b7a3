"""Which role may come to which endpoint and socket method? `matrix.csv` beside this says it, for people to check.

`python -m tests.accounts.rights.matrix > tests/accounts/rights/matrix.csv` writes what the code says now; whoever
changes it reads the difference. The tests hold the file against the code and against what a running stack does.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingmw.settings")
import django

if __name__ == "__main__":
    django.setup()

from django.urls import URLPattern, URLResolver

from accounts.permissions import function_needed
from accounts.policy import Function, Role, functions_of

FILE = Path(__file__).with_name("matrix.csv")
VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PUBLIC = "public"
#: `none` has proven who he is and has no role.
PEOPLE: dict[str, frozenset[str]] = {"none": frozenset(), **{role.value: frozenset({role.value}) for role in Role}}
HEAD = ("surface", "name", "method", "function", *PEOPLE)


class Row(NamedTuple):
    """`surface`: rest, trading or market; `name`: a path, or a method of a socket (`subscribe orders`)."""

    surface: str
    name: str
    method: str
    function: str
    allowed: tuple[bool, ...]

    def cells(self) -> list[str]:
        return [*self[:4], *("yes" if allowed else "no" for allowed in self.allowed)]


def row_of(surface: str, name: str, method: str, function: Function | None) -> Row:
    """`None` is what every caller, or every open socket, may ask."""
    if function is None:
        opens = functions_given() if surface != "rest" else [True] * len(PEOPLE)
        return Row(surface, name, method, PUBLIC if surface == "rest" else "", tuple(opens))
    allowed = [function in functions_of(roles) for roles in PEOPLE.values()]
    return Row(surface, name, method, function.value, tuple(allowed))


def functions_given() -> list[bool]:
    return [Function.SOCKETS_OPEN in functions_of(roles) for roles in PEOPLE.values()]


def endpoints(patterns: list[URLPattern | URLResolver], above: str = "/api/v1/") -> Iterator[tuple[str, Any]]:
    """Every path of the URLconf and its view class; None for a plain function."""
    for pattern in patterns:
        path = above + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from endpoints(pattern.url_patterns, path)
        else:
            yield path, getattr(pattern.callback, "cls", getattr(pattern.callback, "view_class", None))


def is_public(view: Any) -> bool:
    return view is None or not any(kind.__name__ == "Permitted" for kind in view.permission_classes)


def rest_rows() -> Iterator[Row]:
    from tradingmw.urls import api  # noqa: PLC0415  # the URLconf needs all apps

    for path, view in endpoints(api):
        for verb in VERBS:
            if view is None:
                if verb == "GET":
                    yield row_of("rest", path, verb, None)
            elif hasattr(view, verb.lower()):
                yield row_of("rest", path, verb, None if is_public(view) else function_needed(view, verb))


def socket_rows() -> Iterator[Row]:
    from marketdata.consumers import MarketConsumer  # noqa: PLC0415
    from orders.channels import FUNCTIONS  # noqa: PLC0415
    from orders.consumers import TradingConsumer  # noqa: PLC0415

    for surface, consumer in (("market", MarketConsumer), ("trading", TradingConsumer)):
        for name, method in consumer.offered.items():
            if surface != "trading" or name != "subscribe":
                yield row_of(surface, name, "", method.function)
    for channel, function in FUNCTIONS.items():
        yield row_of("trading", f"subscribe {channel}", "", function)


def rows() -> list[Row]:
    return sorted([*rest_rows(), *socket_rows()])


def written(out: TextIO) -> None:
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(HEAD)
    lines.writerows(row.cells() for row in rows())


def kept() -> list[Row]:
    """The file's."""
    with FILE.open(encoding="utf-8", newline="") as file:
        head, *lines = csv.reader(file)
    assert tuple(head) == HEAD
    return [Row(*line[:4], tuple(cell == "yes" for cell in line[4:])) for line in lines]


if __name__ == "__main__":
    written(sys.stdout)
