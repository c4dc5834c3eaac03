"""A cell list on its way in: what each column is, then what becomes of each row, and only then the question whether to keep it.

All of it is read and judged beside the loop. Names and values come from outside and are shown as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.panes.modal import Modal
from tui.panes.undo import Act
from tui.records.cell_columns import TARGETS, Column, columns_of, problem_of, squeezed
from tui.records.cell_import import EXISTING, Existing, ImportPlan, RowPlan, apply_import, plan_import
from tui.records.cell_table import CellTable, CsvError, read_table
from tui.records.column_maps import ColumnMaps
from tui.records.inventory import Inventory
from tui.records.places import Home
from tui.records.store import StoreError
from tui.widgets.text import cut

SHOWN_ROWS = 500  # those that need a look come first
WIDTH = 73  # beside the scroll bar
_ORDER = ("refuse", "update", "add", "same")
_EXISTING_WORDS: dict[Existing, str] = {"refuse": "refused", "update": "changed", "add": "added anew"}
_DECIMALS = {"": "as the list shows", ".": "point", ",": "comma"}


class TargetChoice(Modal["str | None"]):
    """What a column is. Returns a target of TARGETS, or None after Esc."""

    DEFAULT_CSS = """
    TargetChoice { align: center middle; }
    TargetChoice > Vertical { width: 40; max-width: 100%; height: auto; max-height: 100%; padding: 0 1; background: $surface; }
    TargetChoice > Vertical { border: round $accent; }
    TargetChoice OptionList { height: auto; max-height: 16; border: none; padding: 0; background: $surface; }
    TargetChoice .box-keys { color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", show=False)]

    def __init__(self, column: Column) -> None:
        super().__init__()
        self._column = column

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(cut(f"What is {self._column.name or 'this column'}?", 34))
            yield OptionList(*(Option(Content(words)) for words in TARGETS.values()), compact=True)
            yield Static("↑ ↓ · enter take · esc back", classes="box-keys", markup=False)

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = list(TARGETS).index(self._column.field) if self._column.field in TARGETS else 0
        options.focus()

    @on(OptionList.OptionSelected)
    def _take(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(list(TARGETS)[event.option_index])

    def action_cancel(self) -> None:
        self.dismiss(None)


class ImportScreen(Modal["str | None"]):
    """Returns what was kept in words, or None when nothing was."""

    DEFAULT_CSS = """
    ImportScreen { align: center middle; }
    ImportScreen > Vertical { width: 78; max-width: 100%; height: 22; max-height: 100%; padding: 0 1; background: $surface; }
    ImportScreen > Vertical { border: round $accent; }
    ImportScreen.-w120 > Vertical { height: 36; }
    ImportScreen OptionList { height: 1fr; border: none; padding: 0; background: $surface; scrollbar-size-vertical: 1; }
    ImportScreen #import-said, ImportScreen #import-row { height: auto; }
    ImportScreen #import-problem { height: auto; color: $text-error; }
    ImportScreen .box-keys { color: $text-muted; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", show=False),
        Binding("f5", "rows", show=False),
        Binding("m", "columns", show=False),
        Binding("x", "existing", show=False),
        Binding("c", "decimal", show=False),
        Binding("y", "keep", show=False),
    ]

    @dataclass
    class Read(Message):
        """The list as a thread read it, with what its columns are; or the problem that stopped it."""

        table: CellTable | None = None
        columns: tuple[Column, ...] = ()
        new: bool = False  # some column was never mapped before
        problem: str = ""

    @dataclass
    class Judged(Message):
        """What would become of the rows."""

        plan: ImportPlan | None = None
        problem: str = ""

    @dataclass
    class Kept(Message):
        """The inventory answered."""

        words: str = ""
        problem: str = ""

    def __init__(self, home: Home, path: Path) -> None:
        super().__init__()
        self._home, self._path = home, path
        self._table: CellTable | None = None
        self.columns: tuple[Column, ...] = ()
        self._guessed: tuple[Column, ...] = ()  # by names and by earlier lists
        self._by_hand: dict[int, str] = {}  # number of a column → its target
        self.plan: ImportPlan | None = None
        self.existing: Existing = "refuse"
        self.decimal = ""
        self.stage = "columns"
        self._keeping = False
        self.act: Act | None = None  # once it is kept

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(cut(f"Import {self._path.name}", 60))
            yield Static("reading …", id="import-said", markup=False)
            yield OptionList(compact=True)
            yield Static("", id="import-row", markup=False)
            yield Static("", id="import-problem", markup=False)
            yield Static("", classes="box-keys", markup=False)

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self._read()

    # --- reading and judging, beside the loop ----------------------------------------------------------------------

    @work(thread=True, exit_on_error=False)
    def _read(self) -> None:
        try:
            table = read_table(self._path)
            remembered = ColumnMaps(self._home).all()
            columns = tuple(columns_of(table.header, remembered=remembered))
            new = any(not column.field and squeezed(column.name) not in remembered for column in columns)
            self.post_message(self.Read(table, columns, new))
        except OSError as error:
            self.post_message(self.Read(problem=f"{error.strerror or error}: {self._path}. Nothing was saved."))
        except (StoreError, ValueError) as error:
            self.post_message(self.Read(problem=str(error)))

    @on(Read)
    def _was_read(self, event: Read) -> None:
        self._table, self.columns, self._guessed = event.table, event.columns, event.columns
        if event.table is None:
            self._say("Nothing was imported", event.problem, "esc back")
        elif event.new or problem_of(event.columns)[1]:
            self.action_columns()
        else:
            self.action_rows()

    @work(thread=True, exit_on_error=False, exclusive=True)
    def _judge(self) -> None:
        assert self._table is not None
        try:
            cells = Inventory(self._home).list()
            self.post_message(
                self.Judged(plan_import(self._table, cells, columns=self.columns, existing=self.existing, decimal=self.decimal))
            )
        except CsvError as error:
            self.post_message(self.Judged(problem=f"{error.column}: {error.message}" if error.column else error.message))
        except (StoreError, ValueError) as error:
            self.post_message(self.Judged(problem=str(error)))

    @on(Judged)
    def _was_judged(self, event: Judged) -> None:
        self.plan = event.plan
        if event.plan is None:
            self.action_columns(event.problem)
            return
        self.stage = "rows"
        plan = event.plan
        decimal = _DECIMALS[self.decimal] if self.decimal or not plan.decimal else f"{_DECIMALS[plan.decimal]}, by the list"
        self._fill([_row_line(row) for row in _by_need(plan.rows)])
        keep = f"y keep {plan.to_save}" + (f", leaving out {plan.count('refuse')}" if plan.count("refuse") else "") if plan.to_save else ""
        self._say(
            plan.words,
            "" if plan.to_save else "There is nothing to keep.",
            " · ".join(part for part in (keep, "m columns", "esc cancel") if part)
            + f"\nx cells already there: {_EXISTING_WORDS[self.existing]} · c decimal sign: {decimal}",
        )

    @work(thread=True, exit_on_error=False)
    def _keep(self, plan: ImportPlan) -> None:
        try:
            taken = apply_import(Inventory(self._home), plan)
            self.act = Act(f"the import of {self._path.name}", taken.added, taken.entries)
            ColumnMaps(self._home).remember(self.columns)
        except (StoreError, ValueError) as error:
            self.post_message(self.Kept(problem=str(error)))
        else:
            done = [f"{count} {words}" for count, words in ((plan.count("add"), "added"), (plan.count("update"), "changed")) if count]
            self.post_message(self.Kept(f"{' and '.join(done)} from {self._path.name}. u takes it back."))

    @on(Kept)
    def _was_kept(self, event: Kept) -> None:
        self._keeping = False
        if event.problem:
            self.query_one("#import-problem", Static).update(event.problem)
        else:
            self.dismiss(event.words)

    # --- keys ------------------------------------------------------------------------------------------------------

    def action_columns(self, problem: str = "") -> None:
        """What each column is, with its first values."""
        if self._table is None:
            return
        self.stage = "columns"
        self.query_one("#import-row", Static).update("")
        column, words = problem_of(self.columns)
        words = problem or (f"{column}: {words}" if column else words)
        lines = [_column_line(column, self._table.column(at)) for at, column in enumerate(self.columns)]
        self._fill(lines, self.query_one(OptionList).highlighted or 0)
        self._say("What is in which column? What is kept as it is stays with each cell.", words, "enter change · F5 go on · esc cancel")

    def action_rows(self) -> None:
        if self._table is not None:
            self._judge()

    @on(OptionList.OptionSelected)
    def _change(self, event: OptionList.OptionSelected) -> None:
        if self.stage != "columns":
            return
        at = event.option_index

        def chosen(field: str | None) -> None:
            if field is not None:
                self._map(at, field)

        self.app.push_screen(TargetChoice(self.columns[at]), chosen)

    def _map(self, at: int, field: str) -> None:
        """Give a column its target; another one that had it gives way, and gets back what its name says when the target is free again."""
        shared = field in ("", "notes")
        self._by_hand = {index: given for index, given in self._by_hand.items() if shared or given != field} | {at: field}
        taken = set(self._by_hand.values()) - {"", "notes"}
        columns = [column if column.field not in taken else replace(column, field="", unit="") for column in self._guessed]
        for index, given in self._by_hand.items():
            name = self._guessed[index].name
            (columns[index],) = columns_of([name], {name: given})  # the unit follows from the column's name
        self.columns = tuple(columns)
        self.action_columns()

    def action_existing(self) -> None:
        if self.stage == "rows":
            self.existing = EXISTING[(EXISTING.index(self.existing) + 1) % len(EXISTING)]
            self._judge()

    def action_decimal(self) -> None:
        if self.stage == "rows":
            signs = list(_DECIMALS)
            self.decimal = signs[(signs.index(self.decimal) + 1) % len(signs)]
            self._judge()

    def action_keep(self) -> None:
        if self.stage == "rows" and self.plan is not None and self.plan.to_save and not self._keeping:
            self._keeping = True
            self._keep(self.plan)

    def action_cancel(self) -> None:
        if not self._keeping:
            self.dismiss(None)

    @on(OptionList.OptionHighlighted)
    def _show_whole(self, event: OptionList.OptionHighlighted) -> None:
        """The words of a row that its line has no room for."""
        row = _by_need(self.plan.rows)[event.option_index] if self.stage == "rows" and self.plan else None
        line = _row_line(row) if row else ""
        self.query_one("#import-row", Static).update(line if len(line) > WIDTH else "")

    def _fill(self, lines: Sequence[str], at: int = 0) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(Content(cut(line, WIDTH))) for line in lines])
        options.highlighted = min(at, len(lines) - 1) if lines else None

    def _say(self, words: str, problem: str, keys: str) -> None:
        self.query_one("#import-said", Static).update(words)
        self.query_one("#import-problem", Static).update(problem)
        self.query_one(".box-keys", Static).update(keys)


def _column_line(column: Column, values: Sequence[str]) -> str:
    words = TARGETS.get(column.field, column.field) + (f", {column.unit}" if column.unit else "")
    sample = " · ".join(" ".join(value.split()) for value in values[:3])
    return f"{cut(column.name or '(no name)', 20):<20} {cut(sample, 28):<28} → {words}"


def _row_line(row: RowPlan) -> str:
    where = f"{row.place}: " if row.act == "refuse" else ""
    return f"{row.act:<7} {cut(row.label, 10):<10} {where}{row.words}"


def _by_need(rows: Sequence[RowPlan]) -> list[RowPlan]:
    """The rows that need a look first, then the others; not more than a person can go through."""
    return sorted(rows, key=lambda row: _ORDER.index(row.act))[:SHOWN_ROWS]
