"""Which loads have a name? Sizes of the fan-out bench."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """`rate` updates a second over `universe` symbols; `sockets` sockets follow `symbols` of them each (Zipf)."""

    name: str
    rate: int
    sockets: int
    symbols: int
    universe: int = 200
    warm_seconds: float = 2.0
    seconds: float = 5.0

    @property
    def offered_per_second(self) -> float:
        """Deliveries a second, were every update delivered; the feed spreads its updates evenly."""
        return self.rate * self.sockets * self.symbols / self.universe

    def __str__(self) -> str:
        return (
            f"{self.rate:,} updates/s over {self.universe} symbols x {self.sockets} sockets of {self.symbols} symbols"
        )


LOADS = {
    load.name: load
    for load in (
        Load("A", rate=1_000, sockets=500, symbols=20),
        Load("B", rate=10_000, sockets=500, symbols=20),
        Load("C", rate=10_000, sockets=100, symbols=20),
        Load("desk", rate=1_000, sockets=100, symbols=20),
        Load("smoke", rate=200, sockets=10, symbols=5, universe=20, warm_seconds=0.2, seconds=1.0),
    )
}
