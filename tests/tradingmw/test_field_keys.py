"""Are keys of sealed columns read exactly, and refused without a word of what they hold?"""

from __future__ import annotations

import base64

import pytest
from pydantic import ValidationError

from tradingmw.env import Env
from tradingmw.field_keys import field_key_make, field_keys


def test_the_first_of_several_seals() -> None:
    text = f"{field_key_make('2026b')}, {field_key_make('2026a')}"
    assert [key.name for key in field_keys(text)] == ["2026b", "2026a"]
    assert {len(key.secret) for key in field_keys(text)} == {32}


def test_both_alphabets_of_base64_are_read() -> None:
    raw = b"\xfb\xff" * 16
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert field_keys(f"a:{encode(raw).decode()}")[0].secret == raw


SHORT = base64.b64encode(bytes(31)).decode()
ONE = f"a:{base64.b64encode(bytes(range(32))).decode()}"


@pytest.mark.parametrize("text", ["", "a", "a:", f"a:{SHORT}", f"A{ONE}", f":{ONE}", f"{ONE},{ONE}", f"{ONE},", "a:ü"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="key"):
        field_keys(text)


def test_a_fault_names_the_setting_and_shows_nothing_of_it() -> None:
    with pytest.raises(ValidationError) as caught:
        Env(field_keys=f"a:{SHORT}")  # type: ignore[arg-type]
    assert SHORT not in "".join(error["msg"] for error in caught.value.errors())
    assert "key 1 must be" in caught.value.errors()[0]["msg"]
