"""How often was somebody's password tried, and from where?

Keys are SHA-256 digests: a row tells no name, exists for names that nobody has, and is short enough for an index.
"""

from __future__ import annotations

from django.db import models


class AccountGuesses(models.Model):
    """The attempts on one user name, each less than the pause after the one before it."""

    key = models.CharField(primary_key=True, max_length=64)
    attempts = models.PositiveSmallIntegerField()
    last_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.attempts} attempts until {self.last_at:%H:%M:%S}"


class AddressGuesses(models.Model):
    """The wrong guesses of one address: each is forgiven a while after the one before it."""

    key = models.CharField(primary_key=True, max_length=64)
    #: when the last one will have been forgiven, in microseconds since 1970 UTC
    clear_at_us = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return f"clear at {self.clear_at_us}"
