"""The sheet behind the grid: texts of many cells, what they mean, what is wrong with them, and the way back. Pure but for what it reads in."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tui.domain import labels, quantities
from tui.domain.plain_text import plain_text
from tui.records.cell import NUMBERS, Cell, InvalidCell, checked, label_key
from tui.records.cell_log import of_last_charge, read_entry
from tui.records.cell_words import volts_text
from tui.records.inventory import entry

MAX_ROWS = 1000
UNDO_STEPS = 200
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """`new` is the property of a new cell, `kind` and `name` the entry in the log of one that is there already."""

    title: str
    width: int
    quantity: str = ""
    new: str = ""
    kind: str = ""
    name: str = ""


COLUMNS = (
    SheetColumn("label", 14),
    SheetColumn("V", 12, "cell_voltage", "received_voltage_v", "voltage", "voltage_v"),
    SheetColumn("mΩ", 12, "resistance", "resistance_mohm", "resistance", "resistance_mohm"),
    SheetColumn("Ah", 12, "capacity", "capacity_ah", "capacity", "capacity_ah"),
)
LABEL, VOLTS = 0, 1


@dataclass(frozen=True, slots=True)
class Kept:
    """What a sheet without faults comes to: new cells, and entries by the ids of others."""

    cells: list[dict[str, Any]]
    entries: dict[str, list[dict[str, Any]]]


@dataclass(slots=True)
class Sheet:
    """Rows of texts under `COLUMNS`. Every change can be undone."""

    known: Mapping[str, Cell] = field(default_factory=dict)  # the inventory by the keys of labels
    at_rest: bool = False  # volts of cells that are there already were taken at rest
    rows: list[tuple[str, ...]] = field(default_factory=list)
    _before: list[list[tuple[str, ...]]] = field(default_factory=list)
    _measured: dict[Place, str] = field(default_factory=dict)  # what a meter gave for a place; good while it stands there
    _judged: list[tuple[str, ...]] | None = None  # the rows that `_problems` are of; rows are replaced, never changed
    _problems: dict[Place, str] = field(default_factory=dict)

    def text(self, place: Place) -> str:
        row, column = place
        return self.rows[row][column] if row < len(self.rows) else ""

    @property
    def changed(self) -> bool:
        return any(any(row) for row in self.rows)

    # --- changes --------------------------------------------------------------------------------------------------

    def put(self, place: Place, text: str) -> None:
        """One cell of the sheet; a range of labels fills as many rows. Raises ValueError for a range without sense."""
        text = plain_text(text).strip()
        texts = labels.expand(text) if place[1] == LABEL and text else (text,)
        self._put_all({(place[0] + at, place[1]): each for at, each in enumerate(texts)})

    def paste(self, place: Place, text: str) -> None:
        """Lines go down and tabs go right from `place`, as a spreadsheet copies them. Raises ValueError when it does not fit."""
        lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
        values = {
            (place[0] + down, place[1] + right): plain_text(value).strip()
            for down, line in enumerate(lines)
            for right, value in enumerate(line.split("\t"))
        }
        widest = max(column for _, column in values) + 1
        if widest > len(COLUMNS):
            raise ValueError(f"What was pasted needs {widest} columns from here; the sheet has {len(COLUMNS)}. Nothing was pasted.")
        self._put_all(values)

    def measure(self, place: Place, text: str) -> None:
        """Volts as a meter showed them. Raises ValueError behind the last row."""
        self._put_all({place: text})
        self._measured[place] = text

    def undo(self) -> bool:
        """The state before the last change; False when there is none."""
        if not self._before:
            return False
        self.rows = self._before.pop()
        return True

    def _put_all(self, values: Mapping[Place, str]) -> None:
        last = max(row for row, _ in values)
        if last >= MAX_ROWS:
            raise ValueError(f"The sheet has {MAX_ROWS} rows. Save these first, then go on. Nothing was changed.")
        rows = self.rows + [("",) * len(COLUMNS)] * (last + 1 - len(self.rows))
        for (row, column), text in values.items():
            rows[row] = (*rows[row][:column], text, *rows[row][column + 1 :])
        while rows and not any(rows[-1]):
            rows.pop()
        if rows != self.rows:
            self._before = [*self._before[-UNDO_STEPS:], self.rows]
            self.rows = rows

    # --- what it means --------------------------------------------------------------------------------------------

    def cell_of(self, row: int) -> Cell | None:
        """The cell of the inventory that a row names."""
        return self.known.get(label_key(self.text((row, LABEL))))

    def echo(self, place: Place) -> str:
        """What was understood of one cell of the sheet; "" where nothing or nonsense stands."""
        row, column = place
        text, about = self.text(place), COLUMNS[column]
        if column == LABEL:
            return "" if not text else "in the inventory: values go into its log" if self.cell_of(row) else "a new cell"
        if not text or self.problem(place):
            return ""
        value = _value(about, text)
        return volts_text(value) if about.title == "V" else f"{value:g} {about.title}"

    def problem(self, place: Place) -> str:
        """What is wrong with one cell of the sheet; "" when it can be kept."""
        return self.problems.get(place, "")

    @property
    def problems(self) -> dict[Place, str]:
        """Every fault of the sheet, in reading order. Reckoned anew only when the sheet is another."""
        if self._judged is not self.rows:
            self._judged, self._problems = self.rows, dict(self._judge())
        return self._problems

    def _judge(self) -> Iterator[tuple[Place, str]]:
        first: dict[str, int] = {}
        for row, texts in enumerate(self.rows):
            for column, text in enumerate(texts):
                problem = self._label_problem(row, text, first) if column == LABEL else _number_problem(COLUMNS[column], text)
                if problem:
                    yield (row, column), problem

    def _label_problem(self, row: int, text: str, first: dict[str, int]) -> str:
        if not text:
            return "Which cell are these values of? Type its label." if any(self.rows[row]) else ""
        before = first.setdefault(label_key(text), row)
        if before < row:
            return f"{text} stands in row {before + 1} already."
        try:
            checked({"label": text})
        except InvalidCell as error:
            return str(error)
        return ""

    def kept(self, now_unix_s: float | None = None) -> Kept:
        """What is to be saved, all together. Raises ValueError while there are problems."""
        if problems := self.problems:
            raise ValueError(next(iter(problems.values())))
        now_s = time.time() if now_unix_s is None else now_unix_s
        cells: list[dict[str, Any]] = []
        entries: dict[str, list[dict[str, Any]]] = {}
        for row, texts in enumerate(self.rows):
            values = [(column, text) for column, text in zip(COLUMNS[1:], texts[1:], strict=True) if text]
            cell = self.cell_of(row)
            if cell is None and texts[LABEL]:
                cells.append({"label": texts[LABEL], **{column.new: _value(column, text) for column, text in values}})
            elif cell is not None and values:
                entries[cell.id] = [self._entry(cell, column, text, now_s, row) for column, text in values]
        return Kept(cells, entries)

    def _entry(self, cell: Cell, column: SheetColumn, text: str, now_s: float, row: int) -> dict[str, Any]:
        kind = "rest" if column.kind == "voltage" and self.at_rest else column.kind
        values = read_entry(kind, {column.name: text})
        if kind == "rest":
            values = {**of_last_charge(cell, now_s), **values}
        if kind == "capacity":
            values = {**values, "tested": "alone"}
        if column is COLUMNS[VOLTS] and self._measured.get((row, VOLTS)) == text:
            values = {**values, "measured": True}
        return entry(kind, unix_s=now_s, **values)


def known_by_label(cells: Iterable[Cell]) -> dict[str, Cell]:
    return {label_key(cell.label): cell for cell in cells}


def _number_problem(column: SheetColumn, text: str) -> str:
    if not text:
        return ""
    try:
        _value(column, text)
    except ValueError as error:
        return str(error)
    return ""


def _value(column: SheetColumn, text: str) -> float:
    """Raises ValueError."""
    value = quantities.parse(text, column.quantity) * (1e3 if column.quantity == "resistance" else 1.0)
    unit, most = NUMBERS[column.new]
    if not 0 < value <= most:
        raise ValueError(f"{text} cannot be: more than 0 and at most {most:g} {unit}")
    return round(value, 9)
