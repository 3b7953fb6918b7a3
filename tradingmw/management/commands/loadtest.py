"""`manage.py loadtest`: many sockets against a running system, every frame checked, targets beside what is found."""

from __future__ import annotations

import dataclasses
import getpass
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from accounts.demo import PASSWORD, USERS
from bench import chart, targets, tools
from bench.machine import machine
from bench.system import Login, System, Unfit
from bench.targets import Line, Targets
from bench.trial import Plan, tried
from tradingmw.env import env

COULD_NOT_RUN = 2


class Command(BaseCommand):
    help = (
        "Opens many market sockets against a running system, checks every frame, and compares with the targets. "
        "Exit status: 0 all reached, 1 one missed, 2 it could not be run. Needs Linux and a C++ compiler."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        system = parser.add_argument_group("which system (default: the one that `up` runs here, with the demo logins)")
        system.add_argument("--data-dir", type=Path, help="of a local `up` (TMW_DATA_DIR, else var)")
        system.add_argument("--url", help="http://host:port of a web process")
        system.add_argument("--username")
        system.add_argument("--password", help="asked for where it is missing")
        load = parser.add_argument_group("how much")
        for name, default in dataclasses.asdict(Plan()).items():
            flag = f"--{name.replace('_', '-')}"
            load.add_argument(flag, type=type(default), default=default, help=f"default: {default:g}")
        demanded = parser.add_argument_group("targets")
        for name, default in dataclasses.asdict(Targets()).items():
            flag = f"--{name.replace('_', '-')}"
            demanded.add_argument(flag, type=float, default=default, help=f"default: {default:g}")
        parser.add_argument("--json", type=Path, help="write what was found to this file")
        parser.add_argument("--chart", type=Path, help="write an SVG chart to this file")

    def handle(self, *args: Any, **given: Any) -> None:
        plan, demanded = chosen(Plan, given), chosen(Targets, given)
        try:
            measured = run(system_of(given), plan)
        except (Unfit, tools.Missing) as error:
            raise CommandError(f"This cannot be tested: {error}", returncode=COULD_NOT_RUN) from error
        found = targets.lines(measured, plan, demanded)
        title = f"{plan.sockets:,} sockets of {min(plan.symbols, measured['symbols'])} symbols, {plan.seconds:g} s"
        targets.show(Console(), title, found, measured)
        write(given, found, measured, plan, demanded)
        sys.exit(int(not targets.reached(found)))


def chosen(kind: type[Any], given: dict[str, Any]) -> Any:
    return kind(**{field.name: given[field.name] for field in dataclasses.fields(kind)})


def system_of(given: dict[str, Any]) -> System:
    """The system that the flags name."""
    if sys.platform != "linux":
        raise Unfit("The load generator polls with epoll and reads /proc: run this on Linux, against --url.")
    if given["username"]:
        logins = [Login(given["username"], given["password"] or getpass.getpass(f"Password of {given['username']}: "))]
    else:
        logins = [Login(user.username, PASSWORD) for user in USERS]
    if given["url"]:
        return System(given["url"].rstrip("/"), logins)
    return System.on_this_machine(given["data_dir"] or env().data_dir, logins)


def run(system: System, plan: Plan) -> dict[str, Any]:
    """What the generator measured, with progress before a person's eyes."""
    console = Console(stderr=True)
    system.check()
    loadgen = tools.loadgen(lambda line: console.print(line, highlight=False))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        tempfile.TemporaryDirectory(prefix="tradingmw-loadtest-", ignore_cleanup_errors=True) as home,
        Progress(*columns, console=console, transient=True) as progress,
    ):
        task = progress.add_task("subscribing", total=plan.sockets)

        def tell(event: dict[str, Any]) -> None:
            if event["event"] == "progress" and event["updates"]:
                progress.update(task, description=f"checking, {event['updates']:,} updates so far")
            progress.update(task, completed=event.get("subscribed", plan.sockets))

        return dict(tried(system, plan, loadgen, Path(home), tell))


def write(given: dict[str, Any], found: list[Line], measured: dict[str, Any], plan: Plan, demanded: Targets) -> None:
    """The files that were asked for."""
    if given["json"]:
        document = {
            "machine": machine(),
            "plan": dataclasses.asdict(plan),
            "targets": dataclasses.asdict(demanded),
            "reached": targets.reached(found),
            "lines": [line._asdict() for line in found],
            "measured": measured,
        }
        given["json"].parent.mkdir(parents=True, exist_ok=True)
        given["json"].write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if given["chart"]:
        title = f"{plan.sockets:,} sockets, {measured['updates'] / measured['seconds']:,.0f} updates/s"
        chart.write(given["chart"], title, machine(), [targets.panel(measured, demanded)])
