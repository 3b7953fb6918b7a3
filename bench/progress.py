"""What does a person see while a bench runs? A bar over all runs, and a line for each that is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TimeElapsedColumn, TimeRemainingColumn

from bench.rounds import Turn, run, turns


def in_turn(
    console: Console,
    contenders: Mapping[str, Any],
    repetitions: int,
    seeds: Sequence[int],
    measure: Callable[[Turn], Mapping[str, Any]],
    brief: Callable[[dict[str, Any]], str],
) -> list[dict[str, Any]]:
    """The figures of every run; `brief(row)` is what is said of one."""
    todo = list(turns(list(contenders), repetitions, seeds))
    rows: list[dict[str, Any]] = []
    columns = (SpinnerColumn(), *Progress.get_default_columns()[:3], TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(todo))
        for turn in todo:
            progress.update(task, description=f"{turn.repetition + 1}/{repetitions} {contenders[turn.key].title}")
            row = run(turn, measure)
            said = row.get("failed", "").partition("\n")[0] or brief(row)
            progress.console.print(
                f"{turn.repetition + 1}  {contenders[turn.key].title:22} {said}", highlight=False, soft_wrap=True
            )
            progress.advance(task)
            rows.append(row)
    return rows
