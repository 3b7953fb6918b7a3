"""What does a running system do under so many sockets? The generator's figures, and progress while it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.children import Child, ChildFailed
from bench.generator import as_words
from bench.system import System, Unfit

PATIENCE_SECONDS = 120.0
SILENCE_SECONDS = 60.0
TAIL_LINES = 4
#: What the generator or the server may say, and what to do then.
ADVICE = {
    "closed with 4504": "The server lets one user hold fewer sockets: use --sockets, or raise its limit.",
    "closed with 4013": "The server limits how fast sockets come: try again, or raise its limit.",
    "handshake refused: HTTP/1.1 503": "The server has as many sockets as it takes: use --sockets, or raise its limit.",
    "handshake refused: HTTP/1.1 429": "The server limits how fast sockets come: try again, or raise its limit.",
    "no update in time": "The market stands still: nothing was published while sockets waited.",
    "file descriptors": "",
}


@dataclass(frozen=True)
class Plan:
    """How much to ask of the system."""

    sockets: int = 500
    symbols: int = 20
    books: int = 50  #: of the sockets: they follow order books, and each checksum is checked
    seconds: float = 10.0
    warm_seconds: float = 2.0
    zipf: float = 1.0
    seed: int = 1


def tried(system: System, plan: Plan, loadgen: Path, directory: Path, tell: Callable[[dict[str, Any]], None]) -> Any:
    """What the generator measured. `tell(event)` hears its `progress` and `subscribed`. Raises `Unfit`."""
    tokens = system.tokens()
    symbols = system.symbols(tokens[0])
    clock_ahead_us = system.clock_ahead_us(tokens[0])
    log = directory / "loadgen.log"
    try:
        with Child(command(system, plan, loadgen, symbols, clock_ahead_us), log) as generator:
            generator.keep_little_in_pipe()
            system.dial(tokens, generator.say, plan.sockets)
            for last in ("subscribed", "measured"):
                for event in generator.events(last, max(SILENCE_SECONDS, plan.seconds)):
                    tell(event)
            return {**event, "symbols": len(symbols), "clock_ahead_us": clock_ahead_us}
    except ChildFailed as failed:
        raise Unfit(explained(f"{failed}\n{tail(log)}".strip())) from failed


def command(system: System, plan: Plan, loadgen: Path, symbols: list[str], clock_ahead_us: int) -> list[str | Path]:
    options = {
        "dialect": "tmw",
        "host": system.host,
        "port": system.port,
        "sockets": plan.sockets,
        "books": min(plan.books, plan.sockets),
        "names": ",".join(symbols),
        "symbols": min(plan.symbols, len(symbols)),
        "seed": plan.seed,
        "zipf": plan.zipf,
        "warm": plan.warm_seconds,
        "seconds": plan.seconds,
        "patience": PATIENCE_SECONDS,
        "clock-ahead-us": clock_ahead_us,
        "pids": ",".join(f"{part}={pid}" for part, pid in system.pids.items()),
        "tell": 1,
    }
    return [loadgen, "fanout", *as_words(options)]


def tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:])


def explained(failure: str) -> str:
    """With what to do about it, where that is known."""
    advice = next((advice for sign, advice in ADVICE.items() if sign in failure), "")
    return f"{failure}\n{advice}".strip()
