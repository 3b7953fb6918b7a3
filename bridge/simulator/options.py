"""What was this engine asked to do on its command line, and which market does that make?"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from bridge.simulator.actions import Market
from bridge.simulator.market import DemoMarket
from bridge.simulator.replay import Recording, RecordingFault, ReplayMarket
from bridge.simulator.replay_binance import BinanceRecording
from bridge.simulator.replay_lobster import LobsterRecording
from bridge.simulator.synthetic import SyntheticMarket

DEFAULT_RATE = 1_000
MOST_SYMBOLS = 5_000


class EngineOptions(NamedTuple):
    """The market (demo unless `symbols` or `replay` is given) and how its time runs."""

    seed: int = 1
    symbols: int = 0
    rate: float = DEFAULT_RATE
    replay: tuple[Path, ...] = ()
    speed: float = 1.0
    loop: bool = True
    hold_file: Path | None = None
    forget: bool = False

    def faults(self) -> list[str]:
        """What is wrong with the values, a sentence each."""
        rules = {
            "--symbols and --replay exclude each other.": bool(self.symbols and self.replay),
            f"--symbols must lie between 1 and {MOST_SYMBOLS}.": not 0 <= self.symbols <= MOST_SYMBOLS,
            "--rate must lie between 1 and 1,000,000 a second.": not 1 <= self.rate <= 1_000_000,
            "--speed must be more than 0, at most 10,000.": not 0 < self.speed <= 10_000,
        }
        return [text for text, broken in rules.items() if broken]


def market_of(options: EngineOptions) -> Market:
    """The market that `options` ask for; `RecordingFault` where a recording cannot be read."""
    if options.replay:
        return ReplayMarket(recordings(options.replay), loop=options.loop)
    if options.symbols:
        return SyntheticMarket(options.seed, options.symbols, options.rate)
    return DemoMarket(options.seed)


def recordings(files: tuple[Path, ...]) -> list[Recording]:
    """A recording per file by its name: Binance `.jsonl[.xz]`, LOBSTER `…message…csv[.xz]`.

    A LOBSTER `…orderbook…` file among them is the opening state of its day; without one it is looked for beside.
    """
    openings = {_day(path): path for path in files if "orderbook" in path.name}
    found: list[Recording] = []
    for path in files:
        if ".jsonl" in path.suffixes:
            found.append(BinanceRecording(path))
        elif "message" in path.name and ".csv" in path.suffixes:
            found.append(LobsterRecording(path, openings.get(_day(path))))
        elif "orderbook" not in path.name:
            raise RecordingFault(f"{path} is neither a Binance .jsonl nor a LOBSTER message .csv file.")
    if not found:
        raise RecordingFault("There is nothing to replay.")
    return found


def _day(path: Path) -> str:
    return "_".join(path.name.split("_")[:2])
