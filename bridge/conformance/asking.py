"""What does the engine answer on its query socket?"""

from __future__ import annotations

from typing import TypeVar

import zmq

from bridge.conformance.conversation import Record
from bridge.conformance.verdicts import Unmet
from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.options import configure
from bridge.sockets.pump import Context, Frames
from bridge.wire.codec import decode_query_reply, encode
from bridge.wire.faults import WireError
from bridge.wire.messages import Query, QueryReply

HWM = 10
R = TypeVar("R", bound=QueryReply)


class Asker:
    """A REQ socket, as the bridge has one."""

    def __init__(
        self, context: Context, keyring: KeyRing, address: str, patience_seconds: float, record: Record
    ) -> None:
        self._patience_ms = int(patience_seconds * 1000)
        self._record = record
        self._address = address
        self._socket = configure(context.socket(zmq.REQ), hwm=HWM)
        keyring.connect(self._socket, Role.FEED_BRIDGE, Role.ENGINE)
        self._socket.connect(address)

    def ask(self, question: Query, kind: type[R]) -> R:
        """The answer, which must be of `kind` and to this question."""
        answer = self.ask_frames(encode(question))
        if not isinstance(answer, kind):
            raise Unmet(f"{type(question).__name__} was answered {answer}")
        if answer.request_id != question.request_id:
            raise Unmet(f"request {question.request_id} was answered as {answer.request_id}")
        return answer

    def ask_frames(self, frames: Frames) -> QueryReply:
        if not self._socket.poll(self._patience_ms, zmq.POLLOUT):
            raise Unmet(f"the engine took no connection at {self._address}")
        self._socket.send_multipart(frames, zmq.NOBLOCK)
        if not self._socket.poll(self._patience_ms, zmq.POLLIN):
            raise Unmet("a question was not answered")
        try:
            return decode_query_reply(self._socket.recv_multipart())
        except WireError as error:
            self._record.unreadable.append(f"query socket: {error}")
            raise Unmet(f"the answer to a question cannot be read: {error}") from error

    def close(self) -> None:
        self._socket.close()
