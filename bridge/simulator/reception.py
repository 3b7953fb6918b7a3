"""What is done with each message that arrives on the command socket?

A fault of a sender is counted by its reason and answered where that is possible; it never reaches anybody else.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from bridge.simulator.commands import CommandDesk
from bridge.simulator.dead_man import DeadMan
from bridge.simulator.journal import Journal, RecordKind
from bridge.simulator.reports import ReportLog
from bridge.simulator.sessions import Sessions
from bridge.sockets.throttle import Throttle
from bridge.wire.codec import decode_to_engine
from bridge.wire.faults import Reason, WireError
from bridge.wire.messages import (
    PROTOCOL_VERSION,
    ClientHeartbeat,
    Command,
    Hello,
    ReplayRequest,
    SessionReject,
    ToEngine,
    Welcome,
)
from bridge.wire.vocabulary import RejectCode

logger = logging.getLogger(__name__)

REASON_TEXT = 200


class Reception:
    """The door to the desk. `faults` counts unreadable messages, `refused` those of a session that is not served."""

    def __init__(self, sessions: Sessions, desk: CommandDesk, log: ReportLog, journal: Journal) -> None:
        self.faults: Counter[Reason] = Counter()
        self.refused: Counter[RejectCode] = Counter()
        self.dead_man = DeadMan()
        self._throttle = Throttle()
        self._sessions = sessions
        self._desk = desk
        self._log = log
        self._journal = journal

    def take(self, frames: Sequence[bytes], now_us: int) -> None:
        """Handle one message of a ROUTER socket: identity first."""
        identity, content = frames[0], frames[1:]
        try:
            message = decode_to_engine(content)
        except WireError as error:
            self._refuse(identity, error)
            return
        if isinstance(message, Command):
            kind = RecordKind.COMMAND
            self._journal.append(kind, now_us, message.session, (content[0], content[1]))
        if isinstance(message, Hello):
            self._hello(identity, message, now_us)
        elif (code := self._sessions.fault(message.session, identity)) is not None:
            self.refused[code] += 1
            self._reject(identity, message.session, code, "Say Hello with a newer session.")
        else:
            self._serve(identity, message, now_us)

    def _refuse(self, identity: bytes, error: WireError) -> None:
        self.faults[error.reason] += 1
        if self._throttle.due():
            facts = {"why": str(error), "peer": identity.hex(), "faults": dict(self.faults)}
            logger.warning("A message on the command socket could not be read.", extra=facts)
        version = error.reason is Reason.VERSION
        self._reject(identity, 0, RejectCode.VERSION_MISMATCH if version else RejectCode.MALFORMED, str(error))

    def _serve(self, identity: bytes, message: ToEngine, now_us: int) -> None:
        if isinstance(message, Command):
            self._sessions.answer(identity, self._desk.answer(message, now_us))
        elif isinstance(message, ReplayRequest):
            self._sessions.start_replay(message.epoch, message.after_seq)
        elif isinstance(message, ClientHeartbeat):
            if message.cancel_after_ms is not None:
                self.dead_man.put_off(message.cancel_after_ms, now_us)
        else:
            raise AssertionError(f"{type(message).__name__} is not handled")

    def _hello(self, identity: bytes, hello: Hello, now_us: int) -> None:
        if hello.protocol_version != PROTOCOL_VERSION:
            text = f"This engine speaks version {PROTOCOL_VERSION}."
            self._reject(identity, hello.session, RejectCode.VERSION_MISMATCH, text)
        elif hello.session < self._sessions.session:
            self.refused[RejectCode.STALE_SESSION] += 1
            self._reject(identity, hello.session, RejectCode.STALE_SESSION, "A newer session has said Hello.")
        else:
            if hello.session > self._sessions.session:
                self._journal.append(RecordKind.SESSION, now_us, hello.session)
            self._sessions.adopt(hello.session, identity)
            self._sessions.answer(identity, self._welcome(hello))

    def _welcome(self, hello: Hello) -> Welcome:
        return Welcome(
            protocol_version=PROTOCOL_VERSION,
            session=hello.session,
            epoch=self._log.epoch,
            last_seq=self._log.last_seq,
            sent_at_us=0,
        )

    def _reject(self, identity: bytes, session: int, code: RejectCode, text: str) -> None:
        self._sessions.answer(identity, SessionReject(session=session, code=code, reason=text[:REASON_TEXT]))
