"""Sessions: the history, newest first, over the curve of the one under the cursor. From here one is opened, and two are compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget

from tui.bench.messages import Point
from tui.panes.session_points import points_of, scales_of
from tui.panes.session_text import COLUMNS, headline, row_of
from tui.panes.workspace import Workspace
from tui.records.places import Home
from tui.records.sessions import Session, SessionBusy, SessionGone, Sessions
from tui.records.store import StoreError
from tui.records.trash import NotInTrash, Trash
from tui.widgets.key_line import KeyHint
from tui.widgets.line import Line, Text
from tui.widgets.line_table import LineTable, TableColumn
from tui.widgets.trace import Trace

if TYPE_CHECKING:
    from tui.panes.session_view import SessionView

CURVE_AFTER_S = 0.08  # a cursor that runs through the list asks for no curve on its way


def warm_up(home: Home) -> None:
    """Read the history once, for a thread after the first paint: the list then stands at once."""
    with suppress(StoreError):  # told when the screen is opened
        Sessions(home).list()


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
    SessionsScreen #sessions-title { padding: 0 1; color: $text-muted; border-top: solid $border; height: 2; }
    SessionsScreen Trace { height: 45%; min-height: 6; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "rest", show=False),
        Binding("c", "compare", show=False),
        Binding("escape", "compare_no_more", show=False),
        Binding("d,delete", "delete", show=False),
        Binding("u", "bring_back", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.sessions: list[Session] = []  # newest first
        self.problem = ""
        self.compared: Session | None = None  # the first of two
        self._wanted = ""  # id to put the cursor on after the next reading
        self._thrown: list[str] = []  # ids in the trash, of what was deleted here; the last one comes back first

    def compose_body(self) -> Iterator[Widget]:
        table = LineTable([TableColumn(column.title, column.width, column.right) for column in COLUMNS], id="sessions-table")
        yield Vertical(Text(id="sessions-banner"), table, Line(id="sessions-title"), Trace(), classes="workspace-body")

    def on_mount(self) -> None:
        """What this program read last stands at once; the reading that follows brings what another one has changed."""
        self._curve_timer = self.set_timer(CURVE_AFTER_S, self._load_selected, pause=True)
        self.sessions = Sessions(self.bench_app.home).remembered()[::-1]
        if self.sessions:
            self._show_list(0)

    def on_screen_resume(self) -> None:
        """Also the first time, and when a session that was opened from here is closed."""
        self.load()

    def own_keys(self) -> list[KeyHint]:
        if self.compared is not None:
            return [("c", "compare with this one", "screen.compare"), ("esc", "do not", "screen.compare_no_more")]
        keys = [
            ("enter", "open", ""),
            ("c", "compare", "screen.compare"),
            ("r", "resting volts", "screen.rest"),
            ("d", "delete", "screen.delete"),
        ]
        return [("u", "bring back", "screen.bring_back"), *keys] if self._thrown else keys

    @property
    def table(self) -> LineTable:
        return self.query_one("#sessions-table", LineTable)

    @property
    def session(self) -> Session | None:
        """The session under the cursor."""
        at = self.table.cursor
        return self.sessions[at] if at < len(self.sessions) else None

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
        was = max(0, self.table.cursor)
        self.sessions, self.problem = event.sessions, event.problem
        last = max(0, len(self.sessions) - 1)
        at = next((index for index, session in enumerate(self.sessions) if session.id == keep), min(was, last))  # where it is, or was
        self.query_one("#sessions-banner", Text).show(f"READ ONLY. {self.problem}" if self.problem else "")
        self._show_list(at)
        self.show_snapshot(self.bench_app.snapshot)

    def _show_list(self, cursor: int) -> None:
        running, compared = self.running, self.compared.id if self.compared else ""
        self.table.show(
            len(self.sessions),
            lambda at: row_of(self.sessions[at], running=running),
            cursor=cursor,
            marked=lambda at: self.sessions[at].id == compared,
        )

    @on(LineTable.Highlighted)
    def _show_selected(self) -> None:
        session = self.session
        title = self.query_one("#sessions-title", Line)
        if session is None:
            title.show("" if self.problem else "No sessions yet. The first one begins in Setup: key 1.")
            self.query_one(Trace).show_points([], target_v=None, set_current_a=None)
            return
        words = headline(session, running=self.running)
        title.show(words if self.compared is None else f"Compare {headline(self.compared)} with which one? Choose it, then c.")
        self._curve_timer.reset()
        self._curve_timer.resume()

    def _load_selected(self) -> None:
        if self.session is not None:
            self._load_curve(self.session.id)

    @work(thread=True, exit_on_error=False, exclusive=True, group="sessions-curve")
    def _load_curve(self, session_id: str) -> None:
        self.post_message(CurveLoaded(session_id, points_of(self.bench_app.home, session_id)))

    @on(CurveLoaded)
    def _curve_loaded(self, event: CurveLoaded) -> None:
        session = self.session
        if session is not None and session.id == event.session:
            target_v, current_a = scales_of(session)
            self.query_one(Trace).show_points(event.points, target_v=target_v, set_current_a=current_a)

    @on(LineTable.Selected)
    def _open(self) -> None:
        if self.session:
            self.app.push_screen(self._view(self.session))

    def _view(self, session: Session) -> SessionView:
        from tui.panes.session_view import SessionView

        return SessionView(session)

    def action_rest(self) -> None:
        """Open the session and ask for its resting volts."""
        if self.session:
            view = self._view(self.session)
            self.app.push_screen(view)
            view.call_after_refresh(view.action_rest)

    def action_compare(self) -> None:
        """Choose the first of two, then the second."""
        session, first = self.session, self.compared
        if session is None:
            return
        if first is None:
            self._compare_with(session)
        elif first.id == session.id:
            self.bench_app.say("That is the same session. Choose another one, then press c; esc leaves it.", refused=True)
        else:
            from tui.panes.compare import CompareScreen

            self._compare_with(None)
            self.app.push_screen(CompareScreen(first, session))

    def action_compare_no_more(self) -> None:
        if self.compared is not None:
            self._compare_with(None)

    def _compare_with(self, session: Session | None) -> None:
        self.compared = session
        self._show_list(self.table.cursor)
        self.show_snapshot(self.bench_app.snapshot)

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
