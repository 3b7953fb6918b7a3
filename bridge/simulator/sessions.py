"""Which bridge may command this engine, and what is on its way to it?

The newest session is a fence: the highest number that ever said Hello, kept in the journal. Reports go to the
connection on which it said so, and to no other; one that reads too slowly loses reports, never stops the engine, and
asks for what is missing. A replay is sent in slices from the journal; while it runs, new reports are not sent past it
but at its end.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

import msgspec
import zmq

from bridge.simulator.reports import ReplayPoint, ReportLog
from bridge.wire.codec import encode
from bridge.wire.messages import (
    CommandReply,
    EngineHeartbeat,
    OrderList,
    OrderStatus,
    ReplayDone,
    SessionReject,
    Welcome,
)
from bridge.wire.vocabulary import RejectCode

logger = logging.getLogger(__name__)

Answer: TypeAlias = Welcome | SessionReject | EngineHeartbeat | CommandReply | OrderStatus | OrderList | ReplayDone
SLICE = 200  #: reports of a replay between two looks at the command socket


class Sessions:
    """The fence and the outbox. Nothing leaves before `deliver`, which is called after the journal's commit."""

    def __init__(self, socket: zmq.Socket[bytes], log: ReportLog, session: int, clock_us: Callable[[], int]) -> None:
        self.session = session
        self.dropped: Counter[str] = Counter()  #: what could not be sent, by kind
        self._socket = socket
        self._log = log
        self._clock_us = clock_us
        self._identity: bytes | None = None
        self._outbox: list[tuple[bytes, Answer | tuple[bytes, bytes]]] = []
        self._replay: ReplayPoint | None = None

    @property
    def replaying(self) -> bool:
        return self._replay is not None

    def adopt(self, session: int, identity: bytes) -> None:
        """From now on `session`, on the connection `identity`, is the only one served."""
        self.session, self._identity = session, identity
        self._replay = None

    def fault(self, session: int, identity: bytes) -> RejectCode | None:
        """Why a message of `session` from `identity` must not be served; None = it may."""
        if session < self.session:
            return RejectCode.STALE_SESSION
        if session > self.session or identity != self._identity:
            return RejectCode.NO_SESSION
        return None

    def answer(self, identity: bytes, message: Answer) -> None:
        """Let `message` leave at the next delivery; `sent_at_us` is set then."""
        self._outbox.append((identity, message))

    def report(self, frames: tuple[bytes, bytes]) -> None:
        """Let a report leave at the next delivery, unless a replay will come to it."""
        if self._identity is not None and self._replay is None:
            self._outbox.append((self._identity, frames))

    def start_replay(self, epoch: int, after_seq: int) -> None:
        """Send everything after (epoch, after_seq); replaces a replay that is running."""
        self._replay = self._log.find(epoch, after_seq)
        if not self._replay.complete:
            facts = {"code": RejectCode.REPLAY_UNAVAILABLE, "epoch": epoch, "after_seq": after_seq}
            logger.warning("A replay was asked for from a number that is not known here.", extra=facts)

    def deliver(self) -> None:
        """Send what waits, in order; what the socket does not take is dropped and counted."""
        outbox, self._outbox = self._outbox, []
        for identity, message in outbox:
            if isinstance(message, tuple):
                self._count(self._sent(identity, message), "report")
            else:
                timed = msgspec.structs.replace(message, sent_at_us=self._clock_us()) if _timed(message) else message
                self._count(self._sent(identity, encode(timed)), "answer")
        self._continue_replay()

    def heartbeat(self) -> None:
        """Tell the session, if there is one, where the reports stand."""
        if self._identity is None:
            return
        epoch, last_seq = self._log.epoch, self._log.last_seq
        beat = EngineHeartbeat(session=self.session, epoch=epoch, last_seq=last_seq, sent_at_us=0)
        self.answer(self._identity, beat)

    def _continue_replay(self) -> None:
        if self._replay is None or self._identity is None:
            return
        index, complete = self._replay
        end = min(index + SLICE, len(self._log))
        while index < end and self._sent(self._identity, self._log.frames(index)):
            index += 1
        self._replay = ReplayPoint(index, complete)
        if index == len(self._log):
            epoch, last_seq = self._log.epoch, self._log.last_seq
            done = ReplayDone(session=self.session, epoch=epoch, last_seq=last_seq, complete=complete)
            if self._sent(self._identity, encode(done)):
                self._replay = None

    def _sent(self, identity: bytes, frames: list[bytes] | tuple[bytes, bytes]) -> bool:
        try:
            self._socket.send_multipart([identity, *frames], zmq.NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EAGAIN, zmq.EHOSTUNREACH):
                raise
            if error.errno == zmq.EHOSTUNREACH and identity == self._identity:
                self._identity = self._replay = None
                logger.info("The bridge's connection is gone.", extra={"session": self.session})
            return False
        return True

    def _count(self, sent: bool, kind: str) -> None:
        if not sent:
            self.dropped[kind] += 1


def _timed(message: Answer) -> bool:
    return not isinstance(message, ReplayDone | SessionReject)
