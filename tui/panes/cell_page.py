"""One cell opened: what stays of it, its volts at rest over its life, its tests, sessions and places; its log is added to here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen

from tui.panes.log_form import LogForm
from tui.records import cell_history, cell_words
from tui.records.cell import Cell
from tui.records.inventory import CellGone, Inventory
from tui.records.store import StoreError
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
}
"""One key for each kind of entry."""
_SHOWN = "v volts  r rest  o mΩ  c capacity  k thickness  l look  m move  n note  p photo"


@dataclass
class Opened(Message):
    """The cell as it is now, or why it cannot be read."""

    cell: Cell | None
    problem: str = ""


class CellPage(ModalScreen[bool]):
    """A whole cell; scrolls with the arrow keys. Returns whether anything was added."""

    DEFAULT_CSS = """
    CellPage { background: $background; align: left top; }
    CellPage > Vertical { width: 100%; height: 100%; }
    CellPage #cell-title { text-style: bold; padding: 0 1; background: $panel; }
    CellPage VerticalScroll { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    CellPage XYPlot { display: none; height: 8; margin: 1 0; }
    CellPage #cell-page-said { color: $text-warning; padding: 0 1; }
    CellPage .cell-page-keys { background: $panel; color: $text-muted; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "close", show=False),
        *(Binding(key, f"add('{kind}')", show=False) for key, kind in KEYS.items()),
    ]
    NAMES_STOP_KEY = True
    app: TopBalanceApp  # type: ignore[assignment]

    def __init__(self, cell: Cell, *, read_only: str = "") -> None:
        super().__init__()
        self.cell, self._read_only = cell, read_only
        self._added = False

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Line(id="cell-title")
            with VerticalScroll():
                yield Text(id="cell-facts")
                yield XYPlot("d", "V", y_digits=3, empty="", id="cell-curve")
                yield Text(id="cell-sections")
            yield Text(id="cell-page-said")
            yield Line(_SHOWN, classes="cell-page-keys")
            yield Line("^x OUTPUT OFF · ↑ ↓ scroll · esc back", classes="cell-page-keys")

    def on_mount(self) -> None:
        self._show()

    def _show(self) -> None:
        cell = self.cell
        (_, facts), *others = cell_words.sections(cell)
        curve = cell_history.curve(cell)
        self.query_one("#cell-title", Line).show(f"Cell {cell.label} · {cell.state}")
        self.query_one("#cell-facts", Text).show("\n".join(facts))
        plot = self.query_one(XYPlot)
        plot.display = len(curve) > 1
        plot.show(curve)
        parts: list[Content | str | tuple[str, str]] = []
        for title, lines in others:
            parts += [("\n" if parts else ""), (f"{title}\n", "bold $accent"), *(f"  {line}\n" for line in lines)]
        self.query_one("#cell-sections", Text).show(Content.assemble(*parts))

    def action_add(self, kind: str) -> None:
        if self._read_only:
            self._say(f"The inventory is open for reading only. {self._read_only}")
        else:
            self.app.push_screen(LogForm(self.app.home, self.cell, kind), self._kept)

    def _kept(self, warning: str | None) -> None:
        if warning is not None:
            self._added = True
            self._say(warning)
            self.load()

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
        if event.cell is None:
            self._say(event.problem)
        else:
            self.cell = event.cell
            self._show()

    def action_close(self) -> None:
        self.dismiss(self._added)
