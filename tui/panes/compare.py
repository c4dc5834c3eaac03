"""Two sessions over each other, with the moment at which the charge was switched on as zero, and what differs in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.bench.messages import Point
from tui.panes.compare_text import cells_words, in_words, table
from tui.panes.curve_screen import CURVE_KEYS, CurveScreen, curve_values
from tui.panes.session_points import points_of, scales_of
from tui.panes.session_story import Story, story
from tui.panes.session_text import headline
from tui.records.journal_seek import events
from tui.records.sessions import Session, Sessions
from tui.widgets.key_line import KeyHint
from tui.widgets.line import Line, Text
from tui.widgets.marks import broken_at_gaps, moved
from tui.widgets.text import clock


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its curve and events with the switching on of its charge as zero."""

    points: list[Point]
    story: Story


@dataclass
class Both(Message):
    """What a thread read."""

    first: Side
    second: Side


def aligned(points: list[Point], told: Story) -> Side:
    """Points and marks moved so that the charge begins at zero; where no line tells when, the session does."""
    by_s = -(told.charge_start_s or 0.0)
    end_s = None if told.charge_end_s is None else told.charge_end_s + by_s
    return Side(
        [replace(point, time_s=point.time_s + by_s) for point in points],
        replace(told, marks=tuple(moved(told.marks, by_s)), charge_end_s=end_s),
    )


class CompareScreen(CurveScreen):
    """The first as a line, the second dashed. The cursor tells both."""

    DEFAULT_CSS = """
    CompareScreen .compare-title { padding: 0 1; background: $panel; }
    CompareScreen SessionCurve { height: 1fr; min-height: 7; }
    CompareScreen VerticalScroll { height: 40%; padding: 0 1; scrollbar-size-vertical: 1; border-top: solid $border; }
    CompareScreen VerticalScroll Text { margin-bottom: 1; }
    CompareScreen #compare-table, CompareScreen #compare-cells { text-wrap: nowrap; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll('scroll_up')", show=False),
        Binding("down", "scroll('scroll_down')", show=False),
        Binding("pageup", "scroll('scroll_page_up')", show=False),
        Binding("pagedown", "scroll('scroll_page_down')", show=False),
    ]

    def __init__(self, first: Session, second: Session) -> None:
        super().__init__()
        self.first, self.second = first, second
        self._sides: Both | None = None

    def compose_body(self) -> Iterator[Widget]:
        yield Line(Content.assemble(("── first   ", "bold $accent"), headline(self.first)), classes="compare-title")
        yield Line(Content.assemble(("╌╌ second  ", "bold $warning"), headline(self.second)), classes="compare-title")
        yield self.curve
        yield self.told
        words = (("compare-words", in_words), ("compare-table", table), ("compare-cells", cells_words))
        yield VerticalScroll(*(Text(make(self.first, self.second), id=name) for name, make in words), can_focus=False)

    def own_keys(self) -> list[KeyHint]:
        return [*CURVE_KEYS, ("↑ ↓", "scroll", ""), ("esc", "back", "screen.close")]

    def on_mount(self) -> None:
        self.load()

    @work(thread=True, exit_on_error=False, exclusive=True, group="compare")
    def load(self) -> None:
        """Read both curves, and from the journals when the charges began."""
        sides = []
        for session in (self.first, self.second):
            told = Story()
            with suppress(OSError):
                found = events(Sessions(self.app.home).journal_path(session.id))
                told = story(found.lines, end_s=found.last_s)
            sides.append(aligned(points_of(self.app.home, session.id), told))
        self.post_message(Both(*sides))

    @on(Both)
    def _read(self, event: Both) -> None:
        self._sides = event
        scales = [scales_of(session) for session in (self.first, self.second)]
        ends = [side.story.charge_end_s for side in (event.first, event.second) if side.story.charge_end_s is not None]
        self.curve.show_points(
            event.first.points,
            target_v=max((target_v for target_v, _ in scales if target_v is not None), default=None),
            set_current_a=max((amps for _, amps in scales if amps is not None), default=None),
            charge_end_s=max(ends, default=None),
            marks=event.first.story.marks,
            other=broken_at_gaps(event.second.points, event.second.story.marks),
        )
        self.curve.go_to(0.0)
        self.cursor_moved()

    def cursor_words(self) -> Content:
        if self._sides is None:
            return Content("")
        time_s = self.curve.cursor_s
        second = next((point for point in reversed(self._sides.second.points) if point.time_s <= time_s), None)
        at = f"{'-' if time_s <= -1 else ''}{clock(abs(time_s))}"
        return Content.assemble(
            (f" {at} after output on  ", "bold"),
            ("first ", "$accent"),
            curve_values(self.curve.point_at_cursor()),
            ("   second ", "$warning"),
            curve_values(second),
        )

    def action_scroll(self, how: str) -> None:
        getattr(self.query_one(VerticalScroll), how)(animate=False)
