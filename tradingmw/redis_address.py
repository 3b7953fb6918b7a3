"""Where is Redis? At the address of one server, or wherever a service's Sentinels say that its primary server is.

`redis://` and `rediss://` addresses are read by the client library. An address of Sentinels is
`sentinel://[user:password@]host[:port],…/service[/number][?sentinel_password=…]`: user and password are for the
servers, what the Sentinels themselves may ask for comes behind.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

SENTINEL: Final = "sentinel://"
SENTINEL_PORT: Final = 26379
FORM: Final = f"{SENTINEL}[user:password@]host[:port],…/service[/number]"
SERVER: Final = re.compile(r"rediss?://\S+")
PATH: Final = re.compile(r"/(?P<name>[A-Za-z0-9._-]{1,64})(?:/(?P<number>\d{1,4}))?/?")
QUERY: Final = {"sentinel_username", "sentinel_password"}


class Service(NamedTuple):
    """A group of Redis servers, one of them the primary, and who watches them."""

    sentinels: tuple[tuple[str, int], ...]
    name: str
    number: int = 0  #: of the database
    username: str | None = None
    password: str | None = None
    sentinel_username: str | None = None
    sentinel_password: str | None = None


def redis_address(text: str) -> str:
    """`text` where it is an address or empty; `ValueError` says what is wrong with it and never shows a password."""
    if not text or SERVER.fullmatch(text) or redis_service(text):
        return text
    raise ValueError(f"an address begins with redis://, rediss:// or {SENTINEL} and has no spaces")


def redis_service(text: str) -> Service | None:
    """The service that an address of Sentinels names; None for any other address, `ValueError` for a faulty one."""
    if not text.startswith(SENTINEL):
        return None
    parts = urlsplit(text)
    user, _, hosts = parts.netloc.rpartition("@")
    username, _, password = user.partition(":")
    path = PATH.fullmatch(parts.path)
    if path is None:
        raise ValueError(f"the service is missing or no name: the form is {FORM}")
    return Service(
        sentinels=tuple(_sentinel(host) for host in hosts.split(",")),
        name=path["name"],
        number=int(path["number"] or 0),
        username=unquote(username) or None,
        password=unquote(password) or None,
        **_query(parts),
    )


def _sentinel(text: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text.strip()}")
        host, port = parts.hostname, parts.port or SENTINEL_PORT
    except ValueError:
        host, port = None, 0
    if not host:
        raise ValueError(f"{text!r} is no address of a Sentinel: the form is {FORM}")
    return host, port


def _query(parts: SplitResult) -> dict[str, str]:
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(given.keys() - QUERY):
        raise ValueError(f"unknown option {unknown[0]!r}: there are {' and '.join(sorted(QUERY))}")
    return given
