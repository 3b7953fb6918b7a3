"""How is a process flooded by somebody else, so that whoever measures what others notice does nothing but read?

    python -m tests.faults.flooder "10,000 pings"

takes `{"port": 8000, "token": "…", "per_second": 10}` as a line of standard input, and repeats the flood at that pace,
or one after the other where they take longer, until its standard input ends. It says two lines, after the first flood
and at the end: how often a flood came out how, and how many there were in a second.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import psutil

from tests.raw_client import BINARY, CONT, PING, TEXT, RawClient, frame, head

MARKET = "/ws/v1/market"
AT_ONCE = 400
#: Floods come from elsewhere: this one leaves the processor to those who serve and read, wherever they want it.
NICE, PRIORITY_WINDOWS = 10, "BELOW_NORMAL_PRIORITY_CLASS"
PING_METHOD = b'{"id":1,"method":"ping"}'
MANY_SYMBOLS = json.dumps(
    {"id": 1, "method": "subscribe", "params": {"channel": "quotes", "symbols": [f"S{n:04}" for n in range(5_000)]}}
).encode()


class Target(NamedTuple):
    """Whom to flood, as whom, how often."""

    port: int
    token: str
    per_second: float


class Flooded(msgspec.Struct, frozen=True):
    """How often it came out how."""

    outcomes: dict[str, int]
    per_second: float


Flood = Callable[[Target], list[str]]  #: returns how each of its connections ended

#: What is sent until the connection is closed.
SENT: dict[str, Callable[[], bytes]] = {
    "10,000 messages": lambda: frame(TEXT, PING_METHOD) * 10_000,
    "10 MB in a frame": lambda: frame(BINARY, bytes(10_000_000)),
    "65,536 fragments of a byte": lambda: frame(TEXT, b"x", fin=False) + frame(CONT, b"x", fin=False) * 65_535,
    "10,000 pings": lambda: frame(PING, b"x" * 125) * 10_000,
}
SUBSCRIPTIONS, STORM = "5,000 subscriptions in a request", "a storm of 400 connections"
#: Less than the door lets in: what is flooded is a socket. 10 are 100 MB, 655,360 fragments or 100,000 pings.
PER_SECOND, PER_SECOND_ELSE = {"10,000 messages": 1.0, STORM: 1.0}, 10.0


def sending(flood: bytes) -> Flood:
    """All of `flood` over a socket; its close code."""

    def one(target: Target) -> list[str]:
        with RawClient(target.port, MARKET).authenticate(target.token) as client:
            client.send(flood)
            return [str(client.close_code())]

    return one


def subscribe_to_5000(target: Target) -> list[str]:
    with RawClient(target.port, MARKET).authenticate(target.token) as client:
        client.send(frame(TEXT, MANY_SYMBOLS))
        return [str(client.answer()["error"]["code"])]


def connect_many(target: Target) -> list[str]:
    """The HTTP status of each."""
    request = head(MARKET, target.port)
    opened = [socket.create_connection(("127.0.0.1", target.port), timeout=20) for _ in range(AT_ONCE)]
    for client in opened:
        client.sendall(request)
    statuses = [client.recv(12)[9:12].decode() for client in opened]
    for client in opened:
        client.close()
    return statuses


def flood_of(what: str) -> Flood:
    if what in SENT:
        return sending(SENT[what]())
    return {SUBSCRIPTIONS: subscribe_to_5000, STORM: connect_many}[what]


def until_the_end_of_input(over: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1_024):
        pass
    over.set()


def leave_the_processor_to_others() -> None:
    psutil.Process().nice(getattr(psutil, PRIORITY_WINDOWS, NICE))


def say(outcomes: Counter[str], per_second: float) -> None:
    sys.stdout.write(msgspec.json.encode(Flooded(outcomes, per_second)).decode() + "\n")
    sys.stdout.flush()


def main(what: str) -> None:
    leave_the_processor_to_others()
    flood, target = flood_of(what), Target(**json.loads(sys.stdin.readline()))
    over = threading.Event()
    threading.Thread(target=until_the_end_of_input, args=(over,), daemon=True).start()
    every_seconds, began, floods = 1 / target.per_second, time.monotonic(), 1
    outcomes = Counter(flood(target))
    due = began + every_seconds
    say(outcomes, 1 / every_seconds)
    while not over.wait(max(0.0, due - time.monotonic())):
        due = max(due, time.monotonic()) + every_seconds
        outcomes.update(flood(target))
        floods += 1
    say(outcomes, floods / (max(due, time.monotonic()) - began))


if __name__ == "__main__":
    main(sys.argv[1])
