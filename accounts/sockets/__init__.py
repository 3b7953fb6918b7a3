"""How does a socket prove who it is, stay proven, and speak? Every consumer builds on `AuthenticatedConsumer`."""

from accounts.sockets.closing import CloseCode
from accounts.sockets.consumer import AuthenticatedConsumer
from accounts.sockets.door import Door, DoorLimits, SocketDoor
from accounts.sockets.frames import Format, Request
from accounts.sockets.methods import Budgeted, Later, Nothing, Pushes
from accounts.sockets.origin import OriginGuard

__all__ = [
    "AuthenticatedConsumer",
    "Budgeted",
    "CloseCode",
    "Door",
    "DoorLimits",
    "Format",
    "Later",
    "Nothing",
    "OriginGuard",
    "Pushes",
    "Request",
    "SocketDoor",
]
