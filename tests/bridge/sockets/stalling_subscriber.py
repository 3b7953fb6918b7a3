"""A subscriber that reads what waits, then stands still for longer than its heartbeats allow, and again.

    python -m tests.bridge.sockets.stalling_subscriber ADDRESS TURNS

Says how many messages each turn read. A process of its own, because libzmq aborts where it finds itself at fault.
"""

from __future__ import annotations

import sys
import time

import zmq

from bridge.sockets.options import configure

HEARTBEATS_MS = {zmq.HEARTBEAT_IVL: 50, zmq.HEARTBEAT_TIMEOUT: 150, zmq.HEARTBEAT_TTL: 150}
STALL_SECONDS = 1.0
PATIENCE_MS = 10_000
READS = 2_000


def main(address: str, turns: int) -> None:
    context = zmq.Context()
    socket = configure(context.socket(zmq.SUB), hwm=10)
    for option, value in HEARTBEATS_MS.items():
        socket.set(option, value)
    socket.subscribe(b"")
    socket.connect(address)
    for _ in range(turns):
        sys.stdout.write(f"{read(socket)}\n")
        sys.stdout.flush()
        time.sleep(STALL_SECONDS)  # the stall itself: nothing to wait for
    context.destroy(linger=0)


def read(socket: zmq.Socket[bytes]) -> int:
    """Up to READS messages, each waited for; how many came."""
    count = 0
    while count < READS and socket.poll(PATIENCE_MS):
        socket.recv()
        count += 1
    return count


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
