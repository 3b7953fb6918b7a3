"""How does a REST body get refused for a field that we do not know?

A misspelt optional field ("stopprice") must not be dropped in silence: an order would be sent without it.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

MESSAGE = "There is no such field."


class StrictFields(serializers.Serializer[Any]):
    """Mixin for serializers of request bodies: an unknown field is a 422 that names it."""

    def to_internal_value(self, data: Any) -> Any:
        self._refuse_unknown(data)
        return super().to_internal_value(data)

    def _refuse_unknown(self, data: Any) -> None:
        if not isinstance(data, dict):
            return
        known = {name for name, field in self.fields.items() if not field.read_only}
        if unknown := [str(name) for name in data if name not in known]:
            raise serializers.ValidationError(
                {name[:80]: serializers.ErrorDetail(MESSAGE, code="unknown") for name in unknown[:20]}
            )


class StrictSerializer(StrictFields):
    """A plain serializer of a request body."""


class StrictModelSerializer(StrictFields, serializers.ModelSerializer[Any]):
    """A model serializer of a request body."""
