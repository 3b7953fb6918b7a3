"""What does the order book of one instrument look like now, level by level?

Sizes are absolute: a level is set to what is said of it, 0 takes it away. Prices and sizes are integers of 10⁻⁸.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence

from tradingmw.scaled import text_e8

CHECKSUM_LEVELS = 10

Level = tuple[int, int]  #: price, size


class BookError(ValueError):
    """Levels that no book can have: out of order, doubled, or not positive."""


class Ladder:
    """One side of a book. `ascending` where the lowest price is the best (asks)."""

    __slots__ = ("_best", "_keys", "_sign", "_sizes", "_written")

    def __init__(self, *, ascending: bool) -> None:
        self._sign = 1 if ascending else -1
        self._keys: list[int] = []  #: sign · price, ascending: the best first on either side
        self._sizes: dict[int, int] = {}
        self._written: dict[int, str] = {}  #: by key, as the checksum has it; only of levels that it has met
        self._best: bytes | None = None  #: those that the whole checksum is made of; None once one of them has changed

    def __len__(self) -> int:
        return len(self._keys)

    def size(self, price: int) -> int:
        """The size at `price`; 0 where there is no such level."""
        return self._sizes.get(price, 0)

    def set(self, price: int, size: int) -> bool:
        """Makes `size` the level's size (0: the level is gone); whether that changed anything."""
        if price <= 0 or size < 0:
            raise BookError(f"no level has price {price} and size {size}")
        before = self._sizes.get(price, 0)
        if size == before:
            return False
        key = self._sign * price
        self._written.pop(key, None)
        if len(self._keys) < CHECKSUM_LEVELS or key <= self._keys[CHECKSUM_LEVELS - 1]:
            self._best = None
        if not size:
            self._remove(price)
            return True
        if not before:
            insort(self._keys, key)
        self._sizes[price] = size
        return True

    def _remove(self, price: int) -> None:
        del self._sizes[price]
        del self._keys[bisect_left(self._keys, self._sign * price)]

    def load(self, levels: Iterable[Level]) -> None:
        """Replaces the side by `levels`, best first; `BookError` where they are not strictly in that order."""
        keys: list[int] = []
        sizes: dict[int, int] = {}
        for price, size in levels:
            key = self._sign * price
            if price <= 0 or size <= 0 or (keys and key <= keys[-1]):
                raise BookError(f"level {price} × {size} is out of order or empty")
            keys.append(key)
            sizes[price] = size
        self._keys, self._sizes, self._written, self._best = keys, sizes, {}, None

    def clear(self) -> None:
        self._keys, self._sizes, self._written, self._best = [], {}, {}, None

    def top(self, levels: int | None = None) -> list[Level]:
        """The best `levels` (all, where None), best first, as (price, size)."""
        sign, sizes = self._sign, self._sizes
        return [(sign * key, sizes[sign * key]) for key in self._keys[:levels]]

    def written(self, levels: int) -> bytes:
        """The best `levels` as the checksum has them."""
        known = self._written
        return "".join([known.get(key) or self._write(key) for key in self._keys[:levels]]).encode("ascii")

    def best(self) -> bytes:
        """The same for as many levels as a checksum can have."""
        if self._best is None:
            self._best = self.written(CHECKSUM_LEVELS)
        return self._best

    def _write(self, key: int) -> str:
        price = self._sign * key
        text = self._written[key] = f"{text_e8(price)}:{text_e8(self._sizes[price])};"
        return text


class Book:
    """Both sides of one instrument."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = Ladder(ascending=False)
        self.asks = Ladder(ascending=True)

    def load(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Replaces the book by sides given best first; `BookError` where they are not."""
        self.bids.load(bids)
        self.asks.load(asks)

    def clear(self) -> None:
        self.bids.clear()
        self.asks.clear()

    @property
    def crossed(self) -> bool:
        """Whether someone bids at least what another asks: legal in a moment's passing, never at rest."""
        bid, ask = self.bids.top(1), self.asks.top(1)
        return bool(bid and ask and bid[0][0] >= ask[0][0])

    def checksum(self, depth: int = CHECKSUM_LEVELS) -> int:
        """CRC32 over the best min(10, depth) levels: asks from best up, then bids from best down, `price:size;`."""
        if depth >= CHECKSUM_LEVELS:
            return zlib.crc32(self.asks.best() + self.bids.best())
        return zlib.crc32(self.asks.written(depth) + self.bids.written(depth))


def checksum_of(bids: Sequence[tuple[str, str]], asks: Sequence[tuple[str, str]], depth: int = CHECKSUM_LEVELS) -> int:
    """The same of levels that are text already, best first."""
    count = min(CHECKSUM_LEVELS, depth)
    levels = [*asks[:count], *bids[:count]]
    return zlib.crc32("".join([f"{price}:{size};" for price, size in levels]).encode("ascii"))
