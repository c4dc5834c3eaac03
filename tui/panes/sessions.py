"""Sessions: the history, newest first, over the curve of the one under the cursor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text as RichText
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import DataTable

from tui.bench.messages import Point
from tui.panes.session_text import COLUMNS, headline, row_of
from tui.panes.session_view import SessionView, points_of, scales_of
from tui.panes.workspace import Workspace
from tui.records.sessions import Session, SessionBusy, SessionGone, Sessions
from tui.records.store import StoreError
from tui.records.trash import NotInTrash, Trash
from tui.widgets.key_line import KeyHint
from tui.widgets.line import Line, Text
from tui.widgets.text import cut
from tui.widgets.trace import Trace

PAGE_ROWS = 500  # more rows at once would block the loop while the table measures them


@dataclass
class Loaded(Message):
    """The history as a thread read it."""

    sessions: list[Session]
    problem: str


@dataclass
class CurveLoaded(Message):
    """The curve of one session."""

    session: str
    points: list[Point]


@dataclass
class Said(Message):
    """Something was done to the history, or refused."""

    text: str
    refused: bool = False


class SessionsScreen(Workspace):
    """Reads the history in threads; draws the curve of the session under the cursor."""

    MODE = "sessions"
    AUTO_FOCUS = "#sessions-table"
    DEFAULT_CSS = """
    SessionsScreen .workspace-body { height: 1fr; }
    SessionsScreen #sessions-banner { display: none; color: $text-warning; padding: 0 1; }
    SessionsScreen DataTable { height: 1fr; scrollbar-size-vertical: 1; background: $background; }
    SessionsScreen #sessions-title { padding: 0 1; color: $text-muted; border-top: solid $border; height: 2; }
    SessionsScreen Trace { height: 45%; min-height: 6; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "rest", show=False),
        Binding("d,delete", "delete", show=False),
        Binding("u", "bring_back", show=False),
        Binding("n", "page(1)", show=False),
        Binding("p", "page(-1)", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.sessions: list[Session] = []  # newest first
        self.problem = ""
        self.page = 0
        self._wanted = ""  # id to put the cursor on after the next reading
        self._thrown: list[str] = []  # ids in the trash, of what was deleted here; the last one comes back first

    def compose_body(self) -> Iterator[Widget]:
        table: DataTable[RichText] = DataTable(id="sessions-table", cursor_type="row")
        yield Vertical(Text(id="sessions-banner"), table, Line(id="sessions-title"), Trace(), classes="workspace-body")

    def on_mount(self) -> None:
        for column in COLUMNS:
            self.table.add_column(RichText(column.title, justify="right" if column.right else "left"), width=column.width)
        self.load()

    def on_screen_resume(self) -> None:
        self.load()

    def own_keys(self) -> list[KeyHint]:
        keys = [("enter", "open", ""), ("r", "resting volts", "screen.rest"), ("d", "delete", "screen.delete")]
        if self._thrown:
            keys.insert(0, ("u", "bring back", "screen.bring_back"))
        pages = [("n", "next page", "screen.page(1)"), ("p", "previous", "screen.page(-1)")]
        return [*keys, *(pages if len(self.sessions) > PAGE_ROWS else [])]

    @property
    def table(self) -> DataTable[RichText]:
        return self.query_one("#sessions-table", DataTable)

    @property
    def session(self) -> Session | None:
        """The session under the cursor."""
        at = self.page * PAGE_ROWS + self.table.cursor_row
        return self.sessions[at] if self.table.cursor_row >= 0 and at < len(self.sessions) else None

    @property
    def running(self) -> str:
        snapshot = self.bench_app.snapshot
        return snapshot.session if snapshot.state != "ended" else ""

    @work(thread=True, exit_on_error=False, exclusive=True, group="sessions-load")
    def load(self) -> None:
        """Read the history anew."""
        sessions = Sessions(self.bench_app.home)
        try:
            found = sessions.list()
        except StoreError as error:
            self.post_message(Loaded([], str(error)))
        else:
            self.post_message(Loaded(found[::-1], sessions.problem))

    @on(Loaded)
    def _loaded(self, event: Loaded) -> None:
        keep = self._wanted or (self.session.id if self.session else "")
        self._wanted = ""
        was = self.page * PAGE_ROWS + max(0, self.table.cursor_row)
        self.sessions, self.problem = event.sessions, event.problem
        last = max(0, len(self.sessions) - 1)
        at = next((index for index, session in enumerate(self.sessions) if session.id == keep), min(was, last))  # where it is, or was
        self.page = at // PAGE_ROWS
        self.query_one("#sessions-banner", Text).show(f"READ ONLY. {self.problem}" if self.problem else "")
        self._fill(at % PAGE_ROWS)
        self.show_snapshot(self.bench_app.snapshot)

    def _fill(self, cursor: int = 0) -> None:
        self.table.clear()
        for session in self.sessions[self.page * PAGE_ROWS : (self.page + 1) * PAGE_ROWS]:
            texts = zip(row_of(session, running=self.running), COLUMNS, strict=True)
            self.table.add_row(
                *(RichText(cut(text, column.width), justify="right" if column.right else "left", no_wrap=True) for text, column in texts),
                key=session.id,
            )
        self.table.move_cursor(row=cursor, animate=False)
        self._show_selected()

    @on(DataTable.RowHighlighted)
    def _show_selected(self) -> None:
        session = self.session
        title = self.query_one("#sessions-title", Line)
        if session is None:
            title.show("" if self.problem else "No sessions yet. The first one begins in Setup: key 1.")
            self.query_one(Trace).show_points([], target_v=None, set_current_a=None)
            return
        title.show(headline(session, running=self.running))
        self._load_curve(session.id)

    @work(thread=True, exit_on_error=False, exclusive=True, group="sessions-curve")
    def _load_curve(self, session_id: str) -> None:
        self.post_message(CurveLoaded(session_id, points_of(self.bench_app.home, session_id)))

    @on(CurveLoaded)
    def _curve_loaded(self, event: CurveLoaded) -> None:
        session = self.session
        if session is not None and session.id == event.session:
            target_v, current_a = scales_of(session)
            self.query_one(Trace).show_points(event.points, target_v=target_v, set_current_a=current_a)

    @on(DataTable.RowSelected)
    def _open(self) -> None:
        if self.session:
            self.app.push_screen(SessionView(self.session), lambda _: self.load())

    def action_rest(self) -> None:
        """Open the session and ask for its resting volts."""
        if self.session:
            view = SessionView(self.session)
            self.app.push_screen(view, lambda _: self.load())
            view.call_after_refresh(view.action_rest)

    def action_delete(self) -> None:
        """Into the trash at once, because one key brings it back."""
        if self.session and not self.problem:
            self._delete(self.session)

    @work(thread=True, exit_on_error=False)
    def _delete(self, session: Session) -> None:
        try:
            self._thrown.append(Sessions(self.bench_app.home).delete(session.id))
        except (StoreError, SessionGone, SessionBusy, OSError) as error:
            self.post_message(Said(str(error), refused=True))
        else:
            self.post_message(Said(f"{session.bank} {session.id} is in the trash; u brings it back."))

    def action_bring_back(self) -> None:
        """Undo the last deletion of this screen."""
        if self._thrown:
            self._bring_back(self._thrown.pop())
        else:
            self.bench_app.say("Nothing was deleted here. `topbalance trash list` shows what is in the trash.", refused=True)

    @work(thread=True, exit_on_error=False)
    def _bring_back(self, trash_id: str) -> None:
        try:
            one = Trash(self.bench_app.home).restore(trash_id)
        except (StoreError, NotInTrash, ValueError, OSError) as error:
            self.post_message(Said(str(error), refused=True))
        else:
            self._wanted = one.record["id"]
            self.post_message(Said(f"{one.name} is back."))

    @on(Said)
    def _say(self, event: Said) -> None:
        self.bench_app.say(event.text, refused=event.refused)
        self.load()

    def action_page(self, by: int) -> None:
        if 0 <= self.page + by < -(-len(self.sessions) // PAGE_ROWS):
            self.page += by
            self._fill()
