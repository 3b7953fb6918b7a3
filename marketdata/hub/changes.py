"""What has changed after a given number? So that several updates can be told as one."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class ChangeLog(Generic[Key]):
    """The number of the last change of each of the `most` keys that changed last; what is forgotten is known to be.

    Numbers never fall.
    """

    __slots__ = ("_at", "_known_since", "_most")

    def __init__(self, known_since: int, most: int = 256) -> None:
        """Nothing is known of what happened up to number `known_since`."""
        self._known_since, self._most = known_since, most
        self._at: dict[Key, int] = {}  #: the latest change last

    def note(self, key: Key, number: int) -> None:
        self._at.pop(key, None)
        self._at[key] = number
        if len(self._at) > self._most:
            self._known_since = self._at.pop(next(iter(self._at)))

    def since(self, number: int) -> list[Key] | None:
        """The keys that changed after `number`; None where that is not known any more."""
        if number < self._known_since:
            return None
        found: list[Key] = []
        for key, at in reversed(self._at.items()):
            if at <= number:
                break
            found.append(key)
        return found
