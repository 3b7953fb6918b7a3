"""Is an order lost where the keys of web, order bridge and feed bridge are changed in the middle of a burst?

As `docs/operations.md` says it: the next keys are admitted beside the present ones, put in place, the parts restarted
one after another, the old keys revoked, which cuts every connection once.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psutil
import zmq

from bridge.sockets.key_changes import prepare, revoke_old, switch
from bridge.sockets.keys import KeyRing, Role, public_path, secret_path
from bridge.sockets.monitoring import event_of
from bridge.sockets.options import configure
from tests.faults.careful import Script, hold_to_the_engine
from tests.scoreboard import Measured
from tests.stack import STOP_SECONDS, Stack, is_alive, wait_for

ORDERS = 300
REFUSED = zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
PARTS = {"orders": Role.ORDER_BRIDGE, "feed": Role.FEED_BRIDGE, "web": Role.WEB}  #: servers before who asks them
#: Each server with a list of its own: its address, the server's role, and one whose next key it is to admit.
SERVERS = (
    ("engine_market_data", Role.ENGINE, Role.ORDER_BRIDGE),
    ("order_requests", Role.ORDER_BRIDGE, Role.WEB),
    ("feed_state", Role.FEED_BRIDGE, Role.WEB),
    ("layer_subscribe", Role.LAYER, Role.WEB),
)


def test_no_order_is_lost_when_keys_are_changed_under_load(stack: Stack, measured: Measured) -> None:
    stack.wait_ready()
    keys = stack.data_dir / "keys"
    old = {role: KeyRing(keys).public(role) for role in PARTS.values()}
    script = Script(stack, "keys", seed=1, count=ORDERS)
    asyncio.run(script.run(lambda: change_keys(stack, keys), ORDERS // 3))
    stack.wait_ready()
    hold_to_the_engine(script, partial(measured, 37), "keys changed under load")
    assert KeyRing(keys).revoked() == set(old.values())
    assert all(greets(stack, keys, name, server, role) for name, server, role in SERVERS)


def change_keys(stack: Stack, keys: Path) -> None:
    for role in PARTS.values():
        prepare(keys, role)
    for name, server, role in SERVERS:
        wait_for(partial(greets, stack, keys, name, server, role, "next"), 30, f"{name} for the next key", stack.tail)
    for role in PARTS.values():
        switch(keys, role)
    for part in PARTS:
        restart(stack, part)
    stack.wait_ready()
    for role in PARTS.values():
        revoke_old(keys, role, datetime.now(UTC))


def restart(stack: Stack, part: str) -> None:
    """As an operator would: it is asked to stop, and `up` starts it again."""
    pid = stack.pids()[part]
    psutil.Process(pid).terminate()
    wait_for(lambda: not is_alive(pid), STOP_SECONDS * 2, f"the end of {part}", stack.tail)


def greets(stack: Stack, keys: Path, name: str, server: Role, role: Role, word: str = "") -> bool:
    """Whether the server at address `name` lets the key of `role` in that stands in the files of `word`."""
    context = zmq.Context()
    try:
        socket = configure(context.socket(zmq.DEALER if server in PARTS.values() else zmq.SUB), hwm=10)
        KeyRing(keys).connect(socket, role, server)
        socket.curve_publickey = public_path(keys, role, word).read_bytes()
        socket.curve_secretkey = secret_path(keys, role, word).read_bytes()
        monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | REFUSED)
        socket.connect(stack.addresses[name])
        return bool(monitor.poll(10_000)) and event_of(monitor.recv_multipart()) == zmq.EVENT_HANDSHAKE_SUCCEEDED
    finally:
        context.destroy(linger=0)
