"""At which address is a client? The one place that says so, for REST, pages and sockets.

By itself the address of whoever opened the connection. Behind proxies of ours every one of them appends to
`X-Forwarded-For` the address that it was asked from, so that with `TMW_PROXY_HOPS` of them in a row the client's is so
many places from the end; whatever a client wrote itself stands further in front and is never looked at. Proxies are
believed only where the connection comes from `TMW_PROXIES`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, TypeAlias

ADDRESSES_REMEMBERED = 4_096
Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]
Network: TypeAlias = IPv4Network | IPv6Network

SCHEMES = {("http", "https"): "https", ("ws", "https"): "wss", ("http", "wss"): "https", ("ws", "wss"): "wss"}


class ClientAddress:
    """ASGI wrapper around everything: `client` and `scheme` of the scope are those of the client behind our proxies."""

    def __init__(self, application: Application, *, hops: int, proxies: Iterable[str]) -> None:
        self._application, self._hops = application, hops
        self._proxies = [ip_network(network, strict=False) for network in proxies]

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan" and (client := scope.get("client")):
            scope = {**scope, **self._seen(scope, client)}
        await self._application(scope, receive, send)

    def _seen(self, scope: Scope, client: tuple[str, int]) -> dict[str, Any]:
        peer = plain(client[0]) or client[0]
        if not self._hops or not lies_in(peer, self._proxies):
            return {"client": (peer, client[1])}
        scheme = (forwarded(scope, b"x-forwarded-proto") or [""])[-1]
        told = forwarded(scope, b"x-forwarded-for")
        address = plain(told[-self._hops]) if len(told) >= self._hops else ""
        return {"client": (address or peer, 0), "scheme": SCHEMES.get((scope["scheme"], scheme), scope["scheme"])}


def forwarded(scope: Scope, name: bytes) -> list[str]:
    """What the headers of this name say, all of them, in order."""
    values = (value.decode("latin-1") for key, value in scope["headers"] if key == name)
    return [part.strip() for value in values for part in value.split(",")]


@lru_cache(maxsize=ADDRESSES_REMEMBERED)
def plain(text: str) -> str:
    """The address in `text` without port, brackets and zone; an IPv4 address mapped into IPv6 as IPv4; "" for none."""
    bare = text.strip().partition("%")[0]
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def lies_in(address: str, networks: Iterable[Network]) -> bool:
    """Whether it lies in one of them; what is no address lies in none."""
    try:
        asked = ip_address(address)
    except ValueError:
        return False
    return any(asked in network for network in networks)


def home_of(address: str) -> str:
    """Whose address it is: itself, and of IPv6 the /64 that one customer has."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address or "nowhere"
    if isinstance(parsed, IPv6Address):
        return str(ip_network((int(parsed), 64), strict=False))
    return address
