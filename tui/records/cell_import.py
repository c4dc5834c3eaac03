"""Taking a cell list in: first what would be added, changed and refused, row by row; then, when a person agrees, all of it as one act.

A row belongs to a cell by the cell's own id (in a list that this program wrote), else by its code, else by its label. An empty value changes
nothing. Columns that mean nothing here are kept with the cell under their own names.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from tui.domain.plain_text import plain_text
from tui.records.cell import LETTERS, NUMBERS, Cell, code_key, label_key
from tui.records.cell_columns import Column, columns_of, problem_of
from tui.records.cell_numbers import UNITS, decimal_mark
from tui.records.cell_row import Given, Refused, read_row
from tui.records.cell_table import CellTable, CsvError, Row, place, read_table
from tui.records.cell_words import changes
from tui.records.inventory import Inventory, changes_of, entry

Existing = Literal["refuse", "update", "add"]
"""What becomes of a row whose cell is in the inventory already: refused, taken as its newer values, or added under another label."""
EXISTING: tuple[Existing, ...] = get_args(Existing)
Act = Literal["add", "update", "same", "refuse"]


class ListChanged(ValueError):
    """The inventory is no longer what the dry run saw. Nothing was saved."""


@dataclass(frozen=True, slots=True)
class RowPlan:
    """What becomes of one row. `words` is why it is refused, or what it brings; `column` is where the reason stands."""

    line: int
    label: str
    act: Act
    words: str
    column: str = ""
    cell: Cell | None = field(default=None, repr=False)  # as it will be; None when refused

    @property
    def place(self) -> str:
        return place(self.line, self.column)


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """A dry run over a whole list. `decimal` is the decimal sign by which its numbers were read, "" where none of them tells."""

    table: CellTable
    columns: tuple[Column, ...]
    existing: Existing
    decimal: str
    rows: tuple[RowPlan, ...]

    def count(self, act: Act) -> int:
        return sum(row.act == act for row in self.rows)

    @property
    def words(self) -> str:
        """ "14 to add, 2 to change, 1 refused, 3 unchanged"."""
        acts: tuple[tuple[Act, str], ...] = (("add", "to add"), ("update", "to change"), ("refuse", "refused"), ("same", "unchanged"))
        return ", ".join(f"{self.count(act)} {words}" for act, words in acts if self.count(act)) or "no cells"

    @property
    def to_save(self) -> int:
        return self.count("add") + self.count("update")


def plan_import(
    table: CellTable,
    cells: Iterable[Cell],
    *,
    columns: Sequence[Column] | None = None,
    existing: Existing = "refuse",
    decimal: str = "",
) -> ImportPlan:
    """What taking the list in would do to these cells of an inventory. Raises CsvError when its columns cannot be read at all."""
    columns = tuple(columns if columns is not None else columns_of(table.header))
    column, problem = problem_of(columns)
    if problem:
        raise CsvError(table.header_line, column, problem)
    if not decimal:
        decimal = decimal_mark(text for at, column in enumerate(columns) if column.field in UNITS for text in table.column(at))
    desk = _Desk(cells, existing)
    rows = tuple(_judge(row, columns, decimal, desk) for row in table.rows)
    return ImportPlan(table, columns, existing, decimal, rows)


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What an import kept: the cells as they are now, the ids of those that are new, and what came to the logs of the others."""

    cells: tuple[Cell, ...]
    added: tuple[str, ...]
    entries: Mapping[str, Sequence[Mapping[str, Any]]]


