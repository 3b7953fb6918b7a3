"""What was this engine asked to do on its command line, and which market does that make?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bridge.simulator.actions import Market
from bridge.simulator.market import DemoMarket
from bridge.simulator.replay import Recording, RecordingFault, ReplayMarket
from bridge.simulator.replay_binance import BinanceRecording
from bridge.simulator.replay_coinbase import coinbase_recordings
from bridge.simulator.replay_lobster import LobsterRecording
from bridge.simulator.synthetic import SyntheticMarket

DEFAULT_RATE = 1_000
MOST_SYMBOLS = 5_000
RECORDING_SUFFIX = ".tmwrec"


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
    seek: str = ""

    @property
    def recording(self) -> Path | None:
        """A recording of the engine link itself: it is played as it is, and no market is made of it."""
        return next((path for path in self.replay if path.suffix == RECORDING_SUFFIX), None)

    def faults(self) -> list[str]:
        """What is wrong with the values, a sentence each."""
        rules = {
            "--symbols and --replay exclude each other.": bool(self.symbols and self.replay),
            f"--symbols must lie between 1 and {MOST_SYMBOLS}.": not 0 <= self.symbols <= MOST_SYMBOLS,
            "--rate must lie between 1 and 1,000,000 a second.": not 1 <= self.rate <= 1_000_000,
            "A recording of `manage.py record` is played alone.": self.recording is not None and len(self.replay) > 1,
            "--seek goes with a recording of `manage.py record`.": bool(self.seek) and self.recording is None,
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
    """Recordings by the names of files: Binance `.jsonl[.xz]`, Coinbase `COINBASE.ws.…`, LOBSTER `…message…csv[.xz]`.

    A Coinbase capture holds one per product; the REST answers beside it (`COINBASE.0`) tell nothing of a book. A
    LOBSTER `…orderbook…` file among them is the opening state of its day; without one it is looked for beside.
    """
    openings = {_day(path): path for path in files if "orderbook" in path.name}
    found = [recording for path in files for recording in _recorded(path, openings)]
    if not found:
        raise RecordingFault("There is nothing to replay.")
    return found


def _recorded(path: Path, openings: dict[str, Path]) -> Sequence[Recording]:
    if ".jsonl" in path.suffixes:
        return [BinanceRecording(path)]
    if path.name.startswith("COINBASE.ws."):
        return coinbase_recordings(path)
    if "message" in path.name and ".csv" in path.suffixes:
        return [LobsterRecording(path, openings.get(_day(path)))]
    if "orderbook" in path.name or path.name.startswith("COINBASE."):
        return []
    raise RecordingFault(f"{path} is neither a Binance .jsonl nor a LOBSTER message .csv nor a COINBASE.ws file.")


def _day(path: Path) -> str:
    return "_".join(path.name.split("_")[:2])
