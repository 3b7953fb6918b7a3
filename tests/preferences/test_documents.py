"""Is a document given back as it came, and is one that cannot be refused by name?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preferences.documents import LEVELS_MAX, Document, is_deeper
from tradingmw.errors import Code, InvalidRequest

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


def nested(levels: int, *, arrays: bool = False) -> dict[str, Any]:
    """An object of so many levels."""
    value: Any = {}
    for _ in range(levels - 1):
        value = [value] if arrays else {"a": value}
    return {"a": value} if arrays else value


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.text(), VALUES))
def test_the_text_of_a_document_says_the_same(content: dict[str, Any]) -> None:
    assert json.loads(Document.checked(content).text) == content


@pytest.mark.parametrize(("levels", "deep"), [(1, False), (LEVELS_MAX, False), (LEVELS_MAX + 1, True), (50_000, True)])
def test_the_deepest_document_that_is_kept_has_sixty_four_levels(levels: int, deep: bool) -> None:
    assert is_deeper(nested(levels), LEVELS_MAX) is deep


def test_arrays_count_as_levels() -> None:
    with pytest.raises(InvalidRequest) as refused:
        Document.checked(nested(LEVELS_MAX, arrays=True))
    assert refused.value.code is Code.DEEP_JSON


@pytest.mark.parametrize("content", [{"a": "\ud800"}, {"\udfff": 1}])
def test_half_a_surrogate_pair_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        Document.checked(content)
