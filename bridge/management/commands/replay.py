"""`manage.py replay FILE`: plays a recording as an engine's market side, or says what is in it."""

from __future__ import annotations

import json
from argparse import ArgumentParser, BooleanOptionalAction
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bridge.management.commands.engine import serve
from bridge.recording.file import RecordingError
from bridge.recording.parts import NS, Summary, summary_of
from bridge.simulator.options import RECORDING_SUFFIX, EngineOptions
from tradingmw.env import env


class Command(BaseCommand):
    help = "Plays a recording in the engine's place: bridges and screens work from it. With --list: what is in it."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--list", action="store_true", help="say what is in it, and whether it is whole")
        parser.add_argument("--json", action="store_true", help="the same for machines")
        parser.add_argument("--speed", type=float, default=1.0, help="recorded time for each second of wall time")
        parser.add_argument("--seek", default="", help="seconds from its begin, or a time as 2026-11-23T09:30:00Z")
        parser.add_argument("--loop", action=BooleanOptionalAction, default=False, help="begin again at the end")
        parser.add_argument("--hold-file", type=Path, help="the market stands still while this file exists")

    def handle(self, *args: Any, file: Path, **given: Any) -> None:
        if given["list"] or given["json"]:
            self._list(file, as_json=given["json"])
            return
        if file.suffix != RECORDING_SUFFIX:
            raise CommandError(f"{file} does not end in {RECORDING_SUFFIX}: `manage.py engine --replay` plays others.")
        how = {name: given[name] for name in ("speed", "seek", "loop", "hold_file")}
        options = EngineOptions(replay=(file,), **how)
        if faults := options.faults():
            raise CommandError(" ".join(faults), returncode=2)
        serve(options, env())

    def _list(self, file: Path, *, as_json: bool) -> None:
        try:
            summary = summary_of(file)
        except RecordingError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(summary._asdict()) if as_json else told(summary))
        if summary.fault:
            raise CommandError(summary.fault)


def told(summary: Summary) -> str:
    """A table for people."""
    rows = {
        "from": instant(summary.begins_ns),
        "to": instant(summary.ends_ns),
        "seconds": f"{(summary.ends_ns - summary.begins_ns) / NS:,.1f}",
        "messages": f"{summary.messages:,}",
        **{f"  {kind}": f"{count:,}" for kind, count in sorted(summary.counts.items())},
        "parts": f"{summary.parts:,}",
        "instruments": f"{summary.instruments:,}",
        "bytes": f"{summary.bytes:,}",
    }
    return "\n".join(f"{name:<14}{value}" for name, value in rows.items())


def instant(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns // NS, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{at_ns % NS:09d}Z"
