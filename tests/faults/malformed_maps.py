"""MessagePack maps that are no message: valid ones of which one thing is wrong, in every way we could think of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from msgspec import Raw, Struct, to_builtins
from msgspec.msgpack import encode
from msgspec.structs import fields as fields_of

NESTED = ("caller", "orders")  #: fields of any message that hold messages of their own
DEEP = Raw(b"\x91" * 100_000)
HUGE = Raw(b"\xdd\xff\xff\xff\xff")  #: the head of an array of 2³² - 1 values
NO_TEXT = Raw(b"\xa2\xc3\x28")  #: is not UTF-8


class Spoiler:
    """Spoils a message. What it spoils in a value no reader could take for another valid one."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._ways: list[Callable[[Struct], bytes]] = [
            self.rubbish,
            self.cut,
            self.left_over,
            self.bent,
            self.tagged,
            self.short,
            self.long,
            self.renamed,
            self.out_of_range,
            self.mistyped,
            self.repeated,
            self.bottomless,
            self.inside,
        ]

    def spoiled(self, message: Struct) -> bytes:
        return self._random.choice(self._ways)(message)

    # Ways ---------------------------------------------------------------------------------------------------------
    def rubbish(self, _: Struct) -> bytes:
        return self._random.randbytes(self._random.randint(1, 60))

    def cut(self, message: Struct) -> bytes:
        whole = encode(message)
        return whole[: self._random.randrange(1, len(whole))]

    def left_over(self, message: Struct) -> bytes:
        return encode(message) + self._random.randbytes(self._random.randint(1, 9))

    def bent(self, message: Struct) -> bytes:
        """A bit is another in what makes it this message: the number of entries, a key, the name."""
        entries = to_builtins(message).items()
        places = [*range(3)]
        end = 3
        for key, value in entries:
            places += range(end, end + len(encode(key)))
            end += len(encode(key)) + len(encode(value))
            if key == "type":
                places += range(end - len(encode(value)), end)
        changed = bytearray(written(entries))
        changed[self._random.choice(places)] ^= 1 << self._random.randrange(8)
        return bytes(changed)

    def tagged(self, message: Struct) -> bytes:
        return encode(to_builtins(message) | {"type": self._random.choice(["Nope", "", "neworder", 7, None, []])})

    def short(self, message: Struct) -> bytes:
        fields = to_builtins(message)
        needed = [field.encode_name for field in fields_of(message) if field.required]
        del fields[self._random.choice(needed)]
        return encode(fields)

    def long(self, message: Struct) -> bytes:
        return encode(to_builtins(message) | {"more": 1})

    def renamed(self, message: Struct) -> bytes:
        """A key is a number, or no text at all."""
        fields = [*to_builtins(message).items()]
        where = self._random.randrange(len(fields))
        fields[where] = (self._random.choice([1, None, True, NO_TEXT]), fields[where][1])
        return written(fields)

    def out_of_range(self, message: Struct) -> bytes:
        """A number below nought or beyond 63 bits; a text without end."""
        fields = to_builtins(message)
        numbers = [name for name, value in fields.items() if isinstance(value, int) and not isinstance(value, bool)]
        texts = [name for name, value in fields.items() if isinstance(value, str)]
        if numbers and self._random.random() < 0.8:
            low, high = -self._random.randint(1, 2**62), self._random.randint(2**63, 2**64 - 1)
            return encode(fields | {self._random.choice(numbers): self._random.choice([low, high])})
        return encode(fields | {self._random.choice(texts): "x" * 5_000})

    def mistyped(self, message: Struct) -> bytes:
        wrong: list[Any] = [1.5, float("nan"), float("inf"), -0.0, b"\xff", NO_TEXT]
        return encode(to_builtins(message) | {self._any_of(message): self._random.choice(wrong)})

    def repeated(self, message: Struct) -> bytes:
        """A key twice, with the same value or another that is valid too."""
        fields = to_builtins(message)
        name = self._any_of(message)
        value = fields[name]
        again = value + 1 if isinstance(value, int) and value and not isinstance(value, bool) else value
        return written([*fields.items(), (name, self._random.choice([value, again]))])

    def bottomless(self, message: Struct) -> bytes:
        """Nested without end, or of more values than there are bytes; all of it or in a field."""
        what = self._random.choice([DEEP, HUGE])
        if self._random.random() < 0.2:
            return bytes(what)
        return encode(to_builtins(message) | {self._random.choice([self._any_of(message), "more"]): what})

    def inside(self, message: Struct) -> bytes:
        """The same to a message within it."""
        fields = to_builtins(message)
        for name in NESTED:
            if inner := getattr(message, name, None):
                spoiled = Raw(self.spoiled(inner[0] if isinstance(inner, list) else inner))
                return encode(fields | {name: [spoiled] if isinstance(inner, list) else spoiled})
        return self.long(message)

    def _any_of(self, message: Struct) -> str:
        return self._random.choice([field.encode_name for field in fields_of(message)])


def written(entries: Iterable[tuple[Any, Any]]) -> bytes:
    """A map 16 of these entries, whatever their keys are."""
    packed = [encode(key) + encode(value) for key, value in entries]
    return b"\xde" + len(packed).to_bytes(2, "big") + b"".join(packed)
