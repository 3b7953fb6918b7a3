"""Which socket options does every ZeroMQ socket of this system run with, and why?

libzmq's defaults queue commands for an engine that is down, drop without a word, never notice a dead peer and hang the
exit. So each option that matters is set here, explicitly and before connect or bind; `tests/bridge/sockets` reads each
one back from a live socket.
"""

from __future__ import annotations

from typing import cast

import zmq

LIBZMQ_MINIMUM = (4, 3, 5)  #: older ones have faults that are reachable before authentication
MAX_FRAME_BYTES = 4 * 1024 * 1024 + 65_536  #: the wire's largest payload and room for what stands around it
NO_RECONNECT_MS = -1

#: For every pattern. Times in milliseconds.
COMMON: dict[int, int] = {
    zmq.LINGER: 0,  # an exit never waits for a peer
    zmq.SNDTIMEO: 0,  # a send never blocks: zmq.Again means "not sent"
    zmq.RCVTIMEO: -1,  # readers poll first, or pass NOBLOCK
    zmq.MAXMSGSIZE: MAX_FRAME_BYTES,  # a peer that sends more is disconnected
    zmq.HEARTBEAT_IVL: 1000,  # TCP alone would notice a dead peer after two hours
    zmq.HEARTBEAT_TIMEOUT: 3000,
    zmq.HEARTBEAT_TTL: 3000,
    zmq.HANDSHAKE_IVL: 5000,  # a peer that connects and says nothing is disconnected
    zmq.CONNECT_TIMEOUT: 3000,
    zmq.RECONNECT_IVL: 100,
    zmq.RECONNECT_IVL_MAX: 2000,
    zmq.BACKLOG: 100,
    zmq.TCP_KEEPALIVE: 1,
    # Nothing is queued for a peer that is not there. And a connection made anew gets a queue of its own: libzmq aborts
    # the process where a receiver with a full queue is reconnected and reads on (zeromq/libzmq#3937).
    zmq.IMMEDIATE: 1,
}

#: What a pattern needs on top.
BY_PATTERN: dict[int, dict[int, int]] = {
    zmq.DEALER: {zmq.PROBE_ROUTER: 0},
    # MANDATORY: an unknown peer is an error, not a loss. HANDOVER: a returning peer gets its identity back.
    zmq.ROUTER: {zmq.ROUTER_MANDATORY: 1, zmq.ROUTER_HANDOVER: 1, zmq.PROBE_ROUTER: 0},
    # RELAXED and CORRELATE: a reply that never comes leaves the socket usable, a late one is thrown away.
    zmq.REQ: {zmq.REQ_RELAXED: 1, zmq.REQ_CORRELATE: 1, zmq.PROBE_ROUTER: 0},
    zmq.REP: {},
    zmq.PUB: {zmq.XPUB_NODROP: 0, zmq.CONFLATE: 0},
    zmq.XPUB: {zmq.XPUB_NODROP: 0, zmq.XPUB_VERBOSE: 0, zmq.CONFLATE: 0},
    zmq.SUB: {zmq.CONFLATE: 0},
    zmq.XSUB: {zmq.CONFLATE: 0},
    zmq.PUSH: {zmq.CONFLATE: 0},
    zmq.PULL: {zmq.CONFLATE: 0},
    zmq.PAIR: {},
}


class UnsafeLibzmq(RuntimeError):
    """libzmq is older than 4.3.5."""


def check_libzmq(version: tuple[int, ...] = zmq.zmq_version_info()) -> None:
    """`UnsafeLibzmq` where the library is too old or was built without CURVE."""
    if version < LIBZMQ_MINIMUM or not zmq.has("curve"):
        raise UnsafeLibzmq(f"libzmq 4.3.5 or newer with CURVE is needed, this is {'.'.join(map(str, version))}")


check_libzmq()


def settings(
    pattern: int, *, hwm: int, send_hwm: int | None = None, no_drop: bool = False, reconnect: bool = True
) -> dict[int, int]:
    """Every integer option of a socket of `pattern` (zmq.DEALER, …), as `configure` sets it."""
    chosen = COMMON | {zmq.SNDHWM: send_hwm or hwm, zmq.RCVHWM: hwm} | BY_PATTERN[pattern]
    if no_drop:
        chosen[zmq.XPUB_NODROP] = 1
    if not reconnect:
        chosen[zmq.RECONNECT_IVL] = NO_RECONNECT_MS
    return chosen


def configure(
    socket: zmq.Socket[bytes],
    *,
    hwm: int,
    send_hwm: int | None = None,
    identity: bytes | None = None,
    no_drop: bool = False,
    reconnect: bool = True,
) -> zmq.Socket[bytes]:
    """Set every option of `socket` before it connects or binds, and return it.

    `hwm` bounds each peer's queue, in messages, both ways unless `send_hwm` is given. `no_drop` (PUB, XPUB) turns a
    full queue into zmq.Again; only right where there is a single subscriber. `reconnect=False` leaves reconnection to
    the caller.
    """
    if hwm < 1:
        raise ValueError("hwm must be at least 1: ZeroMQ reads 0 as unbounded")
    chosen = settings(cast(int, socket.type), hwm=hwm, send_hwm=send_hwm, no_drop=no_drop, reconnect=reconnect)
    for option, value in chosen.items():
        socket.set(option, value)
    if identity is not None:
        socket.set(zmq.ROUTING_ID, identity)
    return socket
