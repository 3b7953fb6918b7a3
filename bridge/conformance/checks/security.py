"""Whom does the engine let in?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import zmq

from bridge.conformance.catalogue import Catalogue
from bridge.conformance.subject import Subject
from bridge.conformance.verdicts import Unmet, require
from bridge.sockets.curve import KeyFault, Role
from bridge.sockets.monitoring import event_of
from bridge.sockets.options import configure
from bridge.sockets.pump import Context, Socket

SECURITY = Catalogue()
HWM = 10
TRIES = 3  #: a handshake may also fail for want of time
IN = zmq.EVENT_HANDSHAKE_SUCCEEDED
OUT = zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
GONE = zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED
Introduce = Callable[[Socket], None]


class Door(NamedTuple):
    """One of the engine's sockets, and what connects to it."""

    name: str
    address: str
    pattern: int


@SECURITY.check("Security", core=True)
def curve(subject: Subject) -> str:
    """On all four sockets a peer without a key, one with an unknown key and one of the role `web` are turned away,
    and the bridge's roles are let in."""
    strangers = {"without a key": _nothing, "with an unknown key": _unknown(subject)} | _wrong_role(subject)
    for door in _doors(subject):
        for role in (Role.ORDER_BRIDGE, Role.FEED_BRIDGE, Role.RECORDER):
            welcome = any(_let_in(subject, door, _as_role(subject, role)) for _ in range(TRIES))
            require(welcome, f"{role} is not let in at the {door.name} socket")
        for name, introduce in strangers.items():
            require(not _let_in(subject, door, introduce), f"a peer {name} is let in at the {door.name} socket")
    return f"turned away everywhere: a peer {', '.join(strangers)}"


def _doors(subject: Subject) -> list[Door]:
    addresses = subject.addresses
    return [
        Door("market data", addresses.market_data, zmq.SUB),
        Door("command", addresses.commands, zmq.DEALER),
        Door("query", addresses.queries, zmq.REQ),
        Door("work", addresses.work, zmq.PULL),
    ]


def _nothing(_: Socket) -> None:
    """NULL, the mechanism of a socket that was told nothing."""


def _unknown(subject: Subject) -> Introduce:
    def introduce(socket: Socket) -> None:
        public, secret = zmq.curve_keypair()
        socket.set(zmq.CURVE_PUBLICKEY, public)
        socket.set(zmq.CURVE_SECRETKEY, secret)
        socket.set(zmq.CURVE_SERVERKEY, subject.keyring.public(Role.ENGINE))

    return introduce


def _as_role(subject: Subject, role: Role) -> Introduce:
    return lambda socket: subject.keyring.connect(socket, role, Role.ENGINE)


def _wrong_role(subject: Subject) -> dict[str, Introduce]:
    """Only where its key is there: in production each host has its own only."""
    try:
        subject.keyring.secret(Role.WEB)
    except KeyFault:
        return {}
    return {"of role web": _as_role(subject, Role.WEB)}


def _let_in(subject: Subject, door: Door, introduce: Introduce) -> bool:
    """Does a handshake at `door` succeed?"""
    with _watched(subject.context, door.pattern, introduce) as (socket, monitor):
        socket.connect(door.address)
        while monitor.poll(int(subject.terms.patience_seconds * 1000)):
            event = event_of(monitor.recv_multipart())
            if event & (IN | OUT | GONE):
                return bool(event & IN)
    raise Unmet(f"the {door.name} socket at {door.address} neither takes nor refuses a connection")


@contextmanager
def _watched(context: Context, pattern: int, introduce: Introduce) -> Iterator[tuple[Socket, Socket]]:
    socket = configure(context.socket(pattern), hwm=HWM, reconnect=False)
    introduce(socket)
    monitor = socket.get_monitor_socket(IN | OUT | GONE)
    try:
        yield socket, monitor
    finally:
        socket.disable_monitor()
        monitor.close(linger=0)
        socket.close()
