"""Which loads have a name? Sizes of the fan-out bench."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """`rate` updates a second over `universe` symbols; `sockets` sockets follow `symbols` of them each (Zipf).

    `stalled` of the sockets read nothing in the second half of the measured time. `idle`: the feed never starts.
    `books`: our engine publishes book changes beside quotes and trades; the peers' source has none.
    """

    name: str
    rate: int
    sockets: int
    symbols: int
    universe: int = 200
    warm_seconds: float = 2.0
    seconds: float = 5.0
    stalled: int = 0
    idle: bool = False
    books: bool = False

    @property
    def offered_per_second(self) -> float:
        """Deliveries a second to the sockets that read, were every update delivered; the feed spreads them evenly."""
        return self.rate * (self.sockets - self.stalled) * self.symbols / self.universe

    def __str__(self) -> str:
        rate = "no feed" if self.idle else f"{self.rate:,} updates/s over {self.universe} symbols"
        stalled = f", {self.stalled} of which stop reading" if self.stalled else ""
        return f"{rate} x {self.sockets} sockets of {self.symbols} symbols{stalled}"


LOADS = {
    load.name: load
    for load in (
        Load("A", rate=1_000, sockets=500, symbols=20),
        Load("B", rate=10_000, sockets=500, symbols=20),
        Load("C", rate=10_000, sockets=100, symbols=20),
        Load("D", rate=50_000, sockets=500, symbols=20, warm_seconds=10.0, seconds=60.0),
        Load("A-books", rate=1_000, sockets=500, symbols=20, books=True),
        Load("desk", rate=1_000, sockets=100, symbols=20),
        Load("memory", rate=1_000, sockets=500, symbols=20, seconds=1.0, idle=True),
        Load("memory-1000", rate=1_000, sockets=1_000, symbols=20, seconds=1.0, idle=True),
        Load("stalled", rate=10_000, sockets=500, symbols=20, warm_seconds=4.0, seconds=20.0, stalled=50),
        Load("smoke", rate=200, sockets=10, symbols=5, universe=20, warm_seconds=0.2, seconds=1.0, books=True),
    )
}
