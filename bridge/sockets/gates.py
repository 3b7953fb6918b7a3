"""How does a server socket part from peers whose key was revoked while they were connected?

ZAP judges a connection once, when it is made. libzmq ends every connection of an address with the address, so a socket
that is bound anew has all its peers judged again: those who are still admitted are back at once.
"""

from __future__ import annotations

import contextlib
import logging
import time

import zmq

from bridge.sockets.curve import Gatekeeper

logger = logging.getLogger(__name__)

TRIES = 20  #: in one look: the old listener closes in another thread
PAUSE_SECONDS = 0.001


def bound_address(socket: zmq.Socket[bytes]) -> str:
    """Where `socket` listens, with the port that was chosen for `*`."""
    return str(socket.getsockopt_string(zmq.LAST_ENDPOINT)).rstrip("\0")


class Gate:
    """`socket` bound at `address` (`KeyRing.serve` and `Gatekeeper.allow` came before), for the thread that owns it.

    `address` is what was bound, with the port that was chosen for `*`. Raises zmq.ZMQError where it is taken.
    """

    def __init__(self, gatekeeper: Gatekeeper, socket: zmq.Socket[bytes], domain: str, address: str) -> None:
        self._gatekeeper, self._socket, self._domain = gatekeeper, socket, domain
        self._seen = gatekeeper.cuts[domain]
        socket.bind(address)
        self.address = bound_address(socket)
        self._is_open = True

    def look(self) -> None:
        """Cut everybody off where a key was revoked that had been let in. In every turn: it costs next to nothing."""
        cuts = self._gatekeeper.cuts[self._domain]
        if cuts != self._seen:
            self._seen = cuts
            if self._is_open:
                with contextlib.suppress(zmq.ZMQError):  # where libzmq has ended it already
                    self._socket.unbind(self.address)
                self._is_open = False
        if not self._is_open:
            self._bind_anew()

    def _bind_anew(self) -> None:
        """Now, or in a later look: nobody is connected meanwhile."""
        for _ in range(TRIES):
            try:
                self._socket.bind(self.address)
            except zmq.ZMQError:
                time.sleep(PAUSE_SECONDS)
            else:
                self._is_open = True
                facts = {"domain": self._domain, "address": self.address}
                logger.warning("Every peer was cut off and has to prove itself again", extra=facts)
                return
