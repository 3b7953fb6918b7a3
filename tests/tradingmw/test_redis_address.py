"""Is an address of Redis read as it is meant, and is a faulty one named without showing its password?"""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tradingmw.env import Env, faults
from tradingmw.redis_address import Service, redis_address, redis_service


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("sentinel://a:1,b:2/desk/3", Service((("a", 1), ("b", 2)), "desk", 3)),
        ("sentinel://a,b.example/desk", Service((("a", 26379), ("b.example", 26379)), "desk")),
        ("sentinel://[::1]:5,10.0.0.1/desk-1/", Service((("::1", 5), ("10.0.0.1", 26379)), "desk-1")),
        ("sentinel://:p%40ss@a/desk", Service((("a", 26379),), "desk", password="p@ss")),
        ("sentinel://me:pw@a/desk", Service((("a", 26379),), "desk", username="me", password="pw")),
        (
            "sentinel://a/desk/0?sentinel_password=s%26s&sentinel_username=u",
            Service((("a", 26379),), "desk", sentinel_username="u", sentinel_password="s&s"),
        ),
    ],
)
def test_an_address_of_sentinels_is_read(text: str, service: Service) -> None:
    assert redis_service(text) == service
    assert redis_address(text) == text


@pytest.mark.parametrize("text", ["", "redis://127.0.0.1:6379/0", "rediss://me:pw@redis.example:6380/1"])
def test_other_addresses_are_the_client_librarys(text: str) -> None:
    assert redis_address(text) == text
    assert redis_service(text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http://a/0", "begins with redis://"),
        ("redis://", "begins with redis://"),
        ("redis://a b", "begins with redis://"),
        ("sentinel://:hunter2@a:26379", "the service is missing"),
        ("sentinel://:hunter2@a:26379/two words", "the service is missing"),
        ("sentinel://:hunter2@a:26379/desk/first", "the service is missing"),
        ("sentinel://:hunter2@a:26379,/desk", "no address of a Sentinel"),
        ("sentinel://:hunter2@a:99999/desk", "'a:99999' is no address of a Sentinel"),
        ("sentinel:///desk", "no address of a Sentinel"),
        ("sentinel://:hunter2@a/desk?ssl=true", "unknown option 'ssl'"),
    ],
)
def test_a_faulty_address_is_named_without_its_password(text: str, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Env(redis_url=text)
    (line,) = faults(caught.value)
    assert line.startswith("TMW_REDIS_URL: ")
    assert said in line
    assert "hunter2" not in line
