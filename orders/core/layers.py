"""How does a batch see what it has decided itself, before that is committed?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
UNCHANGED: Final[Any] = object()


class Layer(Generic[K, V]):
    """A mapping over a mapping: reads fall through, writes and removals stay above until `adopt`.

    Most layers of most batches stay empty, and cost next to nothing then.
    """

    __slots__ = ("_below", "changes")

    def __init__(self, below: dict[K, V]) -> None:
        self._below = below
        self.changes: dict[K, V | None] = {}

    def get(self, key: K) -> V | None:
        if self.changes:  # a key is hashed for each mapping that is asked, and that of a UUID takes its time
            value = self.changes.get(key, UNCHANGED)
            if value is not UNCHANGED:
                return value
        return self._below.get(key)

    def put(self, key: K, value: V) -> None:
        self.changes[key] = value

    def drop(self, key: K) -> None:
        self.changes[key] = None

    def values(self) -> Iterable[V]:
        return self._merged() if self.changes else self._below.values()

    def _merged(self) -> Iterator[V]:
        for key, value in self._below.items():
            if key not in self.changes:
                yield value
        yield from [value for value in self.changes.values() if value is not None]

    def adopt(self) -> None:
        for key, value in self.changes.items():
            if value is None:
                self._below.pop(key, None)
            else:
                self._below[key] = value
