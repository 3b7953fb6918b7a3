"""Does this host hold the CURVE keys that a part proves itself and knows its peers with? Asked before the part starts.

Without them nothing is served unprotected: sockets do not open, or let nobody in. To say so at the start, all at once
and by name, beats a part that fails at its first order.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from bridge.sockets.keys import KeyFault, KeyRing, Role, secret_path
from tradingmw.env import Env, env

#: By role: the servers that it connects to, and the peers that it lets in.
PEERS: dict[Role, frozenset[Role]] = {
    Role.WEB: frozenset({Role.ORDER_BRIDGE, Role.FEED_BRIDGE, Role.LAYER}),
    Role.ORDER_BRIDGE: frozenset({Role.ENGINE, Role.WEB, Role.LAYER, Role.FEED_BRIDGE}),
    Role.FEED_BRIDGE: frozenset({Role.ENGINE, Role.WEB, Role.LAYER, Role.ORDER_BRIDGE}),
    Role.LAYER: frozenset({Role.ORDER_BRIDGE, Role.FEED_BRIDGE, Role.WEB, Role.WORKER}),
    Role.RECORDER: frozenset({Role.ENGINE}),
}
READABLE_BY_OTHERS = stat.S_IRGRP | stat.S_IROTH


def check_keys(settings: Env, own: Role) -> None:
    """`KeyFault` with every fault of the keys of `own` and of its peers."""
    if faults := list(key_faults(settings, own)):
        raise KeyFault("; ".join([*faults, "`manage.py keys make` makes keys where there are none"]))


async def web_keys_held() -> None:
    """Before the first request, however the process was started."""
    check_keys(env(), Role.WEB)


def key_faults(settings: Env, own: Role) -> Iterator[str]:
    """A sentence for each. In production a secret that others may read is one too."""
    ring = KeyRing(settings.keys)
    peers = PEERS[own] - ({Role.LAYER} if settings.redis_url else frozenset())
    for read, role in ((ring.secret, own), *((ring.public, peer) for peer in sorted(peers))):
        yield from said(read, role)
    if not settings.demo and is_open_to_others(path := secret_path(settings.keys, own)):
        yield f"The CURVE key file {path} may be read by others than its owner"


def said(read: Callable[[Role], bytes], role: Role) -> Iterator[str]:
    try:
        read(role)
    except KeyFault as fault:
        yield str(fault)


def is_open_to_others(path: Path) -> bool:
    """Never on Windows: there the rights of the directory count, which mode bits do not show."""
    return os.name != "nt" and path.exists() and bool(path.stat().st_mode & READABLE_BY_OTHERS)
