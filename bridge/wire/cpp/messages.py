"""What are the link's messages in C++? One struct per type of `bridge.wire.messages`, one visit per field.

The visit carries the field's name on the wire, its limits and whether it must be there, so that reader, writer and
tests of the kit are each written once for all messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast, get_args

from msgspec import NODEFAULT, inspect

from bridge.wire import messages as wire
from bridge.wire.cpp.vocabulary import HEAD

UNIONS = {
    "ToEngine": get_args(wire.ToEngine),
    "FromEngine": get_args(wire.FromEngine),
    "Query": get_args(wire.Query),
    "QueryReply": get_args(wire.QueryReply),
    "Published": get_args(wire.Published),
    "Work": (wire.Bar,),
}
TEXTS = {
    "symbol_text": wire.Symbol,
    "exchange_text": wire.Exchange,
    "client_order_id_text": wire.ClientOrderId,
    "token_text": wire.Token,
    "free_text": wire.Text,
    "currency_text": wire.Currency,
}
NAMES = {get_args(alias)[1].pattern: name for name, alias in TEXTS.items()}
ROWS = (wire.OpenOrder, wire.Instrument, wire.InstrumentSnapshot)  #: maps within messages, without `type`
PATTERN = re.compile(r"\^(\[.+?\])(\[.+?\])?\{(\d+),(\d+)\}\\Z")
BODY = """
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tmw/limits.hpp"
#include "tmw/uuid.hpp"
#include "tmw/vocabulary.hpp"

namespace tmw {
"""


def messages() -> str:
    """The text of `tmw/messages.hpp`."""
    members = [member for union in UNIONS.values() for member in union]
    parts = [*_texts(), *(_struct(row) for row in ROWS), *(_struct(member) for member in members), *_unions()]
    return HEAD.format(source="bridge/wire/messages") + BODY + "\n".join(parts) + "\n}  // namespace tmw\n"


def _texts() -> Iterator[str]:
    for pattern, name in NAMES.items():
        yield f"\n/// {pattern}\ninline constexpr TextLimits {name}{{{_text(pattern)}}};"


def _unions() -> Iterator[str]:
    for name, members in UNIONS.items():
        yield f"\nusing {name} = std::variant<{', '.join(member.__name__ for member in members)}>;"


def _struct(cls: type[Any]) -> str:
    info = cast("inspect.StructType", inspect.type_info(cls))
    name = cls.__name__
    what = f"{name}, a message" if info.tag else f"{name}, a map within a message"
    return "\n".join(
        [
            f"\n/// {what}: see docs/engine-link.md, `{name}`.",
            f"struct {name} {{",
            f'  static constexpr std::string_view tag = "{info.tag or ""}";',
            *(f"  {cpp_type(field.type)} {field.name}{_initial(field)};" for field in info.fields),
            "\n  /// Calls `visit(name on the wire, member, limits, must it be there)` for each field.",
            "  template <class Self, class Visit>",
            "  static void each_field(Self& self, Visit&& visit) {",
            *map(_visit, info.fields),
            "  }",
            "};",
        ]
    )


def _visit(field: inspect.Field) -> str:
    required = "true" if field.required else "false"
    return f'    visit("{field.encode_name}", self.{field.name}, {_limits(field.type)}, {required});'


def cpp_type(kind: inspect.Type) -> str:
    """How a field of this type is held in C++."""
    match kind:
        case inspect.IntType(le=65_535):
            return "std::uint16_t"
        case inspect.IntType(le=4_294_967_295):
            return "std::uint32_t"
        case inspect.IntType():
            return "std::int64_t"
        case inspect.StrType():
            return "std::string"
        case inspect.BoolType():
            return "bool"
        case inspect.UUIDType():
            return "Uuid"
        case inspect.EnumType(cls=cls) | inspect.StructType(cls=cls):
            return cls.__name__
        case inspect.UnionType():
            return f"std::optional<{cpp_type(_present(kind))}>"
        case inspect.ListType(item_type=item):
            return f"std::vector<{cpp_type(item)}>"
        case inspect.TupleType():
            return "Level"
    raise TypeError(f"C++ has no field for {kind}")


def _limits(kind: inspect.Type) -> str:
    match kind:
        case inspect.IntType(ge=low, le=high):
            return f"IntegerLimits{{{low}, {high}}}"
        case inspect.StrType(pattern=pattern):
            return NAMES[str(pattern)]
        case inspect.UnionType():
            return _limits(_present(kind))
        case inspect.ListType(item_type=item, max_length=longest):
            most = "unlimited" if longest is None else longest
            return f"listed({most}, {_limits(item)})"
        case inspect.TupleType(item_types=(first, _)):
            return _limits(first)
    return "NoLimits{}"


def _present(kind: inspect.UnionType) -> inspect.Type:
    (present,) = (each for each in kind.types if not isinstance(each, inspect.NoneType))
    return present


def _text(pattern: str) -> str:
    """The limits of a text: which characters may come first, which later, how many there may be."""
    if not (found := PATTERN.fullmatch(pattern)):
        raise ValueError(f"C++ cannot say {pattern}")
    first, rest, fewest, most = found.groups()
    ahead = 1 if rest else 0
    counts = f"{int(fewest) + ahead}, {int(most) + ahead}"
    return f"{_characters(first)}, {_characters(rest or first)}, {counts}"


def _characters(allowed: str) -> str:
    """A set of characters as the bits of the ASCII ones, and whether all others belong to it."""
    bits = sum(1 << code for code in range(128) if re.fullmatch(allowed, chr(code)))
    others = "true" if re.fullmatch(allowed, "é") else "false"
    return f"{{0x{bits & (1 << 64) - 1:016x}, 0x{bits >> 64:016x}, {others}}}"


def _initial(field: inspect.Field) -> str:
    default = None if field.default is NODEFAULT else field.default
    match field.type:
        case inspect.UUIDType() | inspect.ListType() | inspect.UnionType():
            return ""
        case inspect.StrType():
            return f' = "{default}"' if default else ""
        case inspect.IntType():
            return f" = {default or 0}"
    return "{}"
