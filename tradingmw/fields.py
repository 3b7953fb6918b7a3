"""How is a scaled integer kept in a database column and shown as the decimal that it is?"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from tradingmw.errors import InvalidRequest
from tradingmw.scaled import scale, unscale


class ScaledDecimalField(models.BigIntegerField):  # type: ignore[type-arg]
    """A `Decimal` in Python, an integer of 10^-digits in the database: exact on SQLite and on SQL Server alike."""

    def __init__(self, *args: Any, digits: int, **kwargs: Any) -> None:
        self.digits = digits
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "digits": self.digits}

    def from_db_value(self, value: int | None, _expression: Any, _connection: Any) -> Decimal | None:
        return None if value is None else unscale(value, self.digits)

    def to_python(self, value: Any) -> Decimal | None:
        if value is None or isinstance(value, Decimal):
            return value
        try:
            return unscale(scale(str(value), self.digits), self.digits)
        except InvalidRequest as error:
            raise ValidationError(error.detail, code="invalid") from error

    def get_prep_value(self, value: Any) -> int | None:
        return None if value is None else scale(value, self.digits)

    def formfield(self, **kwargs: Any) -> Any:
        from_decimal = models.DecimalField(max_digits=19, decimal_places=self.digits)
        return from_decimal.formfield(**{"required": not self.blank, **kwargs})


class E8Field(ScaledDecimalField):
    """A price or quantity, in units of 10⁻⁸."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "digits": 8})


class E4Field(ScaledDecimalField):
    """An amount (notional, P&L), in units of 10⁻⁴."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "digits": 4})
