"""What does the seed decide? Every number that is left to chance: as `Random` throws them, with less ado for each."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice(Random):
    """`below`, `between`, `one_of` and `weighted` fall as `randrange`, `randint`, `choice` and `choices` would."""

    def below(self, most: int) -> int:
        """0 is the least; `ValueError` where `most` is not more."""
        if most <= 0:
            raise ValueError(f"There is no number below {most}.")
        bits = most.bit_length()
        number = self.getrandbits(bits)
        while number >= most:
            number = self.getrandbits(bits)
        return number

    def between(self, least: int, most: int) -> int:
        """Both may fall."""
        return least + self.below(most - least + 1)

    def one_of(self, what: Sequence[T]) -> T:
        return what[self.below(len(what))]

    def weighted(self, what: Sequence[T], sums: Sequence[int]) -> T:
        """`sums`: the weights of the first, of the first two, … of all."""
        return what[bisect(sums, self.random() * sums[-1], 0, len(what) - 1)]
