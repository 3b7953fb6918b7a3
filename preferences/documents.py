"""Which JSON of a screen is kept? Any object that can be given back as it came: bounded in depth and size.

What is inside is the screen's own affair.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import TextField, Value
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from tradingmw.errors import Code, InvalidRequest

LEVELS_MAX = 64


class Document(NamedTuple):
    """A JSON object that can be kept, and its text."""

    content: dict[str, Any]
    text: str

    @classmethod
    def checked(cls, content: dict[str, Any]) -> Document:
        """InvalidRequest (DEEP_JSON, VALIDATION_FAILED) where it cannot be kept."""
        if is_deeper(content, LEVELS_MAX):
            raise InvalidRequest(f"At most {LEVELS_MAX} levels of JSON are kept.", code=Code.DEEP_JSON)
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidRequest("A text in the document is half of a surrogate pair.") from error
        return cls(content, text)

    @property
    def column(self) -> Value:
        """For a JSON column: ready-made, so that no transaction is held while half a megabyte is encoded."""
        return Value(self.text, output_field=TextField())


EMPTY = Document({}, "{}")


def is_deeper(content: Any, levels: int) -> bool:
    """Does it nest objects and arrays over more than `levels`? Level by level: recursion would have a limit itself."""
    level = [content]
    for _ in range(levels):
        level = [inner for outer in level for inner in containers(outer)]
        if not level:
            return False
    return True


def containers(outer: Any) -> Iterable[Any]:
    inside = outer.values() if isinstance(outer, dict) else outer
    return (value for value in inside if isinstance(value, dict | list))


@extend_schema_field(OpenApiTypes.OBJECT)
class DocumentField(serializers.Field[Any, Any, Any, Any]):
    """A JSON object, read to a `Document`; `bytes_max` of it where the limit of the body is too much."""

    default_error_messages = {
        "object": "Give a JSON object.",
        "too_long": "At most {bytes_max} bytes of JSON are kept here.",
    }

    def __init__(self, *, bytes_max: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bytes_max = bytes_max

    def to_internal_value(self, data: Any) -> Document:
        if not isinstance(data, dict):
            self.fail("object")
        document = Document.checked(data)
        if self.bytes_max is not None and len(document.text.encode()) > self.bytes_max:
            self.fail("too_long", bytes_max=self.bytes_max)
        return document

    def to_representation(self, value: Any) -> Any:
        return value
