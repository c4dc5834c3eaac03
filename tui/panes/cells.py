"""Cells: the inventory as a table that fits a bank of sixteen into 80×24, with a passport beside it where there is room."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from tui.bench.messages import Captured
from tui.panes.capture import Wanted
from tui.panes.cell_form import CellForm
from tui.panes.cell_import import ImportScreen
from tui.panes.cell_page import CellPage
from tui.panes.cell_text import COLUMNS, SORTS, loss, passport, row_of
from tui.panes.confirm import ConfirmScreen, LineScreen, TextScreen
from tui.panes.entry_grid import EntryGrid
from tui.panes.scan import ScanScreen
from tui.panes.undo import Act
from tui.panes.workspace import Workspace
from tui.records.cell import Cell, InvalidCell
from tui.records.cell_csv import cells_to_csv
from tui.records.cell_entry import add_entry
from tui.records.inventory import CellGone, Inventory
from tui.records.places import Home, open_private
from tui.records.store import StoreError
from tui.records.trash import NotInTrash
from tui.widgets.key_line import KeyHint
from tui.widgets.line import Line, Text
from tui.widgets.line_table import LineTable, TableColumn

LOG_BESIDE = 12  # lines of log in the passport beside the table


def warm_up(home: Home) -> None:
    """Read the inventory once, for a thread after the first paint: the first page then needs no reading of thousands of cells."""
    with suppress(StoreError):  # told when the screen is opened
        Inventory(home).list()


@dataclass
class Loaded(Message):
    """The inventory as a thread read it, with the filter and the order that were asked for."""

    cells: list[Cell]
    problem: str
    asked: tuple[str, str]


@dataclass
class Done(Message):
    """Something was done to the inventory (or refused); `title` with `text` wants to be read, `text` alone is a word in passing."""

    text: str
    title: str = ""


@dataclass
class Measured(Message):
    """The volts of a cell were kept; the words stand below the table."""

    text: str


class CellsScreen(Workspace):
    """Reads and writes the inventory from threads only; the table shows what was read last."""

    MODE = "cells"
    AUTO_FOCUS = "#cells-table"
    DEFAULT_CSS = """
    CellsScreen .workspace-body { height: 1fr; }
    CellsScreen #cells-banner { display: none; color: $text-warning; padding: 0 1; }
    CellsScreen #cells-row { height: 1fr; }
    CellsScreen LineTable { width: 80; max-width: 100%; }
    CellsScreen #cells-detail { display: none; width: 1fr; height: 1fr; padding: 0 1; border-left: solid $border; }
    CellsScreen.-w120 #cells-detail { display: block; }
    CellsScreen #cells-foot { height: 1; }
    CellsScreen #cells-count { padding: 0 1; color: $text-muted; }
    CellsScreen #cells-filter { display: none; width: 30; }
    CellsScreen.-filtering #cells-filter { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", show=False),
        Binding("e", "edit", show=False),
        Binding("S", "scan", show=False, priority=True),  # done before the next key is looked at: a scanner may follow at once
        Binding("g", "grid", show=False),
        Binding("d,delete", "delete", show=False),
        Binding("u", "bring_back", show=False),
        Binding("slash", "filter", show=False),
        Binding("s", "sort", show=False),
        Binding("i", "import", show=False),
        Binding("x", "export", show=False),
        Binding("j", "judge", show=False),
        Binding("b", "build", show=False),
        Binding("escape", "leave", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[Cell] = []
        self.problem = ""
        self.sort = SORTS[0]
        self._asked = ("", self.sort)  # filter and order of the cells that are shown
        self._doubted = ""  # label of the cell whose last captured volts were not likely
        self._said = ""  # of the last capture, until something else is done
        self._wanted = ""  # label to put the cursor on after the next reading
        self._acts: list[Act] = []  # what was done here; the last one is taken back first

    def compose_body(self) -> Iterator[Widget]:
        table = LineTable(_columns(self.sort), id="cells-table")
        yield Vertical(
            Text(id="cells-banner"),
            Horizontal(table, VerticalScroll(Text(id="cells-passport"), id="cells-detail", can_focus=False), id="cells-row"),
            Horizontal(
                Input(placeholder="filter: every word must occur", id="cells-filter", compact=True),
                Line(id="cells-count"),
                id="cells-foot",
            ),
            classes="workspace-body",
        )

    def on_mount(self) -> None:
        """What this program read last stands at once; the reading that follows brings what another one has changed."""
        self.cells = self.inventory.remembered()
        if self.cells:
            self._show_list(0)

    def on_screen_resume(self) -> None:
        """Also the first time, and when something that was opened from here is closed."""
        self.load()

    def own_keys(self) -> list[KeyHint]:
        keys = [("/", "filter", "filter"), ("s", "sort", "sort"), ("enter", "open", ""), ("F9", "measure", "")]
        changes = [
            ("S", "scan", "scan"),
            ("g", "grid", "grid"),
            ("a", "add", "add"),
            ("e", "edit", "edit"),
            ("d", "delete", "delete"),
            ("i", "import", "import"),
        ]
        if self._acts:
            changes.insert(0, ("u", self._acts[-1].key_words, "bring_back"))
        hints = [*([] if self.problem else changes), ("j", "judge", "judge"), ("b", "build", "build"), ("x", "export", "export"), *keys]
        return [(key, words, f"screen.{action}" if action else "") for key, words, action in hints]

    @property
    def inventory(self) -> Inventory:
        return Inventory(self.bench_app.home)

    @property
    def table(self) -> LineTable:
        return self.query_one("#cells-table", LineTable)

    @property
    def cell(self) -> Cell | None:
        """The cell under the cursor."""
        at = self.table.cursor
        return self.cells[at] if 0 <= at < len(self.cells) else None

    # --- reading --------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Read the inventory with the filter and the order that are set."""
        self._load(self.query_one("#cells-filter", Input).value, self.sort)

    @work(thread=True, exit_on_error=False, exclusive=True, group="cells-load")
    def _load(self, needle: str, sort: str) -> None:
        inventory = self.inventory
        try:
            cells = inventory.list(needle, sort)
        except StoreError as error:
            self.post_message(Loaded([], str(error), (needle, sort)))
        else:
            self.post_message(Loaded(cells, inventory.problem, (needle, sort)))

    @on(Loaded)
    def _loaded(self, event: Loaded) -> None:
        wanted, self._wanted = self._wanted, ""
        stood_on = self.cell.id if self.cell else ""
        row = self.table.cursor if event.asked == self._asked else 0
        self.cells, self.problem, self._asked = event.cells, event.problem, event.asked
        kept = (index for index, cell in enumerate(self.cells) if (cell.label == wanted if wanted else cell.id == stood_on))
        at = next(kept, row)  # where the cell is, or was
        self.query_one("#cells-banner", Text).show(f"READ ONLY. {self.problem}" if self.problem else "")
        self._show_list(at)
        self.show_snapshot(self.bench_app.snapshot)

    def _show_list(self, cursor: int) -> None:
        cells, now_s = self.cells, time.time()
        self.table.show(len(cells), lambda at: row_of(cells[at], now_s), cursor=cursor)
        count = f"{len(self.cells)} {'cell' if len(self.cells) == 1 else 'cells'}"
        if self.query_one("#cells-filter", Input).value:
            count += " found"
        elif not self.cells and not self.problem:
            count = "No cells yet: S scan codes · g grid of many · a add some · i import a list"
        said, self._said = self._said, ""
        self.query_one("#cells-count", Line).show(
            said or (f"{count} · / filter · s sort · enter open · j judge · b build" if self.cells else count)
        )

    @on(LineTable.Highlighted)
    def _show_passport(self) -> None:
        cell = self.cell
        width = self.query_one("#cells-detail").size.width - 1
        text = f"Cell {cell.label}\n\n{passport(cell, width=width, log_lines=LOG_BESIDE)}" if cell and width > 0 else ""
        self.query_one("#cells-passport", Text).show(text)

    # --- keys -----------------------------------------------------------------------------------------------------

    def _read_only(self) -> bool:
        """Say why nothing can be changed; False when it can."""
        if self.problem:
            self.bench_app.say(f"The inventory is open for reading only. {self.problem}", refused=True)
        return bool(self.problem)

    def action_add(self) -> None:
        if not self._read_only():
            self._open_entry(CellForm(self.bench_app.home))

    def _open_entry(self, screen: CellForm | EntryGrid | ScanScreen) -> None:
        """A screen that adds or changes cells; what it kept can be taken back."""

        def done(label: str | None) -> None:
            if label and screen.act is not None:
                self._acts.append(screen.act)
            self._changed(label)

        self.app.push_screen(screen, done)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A capital S in the filter is a letter."""
        return not (action == "scan" and isinstance(self.focused, Input))

    def action_scan(self) -> None:
        if not self._read_only():
            self._open_entry(ScanScreen())

    def action_grid(self) -> None:
        if not self._read_only():
            self._open_entry(EntryGrid())

    def action_edit(self) -> None:
        if self.cell and not self._read_only():
            self._open_entry(CellForm(self.bench_app.home, self.cell))

    def _changed(self, label: str | None) -> None:
        if label:
            self._wanted = label
            self.load()

    def action_delete(self) -> None:
        """Into the trash at once, because one key brings it back; only a cell that is being balanced is asked about."""
        cell = self.cell
        if cell is None or self._read_only():
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._delete(cell)

        if cell.state == "balancing":
            self.app.push_screen(ConfirmScreen(f"Delete cell {cell.label}?", loss(cell), yes="into the trash"), answered)
        else:
            answered(True)

    @work(thread=True, exit_on_error=False)
    def _delete(self, cell: Cell) -> None:
        try:
            self._acts.append(Act(cell.label, trash_id=self.inventory.delete(cell.id)))
        except (StoreError, CellGone) as error:
            self.post_message(Done(str(error), f"Cell {cell.label} was not deleted"))
        else:
            self.post_message(Done(f"{cell.label} is in the trash; u brings it back."))

    def action_bring_back(self) -> None:
        """Take back what was done last on this screen: a deletion, cells that were added, an edit, an import, values of grid or meter."""
        if not self._acts:
            words = "Nothing was deleted here, nothing added and nothing changed. `topbalance trash list` shows what was deleted earlier."
            self.bench_app.say(words, refused=True)
        elif not self._read_only():
            self._undo(self._acts.pop())

    @work(thread=True, exit_on_error=False)
    def _undo(self, act: Act) -> None:
        try:
            words, label = act.undo(self.bench_app.home)
        except (StoreError, NotInTrash, ValueError) as error:
            self.post_message(Done(str(error), "It stays in the trash" if act.trash_id else f"Not taken back: {act.words}"))
        else:
            self._wanted = label
            self.post_message(Done(words))

    # --- volts by the meter, one key a cell -------------------------------------------------------------------------

    def capture_for(self) -> str | Wanted:
        """The cell under the cursor, whose volts at rest the meter tells."""
        cell = self.cell
        if self.problem:
            return f"The inventory is open for reading only. {self.problem}"
        if cell is None or not self.table.has_focus:
            return "Put the cursor on a cell of the table first."
        return Wanted(f"cell:{cell.label}", cell.label, self.bench_app.meter_address())

    def take_captured(self, captured: Captured) -> str:
        """Into the cell's log, and on to the next row. A doubtful value is kept only when it comes twice."""
        label = captured.field.removeprefix("cell:")
        cell = next((cell for cell in self.cells if cell.label == label), None)
        if cell is None or captured.value is None:
            return "That cell is no longer in the table; nothing was taken."
        if captured.doubt and self._doubted != label:
            self._doubted = label
            return f"{label}: {captured.doubt} F9 once more keeps it."
        self._doubted = ""
        at = self.cells.index(cell)
        following = self.cells[at + 1].label if at + 1 < len(self.cells) else ""
        self._wanted = following or label
        self._keep_volts(cell, captured.text, following)
        return f"{label} {captured.text} V"

    @work(thread=True, exit_on_error=False)
    def _keep_volts(self, cell: Cell, text: str, following: str) -> None:
        try:
            added = add_entry(self.inventory, cell, "rest", {"voltage_v": f"{text} V"}, measured=True)
        except (StoreError, CellGone, InvalidCell) as error:
            self.post_message(Done(str(error), f"The volts of {cell.label} were not kept"))
        else:
            self._acts.append(Act(f"{cell.label} {text} V", entries={cell.id: [dict(added.entry)]}))
            self.post_message(Measured(f"{cell.label} {text} V kept. " + (f"F9: {following}." if following else "That was the last.")))

    @on(Measured)
    def _measured(self, event: Measured) -> None:
        self._said = event.text
        self.load()

    def say_here(self, text: str) -> None:
        """In the line below the table; what it has no room for is told beside it, whole."""
        line = self.query_one("#cells-count", Line)
        line.show(text)
        if len(text) > line.content_size.width:
            self.app.notify(text, markup=False)

    def action_filter(self) -> None:
        self.add_class("-filtering")
        self.query_one("#cells-filter", Input).focus()

    @on(Input.Changed, "#cells-filter")
    def _filter_changed(self) -> None:
        self.load()

    @on(Input.Submitted, "#cells-filter")
    def _filter_taken(self) -> None:
        self.table.focus()

    def action_leave(self) -> None:
        """Esc: away with the filter."""
        self.query_one("#cells-filter", Input).value = ""
        self.remove_class("-filtering")
        self.table.focus()

    def action_sort(self) -> None:
        self.sort = SORTS[(SORTS.index(self.sort) + 1) % len(SORTS)]
        self.table.show_head(_columns(self.sort))
        self.load()

    @on(LineTable.Selected)
    def _open(self) -> None:
        if self.cell:
            self._wanted = self.cell.label
            self.app.push_screen(CellPage(self.cell, read_only=self.problem), lambda added: self.load() if added else None)

    def action_import(self) -> None:
        if not self._read_only():
            words = "A CSV or TSV list with a header of any names. You see what becomes of each row before anything is kept."
            self.app.push_screen(LineScreen("Import cells from which file?", words), self._import_from)

    def _import_from(self, path: str | None) -> None:
        if path:
            screen = ImportScreen(self.bench_app.home, Path(path).expanduser())
            self.app.push_screen(screen, lambda words: self._imported(words, screen.act))

    def _imported(self, words: str | None, act: Act | None) -> None:
        if words:
            if act is not None:
                self._acts.append(act)
            self.post_message(Done(words))

    def action_export(self) -> None:
        words = "All cells with their logs as CSV (.tsv: with tabs), which i reads back without loss."
        self.app.push_screen(LineScreen("Export cells to which file?", words, str(Path.cwd() / "cells.csv")), self._export_to)

    def _export_to(self, path: str | None) -> None:
        if not path:
            return
        target = Path(path).expanduser()

        def answered(yes: bool | None) -> None:
            if yes:
                self._export(target)

        if target.exists():
            self.app.push_screen(
                ConfirmScreen(f"{target.name} exists. Replace it?", f"What stands in {target} is lost.", yes="replace it"), answered
            )
        else:
            answered(True)

    @work(thread=True, exit_on_error=False)
    def _export(self, path: Path) -> None:
        try:
            text = cells_to_csv(self.inventory.list(), delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
            with open(path, "w", encoding="utf-8", newline="", opener=open_private) as file:
                file.write(text)
        except (OSError, StoreError) as error:
            self.post_message(Done(f"{path}: {error}", "Nothing was exported"))
        else:
            self.post_message(Done(f"The cells were written to {path}."))

    def action_judge(self) -> None:
        """Rank the cells that are listed, and tell which lie apart."""
        from tui.panes.judge_view import JudgeScreen

        self.app.push_screen(JudgeScreen(self.cells))

    def action_build(self) -> None:
        """Build a pack of the cells that are listed."""
        from tui.panes.pack_build import PackScreen

        self.app.push_screen(PackScreen(self.cells, read_only=self.problem))

    @on(Done)
    def _done(self, event: Done) -> None:
        if event.title:
            self.app.push_screen(TextScreen(event.title, event.text))
        else:
            self.bench_app.say(event.text)
        self.load()


def _columns(sort: str) -> list[TableColumn]:
    """The headings; the sorted one bears a mark."""
    return [TableColumn(f"{column.title} ▾" if column.sort == sort else column.title, column.width, column.right) for column in COLUMNS]
