"""The curve of a recorded session with a window that zooms and pans, a cursor, and a row of marks."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual.message import Message

from tui.bench.messages import Point
from tui.terminal import glyphs
from tui.widgets.drawn import DrawnRows
from tui.widgets.marks import Mark, broken_at_gaps, marks_row, neighbour
from tui.widgets.plot import LEFT, RIGHT, draw, scales

SHORTEST_S = 60.0  # the closest window
HOUR_S = 3600.0


class SessionCurve(DrawnRows):
    """Volts and amperes over a window of the session's time. Posts `Looked` when the window or the cursor has moved.

    `show_points` gives the whole curve; `show_detail` finer points for the window, which hold until it moves on.
    """

    INKS = "curve"
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"curve--{ink}" for ink in ("volts", "amps", "other", "line", "label", "cursor", "marks")}
    DEFAULT_CSS = """
    SessionCurve { height: 1fr; min-height: 6; width: 1fr; }
    SessionCurve > .curve--volts { color: $accent; }
    SessionCurve > .curve--amps { color: $foreground 70%; }
    SessionCurve > .curve--other { color: $warning; }
    SessionCurve > .curve--line { color: $foreground 30%; }
    SessionCurve > .curve--label { color: $foreground 60%; }
    SessionCurve > .curve--cursor { color: $foreground; }
    SessionCurve > .curve--marks { color: $text-warning; }
    """

    class Looked(Message):
        """Another stretch or moment of the curve is looked at; `windowed` when it was the stretch."""

        def __init__(self, *, windowed: bool) -> None:
            super().__init__()
            self.windowed = windowed

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._points: list[Point] = []
        self._other: list[Point] = []
        self._detail: list[Point] = []
        self.marks: Sequence[Mark] = ()
        self._target_v: float | None = None
        self._set_current_a: float | None = None
        self.begin_s = 0.0  # of all there is
        self.end_s = 0.0
        self.charge_end_s = 0.0  # where the last hour ends
        self.from_s, self.span_s, self.cursor_s = 0.0, 0.0, 0.0

    # --- what is shown --------------------------------------------------------------------------------------------

    @property
    def columns(self) -> int:
        """Of the plot, without its scales."""
        return max(1, self.size.width - LEFT - RIGHT)

    @property
    def column_s(self) -> float:
        """Seconds that one column stands for."""
        return self.span_s / max(1, self.columns - 1)

    @property
    def is_whole(self) -> bool:
        return self.span_s >= self.end_s - self.begin_s

    def show_points(
        self,
        points: Sequence[Point],
        *,
        target_v: float | None,
        set_current_a: float | None,
        end_s: float = 0.0,
        charge_end_s: float | None = None,
        marks: Sequence[Mark] = (),
        other: Sequence[Point] = (),
    ) -> None:
        """The whole curve, and what belongs to it. The window stays where it is, unless it was the whole."""
        was_whole = self.span_s == 0.0 or self.is_whole
        self._points, self._other, self._detail, self.marks = broken_at_gaps(points, marks), list(other), [], marks
        self._target_v, self._set_current_a = target_v, set_current_a
        times = [curve[at].time_s for curve in (points, other) if curve for at in (0, -1)]
        self.begin_s = min([0.0, *times])
        self.end_s = max([self.begin_s + SHORTEST_S, end_s, *times])
        self.charge_end_s = self.end_s if charge_end_s is None else charge_end_s
        if was_whole:
            self.from_s, self.span_s = self.begin_s, self.end_s - self.begin_s
            self.cursor_s = min(max(self.cursor_s, self.begin_s), self.end_s)
        self._redraw()

    def show_detail(self, points: Sequence[Point], from_s: float, span_s: float) -> None:
        """Finer points of the window, if it is still this one."""
        if (from_s, span_s) == (self.from_s, self.span_s):
            self._detail = broken_at_gaps(points, (mark for mark in self.marks if from_s < mark.time_s < from_s + span_s))
            self._redraw()

    def points_in_window(self) -> list[Point]:
        """The whole curve's points in the window, and the nearest one on each side."""
        first = bisect_left(self._points, self.from_s, key=lambda point: point.time_s)
        last = bisect_right(self._points, self.from_s + self.span_s, key=lambda point: point.time_s)
        return self._points[max(0, first - 1) : last + 1]

    def point_at_cursor(self) -> Point | None:
        """The newest point at or before the cursor, of the finest curve there is."""
        points = self._detail or self._points
        at = bisect_right(points, self.cursor_s, key=lambda point: point.time_s)
        return points[at - 1] if at else None

    # --- window and cursor ----------------------------------------------------------------------------------------

    def zoom(self, by: int) -> None:
        """Closer (1) or farther (-1), about the cursor."""
        span_s = self.span_s * (0.5 if by > 0 else 2.0)
        share = (self.cursor_s - self.from_s) / self.span_s if self.span_s else 0.0
        span_s = min(max(span_s, SHORTEST_S), self.end_s - self.begin_s)
        self._look(self.cursor_s - share * span_s, span_s)

    def pan(self, by: float) -> None:
        """Move the window by a share of itself; the cursor goes with it."""
        before_s = self.from_s
        self._look(self.from_s + by * self.span_s, self.span_s)
        self._set_cursor(self.cursor_s + self.from_s - before_s)

    def whole(self) -> None:
        self._look(self.begin_s, self.end_s - self.begin_s)

    def last_hour(self) -> None:
        """The last hour of the charge: where the end rule was met, or was not."""
        end_s = min(self.charge_end_s + 0.05 * HOUR_S, self.end_s)
        self.cursor_s = min(self.charge_end_s, self.end_s)
        self._look(end_s - 1.05 * HOUR_S, min(1.05 * HOUR_S, self.end_s - self.begin_s))

    def move_cursor(self, by: int) -> None:
        """By so many columns; at its edge the window comes with it."""
        self.go_to(self.cursor_s + by * self.column_s)

    def next_mark(self, by: int) -> None:
        found = neighbour(self.marks, self.cursor_s, by, apart_s=self.column_s / 2)
        if found is not None:
            self.go_to(found.time_s)

    def go_to(self, time_s: float) -> None:
        """Put the cursor on a moment, and bring it into the window."""
        self._set_cursor(time_s)
        if not self.from_s <= self.cursor_s <= self.from_s + self.span_s:
            self._look(self.cursor_s - self.span_s / 2, self.span_s)

    def _set_cursor(self, time_s: float) -> None:
        time_s = min(max(time_s, self.begin_s), self.end_s)
        if time_s != self.cursor_s:
            self.cursor_s = time_s
            self._redraw()
            self.post_message(self.Looked(windowed=False))

    def _look(self, from_s: float, span_s: float) -> None:
        from_s = max(self.begin_s, min(from_s, self.end_s - span_s))
        if (from_s, span_s) == (self.from_s, self.span_s):
            return
        self.from_s, self.span_s, self._detail = from_s, span_s, []
        self.cursor_s = min(max(self.cursor_s, from_s), from_s + span_s)
        self._redraw()
        self.post_message(self.Looked(windowed=True))

    # --- drawing --------------------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        self._redraw()

    def _redraw(self) -> None:
        width, height = self.size
        if not width or not height or not self.span_s:
            return
        seen = self._detail or self.points_in_window()
        beside = [point for point in self._other if self.from_s <= point.time_s <= self.from_s + self.span_s]
        axes = replace(scales([*seen, *beside], self._target_v, self._set_current_a), from_s=self.from_s, span_s=self.span_s)
        rows = draw(
            seen,
            width,
            height - 1,
            target_v=self._target_v,
            set_current_a=self._set_current_a,
            glyphs=glyphs(),
            axes=axes,
            other=beside,
            cursor=round((self.cursor_s - self.from_s) / self.column_s) if self.column_s else None,
        )
        marks = marks_row(self.marks, self.from_s, self.span_s, self.columns, glyphs())
        rows.insert(-1, [(" " * LEFT, ""), (marks, "marks"), (" " * RIGHT, "")])
        self.put_rows(rows)
