"""What does the engine do with what it cannot read?"""

from __future__ import annotations

from collections.abc import Iterator

from bridge.conformance.catalogue import Catalogue
from bridge.conformance.subject import Subject
from bridge.conformance.verdicts import Unmet, require
from bridge.wire.faults import Reason
from bridge.wire.golden.malformed import Malformed, malformed
from bridge.wire.messages import QueryReject
from bridge.wire.vocabulary import RejectCode

MALFORMED = Catalogue()


@MALFORMED.check("What cannot be read", core=True)
def malformed_commands(subject: Subject) -> str:
    """Every malformed command of the golden vectors is answered SessionReject, session 0, MALFORMED or
    VERSION_MISMATCH; a good one is answered after them."""
    with subject.welcomed() as conversation:
        cases = list(_of("to_engine"))
        for case in cases:
            reject = conversation.refused_frames(case.frames, case.name)
            require(reject.session == 0, f"{case.name} was refused to session {reject.session}, 0 expected")
            require(reject.code is _code(case), f"{case.name} was refused with {reject.code}, not {_code(case)}")
        conversation.ping()
    return f"{len(cases)} refused; a good command was answered after them"


@MALFORMED.check("What cannot be read", core=True)
def malformed_questions(subject: Subject) -> str:
    """Every malformed question of the golden vectors is answered QueryReject, requestId 0; a good one after it."""
    cases = [*_of("query"), *_of("to_engine")]  # a command is no question
    for case in cases:
        answer = subject.asker.ask_frames(case.frames)
        if not isinstance(answer, QueryReject):
            raise Unmet(f"{case.name} was answered {type(answer).__name__}")
        require(answer.request_id == 0, f"{case.name} was refused to request {answer.request_id}, 0 expected")
        require(answer.code is _code(case), f"{case.name} was refused with {answer.code}, not {_code(case)}")
    subject.instruments()
    return f"{len(cases)} refused; a good question was answered after"


def _of(decoder: str) -> Iterator[Malformed]:
    """Those that can be sent at all: ZeroMQ knows no message without a frame."""
    return (case for case in malformed() if case.decoder == decoder and case.frames)


def _code(case: Malformed) -> RejectCode:
    return RejectCode.VERSION_MISMATCH if case.reason is Reason.VERSION else RejectCode.MALFORMED
