"""How does the OpenAPI document describe what no serializer does: errors, and bodies that are typed structures?

Every operation may answer a problem, and all problems look alike.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from tradingmw.errors import Code
from tradingmw.problem import CONTENT_TYPE
from tradingmw.typed_body import schemas_of

REFERENCE = "#/components/schemas/{name}"
_referenced: list[type[Struct]] = []


def reference(body: type[Struct]) -> dict[str, Any]:
    """What `extend_schema(request={"application/json": …})` takes for a typed body; its schema joins the document."""
    _referenced.append(body)
    return {"$ref": REFERENCE.format(name=body.__name__)}


def add_typed_bodies(result: dict[str, Any], **_generation: Any) -> dict[str, Any]:
    """Hook of drf-spectacular: the schemas of all typed bodies."""
    _, components = schemas_of(list(_referenced), REFERENCE)
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    if twice := components.keys() & schemas.keys():
        raise ValueError(f"Two schemas of one name: {sorted(twice)}.")
    schemas.update(components)
    return result


PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. Some codes bring further members (`rules`, `order`, `outcome`).",
    "required": ["type", "title", "status", "detail", "instance", "code", "errors", "requestId"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string", "enum": [code.value for code in Code]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["attr", "code", "detail"],
                "properties": {name: {"type": "string"} for name in ("attr", "code", "detail")},
            },
        },
        "requestId": {"type": "string"},
        "rules": {"type": "array", "items": {"type": "object"}, "description": "What the gate finds broken."},
        "order": {"type": "object", "description": "The order, which is stored as denied."},
        "confirmationToken": {"type": "string", "description": "Send it with the same order: you mean it."},
    },
}
ANSWER = {
    "description": "A problem.",
    "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def add_problems(result: dict[str, Any], **_generation: Any) -> dict[str, Any]:
    """Hook of drf-spectacular: the schema, and a `default` answer for each operation that has none."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"].setdefault("default", ANSWER)
    return result
