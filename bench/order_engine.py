"""Which engine do the peers of the order bench ask? One that accepts everything at once and stores nothing.

    python -m bench.order_engine

Says its address; answers `[identity, order id, order]` with `[identity, order id, {status: "new"}]`; ends with
standard input.
"""

from __future__ import annotations

import json
import sys
import threading

import msgspec
import zmq

LOOK_FOR_END_MS = 100


def await_end(over: threading.Event) -> None:
    sys.stdin.read()
    over.set()


def main() -> None:
    over = threading.Event()
    threading.Thread(target=await_end, args=(over,), daemon=True).start()
    answer = msgspec.msgpack.encode({"status": "new"})
    with zmq.Context() as context, context.socket(zmq.ROUTER) as socket:
        socket.set(zmq.LINGER, 0)
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        print(json.dumps({"event": "bound", "address": f"tcp://127.0.0.1:{port}"}), flush=True)
        while not over.is_set():
            if socket.poll(LOOK_FOR_END_MS):
                identity, order_id, order = socket.recv_multipart()
                msgspec.msgpack.decode(order)
                socket.send_multipart((identity, order_id, answer))


if __name__ == "__main__":
    main()
