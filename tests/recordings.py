"""What do the recordings themselves say: each book event, the book it left, and the best prices the exchange told?

Read with none of our readers and books: numbers are decimal texts, ordered by their value.
"""

from __future__ import annotations

import lzma
import zlib
from bisect import bisect_left, insort
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

import msgspec

from tradingmw.env import env

BINANCE = env().market_data / "binance" / "spot_btcusdt_20240808.jsonl.xz"
COINBASE = env().market_data / "coinbase" / "COINBASE.ws.28.0.xz"
CHECKSUM_LEVELS = 10
SIDES = {"buy": "bids", "sell": "asks"}

Level = tuple[str, str]  #: price, size
Levels = tuple[list[Level], list[Level]]  #: bids and asks, best first


class Top(NamedTuple):
    """The best prices and what stands there; empty where a side is, or where it was not told."""

    ask: str
    bid: str
    ask_size: str = ""
    bid_size: str = ""


class Side:
    """One side of a book, best first. Equal prices have equal texts."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._order: list[tuple[Decimal, str]] = []
        self._sizes: dict[str, str] = {}

    def set(self, price: str, size: str) -> bool:
        """Sets the level, "0" removes it; whether the book differs now."""
        before = self._sizes.get(price, "0")
        if size == before:
            return False
        if size == "0":
            del self._sizes[price], self._order[bisect_left(self._order, self._place(price))]
            return True
        if before == "0":
            insort(self._order, self._place(price))
        self._sizes[price] = size
        return True

    def best(self, levels: int | None = None) -> list[Level]:
        return [(price, self._sizes[price]) for _, price in self._order[:levels]]

    def _place(self, price: str) -> tuple[Decimal, str]:
        return self._sign * Decimal(price), price


class Book:
    """A book as any client would keep it."""

    def __init__(self) -> None:
        self.sides = {"bids": Side(-1), "asks": Side(1)}

    def take(self, bids: Iterable[Level], asks: Iterable[Level]) -> Levels:
        """Sets these levels; those that changed anything, best first."""
        changed = []
        for name, told in (("bids", bids), ("asks", asks)):
            levels = [level for level in told if self.sides[name].set(*level)]
            changed.append(sorted(levels, key=value, reverse=name == "bids") if len(levels) > 1 else levels)
        return changed[0], changed[1]

    def best(self, levels: int | None = None) -> Levels:
        return self.sides["bids"].best(levels), self.sides["asks"].best(levels)

    @property
    def top(self) -> Top:
        (ask, ask_size), (bid, bid_size) = (next(iter(self.sides[name].best(1)), ("", "")) for name in ("asks", "bids"))
        return Top(ask, bid, ask_size, bid_size)

    @property
    def checksum(self) -> int:
        """CRC32 over the best ten levels as the contract has it."""
        best = [level for name in ("asks", "bids") for level in self.sides[name].best(CHECKSUM_LEVELS)]
        return zlib.crc32("".join(f"{price}:{size};" for price, size in best).encode("ascii"))


def value(level: Level) -> Decimal:
    return Decimal(level[0])


class Event(NamedTuple):
    """One recorded book event: what it changed (all levels, for the snapshot), and the book after it."""

    changed: Levels
    top: Top
    checksum: int
    told: Top | None = None  #: the exchange's own word on its best prices after this event

    @property
    def changes(self) -> bool:
        return any(self.changed)

    @property
    def confirmed(self) -> bool:
        """Whether the exchange told the same best prices, and sizes where it tells them."""
        return self.told in (self.top, self.top._replace(ask_size="", bid_size=""))


@cache
def plain(number: str) -> str:
    """As our items write a number: no exponent, no trailing zeros."""
    return f"{Decimal(number).normalize():f}"


def levels(rows: Iterable[list[str]]) -> list[Level]:
    return [(plain(row[0]), plain(row[1])) for row in rows]


# Binance
def binance_events() -> list[Event]:
    """The snapshot, then every depth update that it does not contain.

    `bookTicker` is told at each change of the top. After a depth update the top is that of the ticker with the greatest
    update id not above the update's own.
    """
    with lzma.open(BINANCE, "rt", encoding="ascii") as file:
        messages = [msgspec.json.decode(line.partition(" ")[2]) for line in file]
    snapshot = next(message for message in messages if "lastUpdateId" in message)
    payloads = [message["data"] for message in messages if "data" in message]
    updates = [one for one in payloads if one.get("e") == "depthUpdate" and one["u"] > snapshot["lastUpdateId"]]
    tickers = deque(payload for payload in payloads if "B" in payload)
    book, ticker = Book(), {}
    events = [_event(book, snapshot["bids"], snapshot["asks"])]
    for update in updates:
        while tickers and tickers[0]["u"] <= update["u"]:
            ticker = tickers.popleft()
        told = Top(*(plain(ticker[name]) for name in "abAB"))
        events.append(_event(book, update["b"], update["a"], told))
    return events


def _event(book: Book, bids: Iterable[list[str]], asks: Iterable[list[str]], told: Top | None = None) -> Event:
    changed = book.take(levels(bids), levels(asks))
    return Event(changed, book.top, book.checksum, told)


# Coinbase
class Tickers:
    """Which ticker tells the best prices after which `l2update`?

    A ticker is told for each match and has its sequence. A match takes from one level, and the update of that level has
    its exchange time, side (of the order at rest) and price; where several matches have all three in common, the
    updates come in the order of their sequences. `left`: tickers of matches before the capture.
    """

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        tickers = {one["sequence"]: one for one in messages if one["type"] == "ticker"}
        matches = sorted((one for one in messages if one["type"] == "match"), key=lambda one: one["sequence"])
        self._waiting: defaultdict[tuple[str, ...], deque[Top]] = defaultdict(deque)
        for match in matches:
            ticker = tickers.pop(match["sequence"])
            key = match["time"], match["side"], plain(match["price"])
            self._waiting[key].append(Top(plain(ticker["best_ask"]), plain(ticker["best_bid"])))
        self.left = len(tickers)

    def after(self, update: dict[str, Any]) -> Top | None:
        (side, price, _size), *others = update["changes"]
        waiting = self._waiting.get((update["time"], side, plain(price)))
        return waiting.popleft() if waiting and not others else None

    @property
    def unbound(self) -> int:
        """Tickers of matches in the capture for which no update was found."""
        return sum(map(len, self._waiting.values()))


class Product(NamedTuple):
    """One product of the Coinbase capture."""

    events: list[Event]
    tickers: Tickers
    book: Book  #: after the last event


def coinbase_products() -> dict[str, Product]:
    """By product: the snapshot, then every `l2update`."""
    told: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for message in _coinbase_messages():
        told[message.get("product_id", "")].append(message)
    return {name: _product(messages) for name, messages in told.items() if name}


def _coinbase_messages() -> Iterator[dict[str, Any]]:
    with lzma.open(COINBASE, "rt", encoding="ascii") as file:
        for line in file:
            if line.strip() and not line.startswith("wss://"):
                yield msgspec.json.decode(line.partition(": ")[2])


def _product(messages: list[dict[str, Any]]) -> Product:
    book, tickers, events = Book(), Tickers(messages), list[Event]()
    for message in messages:
        if message["type"] == "snapshot":
            events.append(_event(book, message["bids"], message["asks"]))
        elif message["type"] == "l2update":
            sides: dict[str, list[list[str]]] = {"bids": [], "asks": []}
            for side, price, size in message["changes"]:
                sides[SIDES[side]].append([price, size])
            events.append(_event(book, sides["bids"], sides["asks"], tickers.after(message)))
    return Product(events, tickers, book)


def tally(events: Iterable[Event]) -> Counter[str]:
    """events, those that change the book, those after which the exchange told its best prices, and told the same."""
    counts: Counter[str] = Counter()
    for event in list(events)[1:]:
        counts.update(events=1, changes=event.changes, told=event.told is not None, confirmed=event.confirmed)
    return counts


def tell(what: str, counts: Counter[str]) -> None:
    """For people who run with `-s`."""
    print(f"\n{what}: " + ", ".join(f"{name} {count:,}" for name, count in counts.items()))  # noqa: T201
