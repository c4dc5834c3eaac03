"""Adding one typed entry to a cell's log, with what the program knows beside it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tui.records import cell_log
from tui.records.capacity import record_capacity
from tui.records.cell import Cell
from tui.records.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Added:
    """The cell as it is now, and what is to be said of the value; "" where it can be believed."""

    cell: Cell
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
        recorded = record_capacity(inventory, [cell.label], unix_s=at_s, **values)
        return Added(recorded.cells[0], recorded.warning)
    if kind == "rest" and "hours" not in values:
        values = {**cell_log.of_last_charge(inventory.get(cell.id), at_s), **values}
    warning = ""
    if kind == "photo":
        path = Path(str(values["path"])).expanduser().absolute()
        values["path"] = str(path)
        warning = "" if path.is_file() else f"There is no file {path} on this computer. The path is kept all the same."
    return Added(inventory.log(cell.id, kind, unix_s=at_s, **values), warning)
