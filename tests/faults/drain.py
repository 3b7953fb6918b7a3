"""What does it cost the machine that somebody sends, whoever takes it? A PULL socket that takes all, and does nothing.

    python -m tests.faults.drain

says its port as a line and ends with its standard input.
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress

import zmq


def take(taking: zmq.Socket[bytes]) -> None:
    """Until its context ends. Only this thread touches the socket: ZeroMQ's sockets belong to one."""
    with taking, suppress(zmq.ContextTerminated):
        while True:
            taking.recv_multipart(copy=False)


def main() -> None:
    context = zmq.Context()
    taking = context.socket(zmq.PULL)
    port = taking.bind_to_random_port("tcp://127.0.0.1")
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    threading.Thread(target=take, args=(taking,)).start()
    sys.stdin.read()
    context.term()  # a `with` would close the socket in this thread


if __name__ == "__main__":
    main()
