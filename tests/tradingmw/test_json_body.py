"""Which bodies are JSON to us?"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from rest_framework.exceptions import ParseError

from tradingmw.errors import Code, InvalidRequest
from tradingmw.json_body import StrictJsonParser


def parsed(body: bytes) -> Any:
    return StrictJsonParser().parse(BytesIO(body))


@pytest.mark.parametrize(
    ("body", "value"), [(b'{"a":[1,2.5,null]}', {"a": [1, 2.5, None]}), (b"7", 7), (b'"\xc3\xbc"', "ü")]
)
def test_one_value_of_utf8_is_read(body: bytes, value: Any) -> None:
    assert parsed(body) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a":1}{',
        b"{'a':1}",
        b'{"a":1,"a":1}',
        b"[NaN]",
        b"[-Infinity]",
        b"[1e999]",
        b'"\xff"',
        b"\xff\xfe1\x00",
        b"1" * 5_000,
    ],
)
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(ParseError):
        parsed(body)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_bottomless_nesting_has_a_name_of_its_own(opening: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parsed(opening * 100_000)
    assert refused.value.code is Code.DEEP_JSON
