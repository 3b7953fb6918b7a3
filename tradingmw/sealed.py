"""How is a column kept that nobody may read in a copy of the database?

Sealed with AES-256-GCM under a key that lies outside the database (`TMW_FIELD_KEYS`). A value names its key, so that
keys can be changed (`manage.py rotate_field_keys`), and is bound to its table, column and row: moved anywhere else it
no longer opens.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from tradingmw.env import env
from tradingmw.field_keys import FieldKey, field_keys

VERSION: Final = "s1"
NONCE_BYTES: Final = 12  #: at random: good for 2³² values under one key


class NotOpened(Exception):
    """A sealed value could not be opened; says which and why, and shows nothing of it."""


@dataclass(frozen=True, slots=True, repr=False)
class Sealed:
    """A value as the database holds it. Its text is safe to keep and pointless to show."""

    text: str

    def __repr__(self) -> str:
        return f"<sealed under {self.key_name}>"

    __str__ = __repr__

    @property
    def key_name(self) -> str:
        """Of the key that it was sealed with; "?" where the text is none of ours."""
        parts = self.text.split(".")
        return parts[1] if len(parts) == 3 and parts[0] == VERSION else "?"


class Seals:
    """Seals with the first of `keys`, opens with any. `place` is where a value lies: table, column and row."""

    def __init__(self, keys: Sequence[FieldKey]) -> None:
        self.sealing = keys[0].name
        self._ciphers = {key.name: AESGCM(key.secret) for key in keys}

    def seal(self, plain: str, place: str) -> Sealed:
        nonce = secrets.token_bytes(NONCE_BYTES)
        box = self._ciphers[self.sealing].encrypt(nonce, plain.encode(), place.encode())
        return Sealed(f"{VERSION}.{self.sealing}.{_text_of(nonce + box)}")

    def open(self, sealed: Sealed, place: str) -> str:
        """What was sealed there; NotOpened."""
        cipher = self._ciphers.get(sealed.key_name)
        if cipher is None:
            raise NotOpened(
                f"{place}: no key is called {sealed.key_name!r}; TMW_FIELD_KEYS needs it as long as values do"
            )
        try:
            box = _box_of(sealed.text.rpartition(".")[2])
            return cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], place.encode()).decode()
        except (InvalidTag, binascii.Error, ValueError) as error:
            why = "another key of this name, or it was altered or moved here from elsewhere"
            raise NotOpened(f"{place}: the value does not open under {sealed.key_name!r}: {why}") from error


def _text_of(box: bytes) -> str:
    return base64.urlsafe_b64encode(box).decode()


def _box_of(text: str) -> bytes:
    """Canonical base64 only: the last letter's spare bits say nothing, and the seal covers bytes, not letters."""
    box = base64.b64decode(text, altchars=b"-_", validate=True)
    if _text_of(box) != text:
        raise ValueError("no canonical base64")
    return box


@lru_cache(maxsize=1)
def seals() -> Seals:
    """Those of this installation."""
    return Seals(field_keys(env().field_keys_text()))


class _Opening(DeferredAttribute):
    """The attribute of a `SealedField`: sealed as it was read, opened when it is asked for."""

    field: SealedField

    def __get__(self, row: models.Model | None, cls: Any = None) -> Any:
        value = super().__get__(row, cls)
        return seals().open(value, self.field.place(row.pk)) if row and isinstance(value, Sealed) else value

    def __set__(self, row: models.Model, value: Any) -> None:
        vars(row)[self.field.attname] = value


class SealedField(models.TextField):  # type: ignore[type-arg]
    """Text in Python, sealed in the database. Its row's key must be known before the row is saved (a UUID is).

    A query that reads the column alone gets a `Sealed`: it cannot know the row. Nor can an update take plain text.
    """

    descriptor_class = _Opening

    def place(self, pk: Any) -> str:
        return f"{self.model._meta.db_table}.{self.column}.{pk}"

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Plain text is sealed anew; what was read and not changed stays as it is."""
        value = vars(model_instance)[self.attname]
        return seals().seal(value, self.place(model_instance.pk)) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> str | None:
        if isinstance(value, Sealed):
            return value.text
        if value is None:
            return None
        raise TypeError(f"{self.name} is sealed: write it by saving its row, and never look for it.")

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> Sealed | None:
        return None if value is None else Sealed(value)

    def to_python(self, value: Any) -> Any:
        return value
