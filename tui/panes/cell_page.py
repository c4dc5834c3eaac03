"""One cell opened: what stays of it, its volts at rest over its life, its tests, sessions and places; its log is added to here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.panes.cell_form import CellForm
from tui.panes.cell_text import FACT_INDENT, LINE_INDENT, wrapped
from tui.panes.confirm import ConfirmScreen
from tui.panes.log_form import LogForm
from tui.panes.over_bench import OverBench
from tui.records import cell_history, cell_words
from tui.records.cell import UNFIT, Cell
from tui.records.cell_log import KINDS
from tui.records.inventory import CellGone, Inventory
from tui.records.store import StoreError
from tui.widgets.key_line import KeyHint
from tui.widgets.line import Line, Text
from tui.widgets.xy_plot import XYPlot

if TYPE_CHECKING:
    from tui.app import TopBalanceApp

KEYS = {
    "v": "voltage",
    "r": "rest",
    "o": "resistance",
    "c": "capacity",
    "k": "thickness",
    "l": "visual",
    "m": "move",
    "n": "note",
    "p": "photo",
    "s": "state",
}
"""One key for each kind of entry."""
_SHOWN = "v volts · r rest · o mΩ · c Ah · k mm · l look · m move · n note · p photo"


@dataclass
class Opened(Message):
    """The cell as it is now, or why it cannot be read."""

    cell: Cell | None
    problem: str = ""


class CellPage(OverBench[bool]):
    """A whole cell; scrolls with the arrow keys. Returns whether anything was changed."""

    DEFAULT_CSS = """
    CellPage #cell-title { text-style: bold; padding: 0 1; }
    CellPage VerticalScroll { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    CellPage XYPlot { display: none; height: 8; margin: 1 0; }
    CellPage #cell-page-said { color: $text-warning; padding: 0 1; }
    CellPage #cell-page-keys { color: $text-muted; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "close", show=False),
        Binding("e", "edit", show=False),
        Binding("u", "take_back", show=False),
        *(Binding(key, f"add('{kind}')", show=False) for key, kind in KEYS.items()),
    ]
    AUTO_FOCUS = "VerticalScroll"
    app: TopBalanceApp  # type: ignore[assignment]

    def __init__(self, cell: Cell, *, read_only: str = "") -> None:
        super().__init__()
        self.cell, self._read_only = cell, read_only
        self._changed = False
        self._warning = ""  # about what was just kept

    def compose_body(self) -> Iterator[Widget]:
        yield Line(id="cell-title")
        yield VerticalScroll(
            Text(id="cell-facts"), XYPlot("d", "V", y_digits=3, empty="", id="cell-curve"), Text(id="cell-sections"), id="cell-scroll"
        )
        yield Text(id="cell-page-said")
        yield Line("" if self._read_only else _SHOWN, id="cell-page-keys")

    def own_keys(self) -> list[KeyHint]:
        changes = [("s", "state", "screen.add('state')"), ("e", "edit", "screen.edit"), ("u", "take back", "screen.take_back")]
        return [*([] if self._read_only else changes), ("esc", "back", "screen.close"), ("↑ ↓", "scroll", "")]

    def on_mount(self) -> None:
        super().on_mount()
        self._show()
        if self._read_only:
            self._say(f"READ ONLY. {self._read_only}")

    def on_resize(self) -> None:
        self._show()

    def _show(self) -> None:
        cell = self.cell
        (_, facts), *others = cell_words.sections(cell)
        unfit = " · no bank takes it; s says otherwise" if cell.state in UNFIT else ""
        self.query_one("#cell-title", Line).show(f"Cell {cell.label} · {cell.state}{unfit}")
        width = self.size.width - 4
        self.query_one("#cell-facts", Text).show("\n".join(wrapped(facts, width, FACT_INDENT)))
        points, unit = _timed(cell_history.curve(cell))
        plot = self.query_one(XYPlot)
        plot.display = bool(points)
        plot.show(points, unit)
        parts: list[Content | str | tuple[str, str]] = []
        for title, lines in others:
            rows = wrapped([f"  {line}" for line in lines], width, LINE_INDENT + 2)
            parts += [("\n" if parts or not points else ""), (f"{title}\n", "bold $accent"), *(f"{row}\n" for row in rows)]
        self.query_one("#cell-sections", Text).show(Content.assemble(*parts))

    # --- changes --------------------------------------------------------------------------------------------------

    def _refused(self) -> bool:
        """Say why nothing can be changed; False when it can."""
        if self._read_only:
            self._say(f"The inventory is open for reading only. {self._read_only}")
        return bool(self._read_only)

    def action_add(self, kind: str) -> None:
        if not self._refused():
            self.app.push_screen(LogForm(self.app.home, self.cell, kind), self._kept)

    def action_edit(self) -> None:
        """What stays of the cell: maker, rated Ah, where it was bought."""
        if not self._refused():
            self.app.push_screen(CellForm(self.app.home, self.cell), lambda label: self._kept("" if label else None))

    def _kept(self, warning: str | None) -> None:
        if warning is not None:
            self._changed = True
            self._warning = warning
            self.load()

    def action_take_back(self) -> None:
        """The newest entry that a person made, after a question: it may be one of long ago."""
        made = [entry for entry in self.cell.entries if entry["kind"] in KINDS and not of_program(entry)]
        if self._refused():
            return
        if not made:
            self._say("Nothing was added by hand that could be taken back.")
            return
        last = made[-1]
        words = f"{cell_words.day(last)}  {cell_words.words(last)}\n\nIt stays in the log, marked as taken back, and counts no longer."

        def answered(yes: bool | None) -> None:
            if yes:
                self._take_back(last)

        question = f"Take back the last entry of {self.cell.label}?"
        self.app.push_screen(ConfirmScreen(question, words, yes="take it back", no="no, it is right"), answered)

    @work(thread=True, exit_on_error=False, exclusive=True, group="cell-page")
    def _take_back(self, item: dict) -> None:
        try:
            cell = Inventory(self.app.home).take_back(self.cell.id, [item])
        except (StoreError, CellGone) as error:
            self.post_message(Opened(None, str(error)))
        else:
            self._changed = True
            self.post_message(Opened(cell, f"Taken back: {cell_words.words(item)}"))

    def _say(self, text: str) -> None:
        self.query_one("#cell-page-said", Text).show(text)

    @work(thread=True, exit_on_error=False, exclusive=True, group="cell-page")
    def load(self) -> None:
        """Read the cell anew."""
        try:
            self.post_message(Opened(Inventory(self.app.home).get(self.cell.id)))
        except (StoreError, CellGone) as error:
            self.post_message(Opened(None, str(error)))

    @on(Opened)
    def _opened(self, event: Opened) -> None:
        said = event.problem
        if event.cell is not None:
            new = [item for item in event.cell.log if item not in self.cell.log]
            if not said and new:
                said = f"Kept: {cell_words.day(new[-1])}  {cell_words.words(new[-1])}"
            self.cell = event.cell
            self._show()
        warning, self._warning = self._warning, ""
        self._say(" ".join(part for part in (said, warning) if part))

    def action_close(self) -> None:
        self.dismiss(self._changed)


def of_program(entry: Mapping[str, Any]) -> bool:
    """What a session said of the cell's state: that is answered with a state and a reason, not unsaid."""
    return entry["kind"] == "state" and bool(entry.get("session"))


def _timed(days: list[tuple[float, float]]) -> tuple[list[tuple[float, float]], str]:
    """The curve over a unit of time that suits its length; nothing while all of it is of one time."""
    span_d = days[-1][0] if days else 0.0
    if span_d <= 0:
        return [], "d"
    unit, per_day = ("d", 1.0) if span_d >= 2 else ("h", 24.0) if span_d >= 2 / 24 else ("min", 1440.0)
    return [(day * per_day, volts) for day, volts in days], unit
