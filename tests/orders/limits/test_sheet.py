"""Does a sheet of limits become proposals as a whole, and is everything that is wrong with it told at once?"""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.demo import demo_create
from orders.limits.demo import EACH, FIRM, TRADERS, demo_limits_create
from orders.limits.loading import limits_loaded
from orders.models import RiskLimit
from tests.orders.limits.people import People

pytestmark = pytest.mark.django_db
GOOD = """rule,scope,target,symbol,value,breach,effective_from,effective_until,note
max_order_quantity,firm,,,1000,,,,All of us
max_order_notional,desk,Alpha,,50000.25,confirm,2036-01-01T00:00:00Z,2037-01-01T00:00:00+00:00,
restricted,user,ann,AAPL,,deny,,,
"""


@pytest.fixture
def sheet(tmp_path: Path, people: People) -> Path:
    path = tmp_path / "limits.csv"
    path.write_text(GOOD, encoding="utf-8-sig")
    return path


def ran(*words: Any, out: StringIO | None = None) -> Any:
    """What the command writes, as JSON."""
    out = out or StringIO()
    call_command("limits", *map(str, words), "--json", stdout=out)
    return json.loads(out.getvalue())


def refused(path: Path, text: str, by: str = "carl") -> list[list[Any]]:
    """Line and field of each fault; nothing is left of the sheet."""
    path.write_text(text, encoding="utf-8")
    out = StringIO()
    with pytest.raises(CommandError):
        ran("load", path, "--by", by, out=out)
    assert RiskLimit.objects.count() == 0
    return [[fault["line"], fault["field"]] for fault in json.loads(out.getvalue())["faults"]]


def test_a_sheet_is_proposed_and_waits(sheet: Path) -> None:
    loaded = ran("load", sheet, "--by", "carl")["limits"]
    assert [(each["rule"], each["target"], each["symbol"], each["value"]) for each in loaded] == [
        ("max_order_quantity", None, None, "1000"),
        ("max_order_notional", "alpha", None, "50000.25"),
        ("restricted", "ann", "AAPL", None),
    ]
    assert {(each["state"], each["proposedBy"]) for each in loaded} == {("proposed", "carl")}
    assert (loaded[1]["effectiveFrom"], loaded[1]["breach"]) == ("2036-01-01T00:00:00.000000Z", "confirm")
    assert limits_loaded(0) == ()


def test_every_bad_row_is_told_by_its_line_and_nothing_is_proposed(sheet: Path) -> None:
    bad = GOOD + (
        "max_order_quantity,firm,,,-1,,,,\n"
        "no_such_rule,firm,,,1,,,,\n"
        "max_position,user,nobody,NOPE,1,,,,\n"
        "max_position,firm,,,1,,2030-01-01T00:00:00,,\n"
        "max_position,firm,,,1\n"
        f"max_position,firm,,,1,,,,{'x' * 401}\n"
        "max_position,firm,,,1,,,2020-01-01T00:00:00Z,\n"
    )
    assert refused(sheet, bad) == [
        [5, "value"],
        [6, "rule"],
        [7, "target"],
        [7, "symbol"],
        [8, "effective_from"],
        [9, ""],
        [10, "note"],
        [11, "effectiveUntil"],
    ]


@pytest.mark.parametrize("text", ["", "rule,value\nmax_position,1\n", "rule,scope,colour\nmax_position,firm,red\n"])
def test_a_head_that_is_wrong_is_told(sheet: Path, text: str) -> None:
    assert refused(sheet, text) == [[1, ""]]


def test_a_file_that_is_no_text_is_told(sheet: Path) -> None:
    sheet.write_bytes(b"\xff\xfe\x00rule")
    with pytest.raises(CommandError, match="cannot be read"):
        ran("load", sheet, "--by", "carl")


@pytest.mark.parametrize("by", ["ann", "nobody"])
def test_only_who_may_propose_gives_his_name_to_a_sheet(sheet: Path, by: str) -> None:
    with pytest.raises(CommandError):
        ran("load", sheet, "--by", by)
    assert RiskLimit.objects.count() == 0


def test_a_file_that_is_not_there_is_told(sheet: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        ran("load", sheet.with_name("other.csv"), "--by", "carl")


def test_what_is_in_force_is_listed_or_what_waits_or_all(sheet: Path, people: People) -> None:
    people.agreed(value="5")
    ran("load", sheet, "--by", "carl")
    counts = {state: len(ran("list", "--state", state)["limits"]) for state in ("effective", "proposed", "all")}
    assert counts == {"effective": 1, "proposed": 3, "all": 4}


def test_people_read_a_table(sheet: Path, people: People) -> None:
    people.agreed(value="5")
    out = StringIO()
    call_command("limits", "list", stdout=out)
    assert "1 limits." in out.getvalue() and "max_order_quantity" in out.getvalue()


# The demo's ----------------------------------------------------------------------------------------------------------
def test_the_demos_limits_were_agreed_by_two_and_are_made_once(db: None) -> None:
    demo_create()
    assert demo_limits_create() == len(FIRM) + len(TRADERS) * len(EACH)
    assert demo_limits_create() == 0
    assert len(limits_loaded(0)) == RiskLimit.objects.count() == len(FIRM) + len(TRADERS) * len(EACH)
    people = set(RiskLimit.objects.values_list("proposed_by__username", "decided_by__username"))
    assert people == {("admin1", "compliance1")}
