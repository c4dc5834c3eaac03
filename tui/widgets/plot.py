"""The curve as characters: voltage and current over the session's time, with lines at target and knee. Pure; the widget is in `trace`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from tui.bench.messages import Point
from tui.terminal import Glyphs

Ink = Literal["", "volts", "amps", "other", "line", "label", "cursor", "marks"]
KNEE_V = 3.55  # tutorial section 4.6: from here the voltage goes up much faster
LEFT, RIGHT = 5, 6  # columns of the scales beside the curve

_SPANS_S = tuple(60.0 * minutes for minutes in (10, 30, 60, 120, 240, 480, 720, 1440, 2880, 5760, 11520, 23040, 46080))
_BRAILLE = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
DOTS: dict[Glyphs, tuple[int, int]] = {"braille": (2, 4), "block": (1, 2), "ascii": (1, 1)}


@dataclass(frozen=True, slots=True)
class Scales:
    """Ends of the axes: V, A, s. The time axis grows in steps, so that the curve does not creep; a window of it begins at `from_s`."""

    low_v: float
    high_v: float
    high_a: float
    span_s: float
    from_s: float = 0.0


Row = list[tuple[str, Ink]]


def scales(points: Sequence[Point], target_v: float | None, set_current_a: float | None) -> Scales:
    """Axes that hold all points, the target and the knee; steady while the charge goes on."""
    lows = [point.cells_low_v for point in points if point.cells_low_v is not None]
    highs = [point.cells_high_v for point in points if point.cells_high_v is not None]
    amps = [point.current_a for point in points if point.current_a is not None]
    low = math.floor((min(lows) - 1e-9) * 10) / 10 if lows else 3.2
    high = max([*highs, target_v or 3.65]) + 0.02
    high_a = max([*amps, set_current_a or 0.0, 0.1])
    end = points[-1].time_s if points else 0.0
    span = next((limit for limit in _SPANS_S if end <= limit), end or 600.0)
    return Scales(min(low, high - 0.2), high, high_a, span)


@dataclass(slots=True)
class Canvas:
    """Dots of one curve on a grid of character cells."""

    width: int
    height: int
    dots_x: int
    dots_y: int
    dashed: bool = False  # two columns on, two off: told apart without colour
    cells: dict[tuple[int, int], int] = field(default_factory=dict)

    def column(self, fraction: float) -> int:
        last = self.width * self.dots_x - 1
        return min(last, max(0, int(fraction * last + 0.5)))

    def line(self, fraction: float) -> int:
        last = self.height * self.dots_y - 1
        return min(last, max(0, last - int(fraction * last + 0.5)))

    def bar(self, x: int, top: int, bottom: int) -> None:
        """Set the dots of column x between two lines, ends included."""
        if self.dashed and x // 2 % 2:
            return
        for y in range(min(top, bottom), max(top, bottom) + 1):
            key = (x // self.dots_x, y // self.dots_y)
            bit = _BRAILLE[y % self.dots_y][x % self.dots_x] if self.dots_y == 4 else 1 << (y % self.dots_y)
            self.cells[key] = self.cells.get(key, 0) | bit

    def join(self, start: tuple[int, int] | None, end: tuple[int, int]) -> None:
        """A line from the last point to this one: steep parts stay whole, and so does a curve with fewer points than columns."""
        x1, y1 = end
        x0, start_y = start or end
        before = start_y
        for x in range(x0 if x0 == x1 else x0 + 1, x1 + 1):
            y = y1 if x0 == x1 else round(start_y + (y1 - start_y) * (x - x0) / (x1 - x0))
            self.bar(x, before, y)
            before = y

    def char(self, bits: int, ascii_sign: str) -> str:
        if self.dots_y == 4:
            return chr(0x2800 + bits)
        return " ▀▄█"[bits] if self.dots_y == 2 else ascii_sign


def draw(
    points: Sequence[Point],
    width: int,
    height: int,
    *,
    target_v: float | None,
    set_current_a: float | None,
    glyphs: Glyphs = "braille",
    axes: Scales | None = None,
    other: Sequence[Point] = (),
    cursor: int | None = None,
) -> list[Row]:
    """`height` rows of (text, ink) runs, each `width` columns: the plot, its scales, and the time below.

    `axes` shows a window of time instead of the whole; `other` is a second curve, dashed; `cursor` a column of the plot with a line in it.
    """
    wide, high = width - LEFT - RIGHT, height - 1
    if wide < 8 or high < 3:
        return [[(" " * width, "")] for _ in range(height)]
    times = _time_scale if axes is None else _window_scale
    axes = axes or scales(points, target_v, set_current_a)
    dots_x, dots_y = DOTS[glyphs]
    volts, amps = (Canvas(wide, high, dots_x, dots_y) for _ in range(2))
    other_volts, other_amps = (Canvas(wide, high, dots_x, dots_y, dashed=True) for _ in range(2))
    _plot(points, axes, volts, amps)
    _plot(other, axes, other_volts, other_amps)
    curves: tuple[tuple[Canvas, str, Ink], ...] = (
        *((volts, "*", "volts"), (amps, ".", "amps")),
        *(((other_volts, "o", "other"), (other_amps, ",", "other")) if other else ()),
    )
    lines = _lines(axes, target_v, volts)
    rows: list[Row] = []
    for y in range(high):
        cells: Row = []
        for x in range(wide):
            on = next(((canvas, sign, ink) for canvas, sign, ink in curves if (x, y) in canvas.cells), None)
            if on is not None:
                canvas, sign, ink = on
                cells.append((canvas.char(canvas.cells[x, y], sign), ink))
            elif x == cursor:
                cells.append(("|" if glyphs == "ascii" else "│", "cursor"))
            elif y in lines:
                cells.append(("-" if glyphs == "ascii" else "┄" if glyphs == "braille" else "─", "line"))
            else:
                cells.append((" ", ""))
        left = f"{lines[y]:.2f} " if y in lines else f"{axes.low_v:.2f} " if y == high - 1 else " " * LEFT
        right = f"{axes.high_a:4.{0 if axes.high_a >= 10 else 1}f} A" if y == 1 else f"{0:4d} A" if y == high - 1 else " " * RIGHT
        rows.append(_runs([(left, "label"), *cells, (right, "label")]))
    rows.append([(" " * LEFT + times(axes, wide) + " " * RIGHT, "label")])
    return rows


def _plot(points: Sequence[Point], axes: Scales, volts: Canvas, amps: Canvas) -> None:
    """Neighbouring points are joined; an unknown value leaves a gap. The current stays one row below the target's line."""
    spread = axes.high_v - axes.low_v
    last_v: tuple[int, int] | None = None
    last_a: tuple[int, int] | None = None
    for point in points:
        if not axes.from_s <= point.time_s <= axes.from_s + axes.span_s:
            continue
        x = volts.column((point.time_s - axes.from_s) / axes.span_s)
        if point.cells_low_v is None or point.cells_high_v is None:
            last_v = None
        else:
            top, bottom = (volts.line((value - axes.low_v) / spread) for value in (point.cells_high_v, point.cells_low_v))
            volts.join(last_v, (x, top))
            volts.bar(x, top, bottom)
            last_v = (x, top)
        if point.current_a is None:
            last_a = None
        else:
            y = amps.line(max(0.0, point.current_a) / axes.high_a * (1 - 1 / amps.height))
            amps.join(last_a, (x, y))
            last_a = (x, y)


