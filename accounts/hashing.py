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
        self._most, self._taken = at_once + waiting, 0
        self._lock = threading.Lock()
        self._hashing = threading.BoundedSemaphore(at_once)

    def need_room(self) -> None:
        """Unavailable (LOGIN_BUSY) where as many wait as may: asked before anything is written for a login."""
        if self._taken >= self._most:
            self.refused += 1
            raise Unavailable("Too many log in at once.", code=Code.LOGIN_BUSY)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Unavailable (LOGIN_BUSY) where as many wait as may."""
        with self._lock:
            self.need_room()
            self._taken += 1
        try:
            with self._hashing:
                yield
        finally:
            with self._lock:
                self._taken -= 1


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
