"""One session opened: its curve, its cells before, at the end and at rest, its events; resting volts are added here."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.bench.messages import Point
from tui.domain import quantities
from tui.panes.confirm import ConfirmScreen, LineScreen
from tui.panes.session_text import cells_csv, cells_table, curve_csv, events, facts, headline, parts_table, rest_verdict
from tui.records.curve import load_curve
from tui.records.journal_reading import read
from tui.records.sessions import RestRefused, Session, SessionGone, Sessions
from tui.records.store import StoreError
from tui.widgets.line import Line, Text
from tui.widgets.trace import Trace

if TYPE_CHECKING:
    from tui.app import TopBalanceApp
    from tui.records.places import Home

MAX_EVENTS = 500


def points_of(home: Home, session_id: str) -> list[Point]:
    """The curve of a session as the trace draws it. Reads files: for threads."""
    return [Point(*point) for point in load_curve(Sessions(home).curve_path(session_id))]


def scales_of(session: Session) -> tuple[float | None, float | None]:
    """Target volts and the supply's amperes of the plan, for the axes."""
    target_v = session.plan.get("target_v")
    return target_v, (session.plan.get("supply") or {}).get("max_current_a")


@dataclass
class Opened(Message):
    """Everything about a session as a thread read it."""

    session: Session
    points: list[Point]
    events: list[str]


@dataclass
class Refused(Message):
    """Something could not be done; the words are for the operator."""

    text: str


class SessionView(ModalScreen[None]):
    """A whole session; scrolls with the arrow keys."""

    DEFAULT_CSS = """
    SessionView { background: $background; align: left top; }
    SessionView > Vertical { width: 100%; height: 100%; }
    SessionView #session-title { text-style: bold; padding: 0 1; background: $panel; }
    SessionView VerticalScroll { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    SessionView Trace { height: 9; margin: 1 0; }
    SessionView .session-head { text-style: bold; margin-top: 1; height: 1; }
    SessionView #session-cells { text-wrap: nowrap; }
    SessionView #session-parts { margin-bottom: 1; }
    SessionView #session-said { color: $text-warning; padding: 0 1; }
    SessionView #session-keys { background: $panel; color: $text-muted; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", show=False),
        Binding("r", "rest", show=False),
        Binding("x", "export('curve')", show=False),
        Binding("c", "export('cells')", show=False),
        Binding("w", "report", show=False),
    ]

    NAMES_STOP_KEY = True
    app: TopBalanceApp  # type: ignore[assignment]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.points: list[Point] = []

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Line(id="session-title")
            with VerticalScroll():
                yield Text(id="session-facts")
                yield Trace()
                yield Line("Parts", id="session-parts-head", classes="session-head")
                yield Text(id="session-parts")
                yield Text(id="session-cells")
                yield Text(id="session-rest")
                yield Line("Events", classes="session-head")
                yield Text(id="session-events")
            yield Text(id="session-said")
            yield Line("^x OUTPUT OFF · r at rest · w report · x curve, c cells CSV · ↑ ↓ · esc back", id="session-keys")

    def on_mount(self) -> None:
        self._show()
        self.load()

    @property
    def running(self) -> str:
        snapshot = self.app.snapshot
        return snapshot.session if snapshot.state != "ended" else ""

    @work(thread=True, exit_on_error=False, exclusive=True, group="session")
    def load(self) -> None:
        """Read row, curve and journal anew."""
        home, session_id = self.app.home, self.session.id
        sessions = Sessions(home)
        try:
            session = sessions.get(session_id)
            lines = list(events(read(sessions.journal_path(session_id))))
        except (StoreError, SessionGone) as error:
            self.post_message(Refused(str(error)))
            return
        except FileNotFoundError:
            lines = ["The journal of this session is not there."]
        self.post_message(Opened(session, points_of(home, session_id), lines))

    @on(Opened)
    def _opened(self, event: Opened) -> None:
        self.session, self.points = event.session, event.points
        older = len(event.events) - MAX_EVENTS
        lines = [f"… {older} earlier ones are in the journal", *event.events[-MAX_EVENTS:]] if older > 0 else event.events
        self.query_one("#session-events", Text).show("\n".join(lines))
        target_v, current_a = scales_of(self.session)
        self.query_one(Trace).show_points(self.points, target_v=target_v, set_current_a=current_a)
        self._show()

    def _show(self) -> None:
        self.query_one("#session-title", Line).show(headline(self.session, running=self.running))
        self.query_one("#session-facts", Text).show(facts(self.session))
        self.query_one("#session-cells", Text).show(cells_table(self.session))
        self.query_one("#session-rest", Text).show(rest_verdict(self.session))
        parts = parts_table(self.session)
        self.query_one("#session-parts-head").display = bool(parts)
        self.query_one("#session-parts", Text).show(parts)

    @on(Refused)
    def _refused(self, event: Refused) -> None:
        self.query_one("#session-said", Text).show(event.text)

    def action_close(self) -> None:
        self.dismiss()

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


class RestForm(ModalScreen[dict[str, float] | None]):
    """The resting volts of each cell, in one line: fast to type, echoed before they are taken. A dash leaves a cell out."""

    DEFAULT_CSS = """
    RestForm { align: center middle; }
    RestForm > Vertical { width: 72; max-width: 100%; height: auto; max-height: 100%; }
    RestForm > Vertical { padding: 1 2; background: $surface; border: round $accent; }
    RestForm #rest-echo { height: auto; margin-top: 1; }
    RestForm #rest-said { height: auto; color: $text-error; }
    RestForm .box-keys { color: $text-muted; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", show=False)]

    def __init__(self, labels: list[str]) -> None:
        super().__init__()
        self._labels = labels
        self.volts: dict[str, float] = {}

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Resting volts"
            yield Static(f"Volts of {', '.join(self._labels)}, in this order, with blanks between:", markup=False)
            yield Input(compact=True)
            yield Static("", id="rest-echo", markup=False)
            yield Static("", id="rest-said", markup=False)
            yield Static("3.345 3,344 3346 · a dash leaves a cell out · enter keep · esc cancel", classes="box-keys", markup=False)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self.volts, problem = read_rest(event.value, self._labels)
        self.query_one("#rest-echo", Static).update("   ".join(f"{label} {volts:.3f} V" for label, volts in self.volts.items()))
        self.query_one("#rest-said", Static).update(problem)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.volts, problem = read_rest(event.value, self._labels, complete=True)
        self.query_one("#rest-said", Static).update(problem)
        if self.volts and not problem:
            self.dismiss(self.volts)

    def action_cancel(self) -> None:
        self.dismiss(None)


def read_rest(text: str, labels: list[str], *, complete: bool = False) -> tuple[dict[str, float], str]:
    """Volts by label from "3.345 3344 - 3,346 V", and what is wrong; a dash leaves a cell out. `complete` asks for one word a cell."""
    words = re.sub(r"(?i)\s*(m?v)\b", r"\1", text).replace(";", " ").split()
    volts: dict[str, float] = {}
    for label, word in zip(labels, words, strict=False):
        if word in ("-", "–"):
            continue
        try:
            volts[label] = quantities.parse(word, "cell_voltage")
        except ValueError as error:
            return volts, f"{label}: {error}"
    if len(words) > len(labels):
        return volts, f"{len(words)} values for {len(labels)} cells."
    if complete and len(words) < len(labels):
        return volts, f"{len(words)} values for {len(labels)} cells. Type a dash for a cell that was not measured."
    return volts, ""
