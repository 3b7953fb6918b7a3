"""How many passwords are hashed at a time? Two in a process; two more wait, and others are asked to come back.

Each takes 100 MiB and a core for a tenth of a second: a flood of logins must take neither the machine's memory nor all
eight threads that serve views (`docs/decisions/0017-requests-on-the-loop.md`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.contrib.auth.hashers import Argon2PasswordHasher

from tradingmw.errors import Code, Unavailable
from tradingmw.metrics import HASHINGS_REFUSED

AT_ONCE: Final = 2
WAITING: Final = 2


class HashingPlaces:
    """So many at once, and so many who wait; safe to use from any thread."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self.refused = 0
        self._inside = threading.BoundedSemaphore(at_once + waiting)
        self._hashing = threading.BoundedSemaphore(at_once)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Unavailable (LOGIN_BUSY) where as many wait as may."""
        if not self._inside.acquire(blocking=False):
            self.refused += 1
            raise Unavailable("Too many log in at once.", code=Code.LOGIN_BUSY)
        try:
            with self._hashing:
                yield
        finally:
            self._inside.release()


places = HashingPlaces()
HASHINGS_REFUSED.read_from(lambda: places.refused)


class BoundedArgon2(Argon2PasswordHasher):
    """Django's Argon2id, a bounded number at a time; the hashes are the same."""

    def encode(self, password: str, salt: str) -> str:
        with places.place():
            return str(super().encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        with places.place():
            return bool(super().verify(password, encoded))
