"""Which sockets have something to be read, and which messages wait there? As cheaply as one or many can be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, cast

import zmq

from bridge.sockets.pump import Frames, Socket

NOW: Final = int(zmq.NOBLOCK)  #: pyzmq's own flags are enums, whose arithmetic is done in Python
READABLE: Final = int(zmq.POLLIN)


def polling(sockets: Iterable[Socket]) -> zmq.Poller:
    """To be kept: made anew for each question, as `zmq.select` does it, it costs more than the question."""
    poller = zmq.Poller()
    for socket in sockets:
        poller.register(socket, zmq.POLLIN)
    return poller


def is_readable(socket: Socket) -> bool:
    """Does a message wait now? For one socket; `socket.poll(0)` makes a poller for it each time."""
    return bool(cast(int, socket.get(zmq.EVENTS)) & READABLE)


def arrivals(socket: Socket, most: int) -> Iterator[Frames]:
    """At most so many messages. Never blocks.

    After the first one it is asked whether there is another: mostly there is none, and to run into that is dear.
    """
    for number in range(most):
        try:
            frames = whole(socket)
        except zmq.Again:
            return
        yield frames
        if number == 0 and not is_readable(socket):
            return


def whole(socket: Socket) -> Frames:
    """All frames of the next message; zmq.Again where none waits."""
    frames, is_more = [], True
    while is_more:
        frame = socket.recv(NOW, copy=False)
        frames.append(frame.bytes)
        is_more = frame.more
    return frames
