"""Is what was found held against what is demanded, line by line?"""

from __future__ import annotations

from typing import Any

from bench.generator import FAULTS
from bench.targets import Line, Targets, lines, reached
from bench.trial import Plan, explained

PLAN = Plan(sockets=100)


def measured(**changed: Any) -> dict[str, Any]:
    delays = dict.fromkeys(("p50_ms", "p90_ms", "p99_ms", "p999_ms"), 5.0)
    faults = dict.fromkeys(FAULTS, 0)
    counts = {"updates": 50_000, "updates_merged": 0, "frames": 5_000, "bytes": 5_000_000, "checksums": 7}
    processes = {"cpu_seconds": {"web": 1.0}, "rss_mb": {"web": 101.0}, "rss_mb_first": {"web": 96.0}}
    return {"seconds": 5.0, "sockets": 100, "first_sockets": 20, **delays, **faults, **counts, **processes, **changed}


def failed(found: dict[str, Any], targets: Targets | None = None) -> list[str]:
    return [line.what for line in lines(found, PLAN, targets or Targets()) if line.passed is False]


def test_all_targets_may_be_reached() -> None:
    found = lines(measured(), PLAN, Targets())
    assert reached(found)
    assert Line("updates delivered a second", "10,000") in found


def test_each_target_may_be_missed_alone() -> None:
    assert failed(measured(p99_ms=10.1)) == ["delay from the update's time stamp, p99"]
    assert failed(measured(holes=1)) == ["holes in a stream"]
    assert failed(measured(mismatched=1)) == ["books with a wrong checksum"]
    assert failed(measured(closed=1)) == ["sockets held to the end"]
    assert failed(measured(cpu_seconds={"web": 5.1})) == ["updates per core second of the web process"]
    assert failed(measured(rss_mb={"web": 101.1})) == ["memory per connection, web process"]


def test_targets_may_be_chosen() -> None:
    assert failed(measured(p99_ms=40), Targets(p99_ms=50)) == []


def test_of_another_machine_nothing_is_said_that_cannot_be_seen() -> None:
    found = measured(cpu_seconds={}, rss_mb={}, rss_mb_first={})
    assert failed(found) == []
    assert lines(found, PLAN, Targets())[-1].found.startswith("not measured")


def test_a_refusal_comes_with_what_to_do() -> None:
    assert "raise its limit" in explained('ended: {"first_close": "closed with 4504"}')
    assert explained("something else") == "something else"
