"""Which parts make up the system on one machine? A row each; a further part is a further row."""

from __future__ import annotations

from argparse import BooleanOptionalAction
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tradingmw.env import Env

#: How long a whole turn of the stop may take; together below the ten seconds that are promised.
STOP_SECONDS: Final = {0: 4.0, 1: 3.0, 2: 2.0}


@dataclass(frozen=True)
class Part:
    """A `manage.py` command that `up` keeps alive."""

    name: str
    command: tuple[str, ...]
    colour: str
    stop_turn: int  #: turn 0 stops first: those who ask before those who answer
    is_engine: bool = False  #: not started where the engine is another program
    is_standby: bool = False  #: started only where a standby is asked for


PARTS: Final = (
    Part("engine", ("engine",), "yellow", stop_turn=2, is_engine=True),
    Part("orders", ("bridge", "--role", "orders"), "cyan", stop_turn=1),
    Part("standby", ("bridge", "--role", "orders"), "bright_cyan", stop_turn=1, is_standby=True),
    Part("feed", ("bridge", "--role", "feed"), "green", stop_turn=1),
    Part("worker", ("worker",), "blue", stop_turn=0),
    Part("beat", ("beat",), "white", stop_turn=0),
    Part("web", ("web",), "magenta", stop_turn=0),
)

#: Flags of `up` that are the engine's: name → how argparse reads them. Absent ones are not passed on.
ENGINE_FLAGS: Final[Mapping[str, dict[str, Any]]] = {
    "--seed": {"type": int},
    "--symbols": {"type": int},
    "--rate": {"type": float},
    "--replay": {"nargs": "+"},
    "--speed": {"type": float},
    "--hold-file": {},
    "--loop": {"action": BooleanOptionalAction},
    "--forget": {"action": "store_true", "default": None},
}


#: Where both run, the one that finds the lease held waits, whichever was started first or again.
ORDER_BRIDGES: Final = ("orders", "standby")


def parts_of(settings: Env, *, standby: bool = False) -> list[Part]:
    """Those that run under these settings."""
    engine = settings.development_engine
    return [part for part in PARTS if (engine or not part.is_engine) and (standby or not part.is_standby)]


def engine_arguments(options: Mapping[str, Any]) -> list[str]:
    """The engine's command-line arguments out of the options that `up` was given."""
    arguments: list[str] = []
    for flag in ENGINE_FLAGS:
        value = options.get(flag.removeprefix("--").replace("-", "_"))
        if value is False:
            arguments.append(flag.replace("--", "--no-", 1))
        elif value is not None:
            arguments += [flag, *_words(value)]
    return arguments


def _words(value: object) -> Sequence[str]:
    if value is True:
        return ()
    return [str(word) for word in value] if isinstance(value, list) else [str(value)]
