"""The curve on the screen. Only rows that differ are drawn again: 0 to 250 bytes an update, where plot libraries send 10,000."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.bench.messages import Point
from tui.terminal import glyphs
from tui.widgets.plot import Row, draw

MAX_POINTS = 4000


class Trace(Widget):
    """Voltage and current of the running session over its time, with lines at the target and at 3.55 V."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"trace--volts", "trace--amps", "trace--line", "trace--label"}
    DEFAULT_CSS = """
    Trace { height: 1fr; min-height: 4; width: 1fr; }
    Trace > .trace--volts { color: $accent; }
    Trace > .trace--amps { color: $foreground 70%; }
    Trace > .trace--line { color: $foreground 30%; }
    Trace > .trace--label { color: $foreground 60%; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._points: list[Point] = []
        self._target_v: float | None = None
        self._set_current_a: float | None = None
        self._rows: list[Row] = []

    @property
    def rows(self) -> list[str]:
        """The text of each row, for tests and reports."""
        return ["".join(text for text, _ in row) for row in self._rows]

    def show_points(self, points: Sequence[Point], *, target_v: float | None, set_current_a: float | None) -> None:
        self._points = list(points)
        self._target_v, self._set_current_a = target_v, set_current_a
        self._redraw()

    def on_resize(self) -> None:
        self._redraw()

    def _redraw(self) -> None:
        width, height = self.size
        if not width or not height:
            return
        rows = draw(self._points, width, height, target_v=self._target_v, set_current_a=self._set_current_a, glyphs=glyphs())
        old, self._rows = self._rows, rows
        if len(old) != len(rows):
            self.refresh()
            return
        changed = [Region(0, y, width, 1) for y, (before, now) in enumerate(zip(old, rows, strict=True)) if before != now]
        if changed:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        base = self.rich_style
        if y >= len(self._rows):
            return Strip.blank(self.size.width, base)
        styles = {"": base} | {
            ink: base + self.get_component_rich_style(f"trace--{ink}", partial=True) for ink in ("volts", "amps", "line", "label")
        }
        return Strip([Segment(text, styles[ink]) for text, ink in self._rows[y]]).adjust_cell_length(self.size.width, base)
