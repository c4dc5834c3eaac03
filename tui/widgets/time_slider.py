"""Where a replay stands in its session: a bar over the whole time with the session's marks on it."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import RenderResult
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.terminal import glyphs
from tui.widgets.marks import Mark, marks_row
from tui.widgets.text import clock, plain


class TimeSlider(Widget):
    """Two rows: the bar with its times and the speed, the marks below. A click posts `Sought`."""

    DEFAULT_CSS = "TimeSlider { height: 2; width: 1fr; text-wrap: nowrap; background: $surface; }"

    class Sought(Message):
        """This moment is wanted, s."""

        def __init__(self, time_s: float) -> None:
            super().__init__()
            self.time_s = time_s

    def __init__(self, end_s: float, marks: Sequence[Mark], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._end_s, self._marks = max(1.0, end_s), marks
        self._time_s, self._speed, self._playing = 0.0, 1.0, False

    def show(self, time_s: float, speed: float, *, playing: bool) -> None:
        if (time_s, speed, playing) != (self._time_s, self._speed, self._playing):
            self._time_s, self._speed, self._playing = time_s, speed, playing
            self.refresh()

    def set_end(self, end_s: float) -> None:
        self._end_s = max(1.0, end_s)
        self.refresh()

    @property
    def _left(self) -> str:
        return f" {plain('▶') if self._playing else '‖' if glyphs() == 'braille' else '='} {clock(self._time_s)} "

    @property
    def _right(self) -> str:
        return f" {clock(self._end_s)}  {self._speed:g}{plain('×')} "

    @property
    def _room(self) -> int:
        return max(4, self.size.width - len(self._left) - len(self._right))

    def render(self) -> RenderResult:
        room = self._room
        at = min(room - 1, round(self._time_s / self._end_s * (room - 1)))
        full, knob, rest = ("━", "●", "─") if glyphs() == "braille" else ("=", "O", "-")
        bar = Content.assemble((full * at, "$accent"), (knob, "bold $accent"), (rest * (room - 1 - at), "$foreground 40%"))
        marks = marks_row(self._marks, 0.0, self._end_s, room, glyphs())
        return Content.assemble((self._left, "bold"), bar, self._right, "\n", " " * len(self._left), (marks, "$text-warning"))

    def on_click(self, event: events.Click) -> None:
        share = (event.x - len(self._left)) / max(1, self._room - 1)
        self.post_message(self.Sought(min(1.0, max(0.0, share)) * self._end_s))
