"""One session opened: its curve with zoom, cursor and marks, its cells before, at the end and at rest, its events and what deviated.

Resting volts are added here, and the replay begins here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.worker import get_current_worker

from tui.bench.messages import Point
from tui.panes.confirm import ConfirmScreen, LineScreen
from tui.panes.curve_screen import CURVE_KEYS, CurveScreen, stand_words
from tui.panes.rest_form import RestForm
from tui.panes.session_points import points_of, scales_of
from tui.panes.session_story import Story, story
from tui.panes.session_text import (
    cells_csv,
    cells_table,
    chosen_words,
    curve_csv,
    facts,
    headline,
    parts_table,
    reading_words,
    rest_verdict,
)
from tui.records.journal_seek import Events, curve_between, events, reading_at
from tui.records.sessions import RestRefused, Session, SessionGone, Sessions
from tui.records.store import StoreError
from tui.widgets.key_line import KeyHint
from tui.widgets.line import Line, Text

MAX_EVENTS = 500
PAGES: tuple[tuple[str, str], ...] = (("cells", "Cells"), ("events", "Events"), ("deviations", "Overrides, limits"), ("plan", "Choices"))


@dataclass
class Opened(Message):
    """A session and its curve as a thread read them."""

    session: Session
    points: list[Point]


@dataclass
class Told(Message):
    """What its journal tells beside the readings. `problem` where it does not."""

    events: Events
    story: Story
    problem: str = ""


@dataclass
class Detail(Message):
    """Finer points of a window."""

    from_s: float
    span_s: float
    points: list[Point]


@dataclass
class Stood(Message):
    """The reading at a moment that the cursor stood on."""

    time_s: float
    line: dict[str, Any]


@dataclass
class Refused(Message):
    """Something could not be done; the words are for the operator."""

    text: str


class SessionView(CurveScreen):
    """A whole session. Arrows left and right move the cursor, up and down the page below the curve, tab changes that page."""

    DEFAULT_CSS = """
    SessionView #session-title { text-style: bold; padding: 0 1; background: $panel; }
    SessionView #session-facts { padding: 0 1; max-height: 2; }
    SessionView.-h30 #session-facts { max-height: 4; }
    SessionView SessionCurve { height: 1fr; min-height: 7; }
    SessionView #session-tabs { background: $panel; }
    SessionView VerticalScroll { height: 42%; max-height: 24; padding: 0 1; scrollbar-size-vertical: 1; }
    SessionView #session-cells { text-wrap: nowrap; }
    SessionView VerticalScroll Text { margin-bottom: 1; }
    SessionView #session-said { color: $text-warning; padding: 0 1; max-height: 3; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "rest", show=False),
        Binding("p", "replay", show=False),
        Binding("x", "export('curve')", show=False),
        Binding("c", "export('cells')", show=False),
        Binding("w", "report", show=False),
        Binding("tab", "walk(1)", show=False),
        Binding("shift+tab", "walk(-1)", show=False),
        Binding("up", "scroll('scroll_up')", show=False),
        Binding("down", "scroll('scroll_down')", show=False),
        Binding("pageup", "scroll('scroll_page_up')", show=False),
        Binding("pagedown", "scroll('scroll_page_down')", show=False),
        Binding("home", "scroll('scroll_home')", show=False),
        Binding("end", "scroll('scroll_end')", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.points: list[Point] = []
        self.journal_events: Events | None = None  # None while the journal is being read
        self.page = 0
        self._story = Story()
        self._stood: Stood | None = None

    def compose_body(self) -> Iterator[Widget]:
        yield Line(id="session-title")
        yield Text(id="session-facts")
        yield self.curve
        yield self.told
        yield Line(id="session-tabs")
        texts = ("session-cells", "session-rest", "session-parts", "session-events", "session-deviations", "session-plan")
        yield VerticalScroll(*(Text(id=name) for name in texts), can_focus=False)
        yield Text(id="session-said")

    def own_keys(self) -> list[KeyHint]:
        here = (("p", "replay", "screen.replay"), ("w", "report", "screen.report"), ("r", "resting volts", "screen.rest"))
        out = (("x", "curve CSV", "screen.export('curve')"), ("c", "cells CSV", "screen.export('cells')"), ("esc", "back", "screen.close"))
        return [*here[:2], *CURVE_KEYS, *here[2:], *out]

    def on_mount(self) -> None:
        self._show()
        self.load()

    @work(thread=True, exit_on_error=False, exclusive=True, group="session")
    def load(self) -> None:
        """Read row, curve and journal anew; the curve is there long before a long journal is."""
        home, session_id = self.app.home, self.session.id
        sessions = Sessions(home)
        try:
            session = sessions.get(session_id)
        except (StoreError, SessionGone) as error:
            self.post_message(Refused(str(error)))
            return
        self.post_message(Opened(session, points_of(home, session_id)))
        try:
            found = events(sessions.journal_path(session_id))
        except OSError as error:
            gone = isinstance(error, FileNotFoundError)
            words = "The journal of this session is not there." if gone else f"The journal of this session cannot be read: {error}"
            self.post_message(Told(Events(()), Story(), words))
        else:
            self.post_message(Told(found, story(found.lines, left_out=found.left_out, end_s=found.last_s)))

    @on(Opened)
    def _opened(self, event: Opened) -> None:
        self.session, self.points = event.session, event.points
        self._draw_curve()
        self._show()

    @on(Told)
    def _told(self, event: Told) -> None:
        self.journal_events, self._story = event.events, event.story
        older = len(event.story.events) - MAX_EVENTS
        lines = [f"… {older} earlier ones are in the journal", *event.story.events[-MAX_EVENTS:]] if older > 0 else event.story.events
        self.query_one("#session-events", Text).show(event.problem or "\n".join(lines) or "No events.")
        self.query_one("#session-deviations", Text).show(event.problem or event.story.deviations)
        self._draw_curve()
        self._show_page()

    def _draw_curve(self) -> None:
        target_v, current_a = scales_of(self.session)
        self.curve.show_points(
            self.points,
            target_v=target_v,
            set_current_a=current_a,
            end_s=self.session.duration_s or 0.0,
            charge_end_s=self._story.charge_end_s,
            marks=self._story.marks,
        )
        self.window_moved()
        self.cursor_moved()

    def _show(self) -> None:
        self.query_one("#session-title", Line).show(headline(self.session, running=self.running))
        self.query_one("#session-facts", Text).show(facts(self.session))
        self.query_one("#session-cells", Text).show(cells_table(self.session))
        self.query_one("#session-rest", Text).show(rest_verdict(self.session))
        self.query_one("#session-parts", Text).show(parts_table(self.session))
        self.query_one("#session-plan", Text).show(chosen_words(self.session) or "The plan of this session cannot be read by this version.")
        for name in ("events", "deviations"):
            if self.journal_events is None:
                self.query_one(f"#session-{name}", Text).show("The journal is being read …")
        self._show_page()

    def _show_page(self) -> None:
        """The page that is chosen, and no other."""
        name = PAGES[self.page][0]
        for text in self.query("VerticalScroll Text").results(Text):
            on_page = text.id in ("session-cells", "session-rest", "session-parts") if name == "cells" else text.id == f"session-{name}"
            text.display = on_page and bool(text.text)
        parts: list[Content | str | tuple[str, str]] = [" "]
        for at, (_, title) in enumerate(PAGES):
            parts += [(f" {title} ", "bold reverse $accent" if at == self.page else "$foreground 60%"), " "]
        self.query_one("#session-tabs", Line).show(Content.assemble(*parts, ("tab next", "dim")))

    @on(Refused)
    def _refused(self, event: Refused) -> None:
        self.query_one("#session-said", Text).show(event.text)

    def action_walk(self, by: int) -> None:
        self.page = (self.page + by) % len(PAGES)
        self._show_page()
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def action_scroll(self, how: str) -> None:
        getattr(self.query_one(VerticalScroll), how)(animate=False)

    def action_replay(self) -> None:
        """Play the session in the live panes, once its journal is read."""
        if self.journal_events is None or not self.journal_events.lines:
            self._refused(Refused("There is nothing to replay: the journal is not there, or still being read."))
            return
        from tui.panes.replay import ReplayScreen

        self.app.push_screen(ReplayScreen(self.session, self.journal_events, self.points, self._story))

    # --- window and cursor ----------------------------------------------------------------------------------------

    def window_moved(self) -> None:
        """Finer points for a window that the whole curve has too few of."""
        if not self.curve.is_whole and len(self.curve.points_in_window()) < 2 * self.curve.columns:
            self._fetch_detail(self.curve.from_s, self.curve.span_s)

    @work(thread=True, exit_on_error=False, exclusive=True, group="session-detail")
    def _fetch_detail(self, from_s: float, span_s: float) -> None:
        worker = get_current_worker()
        path = Sessions(self.app.home).journal_path(self.session.id)
        with suppress(OSError):
            for points in curve_between(path, from_s, from_s + span_s):
                if worker.is_cancelled:  # the window has moved on
                    return
                if points:
                    self.post_message(Detail(from_s, span_s, [Point(*point) for point in points]))

    @on(Detail)
    def _detailed(self, event: Detail) -> None:
        self.curve.show_detail(event.points, event.from_s, event.span_s)
        super().cursor_moved()

    def cursor_moved(self) -> None:
        super().cursor_moved()
        self._fetch_reading(self.curve.cursor_s)

    @work(thread=True, exit_on_error=False, exclusive=True, group="session-cursor")
    def _fetch_reading(self, time_s: float) -> None:
        with suppress(OSError):
            line = reading_at(Sessions(self.app.home).journal_path(self.session.id), time_s)
            if line is not None:
                self.post_message(Stood(time_s, line))

    @on(Stood)
    def _stands(self, event: Stood) -> None:
        self._stood = event
        super().cursor_moved()

    def cursor_words(self) -> Content:
        words, stood = super().cursor_words(), self._stood
        if stood is None or stood.time_s != self.curve.cursor_s:
            return words
        return stand_words(self.curve.cursor_s, self.curve.point_at_cursor(), self.mark_at_cursor(), more=reading_words(stood.line))

    # --- resting volts ----------------------------------------------------------------------------------------------

    def action_rest(self) -> None:
        """Ask for the volts of every cell at rest."""
        if self.session.state == "running":
            self._refused(Refused("This session still runs. Resting volts are taken after the output is off for good."))
            return
        self.app.push_screen(RestForm([cell.label for cell in self.session.cells]), self._add_rest)

    def _add_rest(self, volts: dict[str, float] | None) -> None:
        if volts:
            self._keep_rest(volts)

    @work(thread=True, exit_on_error=False)
    def _keep_rest(self, volts: dict[str, float]) -> None:
        try:
            Sessions(self.app.home).add_rest(self.session.id, volts, time.time())
        except (RestRefused, StoreError, SessionGone) as error:
            self.post_message(Refused(str(error)))
        else:
            self.load()

    # --- export -----------------------------------------------------------------------------------------------------

    def action_export(self, what: str) -> None:
        """The curve or the cells of this session as CSV."""
        write: Callable[[], str] = (lambda: curve_csv(self.points)) if what == "curve" else (lambda: cells_csv(self.session))
        proposed = Path.cwd() / f"{re.sub(r'[^A-Za-z0-9]+', '-', self.session.bank)}-{self.session.id}.{what}.csv"

        def asked(path: str | None) -> None:
            if path:
                self._export(Path(path).expanduser(), write())

        words = (
            "CSV that spreadsheets and battery programs read." if what == "curve" else "CSV, one line for each measured voltage of a cell."
        )
        self.app.push_screen(LineScreen(f"Export the {what} to which file?", words, str(proposed)), asked)

    def _export(self, path: Path, text: str) -> None:
        def write() -> None:
            try:
                path.write_text(text, encoding="utf-8", newline="")
            except OSError as error:
                self._refused(Refused(f"{path} could not be written: {error.strerror or error}."))
            else:
                self._refused(Refused(f"Written to {path}."))

        self._when_free(path, write)

    def _when_free(self, path: Path, write: Callable[[], object]) -> None:
        """Write, but over a file only when the operator says so."""

        def asked(yes: bool | None) -> None:
            if yes:
                write()

        if path.exists():
            self.app.push_screen(
                ConfirmScreen(f"{path.name} exists. Replace it?", f"What stands in {path} is lost.", yes="replace it"), asked
            )
        else:
            write()

    # --- report -----------------------------------------------------------------------------------------------------

    def action_report(self) -> None:
        """The session as a page for a browser and for paper; as Markdown where the name ends in .md."""
        from tui.records.report import file_name

        def asked(text: str | None) -> None:
            if text:
                path = Path(text).expanduser()
                self._when_free(path, lambda: self._report(path))

        words = "A page for browser and paper, with curve, verdict and proof. A name that ends in .md makes a forum post."
        self.app.push_screen(LineScreen("Write the report to which file?", words, str(Path.cwd() / file_name(self.session))), asked)

    @work(thread=True, exit_on_error=False)
    def _report(self, path: Path) -> None:
        """Reads the whole journal, of a week some seconds."""
        from tui.records.report import ReportRefused, write_report

        self.post_message(Refused("The report is being made …"))
        sessions = Sessions(self.app.home)
        try:
            write_report(sessions, sessions.get(self.session.id), path, "markdown" if path.suffix.lower() == ".md" else "html")
        except (ReportRefused, StoreError, SessionGone) as problem:
            self.post_message(Refused(str(problem)))
        else:
            self.post_message(Refused(f"Written to {path}."))
