"""Can a person and a program read the result?"""

from __future__ import annotations

import dataclasses
import io
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import chart
from bench.bars import Bar, judge
from bench.report import Column, Report


def a_report(rows: list[dict[str, Any]], not_run: dict[str, str] | None = None) -> Report:
    titles = {"ours": "this project", "peer": "a <peer> & more", "absent": "not here"}
    columns = [Column("cost", "CPU", has_spread=True, has_ratio=True)]
    return Report("A bench", "python bench/run.py", titles, dict.fromkeys(titles, "ours"), columns, rows, not_run or {})


def rows() -> list[dict[str, Any]]:
    costs = {"ours": [1.0, 2.0, 4.0], "peer": [2.0, 6.0, 4.0]}
    return [
        {"contender": key, "repetition": number, "cost": cost, "p50": cost, "p99": 9 * cost}
        for key, values in costs.items()
        for number, cost in enumerate(values)
    ]


def shown(report: Report) -> str:
    out = io.StringIO()
    report.show(Console(file=out, width=200))
    return out.getvalue()


def test_the_table_is_markdown_with_medians_spreads_and_ratios() -> None:
    lines = shown(a_report(rows(), {"absent": "no compiler"})).splitlines()
    cells = {
        line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]] for line in lines if "|" in line
    }
    assert cells["this project"] == ["2.00 [1.00–4.00]", "", "3/3"]
    assert cells["a <peer> & more"] == ["4.00 [2.00–6.00]", "2.00 [1.00–3.00]", "3/3"]


def test_what_could_not_be_run_and_what_failed_is_said() -> None:
    failed = {"contender": "peer", "repetition": 1, "failed": "peer ended early"}
    said = shown(a_report([*rows()[:3], failed], {"absent": "no compiler: apt install g++"}))
    assert "not run: not here: no compiler: apt install g++" in said
    assert "failed: a <peer> & more, repetition 2: peer ended early" in said


def test_bars_stand_below_the_table_in_every_form(tmp_path: Path) -> None:
    verdicts = tuple(
        judge(rows(), [Bar("cost / peer's", "cost", 0.4, "peer"), Bar("cost", "cost", 5, in_every_run=True)])
    )
    report = dataclasses.replace(a_report(rows()), verdicts=verdicts)
    report.write_markdown(tmp_path / "tables.md")
    report.write_json(tmp_path / "found.json")
    for text in (shown(report), (tmp_path / "tables.md").read_text()):
        lines = [" ".join(line.split()) for line in text.splitlines()]
        assert any(line.startswith("| cost / peer's | 0.50 [0.33–1.00] | 0.40 | FAIL") for line in lines)
        assert any(line.startswith("| cost, in every run | 2.00 [1.00–4.00] | 5.00 | pass") for line in lines)
    assert [one["verdict"] for one in json.loads((tmp_path / "found.json").read_text())["verdicts"]] == ["FAIL", "pass"]


def test_the_json_document_holds_every_run_and_what_it_was_made_with(tmp_path: Path) -> None:
    a_report(rows()).write_json(tmp_path / "deep" / "found.json", load={"rate": 5})
    document = json.loads((tmp_path / "deep" / "found.json").read_text())
    assert document["runs"] == rows()
    assert document["load"] == {"rate": 5}
    assert document["machine"]
    assert {"python", "django", "npm ws"} <= document["versions"].keys()


def test_the_chart_is_a_picture_whatever_the_titles(tmp_path: Path) -> None:
    report = a_report(rows())
    delays = report.percentiles({"p50": "p50", "p99": "p99"}, "Delay")
    panels = [report.bars("cost", "Cost"), report.spreads("cost", "Cost", "µs"), delays]
    chart.write(tmp_path / "chart.svg", "A & B", "<command>", panels)
    texts = [node.text for node in ElementTree.parse(tmp_path / "chart.svg").iter() if node.tag.endswith("text")]
    assert {"A & B", "<command>", "a <peer> & more", "2.00 / 18.0"} <= set(texts)


def test_a_bench_in_which_nothing_ran_still_has_a_chart(tmp_path: Path) -> None:
    report = a_report([])
    panels = [report.bars("cost", "Cost"), report.percentiles({"p50": "p50"}, "Delay")]
    chart.write(tmp_path / "chart.svg", "Nothing", "", panels)
    assert ElementTree.parse(tmp_path / "chart.svg")
