"""Is this the handshake of a socket, and what is it told where nobody is let in at the moment?

A storm of sockets that come back together is mostly sent away. To make a protocol, a scope, a task and a walk through
the application for each takes six times as long as to see that it is a socket, and that the door is shut. What is not
plainly such a handshake, whole and with nothing behind it, takes the usual way, on which the door is asked again.
"""

from __future__ import annotations

import re
from email.utils import formatdate
from urllib.parse import unquote

from accounts.sockets.door import Door, refusal, retry_seconds
from accounts.sockets.tally import Refused
from tradingmw.correlation import request_id_of
from tradingmw.problem import CONTENT_TYPE

END = b"\r\n\r\n"
HEAD_BYTES_MAX = 8_192
WANTED = re.compile(rb"GET (/[!-~]*) HTTP/1\.1\r\n")
UPGRADE = re.compile(rb"\r\nupgrade: *websocket *\r\n", re.IGNORECASE)
CONNECTION = re.compile(rb"\r\nconnection:[^\r]*\bupgrade\b", re.IGNORECASE)
NAMED = re.compile(rb"\r\n(x-request-id|traceparent):([^\r]*)", re.IGNORECASE)
NAMES = {b"x-request-id": "X-Request-ID", b"traceparent": "traceparent"}


def sent_away(door: Door, data: bytes) -> bytes:
    """What to answer to `data`, the first of a connection, where the door is shut for it; else nothing."""
    wanted = wanted_by(data)
    reason = door.shut() if wanted else None
    return answer(wanted, data, reason) if reason else b""


def wanted_by(data: bytes) -> str:
    """The path of the socket whose whole handshake this is; empty for anything else."""
    wanted = WANTED.match(data)
    whole = len(data) <= HEAD_BYTES_MAX and data.find(END) == len(data) - len(END)
    if not wanted or not whole or not UPGRADE.search(data) or not CONNECTION.search(data):
        return ""
    return unquote(wanted[1].partition(b"?")[0].decode())


def answer(path: str, head: bytes, reason: Refused) -> bytes:
    """HTTP 503 as the application says it."""
    named = {NAMES[name.lower()]: value.strip().decode("latin-1") for name, value in NAMED.findall(head)}
    request_id = request_id_of(named)
    body = refusal(path, reason, request_id)
    lines = (
        "HTTP/1.1 503 Service Unavailable",
        f"content-type: {CONTENT_TYPE}",
        f"retry-after: {retry_seconds()}",
        f"x-request-id: {request_id}",
        f"date: {formatdate(usegmt=True)}",
        "connection: close",
        f"content-length: {len(body)}",
    )
    return "\r\n".join((*lines, "", "")).encode() + body
