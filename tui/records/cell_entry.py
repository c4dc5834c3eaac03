"""Adding one typed entry to a cell's log, with what the program knows beside it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.records import cell_log
from tui.records.capacity import record_capacity_of
from tui.records.cell import Cell
from tui.records.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Added:
    """The cell as it is now, the entry in its log, and what is to be said of the value; "" where it can be believed."""

    cell: Cell
    entry: Mapping[str, Any]
    warning: str = ""


def add_entry(
    inventory: Inventory, cell: Cell, kind: str, answers: Mapping[str, str], *, unix_s: float | None = None, measured: bool = False
) -> Added:
    """Read what was typed for an entry of this kind, or `measured` by the program itself, and keep it. `answers` are texts by the fields' names.

    Raises InvalidCell naming the field, CellGone, StoreError.
    """
    values = {**cell_log.read_entry(kind, answers), **({"measured": True} if measured else {})}
    at_s = time.time() if unix_s is None else unix_s
    if kind == "capacity":
        recorded = record_capacity_of(inventory, [inventory.get(cell.id)], unix_s=at_s, **values)
        return Added(recorded.cells[0], _of(recorded.cells[0], kind, at_s), recorded.warning)
    if kind == "rest" and "hours" not in values:
        values = {**cell_log.of_last_charge(inventory.get(cell.id), at_s), **values}
    warning = ""
    if kind == "photo":
        path = Path(str(values["path"])).expanduser().absolute()
        values["path"] = str(path)
        warning = "" if path.is_file() else f"There is no file {path} on this computer. The path is kept all the same."
    grown = inventory.log(cell.id, kind, unix_s=at_s, **values)
    return Added(grown, _of(grown, kind, at_s), warning)


def _of(cell: Cell, kind: str, unix_s: float) -> Mapping[str, Any]:
    """The entry that was just added: the last of its kind and time."""
    return next(item for item in reversed(cell.log) if (item["kind"], item["unix_s"]) == (kind, unix_s))
