"""`manage.py engine`: the trading engine for development. In production a real engine stands in its place."""

from __future__ import annotations

from argparse import BooleanOptionalAction
from pathlib import Path
from typing import Any

import zmq
from django.core.management.base import BaseCommand, CommandError, CommandParser

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
        parser.add_argument("--forget", action="store_true", help="set the journal aside and start empty")

    def handle(self, *args: Any, **given: Any) -> None:
        options = EngineOptions(**{name: given[name] for name in EngineOptions._fields})
        options = options._replace(replay=tuple(options.replay))
        if faults := options.faults():
            raise CommandError(" ".join(faults), returncode=2)
        try:
            run(market_of(options), options, env())
        except (RecordingFault, JournalFault, KeyFault, HeldByAnother, WireError, zmq.ZMQError) as error:
            raise CommandError(f"The engine cannot run: {error}") from error


def run(market: Market, options: EngineOptions, settings: Env) -> None:
    """One life of the engine, from its journal to its stop; alone on its data directory."""
    stop = stop_event()
    directory = settings.data_dir / "engine"
    make_keys(settings.keys)
    addresses = EngineAddresses(
        settings.engine_market_data, settings.engine_commands, settings.engine_queries, settings.engine_work
    )
    with FileLock(directory / "lock"):
        engine = Engine(market, options, directory=directory, keyring=KeyRing(settings.keys), addresses=addresses)
        ENGINE_FAULTS.read_from(lambda: {str(reason): count for reason, count in engine.faults.items()})
        ENGINE_EPOCH.read_from(lambda: engine.epoch)
        serve_metrics(settings, "engine")
        try:
            engine.run(stop)
        finally:
            engine.close()
