"""The grid: label, volts, resistance and capacity of many cells typed fast, kept all together or not at all.

Enter goes down, Tab goes right, a column copied from a spreadsheet is pasted where the cursor stands, F9 takes the volts from a meter, ctrl+z
takes the last change back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from tui.bench.messages import Captured
from tui.panes.capture import Wanted
from tui.panes.confirm import ConfirmScreen
from tui.panes.entry_sheet import COLUMNS, LABEL, VOLTS, Kept, Place, Sheet, known_by_label
from tui.panes.over_bench import OverBench
from tui.panes.sheet_grid import NUMBER_COLUMNS, Grid
from tui.panes.undo import Act
from tui.records.cell import Cell, InvalidCell
from tui.records.inventory import CellGone, Inventory
from tui.records.store import StoreError
from tui.widgets.key_line import KeyHint
from tui.widgets.line import Line, Text

if TYPE_CHECKING:
    from tui.app import TopBalanceApp


@dataclass
class Loaded(Message):
    """The labels of the inventory, or why it cannot be written."""

    known: dict[str, Cell]
    problem: str


@dataclass
class Saved(Message):
    """What became of the sheet."""

    label: str = ""
    words: str = ""
    problem: str = ""
    act: Act | None = None


class EntryGrid(OverBench["str | None"]):
    """Returns the first label that was kept, or None."""

    DEFAULT_CSS = """
    EntryGrid .grid-bar { padding: 0 1; }
    EntryGrid #grid-head { color: $text-muted; }
    EntryGrid #grid-said { padding: 0 1; min-height: 2; max-height: 6; }
    EntryGrid #grid-said.-wrong { color: $text-error; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f5", "save", show=False),
        Binding("ctrl+z", "undo", show=False),
        Binding("f3", "at_rest", show=False),
        Binding("f8", "fault", show=False),
        Binding("escape", "leave", show=False),
    ]
    takes_scans = True
    AUTO_FOCUS = "Grid"
    app: TopBalanceApp  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.sheet = Sheet()
        self.grid = Grid(self.sheet)
        self._saving = False
        self.act: Act | None = None  # once it is saved
        self._asked: Place = (0, VOLTS)  # of the meter
        self._doubted: Place | None = None  # for which the meter's last volts were not likely
        self._said = ""  # of the meter, until the next key

    def compose_body(self) -> Iterator[Widget]:
        head = " " * NUMBER_COLUMNS + " ".join(
            f"{column.title:<{column.width}}" if at == LABEL else f"{column.title:>{column.width}}" for at, column in enumerate(COLUMNS)
        )
        yield Line(id="grid-title", classes="grid-bar")
        yield Line(head, id="grid-head")
        yield self.grid
        yield Text(id="grid-said")
        yield Line("enter down · tab right · A01..A16 makes 16 rows · a column can be pasted", id="grid-keys", classes="grid-bar")

    def own_keys(self) -> list[KeyHint]:
        save, undo = ("^s", "save", "screen.save"), ("^z", "undo", "screen.undo")
        return [save, ("F9", "meter", "app.capture"), undo, ("F3", "rest", "screen.at_rest"), ("esc", "leave", "screen.leave")]

    def on_mount(self) -> None:
        super().on_mount()
        self._tell()
        self._load()

    @work(thread=True, exit_on_error=False, group="grid")
    def _load(self) -> None:
        inventory = Inventory(self.app.home)
        try:
            self.post_message(Loaded(known_by_label(inventory.list()), inventory.problem))
        except StoreError as error:
            self.post_message(Loaded({}, str(error)))

    @on(Loaded)
    def _loaded(self, event: Loaded) -> None:
        self.sheet.known = event.known
        self.grid.refresh()
        self._tell(event.problem)

    @on(Grid.Changed)
    def _changed(self, event: Grid.Changed) -> None:
        if event.by_key:
            self._said = ""
        self._tell(event.problem)

    def _tell(self, problem: str = "") -> None:
        """The count above, and below what is wrong with the cell under the cursor, or what was understood of it."""
        if not self.is_mounted:
            return
        sheet, faults = self.sheet, len(self.sheet.problems)
        rows = sum(any(row) for row in sheet.rows)
        counted = f"{rows} {'row' if rows == 1 else 'rows'}" + (f", {faults} to correct: F8" if faults else "")
        volts = "volts of known cells: AT REST" if sheet.at_rest else "volts of known cells: as they are"
        self.query_one("#grid-title", Line).show(f"Many cells · {counted} · {volts}")
        place = self.grid.place
        problem = problem or ("" if self.grid.typing is not None else sheet.problem(place))
        said = self.query_one("#grid-said", Text)
        said.set_class(bool(problem), "-wrong")
        said.show(f"✕ {problem}" if problem else self._said or (f"= {echo}" if (echo := sheet.echo(place)) else " "))

    # --- volts by the meter ---------------------------------------------------------------------------------------

    def capture_for(self) -> str | Wanted:
        """The volts of the row under the cursor, which the meter tells; the other columns it does not."""
        if self.grid.column > VOLTS:
            title = COLUMNS[self.grid.column].title
            return f"The meter tells volts, not {title}: type what the tester shows. F9 works in the columns label and V."
        self.grid.put()
        row = self.grid.row
        label = self.sheet.text((row, LABEL))
        self._asked = (row, VOLTS)
        return Wanted(f"cell:{label}" if label else "received_voltage_v", label or f"Row {row + 1}", self.app.meter_address())

    def take_captured(self, captured: Captured) -> str:
        """Into the row it was asked for, and one down. A doubtful value is kept only when it comes twice."""
        label = self.sheet.text((self._asked[0], LABEL)) or f"Row {self._asked[0] + 1}"
        if captured.doubt and self._doubted != self._asked:
            self._doubted = self._asked
            return f"{label}: {captured.doubt} F9 once more keeps it."
        self._doubted = None
        self.grid.take(self._asked, captured.text)
        return f"{label} {captured.text} V. F9: the next one."

    def say_here(self, text: str) -> None:
        self._said = text
        self._tell()

    # --- keys -----------------------------------------------------------------------------------------------------

    def action_undo(self) -> None:
        self.grid.undo()

    def action_at_rest(self) -> None:
        self.sheet.at_rest = not self.sheet.at_rest
        self._tell()

    def action_fault(self) -> None:
        """To the next fault after the cursor."""
        places = list(self.sheet.problems)
        if places:
            self.grid.go(*next((place for place in places if place > self.grid.place), places[0]))
            self.grid.tell()

    def action_save(self) -> None:
        self.grid.put()
        if self._saving:
            return
        if self.sheet.problems:
            self.grid.go(*next(iter(self.sheet.problems)))
            self.grid.tell()
            return
        kept = self.sheet.kept()
        if not kept.cells and not kept.entries:
            self._tell("There is nothing to save yet: type a label, or a value beside one.")
            return
        self._saving = True
        self._save(kept)

    @work(thread=True, exit_on_error=False, group="grid")
    def _save(self, kept: Kept) -> None:
        """All of it or nothing, in one act."""
        try:
            added = Inventory(self.app.home).enter(kept.cells, kept.entries)
        except (InvalidCell, CellGone, StoreError, ValueError) as error:
            self.post_message(Saved(problem=f"{error}. Nothing was saved.".replace("..", ".")))
            return
        new = f"{len(added)} new" if added else ""
        logged = f"{len(kept.entries)} with new values" if kept.entries else ""
        first = added[0].label if added else next(cell.label for cell in self.sheet.known.values() if cell.id in kept.entries)
        kept_words = ", ".join(part for part in (new, logged) if part)
        act = Act(f"{kept_words} of the grid", tuple(cell.id for cell in added), kept.entries)
        self.post_message(Saved(first, f"Cells kept: {kept_words}. u takes them back.", act=act))

    @on(Saved)
    def _saved(self, event: Saved) -> None:
        self._saving = False
        if event.problem:
            self._tell(event.problem)
            return
        self.act = event.act
        self.app.say(event.words)
        self.dismiss(event.label)

    def action_leave(self) -> None:
        """Asks when something would be lost."""
        if not self.sheet.changed:
            self.dismiss(None)
            return
        rows = sum(any(row) for row in self.sheet.rows)
        words = f"{rows} {'row was' if rows == 1 else 'rows were'} typed and not saved. ctrl+s saves them."
        self.app.push_screen(
            ConfirmScreen("Leave without saving?", words, yes="leave, forget them"), lambda yes: self.dismiss(None) if yes else None
        )
