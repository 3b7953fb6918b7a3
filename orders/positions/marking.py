"""How does a socket learn what its positions are worth now? By pushes without a number, a few a second at most.

A `MarkedLine` lies between a feed and its socket: it knows each position as the client was told of it last, so a mark
never tells of another quantity than the event before it. One `MarkWatch` per event loop looks at the hub's prices and
tells every line those that moved. Marks are not events: a client that is behind with reading is sent none until it has
read, and then the newest.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn, Protocol
from weakref import WeakKeyDictionary

import msgspec
from msgspec import Raw

from accounts.rights import Rights
from marketdata.facts import hidden_from
from notifications.feed import Socket
from notifications.items import Standing
from notifications.readers import in_reader
from orders.core.valuing import MarkQuality
from orders.messages import PositionUpdate
from orders.positions.prices import NO_PRICES, Price, Prices, prices_of
from orders.positions.valuing import Shape, at_price, valued
from tradingmw.scaled import to_e8, to_e16

logger = logging.getLogger(__name__)
POSITIONS = "positions"
MARKED = "position_marked"
TELL_SECONDS = 0.5
TURN_SECONDS = 0.001  #: of one turn of the loop: market data and orders wait no longer for marks


class MarkedSocket(Socket, Protocol):
    """The socket that a line speaks through."""

    @property
    def has_room(self) -> bool:
        """Its client reads what it is sent."""


class Held:
    """A position as the client knows it. `told` is the price that it was shown at last; None: its last fill's."""

    __slots__ = ("cost_e16", "quantity_e8", "shape", "told")

    def __init__(self, shape: Shape) -> None:
        self.shape, self.quantity_e8, self.cost_e16 = shape, to_e8(shape["quantity"]), to_e16(shape["costBasis"])
        self.told: tuple[int, MarkQuality] | None = None

    def shown_at(self, price: Price | None) -> Shape:
        self.told = named(price)
        return self.shape if price is None else at_price(self.shape, price, self.quantity_e8, self.cost_e16)


def named(price: Price | None) -> tuple[int, MarkQuality] | None:
    """What of a price is worth telling when it changes: not its time alone."""
    return None if price is None else (price.price_e8, price.quality)


class MarkedLine:
    """What a feed says, on channels whose names begin with `prefix`; and the marks of the positions among it.

    `rights` are those of the socket now: what of the market they do not cover is not marked.
    """

    def __init__(self, socket: MarkedSocket, prefix: str, rights: Callable[[], Rights], watch: MarkWatch) -> None:
        self._socket, self._prefix, self._rights, self._watch = socket, prefix, rights, watch
        self._held: dict[tuple[str, str], Held] = {}
        self._visible: dict[str, bool] = {}  #: of symbols, where the rights cover only some
        self._resolving: asyncio.Task[None] | None = None
        self._closed = False

    # As the feed's socket

    def queue(self, frame: Any) -> None:
        if frame["channel"] == POSITIONS:
            frame = self._noted(frame)
        self._socket.queue({**frame, "channel": self._prefix + frame["channel"]})

    async def room(self) -> bool:
        return await self._socket.room()

    def broken(self) -> None:
        self._socket.broken()

    def _noted(self, frame: Any) -> Any:
        """Updates are the log's and stay as they are; a snapshot tells how things stand, at the market's price."""
        if frame["type"] == "update":
            for item in frame["data"]:
                self._note(msgspec.json.decode(item.data) if isinstance(item.data, Raw) else item.data)
            return frame
        prices = self.begin(Standing(item.ts, item.data) for item in frame["data"])
        items = [msgspec.structs.replace(item, data=self._shown(item.data, prices)) for item in frame["data"]]
        return {**frame, "data": items}

    def _note(self, shape: Shape) -> None:
        """An event that an earlier version wrote does not say what the position cost: it has no marks then."""
        key = (shape["account"], shape["symbol"])
        if "costBasis" in shape:
            self._held[key] = Held(shape)
        else:
            self._held.pop(key, None)

    def _shown(self, shape: Shape, prices: Prices) -> Shape:
        held, price = self._held[shape["account"], shape["symbol"]], self._seen(shape["symbol"], prices)
        return held.shown_at(price) if held.quantity_e8 else valued(shape, price)

    # As what is marked

    def begin(self, standings: Iterable[Standing]) -> Prices:
        """These are the positions, and from now on they are marked; the prices as they are."""
        self._held = {(each.data["account"], each.data["symbol"]): Held(each.data) for each in standings}
        if not self._closed:
            self._watch.follow(self)
        return self._watch.prices(self.symbols)

    def close(self) -> None:
        """The socket is gone, or the stream is left for good."""
        self._closed = True
        self.end()

    def end(self) -> None:
        """No positions are shown any more."""
        self._held.clear()
        self._watch.unfollow(self)

    @property
    def symbols(self) -> set[str]:
        return {symbol for _, symbol in self._held}

    @property
    def unresolved(self) -> set[str]:
        """Symbols of which it is not known yet whether their market data is the user's to see."""
        return set() if self._rights().sees_all_data else self.symbols - self._visible.keys()

    def _resolve_soon(self) -> None:
        """Nobody waits for the database: until it has answered these symbols are shown without the market."""
        if self._resolving is None or self._resolving.done():
            self._resolving = asyncio.create_task(self._resolve(self.unresolved), name="mark-rights")

    async def _resolve(self, symbols: set[str]) -> None:
        try:
            hidden = await in_reader(hidden_from)(self._rights(), symbols)
        except Exception:
            logger.exception("Which market data a user may see could not be read")
        else:
            self._visible.update({symbol: symbol not in hidden for symbol in symbols})

    def _seen(self, symbol: str, prices: Prices) -> Price | None:
        if self._rights().sees_all_data or self._visible.get(symbol, False):
            return prices.get(symbol)
        return None

    def tell(self, prices: Prices) -> None:
        """Push each position whose price or its quality moved since it was told; what is flat has no P&L to mark."""
        if self.unresolved:
            self._resolve_soon()
        if not self._socket.has_room:
            return
        moved = [
            held.shown_at(price)
            for (_, symbol), held in self._held.items()
            if held.quantity_e8 and named(price := self._seen(symbol, prices)) != held.told
        ]
        if moved:
            now_us = time.time_ns() // 1_000
            items = [PositionUpdate(kind=MARKED, ts=now_us, data=shape) for shape in moved]
            self._socket.queue({"channel": self._prefix + POSITIONS, "type": "update", "data": items})


