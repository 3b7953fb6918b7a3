"""Which rows stand in a batch of market data? Read from `market.fbs`: structs of numbers at their natural alignment."""

from __future__ import annotations

import re
from pathlib import Path

from bridge.wire.cpp.vocabulary import HEAD

SCHEMA = Path(__file__).resolve().parents[1] / "market.fbs"
STRUCT = re.compile(r"^struct (\w+) \{(.*?)^\}", re.M | re.S)
FIELD = re.compile(r"(\w+):(\w+);")
TYPES = {
    "uint32": ("std::uint32_t", 4),
    "int64": ("std::int64_t", 8),
    "uint8": ("std::uint8_t", 1),
    "bool": ("bool", 1),
}
BODY = """
#include <cstddef>
#include <cstdint>

namespace tmw {
"""


def market_rows() -> str:
    """The text of `tmw/market_rows.hpp`."""
    structs = STRUCT.findall(SCHEMA.read_text("ascii"))
    head = HEAD.format(source="bridge/wire/market.fbs")
    return (
        head + BODY + "".join(_struct(name, FIELD.findall(body)) for name, body in structs) + "\n}  // namespace tmw\n"
    )


def _struct(name: str, fields: list[tuple[str, str]]) -> str:
    members, visits, end = [], [], 0
    for field, kind in fields:
        cpp_type, size = TYPES[kind]
        offset = _aligned(end, size)
        members.append(f"  {cpp_type} {field} = {'false' if kind == 'bool' else 0};")
        visits.append(f'    visit("{field}", self.{field}, std::size_t{{{offset}}});')
        end = offset + size
    size = _aligned(end, max(TYPES[kind][1] for _, kind in fields))
    return "\n".join(
        [
            f"\nstruct {name} {{",
            f"  static constexpr std::size_t row_bytes = {size};",
            *members,
            "\n  /// Calls `visit(name, member, offset in the row)` for each field.",
            "  template <class Self, class Visit>",
            "  static void each_field(Self& self, Visit&& visit) {",
            *visits,
            "  }",
            "};\n",
        ]
    )


def _aligned(position: int, size: int) -> int:
    return -(-position // size) * size
