"""`manage.py engine_check`: does an engine do what `docs/engine-link.md` asks for?"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO, cast

import zmq
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bridge.conformance.catalogue import Check, UnknownCheck, chosen
from bridge.conformance.checks import CHECKS
from bridge.conformance.subject import Addresses, Subject, Terms
from bridge.conformance.suite import play
from bridge.conformance.verdicts import Result, Verdict
from bridge.sockets.curve import KeyFault, KeyRing
from tradingmw.env import env

FAILED, COULD_NOT_RUN = 1, 2  #: exit codes
RESTART_SECONDS = 120.0
HOST = re.compile(r"^tcp://(.+):\d+$")
COLOURS = {Verdict.PASSED: "green", Verdict.FAILED: "bold red", Verdict.NOT_RUN: "yellow"}


class Command(BaseCommand):
    help = (
        "Plays transcripts of the engine link against an engine and tells what it gets wrong. It trades, cancels every "
        "order and fences off smaller sessions: never point it at an engine in use. "
        "Exit code 0: nothing failed; 1: something did, or no engine answers; 2: it could not be run."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        where = parser.add_argument_group("which engine (default: TMW_ENGINE_… and the keys of TMW_DATA_DIR)")
        where.add_argument("commands", nargs="?", metavar="tcp://HOST:PORT", help="its command socket")
        for name in ("market-data", "queries", "work"):
            where.add_argument(f"--{name}", metavar="ADDRESS", help="default: the setting's port at the same host")
        where.add_argument("--keys", type=Path, help="directory of the CURVE keys")
        which = parser.add_argument_group("which checks")
        which.add_argument("--only", nargs="+", default=[], metavar="NAME")
        which.add_argument("--core", action="store_true", help="those that the smallest engine has to pass")
        which.add_argument("--list", action="store_true", help="show them and stop")
        how = parser.add_argument_group("how")
        usual = Terms()
        how.add_argument("--symbol", default="", help="to trade; default: the first of the engine's table")
        how.add_argument("--patience", type=float, default=usual.patience_seconds, help="seconds for an answer")
        how.add_argument("--watch", type=float, default=usual.watch_seconds, help="seconds of market data")
        how.add_argument("--dead-man-ms", type=int, default=usual.dead_man_ms, help="the switch is set to this")
        how.add_argument("--first-session", type=int, default=0, help="default: the time in microseconds")
        how.add_argument("--bars", action="store_true", help="wait for a minute to end")
        how.add_argument("--restart-command", metavar="COMMAND", help="ends the engine, starts it again and returns")
        parser.add_argument("--json", action="store_true", help="for machines")

    def handle(self, *args: Any, **given: Any) -> None:
        console = Console(file=cast(TextIO, self.stdout))
        try:
            checks = chosen(CHECKS, given["only"], core=given["core"])
            if given["list"]:
                console.print(catalogue(checks))
                return
            addresses = addresses_of(given)
            results = list(played(checks, addresses, given))
        except (UnknownCheck, KeyFault, zmq.ZMQError) as error:
            raise CommandError(str(error), returncode=COULD_NOT_RUN) from error
        if given["json"]:
            self.stdout.write(json.dumps(document(addresses, results), indent=2))
        else:
            console.print(table(results))
        conclude(results)


def addresses_of(given: dict[str, Any]) -> Addresses:
    """Those given; the others by the settings, at the host of the command socket where that was given."""
    settings = env()
    usual = Addresses(
        settings.engine_market_data, settings.engine_commands, settings.engine_queries, settings.engine_work
    )
    if (host := HOST.match(given["commands"] or "")) is not None:
        usual = Addresses(*(re.sub(r"//.+:", lambda _: f"//{host[1]}:", address) for address in usual))
    return Addresses(*(given[name] or getattr(usual, name) for name in Addresses._fields))


def terms_of(given: dict[str, Any]) -> Terms:
    command = given["restart_command"]
    return Terms(
        patience_seconds=given["patience"],
        watch_seconds=given["watch"],
        dead_man_ms=given["dead_man_ms"],
        symbol=given["symbol"],
        first_session=given["first_session"],
        bars=given["bars"],
        restart=restarting(command) if command else None,
    )


def restarting(command: str) -> Callable[[], None]:
    words = shlex.split(command, posix=os.name != "nt")

    def restart() -> None:
        try:
            subprocess.run(words, check=True, timeout=RESTART_SECONDS, stdout=subprocess.DEVNULL)
        except (OSError, subprocess.SubprocessError) as error:
            raise CommandError(f"The engine could not be restarted: {error}", returncode=COULD_NOT_RUN) from error

    return restart


def played(checks: list[Check], addresses: Addresses, given: dict[str, Any]) -> Iterator[Result]:
    """Each result when it is there; on standard error what is under way."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    columns = (TextColumn("{task.description}"), TextColumn("{task.completed}/{task.total}"), TimeElapsedColumn())
    try:
        subject = Subject(context, KeyRing(given["keys"] or env().keys), addresses, terms_of(given))
        with Progress(*columns, console=Console(file=sys.stderr), transient=True) as progress:
            task = progress.add_task("", total=len(checks))
            upcoming = iter([*(check.name for check in checks[1:]), ""])
            progress.update(task, description=checks[0].name if checks else "")
            for result in play(checks, subject):
                yield result
                progress.update(task, advance=1, description=next(upcoming))
    finally:
        context.destroy(linger=0)


def catalogue(checks: Iterable[Check]) -> Table:
    shown = Table("check", "core", "section", "expects")
    for check in checks:
        shown.add_row(check.name, "core" if check.core else "", escape(check.section), escape(check.expects))
    return shown


def table(results: Iterable[Result]) -> Table:
    shown = Table("check", "", "what was seen", "docs/engine-link.md asks for")
    for result in results:
        verdict = f"[{COLOURS[result.verdict]}]{result.verdict}[/]"
        asked = f"{result.section}: {result.expects}" if result.verdict is Verdict.FAILED else result.section
        shown.add_row(result.name, verdict, escape(result.seen), escape(asked))
    return shown


def document(addresses: Addresses, results: list[Result]) -> dict[str, Any]:
    return {
        "engine": addresses._asdict(),
        **{name: counted(results, verdict) for name, verdict in COUNTS.items()},
        "checks": [result._asdict() | {"seconds": round(result.seconds, 3)} for result in results],
    }


COUNTS = {"passed": Verdict.PASSED, "failed": Verdict.FAILED, "notRun": Verdict.NOT_RUN}


def counted(results: Iterable[Result], verdict: Verdict) -> int:
    return sum(result.verdict is verdict for result in results)


def conclude(results: list[Result]) -> None:
    """`CommandError` where something failed, or nothing could be played."""
    passed, failed = counted(results, Verdict.PASSED), counted(results, Verdict.FAILED)
    if failed or not passed:
        reason = f"{failed} of {len(results)} checks failed." if failed else f"Nothing was checked: {results[0].seen}."
        raise CommandError(reason, returncode=FAILED)
