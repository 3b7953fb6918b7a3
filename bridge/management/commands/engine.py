"""`manage.py engine`: the trading engine for development. In production a real engine stands in its place."""

from __future__ import annotations

import contextlib
from argparse import BooleanOptionalAction
from pathlib import Path
from typing import Any

import zmq
from django.core.management.base import BaseCommand, CommandError, CommandParser

from bridge.recording.file import RecordingError
from bridge.recording.parts import Part
from bridge.recording.playback import Playback, PlaybackOptions
from bridge.recording.player import play, seek_ns
from bridge.simulator.actions import Market
from bridge.simulator.journal import JournalFault
from bridge.simulator.options import DEFAULT_RATE, EngineOptions, market_of
from bridge.simulator.replay import RecordingFault
from bridge.simulator.server import Engine
from bridge.simulator.sockets import EngineAddresses
from bridge.sockets.curve import KeyFault, KeyRing, make_keys
from bridge.wire.faults import WireError
from tradingmw.env import Env, env
from tradingmw.exposition import serve_metrics
from tradingmw.file_lock import FileLock, HeldByAnother
from tradingmw.metrics import ENGINE_EPOCH, ENGINE_FAULTS
from tradingmw.supervisor.stopping import stop_event

FAULTS = (RecordingFault, RecordingError, JournalFault, KeyFault, HeldByAnother, WireError, zmq.ZMQError)


class Command(BaseCommand):
    help = "Runs the trading engine for development, with a market that is alive by itself."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="of the demo or synthetic market")
        parser.add_argument("--symbols", type=int, default=0, help="a synthetic market of so many instruments")
        parser.add_argument("--rate", type=float, default=DEFAULT_RATE, help="its quote updates a second, in all")
        parser.add_argument("--replay", type=Path, nargs="+", default=[], metavar="FILE", help="recorded market data")
        parser.add_argument("--speed", type=float, default=1.0, help="market time for each second of wall time")
        parser.add_argument("--loop", action=BooleanOptionalAction, default=True, help="begin a recording again")
        parser.add_argument("--hold-file", type=Path, help="the market stands still while this file exists")
        parser.add_argument("--seek", default="", help="of a .tmwrec recording: seconds from its begin, or a time")
        parser.add_argument("--forget", action="store_true", help="set the journal aside and start empty")

    def handle(self, *args: Any, **given: Any) -> None:
        options = EngineOptions(**{name: given[name] for name in EngineOptions._fields})
        options = options._replace(replay=tuple(options.replay))
        if faults := options.faults():
            raise CommandError(" ".join(faults), returncode=2)
        serve(options, env())


def serve(options: EngineOptions, settings: Env) -> None:
    """The engine that `options` ask for, alone on its data directory, until it is asked to stop."""
    if "," in settings.engine_commands:
        raise CommandError("An engine listens at one address: TMW_ENGINE_COMMANDS and its like name two.", returncode=2)
    make_keys(settings.keys)
    try:
        with FileLock(settings.data_dir / "engine" / "lock"):
            if options.recording is not None:
                run_recording(options.recording, options, settings)
            else:
                run(market_of(options), options, settings)
    except FAULTS as error:
        raise CommandError(f"The engine cannot run: {error}") from error


def addresses_of(settings: Env) -> EngineAddresses:
    return EngineAddresses(
        settings.engine_market_data, settings.engine_commands, settings.engine_queries, settings.engine_work
    )


def run_recording(path: Path, options: EngineOptions, settings: Env) -> None:
    """Lives of a recording's player, one after another."""
    from_ns = seek_ns(path, options.seek)
    lives: list[Playback] = []

    def begin(part: Part) -> Playback:
        how = PlaybackOptions(options.speed, options.hold_file)
        directory, keyring = settings.data_dir / "engine", KeyRing(settings.keys)
        lives[:] = [Playback(part, how, directory=directory, keyring=keyring, addresses=addresses_of(settings))]
        return lives[0]

    ENGINE_FAULTS.read_from(lambda: {str(reason): count for life in lives for reason, count in life.faults.items()})
    ENGINE_EPOCH.read_from(lambda: lives[0].epoch if lives else 0)
    serve_metrics(settings, "engine")
    play(path, from_ns, begin, stop_event(), loop=options.loop)


def run(market: Market, options: EngineOptions, settings: Env) -> None:
    """One life of the engine, from its journal to its stop."""
    stop = stop_event()
    keyring, addresses = KeyRing(settings.keys), addresses_of(settings)
    engine = Engine(market, options, directory=settings.data_dir / "engine", keyring=keyring, addresses=addresses)
    with contextlib.closing(engine):
        ENGINE_FAULTS.read_from(lambda: {str(reason): count for reason, count in engine.faults.items()})
        ENGINE_EPOCH.read_from(lambda: engine.epoch)
        serve_metrics(settings, "engine")
        engine.run(stop)