def apply_import(inventory: Inventory, plan: ImportPlan) -> TakenIn:
    """Save what the plan adds and changes, as one act; its refused rows are left out.

    Raises ListChanged when the inventory has changed since in a way that matters to the plan, and StoreError.
    """

    before: dict[str, Cell] = {}

    def fresh(cells: list[Cell]) -> list[Cell]:
        before.update((cell.id, cell) for cell in cells)
        again = plan_import(plan.table, cells, columns=plan.columns, existing=plan.existing, decimal=plan.decimal)
        if [(row.act, row.words) for row in again.rows] != [(row.act, row.words) for row in plan.rows]:
            raise ListChanged("The inventory has changed since this was shown. Nothing was saved; look at it again.")
        return [row.cell for row in again.rows if row.cell is not None and row.act in ("add", "update")]

    put = inventory.put_many(fresh)
    entries = {cell.id: [item for item in cell.log if item not in before[cell.id].log] for cell in put if cell.id in before}
    return TakenIn(tuple(put), tuple(cell.id for cell in put if cell.id not in before), entries)


def import_list(inventory: Inventory, source: Path | str) -> list[Cell]:
    """The whole list or nothing of it, without a look before. Raises CsvError for the first row that is refused."""
    plan = plan_import(read_table(source), inventory.list())
    for row in plan.rows:
        if row.act == "refuse":
            raise CsvError(row.line, row.column, row.words)
    return list(apply_import(inventory, plan).cells)


class _Desk:
    """The cells as they would be after the rows so far."""

    def __init__(self, cells: Iterable[Cell], existing: Existing) -> None:
        self.existing = existing
        self.cells = {cell.id: cell for cell in cells}
        self.labels = {label_key(cell.label): cell.id for cell in self.cells.values()}
        self.codes = {code_key(cell.code): cell.id for cell in self.cells.values() if cell.code}
        self.lines: dict[str, int] = {}  # of the cells that a row of this list is about

    def find(self, given: Given) -> Cell | None:
        """The cell that a row is about. Raises Refused when its code and its label are on two cells."""
        label_id = self.labels.get(label_key(given.label))
        code_id = self.codes.get(code_key(given.values["code"])) if given.values.get("code") else None
        if given.id in self.cells and self.existing != "add":
            return self.cells[given.id]
        if code_id and label_id and code_id != label_id:
            raise Refused(
                given.name_of("code"), f"the code is on cell {self.cells[code_id].label}, and another cell is labelled {given.label}"
            )
        found = code_id or label_id
        return self.cells[found] if found else None

    def put(self, cell: Cell, line: int) -> None:
        before = self.cells.get(cell.id)
        if before:
            self.labels.pop(label_key(before.label), None)
            self.codes.pop(code_key(before.code), None)
        self.cells[cell.id] = cell
        self.labels[label_key(cell.label)] = cell.id
        if cell.code:
            self.codes[code_key(cell.code)] = cell.id
        self.lines[cell.id] = line

    def free_label(self, label: str) -> str:
        numbered = (f"{label[: LETTERS - len(end)]}{end}" for end in (f"-{number}" for number in range(2, 1_000_000)))
        return next(free for free in numbered if label_key(free) not in self.labels)


def _judge(row: Row, columns: Sequence[Column], decimal: str, desk: _Desk) -> RowPlan:
    label = next((row.values[at].strip() for at, column in enumerate(columns) if column.field == "label" and at < len(row.values)), "")
    label = plain_text(" ".join(label.split()))[:LETTERS]
    try:
        given = read_row(row, columns, decimal)
        found = desk.find(given)
        plan = _again(row.line, given, found, desk) if found else RowPlan(row.line, given.label, "add", "", cell=_new(given, desk))
    except Refused as refused:
        return RowPlan(row.line, label, "refuse", refused.words, refused.column)
    assert plan.cell is not None
    desk.put(plan.cell, row.line)
    return replace(plan, words=plan.words or _brings(plan.cell))


def _new(given: Given, desk: _Desk, label: str = "") -> Cell:
    cell_id = given.id if given.id and given.id not in desk.cells else f"c-{secrets.token_hex(5)}"
    values = {**given.values, "label": label or given.label}
    cell = Cell(id=cell_id, code_raw=given.code_raw or values.get("code", ""), extra=given.extra, **values)
    log = [entry("received")] if given.log is None else given.log
    return _with_log(replace(cell, log=tuple(log)), given)


