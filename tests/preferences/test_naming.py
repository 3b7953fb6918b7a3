"""Which names are the same?"""

from __future__ import annotations

import pytest

from preferences.naming import name_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Main", "MAIN"),
        ("Straße", "STRASSE"),
        ("  two  words ", "two words"),
        ("Ｗｉｄｅ", "wide"),
        ("Cafe\u0301", "Café"),
        ("ΣΑΣ", "σας"),
    ],
)
def test_a_person_reads_these_as_the_same(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(("one", "other"), [("Main", "Main 2"), ("Cafe", "Café"), ("a b", "ab")])
def test_a_person_tells_these_apart(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


def test_a_key_is_short_and_plain_whatever_the_name() -> None:
    key = name_key("\ufdfa" * 100)
    assert len(key) == 64 and set(key) <= set("0123456789abcdef")
