"""What may the JSON of a request body be? One value, of UTF-8, without doubled names, NaN or bottomless nesting.

A name that occurs twice is refused because readers differ in which one they take: a quantity must not depend on that.
"""

from __future__ import annotations

import json
import math
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from tradingmw.errors import Code, InvalidRequest


class StrictJsonParser(JSONParser):
    """What settings name as DRF's only parser; ParseError (400 MALFORMED_BODY), InvalidRequest (422 DEEP_JSON)."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return strict_json(stream.read())


def strict_json(body: bytes) -> Any:
    """The value; ParseError, InvalidRequest."""
    try:
        text = body.decode("utf-8")
        return json.loads(text, object_pairs_hook=_distinct, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError as error:
        raise InvalidRequest("The body is nested too deep.", code=Code.DEEP_JSON) from error
    except ValueError as error:
        raise ParseError(f"The body is not JSON: {error}.") from error


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError("a number is too large")
    return number
