"""The inventory as a CSV or TSV list that reads back without loss: every property, what other lists brought along, and the log.

What a spreadsheet would take for a formula is kept from being one (see `cell_formula`).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from tui.domain.cell_code import tidy
from tui.records.cell import Cell
from tui.records.cell_columns import CODE_RAW, EXTRA, LOG, RECORD, STATE
from tui.records.cell_formula import protected

_PROPERTIES = tuple(item.name for item in fields(Cell) if item.name not in ("id", CODE_RAW, "extra", LOG))
COLUMNS = (*_PROPERTIES, STATE)
"""The columns of every list, in this order. Those that other lists brought along follow, and at the end what only this program reads."""

_LAST = (CODE_RAW, RECORD, LOG)


def cells_to_csv(cells: Iterable[Cell], *, delimiter: str = ",") -> str:
    """One line a cell; unknown values are empty. `delimiter` is "," or a tab."""
    cells = list(cells)
    extras = list(dict.fromkeys(name for cell in cells for name in cell.extra))
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow([*COLUMNS, *(header_of(name) for name in extras), *_LAST])
    for cell in cells:
        writer.writerow([_written(value) for value in _values(cell, extras)])
    return out.getvalue()


def header_of(extra: str) -> str:
    """The name of the column for an extra property: its own, unless that means something else here."""
    taken = extra in COLUMNS or extra in _LAST or extra.startswith(EXTRA)
    return f"{EXTRA}{extra}" if taken else protected(extra)


def _values(cell: Cell, extras: Sequence[str]) -> list[Any]:
    odd = cell.code_raw != cell.code and tidy(cell.code_raw) == cell.code
    return [
        *(getattr(cell, name) for name in COLUMNS),
        *(cell.extra.get(name, "") for name in extras),
        json.dumps(cell.code_raw) if odd else "",
        cell.id,
        json.dumps(list(cell.log), ensure_ascii=False, separators=(",", ":")),
    ]


def _written(value: Any) -> Any:
    if value is None:
        return ""
    return protected(value) if isinstance(value, str) else value
