"""`manage.py up`: everything on this machine, until Ctrl-C."""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bridge.sockets.keys import KeyFault
from tradingmw.env import env
from tradingmw.file_lock import HeldByAnother
from tradingmw.supervisor.addresses import PortTaken
from tradingmw.supervisor.console import LogBoard
from tradingmw.supervisor.parts import ENGINE_FLAGS, PARTS, engine_arguments
from tradingmw.supervisor.reference_engine import EngineNotBuilt, build_engine, flags_without_meaning
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
        parser.add_argument(
            "--engine", choices=("python", "cpp"), default="python", help="cpp: builds and runs engine/"
        )
        engine = parser.add_argument_group("passed on to the engine for development")
        for flag, reading in ENGINE_FLAGS.items():
            engine.add_argument(flag, **reading)

    def handle(self, *args: Any, port: int, standby: bool = False, engine: str = "python", **options: Any) -> None:
        at_once = Event()
        stop = stop_event(on_second_signal=at_once.set)
        board = LogBoard(sys.stderr, {part.name: part.colour for part in PARTS})
        log_to_board(board)
        try:
            program = self._engine_program(options) if engine == "cpp" else None
            arguments = engine_arguments(options)
            stack = Stack(board, self._say, arguments, standby=standby, engine_program=program)
            code = stack.run(port, stop, at_once)
        except HeldByAnother as error:
            raise CommandError(
                f"{env().data_dir} is in use by process {error.pid}; stop it or use --data-dir"
            ) from error
        except KeyFault as error:
            raise CommandError(str(error), returncode=2) from error
        except EngineNotBuilt as error:
            raise CommandError(str(error), returncode=2) from error
        except PortTaken as error:
            raise CommandError(f"{error}; choose another with --port") from error
        sys.exit(code)

    def _engine_program(self, options: dict[str, Any]) -> Path:
        if unknown := flags_without_meaning(options):
            raise CommandError(f"The C++ engine does not have {', '.join(unknown)}.", returncode=2)
        return build_engine(self._say)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
