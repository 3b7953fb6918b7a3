"""Do figures that are read at the scrape survive a source that fails, and may everybody see them?"""

from __future__ import annotations

import logging
from collections import Counter

import pytest
from django.test import Client

from tradingmw.exposition import GarbageWatch
from tradingmw.metrics import Reading, count_of, one_of
from tradingmw.metrics_view import is_allowed

NETWORKS = ("127.0.0.0/8", "::1/128", "10.1.0.0/16")


def test_a_reading_without_a_source_is_not_shown() -> None:
    assert Reading("tmw_test_nothing", "…").family() is None


def test_a_source_that_fails_is_logged_and_hides_no_other(caplog: pytest.LogCaptureFixture) -> None:
    broken = Reading("tmw_test_broken", "…")
    broken.read_from(lambda: 1 / 0)
    with caplog.at_level(logging.ERROR):
        assert broken.family() is None
    assert "A figure could not be read" in caplog.text


def test_a_counter_is_shown_by_its_labels() -> None:
    drops = count_of("tmw_test_drops", "…", "reason")
    drops.read_from(lambda: Counter(full=3, expired=1))
    family = drops.family()
    assert family is not None
    assert {(sample.name, sample.labels["reason"], sample.value) for sample in family.samples} == {
        ("tmw_test_drops_total", "full", 3),
        ("tmw_test_drops_total", "expired", 1),
    }


def test_of_all_states_one_holds() -> None:
    assert one_of("live", ("down", "live")) == {"down": 0.0, "live": 1.0}


@pytest.mark.parametrize(
    ("address", "allowed"),
    [("127.0.0.1", True), ("::1", True), ("10.1.2.3", True), ("10.2.2.3", False), ("8.8.8.8", False), ("", False)],
)
def test_only_named_networks_see_the_figures(address: str, allowed: bool) -> None:
    assert is_allowed(address, NETWORKS) is allowed


def test_a_stranger_does_not_learn_that_there_are_figures(client: Client) -> None:
    assert client.get("/metrics", REMOTE_ADDR="8.8.8.8").status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 200


def test_a_garbage_collection_is_counted_by_its_generation() -> None:
    watch = GarbageWatch()
    watch("start", {"generation": 1})
    watch("stop", {"generation": 1, "collected": 0, "uncollectable": 0})
    assert watch.runs == [0, 1, 0]
    assert watch.longest_seconds == watch.seconds[1] > 0
