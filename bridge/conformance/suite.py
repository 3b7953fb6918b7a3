"""How are the checks played, one after the other, and what came of each?"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from bridge.conformance.catalogue import Check
from bridge.conformance.subject import Subject
from bridge.conformance.verdicts import NotRun, Result, Unmet, Verdict


def play(checks: Iterable[Check], subject: Subject) -> Iterator[Result]:
    """A result as soon as each check is over. Nothing is played against an engine that does not answer."""
    silence = absent(subject)
    for check in checks:
        began = time.monotonic()
        verdict, seen = (Verdict.NOT_RUN, silence) if silence else judged(check, subject)
        yield Result(check.name, check.section, check.expects, verdict, seen, time.monotonic() - began)


def judged(check: Check, subject: Subject) -> tuple[Verdict, str]:
    try:
        return Verdict.PASSED, check.play(subject)
    except Unmet as unmet:
        return Verdict.FAILED, str(unmet)
    except NotRun as reason:
        return Verdict.NOT_RUN, str(reason)


def absent(subject: Subject) -> str:
    """Why nothing can be played; empty where there is an engine that answers."""
    try:
        with subject.connected() as conversation:
            conversation.say_hello()
            conversation.wait_until(lambda: conversation.heard[:1] or None, "an answer to Hello")
    except Unmet as unmet:
        return f"there is no engine at {subject.addresses.commands}: {unmet}"
    return ""
