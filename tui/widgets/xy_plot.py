"""A small plot of one number against another, drawn with the same dots as the curve of a session."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

from tui.terminal import Glyphs, glyphs
from tui.widgets.plot import DOTS, Canvas

LEFT = 6  # columns of the scale


def xy_rows(points: Sequence[tuple[float, float]], width: int, height: int, *, x_unit: str, y_unit: str, style: Glyphs) -> list[str]:
    """`height` rows: the highest and lowest value at the left, the first and last place below. Empty with fewer than two points."""
    wide, high = width - LEFT, height - 1
    if len(points) < 2 or wide < 8 or high < 2:
        return []
    dots_x, dots_y = DOTS[style]
    canvas = Canvas(wide, high, dots_x, dots_y)
    first, last, top = points[0][0], points[-1][0], max(y for _, y in points)
    before: tuple[int, int] | None = None
    for x, y in points:
        at = (canvas.column((x - first) / (last - first)), canvas.line(y / top))
        canvas.join(before, at)
        before = at
    rows = []
    for y in range(high):
        label = f"{top:.0f} {y_unit}" if y == 0 else f"0 {y_unit}" if y == high - 1 else ""
        line = "".join(canvas.char(canvas.cells[x, y], "*") if (x, y) in canvas.cells else " " for x in range(wide))
        rows.append(f"{label:>{LEFT - 1}} {line}".rstrip())
    ends = (f"{first:g} {x_unit}", f"{(first + last) / 2:g} {x_unit}", f"{last:g} {x_unit}")
    gap = max(1, (wide - sum(map(len, ends))) // 2)
    rows.append(" " * LEFT + (" " * gap).join(ends[:2]) + f"{ends[2]:>{max(1, wide - len(ends[0]) - len(ends[1]) - gap)}}")
    return rows


class XYPlot(Widget):
    """Draws only when the numbers or the room change."""

    DEFAULT_CSS = "XYPlot { height: 9; width: 1fr; max-width: 64; color: $accent; text-wrap: nowrap; }"

    def __init__(self, x_unit: str, y_unit: str, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._x_unit, self._y_unit = x_unit, y_unit
        self._points: tuple[tuple[float, float], ...] = ()

    def show(self, points: Sequence[tuple[float, float]]) -> None:
        if tuple(points) != self._points:
            self._points = tuple(points)
            self.refresh()

    def render(self) -> RenderResult:
        rows = xy_rows(self._points, self.size.width, self.size.height, x_unit=self._x_unit, y_unit=self._y_unit, style=glyphs())
        return Content("\n".join(rows) if rows else "Needs an estimate of the state of charge (Setup, Charge).")
