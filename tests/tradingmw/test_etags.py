"""What do `If-Match` and `If-None-Match` allow? Their effect on stored rows is tested with the preferences."""

from __future__ import annotations

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from tradingmw.etags import ANY, VERSIONS_MAX, Expected, expected, expected_needed, versioned


def request(**headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(APIRequestFactory().get("/x", headers=named))


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ("*", ANY),
        (" * ", ANY),
        ('"7"', Expected(frozenset({7}))),
        ('"7", "8"', Expected(frozenset({7, 8}))),
        ('W/"7"', Expected(frozenset())),
        ('"7" and more', Expected(frozenset())),
        ('"0"', Expected(frozenset())),
        ('"07"', Expected(frozenset())),
        ('"٧"', Expected(frozenset())),
        ('"1000000000"', Expected(frozenset())),
        ("", Expected(frozenset())),
    ],
)
def test_if_match_allows_the_versions_it_names(given: str, allowed: Expected) -> None:
    assert expected(request(If_Match=given)) == expected_needed(request(If_Match=given)) == allowed


def test_without_if_match_anything_goes_unless_it_is_needed() -> None:
    assert expected(request()) == ANY
    assert expected_needed(request()).missing


def test_a_boundless_if_match_is_cut() -> None:
    tags = ", ".join(f'"{version}"' for version in range(1, 2_000))
    assert expected(request(If_Match=tags)).versions == frozenset(range(1, VERSIONS_MAX + 1))


@pytest.mark.parametrize(
    ("given", "status"),
    [('"7"', 304), ('W/"7"', 304), ("*", 304), ('"6", "7"', 304), ('"6"', 200), ("7", 200), ("", 200)],
)
def test_if_none_match_names_what_is_not_sent_again(given: str, status: int) -> None:
    answer = versioned(request(If_None_Match=given), 7, {})
    assert (answer.status_code, answer["ETag"]) == (status, '"7"')
