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
    with suppress(zmq.ZMQError):  # it is closed
        while True:
            taking.recv_multipart(copy=False)


def main() -> None:
    with zmq.Context() as context, context.socket(zmq.PULL) as taking:
        port = taking.bind_to_random_port("tcp://127.0.0.1")
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        threading.Thread(target=take, args=(taking,), daemon=True).start()
        sys.stdin.read()
        context.destroy(linger=0)


if __name__ == "__main__":
    main()
