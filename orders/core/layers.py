"""How does a batch see what it has decided itself, before that is committed?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

K = TypeVar("K")
V = TypeVar("V")
UNCHANGED: Final[Any] = object()
UNTOUCHED: Final[Any] = MappingProxyType({})


class Layer(Struct, Generic[K, V], eq=False):
    """A mapping over a mapping: reads fall through, writes and removals stay above until `adopt`.

    Most layers of most batches stay empty, and cost next to nothing then: a batch has seventeen, and only one that is
    written to has a dictionary of its own.
    """

    _below: dict[K, V]
    changes: dict[K, V | None] = UNTOUCHED

    def __bool__(self) -> bool:
        """False where surely nothing is there."""
        return bool(self.changes or self._below)

    def get(self, key: K) -> V | None:
        if self.changes:  # a key is hashed for each mapping that is asked, and that of a UUID takes its time
            value = self.changes.get(key, UNCHANGED)
            if value is not UNCHANGED:
                return value
        return self._below.get(key) if self._below else None

    def put(self, key: K, value: V) -> None:
        if not self.changes:
            self.changes = {}
        self.changes[key] = value

    def drop(self, key: K) -> None:
        if not self.changes:
            self.changes = {}
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
