"""The curve of the running session on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from tui.bench.messages import Point
from tui.terminal import glyphs
from tui.widgets.drawn import DrawnRows
from tui.widgets.plot import draw

MAX_POINTS = 4000


class Trace(DrawnRows):
    """Voltage and current of the running session over its time, with lines at the target and at 3.55 V."""

    INKS = "trace"
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
        self.put_rows(rows)
