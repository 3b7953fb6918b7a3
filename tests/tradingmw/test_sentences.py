"""Is a prepared sentence written, filtered and handled exactly like one that is said in the usual way?"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tradingmw.correlation import serving
from tradingmw.logs import formatter_of
from tradingmw.sentences import Sentence


class Colour(StrEnum):
    RED = "red"


class Kept(logging.Handler):
    """What was handed to it."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


logger = logging.getLogger("tests.sentences")
logger.propagate = False
SENTENCE = Sentence(
    logger, logging.INFO, "It was changed", request_id=str, colour=Colour, its_id=UUID, given=str, version=int
)


@pytest.fixture
def kept() -> Iterator[Kept]:
    """The logger's only handler."""
    with only_handler() as handler:
        yield handler


@contextmanager
def only_handler() -> Iterator[Kept]:
    handler = Kept()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)


def both_ways(values: tuple[Any, ...]) -> tuple[logging.LogRecord, logging.LogRecord]:
    """The record of the sentence, and one of the same moment that `logger.info` would have made."""
    with only_handler() as handler:
        SENTENCE.say(*values)
        logger.info("It was changed", extra=dict(zip(SENTENCE.names, values, strict=True)))
    said, usual = handler.records
    usual.created, usual.msecs = said.created, said.msecs
    return said, usual


TEXTS = st.text(max_size=12) | st.sampled_from(["", "Bearer", "a b", "token=x", "eyJa.b.c", "://a:b", "é", "a\nb", "…"])


@given(request_id=TEXTS, text=TEXTS, version=st.integers(0, 2**63))
@example(request_id="Bearer", text="plain-1", version=1)
@example(request_id="4f1c", text="desk:7_42-x", version=2)
@pytest.mark.parametrize("json", [False, True])
def test_no_character_differs_from_a_line_that_is_said_in_the_usual_way(
    json: bool, request_id: str, text: str, version: int
) -> None:
    said, usual = both_ways((request_id, Colour.RED, uuid4(), text, version))
    formatter = formatter_of(json, "orders")
    assert formatter.format(said) == formatter.format(usual)


def test_a_record_has_what_every_record_has() -> None:
    said, usual = both_ways(("r-1", Colour.RED, uuid4(), "mine", 3))
    assert said.getMessage() == "It was changed"
    assert said.msecs == int(said.created % 1 * 1000)
    assert abs(said.relativeCreated - usual.relativeCreated) < 60_000
    assert {**vars(said), "relativeCreated": 0} == {**vars(usual), "relativeCreated": 0}


def test_each_line_has_its_own_facts(kept: Kept) -> None:
    first, second = uuid4(), uuid4()
    SENTENCE.say("r-1", Colour.RED, first, "one", 1)
    SENTENCE.say("r-2", Colour.RED, second, "two", 2)
    assert [vars(record)["its_id"] for record in kept.records] == [first, second]


def test_it_is_not_said_below_the_loggers_level(kept: Kept) -> None:
    logger.setLevel(logging.WARNING)
    SENTENCE.say("r-1", Colour.RED, uuid4(), "mine", 1)
    assert kept.records == []


def test_it_names_its_own_request_whatever_is_being_served(kept: Kept) -> None:
    with serving("r-2"):
        SENTENCE.say("r-1", Colour.RED, uuid4(), "mine", 1)
        line = formatter_of(json=False).format(kept.records[0])
    assert "request_id=r-1" in line
    assert "r-2" not in line


def test_a_value_for_each_fact_is_needed(kept: Kept) -> None:
    with pytest.raises(ValueError, match="shorter"):
        SENTENCE.say("r-1")


@pytest.mark.parametrize("name", ["password", "accessToken", "name", "event", "message", "request"])
def test_a_fact_that_is_not_shown_as_it_is_cannot_be_prepared(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Sentence(logger, logging.INFO, "It was changed", request_id=str, **{name: str})
