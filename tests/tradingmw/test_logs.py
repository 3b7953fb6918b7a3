"""Does a log line say its sentence and its facts, and stay one line whatever a client sent?"""

from __future__ import annotations

import logging
from typing import Any

from tradingmw.logs import LINE, SentenceAndFacts


def line(sentence: str, **facts: Any) -> str:
    record = logging.LogRecord("orders.bridge", logging.INFO, __file__, 1, sentence, (), None)
    vars(record).update(facts)
    return SentenceAndFacts(LINE).format(record).partition(" INFO ")[2]


def test_the_facts_stand_behind_the_sentence() -> None:
    assert line("The engine link changed", state="live", epoch=7) == (
        "orders.bridge: The engine link changed state=live epoch=7"
    )


def test_a_sentence_without_facts_stands_alone() -> None:
    assert line("The order bridge has stopped") == "orders.bridge: The order bridge has stopped"


def test_a_fact_that_a_client_sent_cannot_begin_a_line_of_its_own() -> None:
    shown = line("A frame was refused", reason="x\n2026-11-22 INFO orders: Order accepted")
    assert "\n" not in shown


def test_a_traceback_follows_the_facts() -> None:
    record = logging.LogRecord(
        "feed", logging.ERROR, __file__, 1, "It broke", (), (ValueError, ValueError("why"), None)
    )
    record.epoch = 3
    first, *rest = SentenceAndFacts(LINE).format(record).splitlines()
    assert first.endswith("It broke epoch=3")
    assert rest == ["ValueError: why"]
