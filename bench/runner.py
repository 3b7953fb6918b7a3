"""What do all benches do alike? Their flags, who can take part here, run after run before a person's eyes, the end."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TimeElapsedColumn, TimeRemainingColumn

from bench import chart
from bench.bars import Bar, judge
from bench.machine import others_at_work
from bench.report import Column, Report
from bench.rounds import OURS, Turn, run, turns
from bench.tools import Missing

Rows = list[dict[str, Any]]
Panel = tuple[list[str], int]
Measure = Callable[[Turn, Path], Mapping[str, Any]]
Panels = Callable[[Report], list[Panel]]
TAIL_LINES = 12


class TakesPart(Protocol):
    """A contender of any bench: `prepare(say)` installs what it needs, or raises `Missing`."""

    @property
    def key(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def prepare(self) -> Callable[[Callable[[str], None]], object]: ...


Entrant = TypeVar("Entrant", bound=TakesPart)


class Entry(NamedTuple):
    """A line of the table: who is measured, and the key of the line that its ratios refer to."""

    title: str
    entrant: TakesPart
    against: str = OURS


class Bench(NamedTuple):
    """What one command measures: `measure(turn, directory)` gives the figures of a run, `brief` says them."""

    title: str
    entries: Mapping[str, Entry]
    measure: Measure
    brief: Callable[[Mapping[str, Any]], str]
    columns: Sequence[Column]
    panels: Panels
    bars: Sequence[Bar] = ()


def add_arguments(parser: argparse.ArgumentParser, keys: Iterable[str]) -> None:
    """The flags that all benches have."""
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--seconds", type=float, help="measured time of each run")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2], help="used in turn")
    if names := list(keys):
        parser.add_argument("--only", nargs="+", choices=names, help="not all contenders")
    parser.add_argument("--json", type=Path, help="write every run to this file")
    parser.add_argument("--chart", type=Path, help="write an SVG chart to this file")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file")


def conduct(bench: Bench, args: argparse.Namespace, console: Console, **facts: Any) -> Report:
    """Prepare, run everything in turn, show the table, and write what else is wanted."""
    entrants = {entry.entrant.key: entry.entrant for entry in bench.entries.values()}
    ready, lacking = prepared(entrants.values(), getattr(args, "only", None), console)
    entries = {key: entry for key, entry in bench.entries.items() if entry.entrant.key in {*ready, *lacking}}
    titles = {key: entry.title for key, entry in entries.items()}
    not_run = {key: lacking[one.entrant.key] for key, one in entries.items() if one.entrant.key in lacking}
    runnable = {key: title for key, title in titles.items() if key not in not_run}
    rows = in_turn(console, runnable, args, bench.measure, bench.brief)
    against = {key: entry.against for key, entry in entries.items()}
    verdicts = tuple(judge(rows, bench.bars))
    report = Report(bench.title, args.said, titles, against, bench.columns, rows, not_run, verdicts)
    finish(report, args, bench.panels, **facts)
    return report


def exit_code(report: Report) -> int:
    """1 where a run of ours failed or lost something, or a bar was missed."""
    ours = [row for row in report.rows if row["contender"].startswith(OURS)]
    lost = any("failed" in row or row.get("faults") for row in ours)
    return int(lost or any(verdict.passed is False for verdict in report.verdicts))


def prepared(
    entrants: Iterable[Entrant], only: Sequence[str] | None, console: Console
) -> tuple[dict[str, Entrant], dict[str, str]]:
    """Those that are wanted and can run here, by key; and what is missing for the others."""
    ready: dict[str, Entrant] = {}
    not_run: dict[str, str] = {}
    for one in entrants:
        if only and one.key not in only:
            continue
        try:
            one.prepare(lambda line: console.print(line, highlight=False))
            ready[one.key] = one
        except Missing as missing:
            not_run[one.key] = str(missing)
    return ready, not_run


def in_turn(
    console: Console,
    titles: Mapping[str, str],
    args: argparse.Namespace,
    measure: Measure,
    brief: Callable[[Mapping[str, Any]], str],
) -> Rows:
    """The figures of every run of the contenders in `titles`; `brief(row)` is what is said of one."""
    if warning := others_at_work():
        console.print(warning, style="yellow", highlight=False)
    todo = list(turns(list(titles), args.repetitions, args.seeds))
    rows: Rows = []
    columns = (SpinnerColumn(), *Progress.get_default_columns()[:3], TimeElapsedColumn(), TimeRemainingColumn())
    with (
        tempfile.TemporaryDirectory(prefix="tradingmw-bench-", ignore_cleanup_errors=True) as home,
        Progress(*columns, console=console, transient=True) as progress,
    ):
        task = progress.add_task("", total=len(todo))
        for number, turn in enumerate(todo):
            progress.update(task, description=f"{turn.repetition + 1}/{args.repetitions} {titles[turn.key]}")
            row = in_directory(Path(home) / str(number), turn, measure)
            said = row["failed"].partition("\n")[0] if "failed" in row else brief(row)
            line = f"{turn.repetition + 1}  {titles[turn.key]:44} {said}"
            progress.console.print(line, highlight=False, soft_wrap=True)
            progress.advance(task)
            rows.append(row)
    return rows


def in_directory(directory: Path, turn: Turn, measure: Measure) -> dict[str, Any]:
    """One run in a directory that is not kept; of a run that failed, the ends of its logs are."""
    directory.mkdir()
    try:
        row = run(turn, lambda one: measure(one, directory))
        if "failed" in row:
            row["failed"] = "\n".join([row["failed"], *ends_of_logs(directory)])
        return row
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def ends_of_logs(directory: Path) -> list[str]:
    return [
        f"  {log.stem}: {line}"
        for log in sorted(directory.glob("*.log"))
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
    ]


def finish(report: Report, args: argparse.Namespace, panels: Panels, **facts: Any) -> None:
    """Show the table; write what else is wanted."""
    report.show(Console())
    if busiest := max((row.get("generator_cpu_share", 0.0) for row in report.rows), default=0.0):
        print(f"The load generator used at most {busiest:.0%} of a core.")
    if args.json:
        report.write_json(args.json, seeds=args.seeds, **facts)
    if args.markdown:
        report.write_markdown(args.markdown)
    if args.chart:
        chart.write(args.chart, report.title, report.command, panels(report))
