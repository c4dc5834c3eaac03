"""A small plot of one number against another, drawn with the same dots as the curve of a session."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

from tui.terminal import Glyphs, glyphs
from tui.widgets.plot import DOTS, Canvas

LEFT = 6  # columns of the scale


def xy_rows(
    points: Sequence[tuple[float, float]], width: int, height: int, *, x_unit: str, y_unit: str, style: Glyphs, y_digits: int | None = None
) -> list[str]:
    """`height` rows: the highest and lowest value at the left, the first and last place below. Empty with fewer than two points.

    The axis begins at zero; with `y_digits` it begins at the lowest value, and its ends are written with so many decimals.
    """
    left = LEFT if y_digits is None else LEFT + y_digits + 1
    wide, high = width - left, height - 1
    if len(points) < 2 or wide < 8 or high < 2:
        return []
    dots_x, dots_y = DOTS[style]
    canvas = Canvas(wide, high, dots_x, dots_y)
    first, last, top = points[0][0], points[-1][0], max(y for _, y in points)
    bottom = 0.0 if y_digits is None else min(y for _, y in points)
    across, up = (last - first) or 1.0, (top - bottom) or 1.0
    before: tuple[int, int] | None = None
    for x, y in points:
        at = (canvas.column((x - first) / across), canvas.line((y - bottom) / up))
        canvas.join(before, at)
        before = at
    rows = []
    for y in range(high):
        label = f"{top:.{y_digits or 0}f} {y_unit}" if y == 0 else f"{bottom:.{y_digits or 0}f} {y_unit}" if y == high - 1 else ""
        line = "".join(canvas.char(canvas.cells[x, y], "*") if (x, y) in canvas.cells else " " for x in range(wide))
        rows.append(f"{label:>{left - 1}} {line}".rstrip())
    ends = [f"{_short(x, across)} {x_unit}" for x in (first, (first + last) / 2, last)]
    gap = max(1, (wide - sum(map(len, ends))) // 2)
    rows.append(" " * left + (" " * gap).join(ends[:2]) + f"{ends[2]:>{max(1, wide - len(ends[0]) - len(ends[1]) - gap)}}")
    return rows


def _short(value: float, span: float) -> str:
    """With as many decimals as tell the ends of the axis apart, and no zeros behind them."""
    text = f"{value:.{0 if span >= 20 else 1 if span >= 2 else 2}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class XYPlot(Widget):
    """Draws only when the numbers or the room change."""

    DEFAULT_CSS = "XYPlot { height: 9; width: 1fr; max-width: 64; color: $accent; text-wrap: nowrap; }"

    def __init__(
        self,
        x_unit: str,
        y_unit: str,
        *,
        y_digits: int | None = None,
        empty: str = "Needs an estimate of the state of charge (Setup, Charge).",
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._x_unit, self._y_unit, self._y_digits, self._empty = x_unit, y_unit, y_digits, empty
        self._points: tuple[tuple[float, float], ...] = ()

    def show(self, points: Sequence[tuple[float, float]], x_unit: str = "") -> None:
        """Other points, and with `x_unit` another unit of their first numbers."""
        if tuple(points) != self._points or x_unit not in ("", self._x_unit):
            self._points, self._x_unit = tuple(points), x_unit or self._x_unit
            self.refresh()

    def render(self) -> RenderResult:
        width, height = self.size
        units = {"x_unit": self._x_unit, "y_unit": self._y_unit}
        rows = xy_rows(self._points, width, height, **units, style=glyphs(), y_digits=self._y_digits)
        return Content("\n".join(rows) if rows else self._empty)
