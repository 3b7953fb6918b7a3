"""Is a client's address the one that our own proxies saw, whatever the client writes itself?"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tradingmw.client_address import ClientAddress, home_of, plain

PROXIES = ["10.0.0.0/8", "::1/128"]
OWN = "198.51.100.7"


def seen(hops: int, peer: str, *forwarded: str, **scope: Any) -> dict[str, Any]:
    """The scope that the application gets."""
    found: dict[str, Any] = {}

    async def application(inner: Any, _receive: Any, _send: Any) -> None:
        found.update(inner)

    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded] + scope.pop("more", [])
    outer = {"type": "http", "scheme": "http", "client": (peer, 4711), "headers": headers, **scope}
    asyncio.run(ClientAddress(application, hops=hops, proxies=PROXIES)(outer, None, None))
    return found


def address(hops: int, peer: str, *forwarded: str) -> str:
    return str(seen(hops, peer, *forwarded)["client"][0])


@pytest.mark.parametrize("forged", ["127.0.0.1", "10.0.0.1", "203.0.113.1, 10.0.0.1", "", "x" * 5_000])
def test_without_proxies_what_a_client_writes_is_never_looked_at(forged: str) -> None:
    assert address(0, OWN, forged) == OWN


@pytest.mark.parametrize("forged", ["127.0.0.1", "203.0.113.1, 10.0.0.1", "unknown", ",,,"])
def test_behind_a_proxy_only_what_the_proxy_appended_counts(forged: str) -> None:
    assert address(1, "10.0.0.1", f"{forged}, {OWN}") == OWN
    assert address(1, "10.0.0.1", forged, OWN) == OWN  # a header of its own


def test_behind_two_proxies_the_outer_one_s_word_counts() -> None:
    assert address(2, "10.0.0.1", f"203.0.113.1, {OWN}, 10.0.0.2") == OWN


def test_who_comes_around_the_proxies_is_not_believed() -> None:
    assert address(1, OWN, "203.0.113.1") == OWN


@pytest.mark.parametrize("forwarded", [[], [OWN], ["nonsense, 10.0.0.2"]])
def test_where_too_little_was_forwarded_it_is_the_proxy(forwarded: list[str]) -> None:
    assert address(2, "10.0.0.1", *forwarded) == "10.0.0.1"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("192.0.2.7:443", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("010.0.0.1", ""),
        ("0x7f.1", ""),
        ("2130706433", ""),
        ("localhost", ""),
        ("", ""),
    ],
)
def test_one_address_has_one_text(text: str, address: str) -> None:
    assert plain(text) == address


def test_the_proxy_says_over_which_scheme_it_was_asked() -> None:
    more = [(b"x-forwarded-proto", b"https")]
    assert seen(1, "10.0.0.1", OWN, more=more)["scheme"] == "https"
    assert seen(1, "10.0.0.1", OWN, more=more, type="websocket", scheme="ws")["scheme"] == "wss"
    assert seen(1, OWN, OWN, more=more)["scheme"] == "http"


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("a-unix-socket", "a-unix-socket"),
        ("", "nowhere"),
    ],
)
def test_an_ipv6_customer_has_one_address_of_many(address: str, home: str) -> None:
    assert home_of(address) == home
