"""`manage.py record FILE`: what the engine publishes, into a file that `manage.py replay` plays."""

from __future__ import annotations

import json
import threading
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import zmq
from django.core.management.base import BaseCommand, CommandError

from bridge.management.commands.replay import told
from bridge.recording.file import RecordingError, RecordingStopped, RecordingWriter
from bridge.recording.parts import summary_of
from bridge.recording.recorder import Addresses, Recorder
from bridge.sockets.keys import KeyFault, KeyRing, Role
from tradingmw.env import Env, env
from tradingmw.held_keys import check_keys
from tradingmw.supervisor.stopping import stop_event

PROGRESS_SECONDS = 5.0


class Command(BaseCommand):
    help = "Records market data and status of the engine link, with what it takes to follow them from nothing."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a new file; .tmwrec is the usual ending")
        parser.add_argument("--seconds", type=float, help="stop by itself after so long; else with Ctrl-C")
        parser.add_argument("--bars", action="store_true", help="finished bars too: takes them from recorder workers")
        parser.add_argument("--json", action="store_true", help="the summary for machines")

    def handle(self, *args: Any, file: Path, seconds: float | None, **options: Any) -> None:
        try:
            check_keys(env(), Role.RECORDER)
            writer = RecordingWriter(file)
        except (KeyFault, RecordingError) as error:
            raise CommandError(str(error)) from error
        stopped = self._record(writer, env(), seconds, bars=options["bars"])
        summary = summary_of(file) if writer.messages else None
        if options["json"]:
            self.stdout.write(json.dumps({**(summary._asdict() if summary else {}), **stopped}))
        else:
            self.stdout.write(told(summary) if summary else "The engine was not heard: nothing is recorded.")
        if stopped["stopped"]:
            raise CommandError(stopped["stopped"])
        if not summary:
            raise CommandError("No answer of an engine: look at TMW_ENGINE_MARKET_DATA and TMW_ENGINE_QUERIES.")

    def _record(self, writer: RecordingWriter, settings: Env, seconds: float | None, *, bars: bool) -> dict[str, Any]:
        """What came between, and `stopped`: why the disk took no more."""
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        work = settings.engine_work if bars else ""
        addresses = Addresses(settings.engine_market_data, settings.engine_queries, work)
        recorder = Recorder(context, KeyRing(settings.keys), addresses, writer)
        why = ""
        try:
            self._until(recorder, writer, stop_event(), seconds)
            writer.flush()
        except RecordingStopped as stopped:
            why = str(stopped)
        finally:
            recorder.close()
            context.destroy(linger=0)
            writer.close()
        return {"stopped": why, "refused": dict(recorder.refused())}

    def _until(self, recorder: Recorder, writer: RecordingWriter, stop: threading.Event, seconds: float | None) -> None:
        ends_at = float("inf") if seconds is None else time.monotonic() + seconds
        say_at = time.monotonic() + PROGRESS_SECONDS
        while not stop.is_set() and time.monotonic() < ends_at:
            recorder.turn()
            if time.monotonic() >= say_at:
                say_at = time.monotonic() + PROGRESS_SECONDS
                state = "following the engine" if recorder.is_whole else "the engine does not answer"
                self.stderr.write(f"{writer.messages:,} messages, {writer.bytes:,} bytes; {state}")
