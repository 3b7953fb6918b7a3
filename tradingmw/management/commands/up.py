"""`manage.py up`: everything on this machine, until Ctrl-C."""

from __future__ import annotations

import sys
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tradingmw.env import env
from tradingmw.file_lock import HeldByAnother
from tradingmw.supervisor.addresses import PortTaken
from tradingmw.supervisor.console import LogBoard
from tradingmw.supervisor.parts import ENGINE_FLAGS, PARTS, engine_arguments
from tradingmw.supervisor.starting import Stack, log_to_board
from tradingmw.supervisor.stopping import stop_event


class Command(BaseCommand):
    help = "Runs every part on this machine, restarts what dies and stops all of it with Ctrl-C."
    requires_system_checks = ()  # the tests run them; a start is seconds faster without

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=env().web_port, help="the page's port; 0 chooses a free one")
        # Read before the settings were, in manage.py; here it is only documented.
        parser.add_argument("--data-dir", help="where everything is kept (TMW_DATA_DIR, else var)")
        parser.add_argument("--standby", action="store_true", help="a second order bridge, ready to take over")
        engine = parser.add_argument_group("passed on to the engine for development")
        for flag, reading in ENGINE_FLAGS.items():
            engine.add_argument(flag, **reading)

    def handle(self, *args: Any, port: int, standby: bool = False, **options: Any) -> None:
        at_once = Event()
        stop = stop_event(on_second_signal=at_once.set)
        board = LogBoard(sys.stderr, {part.name: part.colour for part in PARTS})
        log_to_board(board)
        try:
            stack = Stack(board, self._say, engine_arguments(options), standby=standby)
            code = stack.run(port, stop, at_once)
        except HeldByAnother as error:
            raise CommandError(
                f"{env().data_dir} is in use by process {error.pid}; stop it or use --data-dir"
            ) from error
        except PortTaken as error:
            raise CommandError(f"{error}; choose another with --port") from error
        sys.exit(code)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
