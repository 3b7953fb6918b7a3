"""What does the engine answer to a question, and what if it does not?"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from functools import partial

import zmq

from bridge.link.places import Places
from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.options import configure
from bridge.sockets.pump import Context, Frames
from bridge.wire.codec import decode_query_reply, encode
from bridge.wire.faults import Reason, WireError
from bridge.wire.messages import Query, QueryReply

QUERY_HWM = 10
LONGEST_RECONNECT_MS = 500  #: an engine that returns is to be asked at once


class QueryFault(Exception):
    """The engine gave no answer that could be used; the link can be asked again at once."""


class QueryTimeout(QueryFault):
    """No answer came in time."""


class QueryLink:
    """A REQ socket for one thread. `faults` counts replies that could not be believed, by reason.

    `address`: the engine's, or the primary's and its backup's (`Places`): where one cannot be asked, the next is.
    """

    def __init__(self, context: Context, keyring: KeyRing, address: str, *, role: Role = Role.FEED_BRIDGE) -> None:
        self.faults: Counter[Reason] = Counter()
        self._socket = configure(context.socket(zmq.REQ), hwm=QUERY_HWM)
        self._socket.set(zmq.RECONNECT_IVL_MAX, LONGEST_RECONNECT_MS)
        keyring.connect(self._socket, role, Role.ENGINE)
        self._renew_keys = partial(keyring.renew, self._socket, role, Role.ENGINE)
        self._places = Places(address)
        self._socket.connect(self._places.current)

    def ask(self, request: Query, timeout_ms: int) -> QueryReply:
        """The answer to `request` (a `QueryReject` is one). Waits, at most `timeout_ms` in all.

        Raises `QueryTimeout`, and `QueryFault` for an answer that breaks the wire's rules or answers something else.
        """
        deadline = time.monotonic() + timeout_ms / 1000
        try:
            self._until_ready(zmq.POLLOUT, deadline)
            self._socket.send_multipart(encode(request), zmq.NOBLOCK)
            reply = decode_query_reply(self._received(deadline))
        except zmq.Again:
            if not self._socket.poll(0, zmq.POLLOUT):
                self._connect_anew()
            raise QueryTimeout(f"No answer to {type(request).__name__} within {timeout_ms} ms") from None
        except WireError as error:
            self.faults[error.reason] += 1
            raise QueryFault(f"The answer to {type(request).__name__} was refused: {error}") from error
        if reply.request_id not in (request.request_id, 0):
            raise QueryFault(f"Request {request.request_id} was answered as {reply.request_id}")
        return reply

    def close(self) -> None:
        self._socket.close()

    def _connect_anew(self) -> None:
        """At the next place. libzmq never comes back to a peer that broke its rules, as by a giant answer."""
        with contextlib.suppress(zmq.ZMQError):  # where libzmq has given the connection up itself
            self._socket.disconnect(self._places.current)
        self._renew_keys()  # they may have been changed meanwhile
        self._places.move_on()
        self._socket.connect(self._places.current)

    def _received(self, deadline: float) -> Frames:
        while True:
            self._until_ready(zmq.POLLIN, deadline)
            try:
                return self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                continue  # what made the socket ready was a late answer to an earlier question; libzmq threw it away

    def _until_ready(self, event: int, deadline: float) -> None:
        """zmq.Again at the deadline."""
        left_ms = max(0, int((deadline - time.monotonic()) * 1000))
        if not self._socket.poll(left_ms, event):
            raise zmq.Again
