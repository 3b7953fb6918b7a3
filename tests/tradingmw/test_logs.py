"""Does a log line say its sentence and its facts, and stay one line whatever a client sent?"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest

from tradingmw.correlation import current_request_id, request_id_of, serving
from tradingmw.log_facts import without_secrets
from tradingmw.logs import LineHandler, SentenceAndFacts, formatter_of, together


def line(sentence: str, **facts: Any) -> str:
    record = logging.LogRecord("orders.bridge", logging.INFO, __file__, 1, sentence, (), None)
    vars(record).update(facts)
    return SentenceAndFacts().format(record).partition(" INFO ")[2]


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
    first, *rest = SentenceAndFacts().format(record).splitlines()
    assert first.endswith("It broke epoch=3")
    assert rest == ["ValueError: why"]


def as_json(sentence: str, error: Exception | None = None, **facts: Any) -> dict[str, Any]:
    info = (type(error), error, None) if error else None
    record = logging.LogRecord("orders.bridge", logging.WARNING, __file__, 1, sentence, (), info)
    vars(record).update(facts)
    text = formatter_of(json=True, part="orders").format(record)
    assert "\n" not in text
    return dict(json.loads(text))


def test_a_json_line_says_where_it_comes_from_and_its_facts() -> None:
    told = as_json("The engine link changed", state="live", epoch=7)
    assert told.pop("ts").endswith("+00:00")
    assert told == {
        "level": "warning",
        "part": "orders",
        "logger": "orders.bridge",
        "event": "The engine link changed",
        "state": "live",
        "epoch": 7,
    }


def test_a_fact_never_takes_the_place_of_the_lines_own_members() -> None:
    told = as_json("It happened", level="mine", event="mine")
    assert (told["level"], told["event"], told["level_"], told["event_"]) == ("warning", "It happened", "mine", "mine")


def test_a_traceback_is_a_member_of_the_line() -> None:
    assert "ValueError: why" in as_json("It broke", ValueError("why"))["exception"]


def test_lines_name_the_request_they_belong_to() -> None:
    with serving("r-1"):
        assert as_json("It happened")["request_id"] == "r-1"
        assert line("It happened").rstrip() == "orders.bridge: It happened request_id=r-1"
        assert as_json("Of another", request_id="r-2")["request_id"] == "r-2"
    assert current_request_id() == ""


def test_a_fact_that_is_named_like_a_secret_is_not_shown() -> None:
    shown = str(as_json("Login", password="hunter2", accessToken="hunter2", cookies={"a": "hunter2"}))
    assert "hunter2" not in shown + line("Login", password="hunter2")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer SECRET-1",
        "GET /ws/v1/market?ticket=SECRET HTTP/1.1",
        "redis://user:SECRET@host:6379/0",
        "eyJhbGciOi.SECRET.sig",
        "password=SECRET;",
    ],
)
def test_a_secret_inside_a_text_is_hidden(text: str) -> None:
    assert "SECRET" not in without_secrets(text)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Request-ID": "desk-7.42", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}, "desk-7.42"),
        ({"X-Request-ID": "no spaces here", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}, "a" * 32),
    ],
)
def test_the_callers_id_is_taken_where_it_can_be(headers: dict[str, str], expected: str) -> None:
    assert request_id_of(headers) == expected


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Request-ID": "x" * 65},
        {"X-Request-ID": "a\nb"},
        {"traceparent": "00-" + "0" * 32 + "-" + "b" * 16 + "-01"},
    ],
)
def test_an_id_that_cannot_be_taken_is_replaced_by_a_new_one(headers: dict[str, str]) -> None:
    assert len(request_id_of(headers)) == 32
    assert request_id_of(headers) != request_id_of(headers)


class Pieces(StringIO):
    """What is written to it, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, text: str) -> int:
        self.pieces.append(text)
        return len(text)


@pytest.fixture
def pieces() -> Iterator[list[str]]:
    """What the root logger's handler writes."""
    stream = Pieces()
    handler = LineHandler(stream)
    logging.getLogger().addHandler(handler)
    yield stream.pieces
    logging.getLogger().removeHandler(handler)


def test_the_lines_of_a_batch_leave_in_one_piece(pieces: list[str]) -> None:
    with together():
        logging.warning("one")
        logging.warning("two")
        assert pieces == []
    logging.warning("three")
    assert pieces == ["one\ntwo\n", "three\n"]


def test_another_threads_lines_do_not_wait_for_a_batch(pieces: list[str]) -> None:
    other = threading.Thread(target=logging.warning, args=["other"])
    with together():
        logging.warning("mine")
        other.start()
        other.join()
    assert pieces == ["other\n", "mine\n"]


def test_the_lines_of_a_batch_that_fails_are_written(pieces: list[str]) -> None:
    with pytest.raises(ZeroDivisionError), together():
        logging.warning("before")
        raise ZeroDivisionError
    assert pieces == ["before\n"]
