"""A screen with the curve of a session: its keys for window, cursor and marks, and a line that tells what the cursor stands on."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content

from tui.bench.messages import Point
from tui.panes.over_bench import OverBench
from tui.terminal import glyphs
from tui.widgets.key_line import KeyHint
from tui.widgets.line import Line
from tui.widgets.marks import Mark, nearest, sign
from tui.widgets.session_curve import SessionCurve
from tui.widgets.text import clock

CURVE_KEYS: list[KeyHint] = [
    *(("h", "last hour", "screen.last_hour"), ("+ -", "zoom", ""), ("< >", "pan", ""), ("0", "all", "screen.whole")),
    *(("← →", "cursor", ""), ("[ ]", "event", "")),
]


class CurveScreen(OverBench[None]):
    """Subclasses yield `self.curve` and `self.told`, and say in `cursor_words` what stands at the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "cursor(-1)", show=False),
        Binding("right", "cursor(1)", show=False),
        Binding("plus,equals_sign", "zoom(1)", show=False),
        Binding("minus", "zoom(-1)", show=False),
        Binding("shift+left,less_than_sign,comma", "pan(-1)", show=False),
        Binding("shift+right,greater_than_sign,full_stop", "pan(1)", show=False),
        Binding("left_square_bracket", "mark(-1)", show=False),
        Binding("right_square_bracket", "mark(1)", show=False),
        Binding("h", "last_hour", show=False),
        Binding("0", "whole", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.curve, self.told = SessionCurve(id="session-curve"), Line(id="curve-told")

    @on(SessionCurve.Looked)
    def _looked(self, event: SessionCurve.Looked) -> None:
        event.stop()
        if event.windowed:
            self.window_moved()
        self.cursor_moved()

    def window_moved(self) -> None:
        """Another stretch is looked at: finer points may be fetched for it."""

    def cursor_moved(self) -> None:
        self.told.show(self.cursor_words())

    def cursor_words(self) -> Content:
        return stand_words(self.curve.cursor_s, self.curve.point_at_cursor(), self.mark_at_cursor())

    def mark_at_cursor(self) -> Mark | None:
        return nearest(self.curve.marks, self.curve.cursor_s, 0.75 * self.curve.column_s)

    def action_cursor(self, by: int) -> None:
        self.curve.move_cursor(by)

    def action_zoom(self, by: int) -> None:
        self.curve.zoom(by)

    def action_pan(self, by: int) -> None:
        self.curve.pan(by / 2)

    def action_mark(self, by: int) -> None:
        self.curve.next_mark(by)

    def action_last_hour(self) -> None:
        self.curve.last_hour()

    def action_whole(self) -> None:
        self.curve.whole()


def stand_words(time_s: float, point: Point | None, mark: Mark | None, *, more: str = "") -> Content:
    """Time, volts, amperes, and the mark that stands there."""
    at = f"{'-' if time_s <= -1 else ''}{clock(abs(time_s))}"
    return Content.assemble((f" {at} ", "bold"), f" {curve_values(point)}{f'  {more}' if more else ''}", *_mark_words(mark))


def curve_values(point: Point | None) -> str:
    """Volts and amperes of a point; the lowest and the highest where they differ."""
    if point is None or (point.cells_low_v is None and point.current_a is None):
        return "nothing known"
    low, high = point.cells_low_v, point.cells_high_v
    volts = "–" if low is None or high is None else f"{high:.3f} V" if round(low, 3) == round(high, 3) else f"{low:.3f}–{high:.3f} V"
    return f"{volts}  {'–' if point.current_a is None else f'{point.current_a:.2f}'} A"


def _mark_words(mark: Mark | None) -> list[tuple[str, str]]:
    return [] if mark is None else [(f"   {sign(mark.kind, glyphs())} {' '.join(mark.text.split())}", "$text-warning")]
