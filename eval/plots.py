"""Plots as inline SVG: points, lines and bars, nothing fetched from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 760, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 230, 16, 46
_COLORS = ("#1b6ca8", "#c0392b", "#2e8b57", "#b8860b", "#7d3c98", "#566573", "#d35400", "#148f77")


@dataclass(frozen=True)
class Series:
    """Points of one colour under one name; ``joined`` draws a line through them."""

    name: str
    points: Sequence[tuple[float, float]]
    joined: bool = False


@dataclass(frozen=True)
class _Axis:
    """Values from ``low`` to ``high`` laid on pixels from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        span = self.high - self.low or 1
        return self.start + (value - self.low) / span * (self.end - self.start)

    def ticks(self) -> list[float]:
        return [self.low + (self.high - self.low) * i / 4 for i in range(5)]


def scatter(
    series: Sequence[Series], across: str, up: str, *, percent_across: bool = False, top: float | None = None
) -> str:
    """Points over two axes, a legend beside them; the upward axis is a share, at most ``top``."""
    points = [point for one in series for point in one.points]
    x = _Axis(0, _round(max((p[0] for p in points), default=1)), _LEFT, WIDTH - _RIGHT)
    y = _Axis(0, top or _round(max((p[1] for p in points), default=1)), HEIGHT - _BOTTOM, _TOP)
    parts = [*_frame(x, y, across, up, percent_across)]
    for i, one in enumerate(series):
        parts += _series(one, x, y, _COLORS[i % len(_COLORS)])
        parts += _legend(one.name, i)
    return _svg(HEIGHT, f"{up} / {across}", parts)


def _series(one: Series, x: _Axis, y: _Axis, color: str) -> list[str]:
    places = [(x.at(a), y.at(b)) for a, b in one.points]
    parts = []
    if one.joined:
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
    return parts + [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="5" fill="{color}" fill-opacity="0.8"/>' for a, b in places]


def _legend(name: str, place: int) -> list[str]:
    at = _TOP + 4 + place * 18
    return [
        f'<circle cx="{WIDTH - _RIGHT + 16}" cy="{at}" r="5" fill="{_COLORS[place % len(_COLORS)]}"/>',
        f'<text x="{WIDTH - _RIGHT + 26}" y="{at + 4}">{escape(name)}</text>',
    ]


def _frame(x: _Axis, y: _Axis, across: str, up: str, percent_across: bool) -> list[str]:
    parts = []
    for value in y.ticks():
        at = y.at(value)
        parts.append(f'<line x1="{x.start}" x2="{x.end}" y1="{at:.1f}" y2="{at:.1f}" class="grid"/>')
        parts.append(f'<text x="{x.start - 8}" y="{at + 4:.1f}" text-anchor="end">{value:.0%}</text>')
    for value in x.ticks():
        at = x.at(value)
        shown = f"{value:.0%}" if percent_across else f"{value:,.0f}"
        parts.append(f'<text x="{at:.1f}" y="{y.start + 18}" text-anchor="middle">{shown}</text>')
    middle = (x.start + x.end) / 2
    parts.append(f'<text x="{middle}" y="{y.start + 38}" text-anchor="middle" class="name">{escape(across)}</text>')
    turned = f"rotate(-90 16 {(y.start + y.end) / 2})"
    parts.append(
        f'<text x="16" y="{(y.start + y.end) / 2}" text-anchor="middle" class="name" transform="{turned}">'
        f"{escape(up)}</text>"
    )
    return parts


def bars(counts: Mapping[str, int], title: str) -> str:
    """A bar for each name, longest first as given."""
    most = max(counts.values(), default=1)
    parts = []
    for i, (name, number) in enumerate(counts.items()):
        at = 8 + i * 26
        length = number / most * (WIDTH - 320)
        parts.append(f'<text x="220" y="{at + 14}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect x="230" y="{at}" width="{length:.1f}" height="18" fill="{_COLORS[0]}"/>')
        parts.append(f'<text x="{236 + length:.1f}" y="{at + 14}">{number}</text>')
    return _svg(16 + 26 * len(counts), title, parts)


def _svg(height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def _round(value: float) -> float:
    """The next round number, so that ticks can be read."""
    if value <= 0:
        return 1.0
    size = 10.0 ** floor(log10(value))
    return ceil(value / size) * size
