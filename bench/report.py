"""What does a bench show at its end? One table of medians and ratios, a JSON document, a chart."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from bench import chart
from bench.bars import Verdict
from bench.machine import machine, versions
from bench.rounds import OURS, Rows, Spread, good, ratio, spread

TABLE_WIDTH = 400  #: nothing is wrapped: the lines are kept in a file


@dataclass(frozen=True)
class Column:
    """A figure: its name in the rows, its heading, how it is written, and whether its ratio to ours is shown."""

    figure: str
    heading: str
    write: Callable[[float], str] = chart.shown
    has_spread: bool = False
    has_ratio: bool = False


@dataclass(frozen=True)
class Report:
    """A finished bench: `titles` by contender's key in the order to show; `against`: the key its ratios refer to."""

    title: str
    command: str
    titles: Mapping[str, str]
    against: Mapping[str, str]
    columns: Sequence[Column]
    rows: Rows
    not_run: Mapping[str, str]  #: key → what is missing
    verdicts: Sequence[Verdict] = ()

    def show(self, console: Console) -> None:
        """A Markdown table, so that what is read here can be kept in docs/performance.md as it is."""
        console.print("\n" + self._tables(), markup=False, highlight=False, soft_wrap=True)
        for key, why in self.not_run.items():
            console.print(f"not run: {self.titles[key]}: {why}", style="yellow", markup=False)
        for row in self.rows:
            if "failed" in row:
                which = f"{self.titles[row['contender']]}, repetition {row['repetition'] + 1}"
                console.print(f"failed: {which}: {row['failed']}", style="red", markup=False)

    def write_markdown(self, path: Path) -> None:
        """The same tables in a file."""
        write_text(path, self._tables())

    def _tables(self) -> str:
        out = io.StringIO()
        wide = Console(file=out, width=TABLE_WIDTH, highlight=False)
        head = f"{self.title}\n\n{machine()}\n\nCommand: `{self.command}`\n"
        wide.print(head, markup=False, soft_wrap=True)
        wide.print(self._table())
        if self.verdicts:
            wide.print(verdict_table(self.verdicts))
        return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"

    def _table(self) -> Table:
        table = Table(box=box.MARKDOWN)
        table.add_column("", no_wrap=True)
        for column in self.columns:
            table.add_column(column.heading, justify="right", no_wrap=True)
            if column.has_ratio:
                table.add_column("× ours", justify="right", no_wrap=True)
        table.add_column("runs", justify="right", no_wrap=True)
        for key in self.titles:
            if key not in self.not_run:
                table.add_row(*self._cells(key))
        return table

    def _cells(self, key: str) -> list[str]:
        cells = [self.titles[key]]
        for column in self.columns:
            cells.append(cell(spread(self.rows, key, column.figure), column.write, column.has_spread))
            if column.has_ratio:
                other = self.against[key]
                found = None if key == other else ratio(self.rows, key, other, column.figure)
                cells.append(cell(found, lambda value: f"{value:.2f}", with_spread=True))
        done = sum(row["contender"] == key for row in self.rows)
        return [*cells, f"{len(good(self.rows, key))}/{done}"]

    def write_json(self, path: Path, **facts: Any) -> None:
        """Every run, and what it was made with."""
        document = {
            "title": self.title,
            "command": self.command,
            "machine": machine(),
            "versions": versions(),
            **facts,
            "not_run": dict(self.not_run),
            "verdicts": [verdict.facts() for verdict in self.verdicts],
            "runs": list(self.rows),
        }
        write_text(path, json.dumps(document, indent=1) + "\n")

    def bars(self, figure: str, title: str) -> tuple[list[str], int]:
        """A panel for the chart."""
        rows = [
            chart.Bar(name, found, key.startswith(OURS))
            for key, name in self.titles.items()
            if (found := spread(self.rows, key, figure))
        ]
        return chart.bars(title, rows), len(rows)

    def percentiles(self, figures: Mapping[str, str], title: str) -> tuple[list[str], int]:
        """A panel of medians in ms for the chart; `figures`: name → figure, rising."""
        return self._points(title, "ms", lambda key: self._medians(key, figures))

    def spreads(self, figure: str, title: str, unit: str) -> tuple[list[str], int]:
        """A panel for the chart, where contenders differ too much for bars."""
        return self._points(title, unit, lambda key: named(spread(self.rows, key, figure)))

    def _points(self, title: str, unit: str, of: Callable[[str], list[tuple[str, float]]]) -> tuple[list[str], int]:
        rows = [
            chart.Points(name, values, key.startswith(OURS)) for key, name in self.titles.items() if (values := of(key))
        ]
        return chart.points(title, unit, rows), len(rows) + 1

    def _medians(self, key: str, figures: Mapping[str, str]) -> list[tuple[str, float]]:
        found = {name: spread(self.rows, key, figure) for name, figure in figures.items()}
        return [(name, one.median) for name, one in found.items() if one]


def verdict_table(verdicts: Sequence[Verdict]) -> Table:
    """A line per bar: median and range of what was found, the limit, and whether it holds."""
    table = Table("bar", box=box.MARKDOWN)
    for heading in ("found", "at most", "", "aim", "reached"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in verdicts:
        bar = one.bar
        what = f"{bar.what}, in every run" if bar.in_every_run else bar.what
        most, aim = ("" if limit is None else f"{limit:.2f}" for limit in (bar.most, bar.aim))
        found = cell(one.found, lambda value: f"{value:.2f}", with_spread=True)
        table.add_row(what, found, most, one.word, aim, one.aim_reached)
    return table


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def named(found: Spread | None) -> list[tuple[str, float]]:
    return [("least", found.least), ("median", found.median), ("most", found.most)] if found else []


def cell(found: Spread | None, write: Callable[[float], str], with_spread: bool) -> str:
    if found is None:
        return ""
    if not with_spread:
        return write(found.median)
    return f"{write(found.median)} [{write(found.least)}–{write(found.most)}]"
