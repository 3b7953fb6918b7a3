"""Which finished bars did the engine hand to this worker? Others get the rest: shared, unordered, never repeated."""

from __future__ import annotations

import logging
from collections import Counter

import zmq

from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.options import configure
from bridge.sockets.pump import Context
from bridge.sockets.throttle import Throttle
from bridge.wire.codec import decode_bar
from bridge.wire.faults import Reason, WireError
from bridge.wire.messages import Bar

logger = logging.getLogger(__name__)

WORK_HWM = 1000


class WorkLink:
    """A PULL socket. What waits in it when the worker dies is lost: only work that may be. `faults` as elsewhere."""

    def __init__(self, context: Context, keyring: KeyRing, address: str, *, role: Role = Role.RECORDER) -> None:
        self.faults: Counter[Reason] = Counter()
        self._throttle = Throttle()
        self.socket = configure(context.socket(zmq.PULL), hwm=WORK_HWM)
        keyring.connect(self.socket, role, Role.ENGINE)
        for place in address.split(","):  # of the primary and its backup: whoever has work
            self.socket.connect(place)

    def receive(self, max_bars: int) -> list[Bar]:
        """The bars that wait, at most `max_bars`; never blocks."""
        bars: list[Bar] = []
        for _ in range(max_bars):
            try:
                bars.append(decode_bar(self.socket.recv_multipart(zmq.NOBLOCK)))
            except zmq.Again:
                break
            except WireError as error:
                self._refuse(error)
        return bars

    def close(self) -> None:
        self.socket.close()

    def _refuse(self, error: WireError) -> None:
        self.faults[error.reason] += 1
        if self._throttle.due():
            logger.warning("A bar was refused", extra={"why": str(error), "faults": self.faults})
