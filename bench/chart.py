"""How do figures become a picture? A small SVG writer: bars with their spread, points on a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from bench.rounds import Spread

WIDTH, LABELS, VALUES = 1080, 310, 220
PLOT = WIDTH - LABELS - VALUES
ROW, HEAD, GAP = 26, 44, 14
LEAST = 0.01  #: a logarithmic axis has no 0
OURS_COLOUR, PEER_COLOUR, INK, FAINT = "#1d4ed8", "#94a3b8", "#0f172a", "#cbd5e1"
SHADES = ("#86efac", "#facc15", "#fb923c", "#dc2626")


class Bar(NamedTuple):
    """One contender's figure."""

    title: str
    spread: Spread
    is_ours: bool


class Points(NamedTuple):
    """One contender's values by name, rising."""

    title: str
    values: Sequence[tuple[str, float]]
    is_ours: bool


def text(x: float, y: float, words: str, *, size: int = 13, anchor: str = "start", weight: str = "normal") -> str:
    style = f'font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" fill="{INK}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, colour: str = FAINT, width: float = 1) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width:.1f}"/>'
    )


def shown(value: float) -> str:
    """Three digits that matter."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def bars(title: str, rows: Sequence[Bar]) -> list[str]:
    """A panel of bars from 0; the thin line spans least to greatest."""
    most = max((row.spread.most for row in rows), default=0) or 1
    parts = [text(0, 20, title, size=15, weight="bold")]
    for index, (name, spread, is_ours) in enumerate(rows):
        y = HEAD + index * ROW
        width = PLOT * spread.median / most
        colour = OURS_COLOUR if is_ours else PEER_COLOUR
        parts += [
            text(LABELS - 10, y + 12, name, anchor="end", weight="bold" if is_ours else "normal"),
            f'<rect x="{LABELS}" y="{y}" width="{width:.1f}" height="{ROW - 10}" rx="2" fill="{colour}"/>',
            line(LABELS + PLOT * spread.least / most, y + 8, LABELS + PLOT * spread.most / most, y + 8, INK, 1.5),
            text(WIDTH, y + 12, f"{shown(spread.median)}  [{shown(spread.least)}–{shown(spread.most)}]", anchor="end"),
        ]
    return parts


def points(title: str, unit: str, rows: Sequence[Points]) -> list[str]:
    """A panel of points on a logarithmic axis."""
    every = [max(value, LEAST) for row in rows for _, value in row.values] or [1.0]
    low, high = math.floor(math.log10(min(every))), math.ceil(math.log10(max(every)))

    def x(value: float) -> float:
        return LABELS + PLOT * (math.log10(max(value, LEAST)) - low) / max(high - low, 1)

    bottom = HEAD + len(rows) * ROW
    parts = [
        text(0, 20, title, size=15, weight="bold"),
        *legend([name for name, _ in rows[0].values] if rows else []),
    ]
    for power in range(low, high + 1):
        parts += [
            line(x(10**power), HEAD - 6, x(10**power), bottom),
            text(x(10**power), bottom + 12, f"{10**power:,g} {unit}", size=11, anchor="middle"),
        ]
    for index, (name, values, is_ours) in enumerate(rows):
        y = HEAD + index * ROW + 8
        parts.append(text(LABELS - 10, y + 4, name, anchor="end", weight="bold" if is_ours else "normal"))
        parts.append(line(x(values[0][1]), y, x(values[-1][1]), y, OURS_COLOUR if is_ours else PEER_COLOUR, 3))
        parts += [
            f'<circle cx="{x(value):.1f}" cy="{y}" r="5" fill="{shade}"/>'
            for (_, value), shade in zip(values, SHADES, strict=False)
        ]
        parts.append(text(WIDTH, y + 4, " / ".join(shown(value) for _, value in values), anchor="end"))
    return parts


def legend(names: Sequence[str]) -> Iterator[str]:
    for index, (name, shade) in enumerate(zip(names, SHADES, strict=False)):
        x = WIDTH - VALUES - 70 * (len(names) - index)
        yield f'<circle cx="{x}" cy="16" r="5" fill="{shade}"/>'
        yield text(x + 9, 20, name, size=12)


def write(path: Path, title: str, caption: str, panels: Sequence[tuple[list[str], int]]) -> None:
    """The panels, each with its number of rows, one below the other."""
    body, y = [text(0, 20, title, size=18, weight="bold"), text(0, 40, caption, size=11)], 58
    for parts, rows in panels:
        body.append(f'<g transform="translate(0 {y})">{"".join(parts)}</g>')
        y += HEAD + rows * ROW + GAP + 10
    view, font = f"-16 -8 {WIDTH + 32} {y + 8}", "system-ui, sans-serif"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}" font-family="{font}">'
    paper = f'<rect x="-16" y="-8" width="{WIDTH + 32}" height="{y + 8}" fill="#ffffff"/>'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{head}{paper}{''.join(body)}</svg>\n", encoding="utf-8")
