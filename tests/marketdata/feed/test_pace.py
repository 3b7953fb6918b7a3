"""Whose wish decides how often frames are sent?"""

from __future__ import annotations

from marketdata.feed.pace import KEPT_SECONDS, Paces


def test_the_busiest_hub_decides() -> None:
    paces = Paces()
    paces.note(b"idle", 0.0)
    paces.note(b"busy", 0.016)
    paces.note(b"between", 0.008)
    assert paces.longest_seconds() == 0.016


def test_a_hub_that_says_less_is_sent_more() -> None:
    paces = Paces()
    paces.note(b"busy", 0.016)
    paces.note(b"busy", 0.004)
    assert paces.longest_seconds() == 0.004


def test_a_hub_that_is_gone_has_no_wish() -> None:
    now = 1_000.0
    paces = Paces(lambda: now)
    paces.note(b"busy", 0.016)
    now += KEPT_SECONDS + 0.1
    assert paces.longest_seconds() == 0.0