def _lines(axes: Scales, target_v: float | None, canvas: Canvas) -> dict[int, float]:
    """Rows that hold the target's and the knee's line; the target wins where both fall on one row."""
    found: dict[int, float] = {}
    for value in (KNEE_V, target_v):
        if value is not None and axes.low_v < value < axes.high_v:
            found[canvas.line((value - axes.low_v) / (axes.high_v - axes.low_v)) // canvas.dots_y] = value
    return found


def _time_scale(axes: Scales, width: int) -> str:
    """Start, middle and end of the time axis, under their places."""
    span_s = axes.span_s
    unit, scale = ("min", 60.0) if span_s <= 3600 else ("h", 3600.0) if span_s <= 48 * 3600 else ("d", 86400.0)
    return _under("0", f"{span_s / 2 / scale:g} {unit}", f"{span_s / scale:g} {unit}", width)


def _window_scale(axes: Scales, width: int) -> str:
    """The same of a window: hours and minutes, with seconds where it is short."""

    def at(time_s: float) -> str:
        whole = abs(round(time_s))
        seconds = f":{whole % 60:02d}" if axes.span_s < 1800 else ""
        shown = f"{whole // 3600}:{whole // 60 % 60:02d}{seconds}"
        return f"-{shown}" if time_s < 0 and shown.strip("0:") else shown

    return _under(at(axes.from_s), at(axes.from_s + axes.span_s / 2), f"{at(axes.from_s + axes.span_s)} h", width)


def _under(start: str, middle: str, end: str, width: int) -> str:
    text = list(start + " " * (width - len(start)))
    at = (width - len(middle)) // 2
    text[at : at + len(middle)] = middle
    text[width - len(end) :] = end
    return "".join(text)


def _runs(cells: Row) -> Row:
    """Neighbours of one ink joined: each change of ink costs bytes."""
    runs: Row = []
    for text, ink in cells:
        if runs and runs[-1][1] == ink:
            runs[-1] = (runs[-1][0] + text, ink)
        else:
            runs.append((text, ink))
    return runs
