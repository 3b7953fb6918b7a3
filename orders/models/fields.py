"""How is a whole number of more than 64 bits kept exactly, on SQLite and on SQL Server alike? As its decimal digits."""

from __future__ import annotations

from typing import Any

from django.db import models


class WideIntegerField(models.CharField):  # type: ignore[type-arg]
    """An `int` in Python, at most 47 digits and a sign in the database; compare and sum it in Python only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 48, **kwargs})

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> int | None:
        return None if value is None else int(value)

    def to_python(self, value: Any) -> int | None:
        return None if value is None else int(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else str(int(value))