class MarkWatch:
    """Belongs to one event loop; runs while it has lines. `faults` counts what it survived."""

    def __init__(self, prices: Callable[[Iterable[str]], Prices] = prices_of, pause: float = TELL_SECONDS) -> None:
        self.faults = 0
        self._read, self._pause = prices, pause
        self._lines: dict[MarkedLine, None] = {}
        self._task: asyncio.Task[NoReturn] | None = None

    def follow(self, line: MarkedLine) -> None:
        self._lines[line] = None
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._tell_always(), name="mark-watch")

    def unfollow(self, line: MarkedLine) -> None:
        self._lines.pop(line, None)
        if not self._lines and self._task:
            self._task.cancel()
            self._task = None

    async def _tell_always(self) -> NoReturn:
        while True:
            await asyncio.sleep(self._pause)
            await self._tell(tuple(self._lines))

    async def _tell(self, lines: Sequence[MarkedLine]) -> None:
        prices = self.prices(set().union(*(line.symbols for line in lines)))
        began = time.monotonic()
        for line in lines:
            if line in self._lines:
                self._tell_one(line, prices)
            if time.monotonic() - began > TURN_SECONDS:
                await asyncio.sleep(0)
                began = time.monotonic()

    def prices(self, symbols: set[str]) -> Prices:
        """As they are. Where they cannot be read there are none: an old one would look like this moment's."""
        try:
            return self._read(symbols)
        except Exception:
            self._survived("The market's prices could not be read")
            return NO_PRICES

    def _tell_one(self, line: MarkedLine, prices: Prices) -> None:
        """A socket that cannot be told is closed: what it was told last would look like this moment's."""
        try:
            line.tell(prices)
        except Exception:
            self._survived("Positions could not be marked; their socket is closed")
            self.unfollow(line)
            line.broken()

    def _survived(self, sentence: str) -> None:
        self.faults += 1
        logger.exception(sentence, extra={"faults": self.faults})


_WATCHES: WeakKeyDictionary[asyncio.AbstractEventLoop, MarkWatch] = WeakKeyDictionary()


def mark_watch() -> MarkWatch:
    """The watch of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _WATCHES:
        _WATCHES[loop] = MarkWatch()
    return _WATCHES[loop]
