"""Every check has a name of its own, and points at a chapter of the page."""

from __future__ import annotations

import pytest

from bridge.conformance.catalogue import UnknownCheck, chosen
from bridge.conformance.checks import CHECKS
from tests.bridge.conformance.faults import FAULTS
from tests.house.sources import ROOT

PAGE = (ROOT / "docs" / "engine-link.md").read_text(encoding="utf-8")
HEADINGS = {line.lstrip("#").strip().replace("`", "") for line in PAGE.splitlines() if line.startswith("#")}


def test_every_section_is_a_heading_of_the_page() -> None:
    assert {check.section for check in CHECKS} - HEADINGS == set()


def test_names_are_unique_and_every_check_says_what_it_expects() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert [check.name for check in CHECKS if not check.expects] == []


def test_the_page_names_the_checks_of_the_core() -> None:
    assert [check.name for check in CHECKS if check.core and f"`{check.name}`" not in PAGE] == []


def test_every_check_is_failed_by_some_broken_engine_or_told_of() -> None:
    """`restart` takes another life, `bars` a minute: `test_our_engine` has them."""
    assert {check.name for check in CHECKS} - set(FAULTS) == {"commands-during-replay", "bars", "restart"}


def test_those_that_were_named_are_chosen_in_their_order() -> None:
    assert [check.name for check in chosen(CHECKS, ["replay", "curve"], core=True)] == ["curve", "replay"]


def test_a_name_that_is_none_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnknownCheck, match=r"no check nonsense.*curve"):
        chosen(CHECKS, ["nonsense"], core=False)
