"""How does a web process take connections? One at a time, with a rest for all others after each.

asyncio takes as many as wait in one turn of its loop, or a few in every turn. Either way, four hundred that come at
once are most of what it does for a tenth of a second.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

from accounts.sockets.turnstile import ARRIVAL_SECONDS, Turnstile

WAITING = 2_048  #: connections that the system keeps until they are taken
AGAIN_SECONDS = 1.0  #: after one that could not be taken: this process has no more files, or the system no memory

logger = logging.getLogger(__name__)


class Accepting:
    """Takes what waits at `listening`, each with a protocol that `make` makes, as soon as their handshakes are begun.

    It waits at a handle of its own until `close`; `listening` stays open, and nobody else may take connections from it.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, listening: socket.socket, make: Callable[[], asyncio.Protocol]
    ) -> None:
        self._loop, self._make = loop, make
        self._listening = listening.dup()
        self._listening.setblocking(False)
        self._listening.listen(WAITING)
        self._turnstile = Turnstile(loop, ARRIVAL_SECONDS)
        self._beginning: set[asyncio.Task[object]] = set()
        self._wait()

    def close(self) -> None:
        self._loop.remove_reader(self._listening)
        self._listening.close()

    @property
    def _is_closed(self) -> bool:
        return self._listening.fileno() < 0

    def _wait(self) -> None:
        if not self._is_closed:
            self._loop.add_reader(self._listening, self._somebody_is_here)

    def _somebody_is_here(self) -> None:
        self._loop.remove_reader(self._listening)
        self._turnstile.enter(self._take)

    def _take(self) -> None:
        if self._is_closed:
            return
        try:
            connection, _ = self._listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            self._wait()  # gone again
        except OSError as error:
            logger.warning("No connection can be taken; tried again in a second.", extra={"why": str(error)})
            self._loop.call_later(AGAIN_SECONDS, self._wait)
        else:
            self._begin(connection)
            self._wait()

    def _begin(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        beginning = self._loop.create_task(self._loop.connect_accepted_socket(self._make, connection))
        self._beginning.add(beginning)  # the loop itself keeps no task alive
        beginning.add_done_callback(self._beginning.discard)