def _again(line: int, given: Given, found: Cell, desk: _Desk) -> RowPlan:
    """A row about a cell that is there already, in the inventory or in an earlier row. Raises Refused."""
    column = given.name_of("label")
    by_code = code_key(found.code) == code_key(given.values.get("code", "")) != ""
    what = f"the code is on cell {found.label}" if by_code else f"a cell labelled {found.label} is"
    if found.id in desk.lines:
        raise Refused(given.name_of("code") if by_code else column, f"{what} in line {desk.lines[found.id]} already")
    if desk.existing == "refuse":
        raise Refused(given.name_of("code") if by_code else column, f"{what} in the inventory already")
    if desk.existing == "add":
        if by_code:
            raise Refused(given.name_of("code"), f"{what} already, and every cell has its own code")
        label = desk.free_label(given.label)
        return RowPlan(line, given.label, "add", f"as {label}, for {given.label} is there already", cell=_new(given, desk, label))
    other = desk.labels.get(label_key(given.label), found.id)
    if other != found.id:
        raise Refused(column, f"another cell is labelled {given.label} already")
    other = desk.codes.get(code_key(given.values["code"]), found.id) if given.values.get("code") else found.id
    if other != found.id:
        raise Refused(given.name_of("code"), f"the code is on cell {desk.cells[other].label} already")
    return _updated(line, given, found)


def _updated(line: int, given: Given, found: Cell) -> RowPlan:
    properties = {**given.values, "extra": {**found.extra, **given.extra}}
    if "code" in properties and properties["code"] != found.code:
        properties["code_raw"] = given.code_raw or properties["code"]
    changed = changes_of(found, properties)
    new = [item for item in given.log or () if item not in found.log]
    log = sorted((*found.log, *new), key=lambda item: item["unix_s"]) if new else list(found.log)
    cell = _with_log(replace(found, **properties, log=tuple(log)), given)
    added = len(cell.log) - len(found.log)
    words = changes(changed)
    if cell.state != found.state:
        words.append(f"state {found.state} → {cell.state}")
    if added:
        words.append(f"{added} more in its log")
    if not words:
        return RowPlan(line, found.label, "same", "nothing new", cell=found)
    if changed:
        cell = replace(cell, log=(*cell.log, entry("edit", changed=changed)))
    return RowPlan(line, found.label, "update", "; ".join(words), cell=cell)


def _with_log(cell: Cell, given: Given) -> Cell:
    """The cell with what the row says of its capacity and its state, where its log does not say so already."""
    new = []
    capacities = [item["capacity_ah"] for item in cell.entries if item["kind"] == "capacity" and "capacity_ah" in item]
    if given.measured_ah is not None and given.measured_ah not in capacities:
        new.append(entry("capacity", capacity_ah=given.measured_ah))
    if _says_more(given) and given.state != cell.state:
        new.append(entry("state", state=given.state, reason="imported"))
    return replace(cell, log=(*cell.log, *new)) if new else cell


def _says_more(given: Given) -> bool:
    """Whether the row's state is a person's word. In an export it follows from the log beside it, which may be older than the cell's own."""
    return bool(given.state) and (given.log is None or Cell("", "", log=tuple(given.log)).state != given.state)


def _brings(cell: Cell) -> str:
    """What a new cell comes with, so that a wrong unit or column is seen before it is saved."""
    numbers = [f"{getattr(cell, name):g} {unit}" for name, (unit, _) in NUMBERS.items() if getattr(cell, name) is not None]
    numbers += [f"measured {item['capacity_ah']:g} Ah" for item in cell.log if item["kind"] == "capacity" and "capacity_ah" in item]
    texts = [cell.code, cell.maker, cell.model, *(f"{name}: {text}" for name, text in cell.extra.items())]
    return ", ".join(" ".join(part.split()) for part in (*numbers, *texts) if part)
