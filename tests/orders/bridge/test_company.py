"""Which words of the engine call the core at once, and which wait until it comes anyway?"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from queue import Queue
from typing import Any

import pytest

from bridge.wire.vocabulary import ExecType, RejectCode, ReplyOutcome
from orders.bridge.intake import Intake
from orders.core.inputs import Asked, Cancel, EngineBeat, Input, Replied, Reported
from tests.orders.core.desk import Desk

words = Desk()
words.go_live()
COMMAND = words.do(words.place_input("a-1")).to_engine[-1]
(ORDER,) = words.orders.values()
CANCEL = words.cancel_input(uuid.UUID(int=9))
PATIENT_SECONDS = 20  #: longer than any of this takes


def report(seq: int) -> Reported:
    return words.report(ORDER, ExecType.NEW, seq=seq)


def reply(last_seq: int, outcome: ReplyOutcome = ReplyOutcome.ACCEPTED, **fields: Any) -> Replied:
    return Replied(words.reply(COMMAND, outcome, last_seq=last_seq, **fields))


class Core:
    """Takes batches in a thread of its own until it is handed a cancel; `batches` tells which."""

    def __init__(self, intake: Intake) -> None:
        self.intake, self.batches = intake, Queue[list[Input]]()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        batch: list[Input] = []
        while not any(isinstance(each, Cancel) for each in batch):
            batch = self.intake.take(PATIENT_SECONDS)
            self.batches.put(batch)

    def next(self) -> list[Input]:
        return self.batches.get(timeout=PATIENT_SECONDS / 2)

    def end(self) -> None:
        self.intake.offer_request(CANCEL)
        self._thread.join(PATIENT_SECONDS)


@pytest.fixture
def core() -> Iterator[Core]:
    core = Core(Intake())
    yield core
    core.end()


def test_that_a_command_was_taken_makes_no_batch_of_its_own(core: Core) -> None:
    batches = []
    for seq in range(1, 51):
        core.intake.offer_engine([report(seq)])
        batches.append([type(each) for each in core.next()])
        core.intake.offer_engine([reply(last_seq=seq)])
    assert batches == [[Reported]] + 49 * [[Replied, Reported]]


@pytest.mark.parametrize("company", [words.place_input("a-2"), CANCEL])
def test_whoever_asks_is_company_and_is_not_kept_waiting(core: Core, company: Asked) -> None:
    core.intake.offer_engine([report(1), reply(last_seq=1)])
    assert len(core.next()) == 2
    core.intake.offer_engine([reply(last_seq=1)])
    core.intake.offer_request(company)
    assert sorted(type(each).__name__ for each in core.next()) == sorted(["Replied", type(company).__name__])


@pytest.mark.parametrize(
    "urgent",
    [
        reply(1, ReplyOutcome.REJECTED, code=RejectCode.OFF_TICK),
        reply(1, ReplyOutcome.DUPLICATE),
        reply(2),  # the engine has told of one report more than came
        reply(0, epoch=99),
        EngineBeat(words.book.cursor.epoch, 1),
    ],
)
def test_any_other_word_of_the_engine_calls_the_core_at_once(core: Core, urgent: Input) -> None:
    core.intake.offer_engine([report(1)])
    assert core.next() == [report(1)]
    core.intake.offer_engine([urgent])
    assert core.next() == [urgent]


def test_what_waits_for_company_is_taken_in_the_end() -> None:
    intake = Intake()
    intake.offer_engine([report(1)])
    intake.take(0)
    for timeout_seconds in (0, 0.001):
        intake.offer_engine([reply(last_seq=1)])
        assert intake.take(timeout_seconds) == [reply(last_seq=1)]


def test_what_is_given_back_does_not_wait(core: Core) -> None:
    core.intake.offer_engine([report(1)])
    core.next()
    core.intake.give_back([reply(last_seq=1)])
    assert core.next() == [reply(last_seq=1)]
