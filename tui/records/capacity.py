"""A measured capacity in the record of the cells it was measured on, with a remark where it says little (fault F-55). Capacities in Ah."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tui.records.cell import NUMBERS, Cell, InvalidCell, label_key
from tui.records.cell_history import place_now
from tui.records.inventory import CellGone, Inventory, entry


@dataclass(frozen=True, slots=True)
class Recorded:
    """The cells whose logs now hold the value, and what is to be said of it; "" where it can be believed."""

    cells: tuple[Cell, ...]
    warning: str = ""


def record_capacity(
    inventory: Inventory, names: Iterable[str], capacity_ah: float, *, unix_s: float | None = None, tested: str = "", **about: Any
) -> Recorded:
    """Keep one measured capacity in the log of every cell that is named, by its label or by the pack it stands in.

    Cells tested together, and cells in a pack, must have been balanced: else the emptiest of them ended the test and the fullest the
    charge before it. Such a value is kept all the same, with its remark. `tested` ("alone", "in a pack") is a person's word on that;
    `about` are further fields of the entry (current_a, cutoff_v, temperature_c, tester). Raises InvalidCell for a value or a name that cannot be.
    """
    return record_capacity_of(inventory, _named(inventory.list(), names), capacity_ah, unix_s=unix_s, tested=tested, **about)


def record_capacity_of(
    inventory: Inventory, cells: Sequence[Cell], capacity_ah: float, *, unix_s: float | None = None, tested: str = "", **about: Any
) -> Recorded:
    """The same for these very cells, whatever they are called meanwhile. Raises CellGone when none of them is left, too."""
    unit, most = NUMBERS["capacity_ah"]
    if not math.isfinite(capacity_ah) or not 0 < capacity_ah <= most:
        raise InvalidCell("capacity_ah", f"a measured capacity lies between 0 and {most:g} {unit}, not at {capacity_ah:g} {unit}")
    in_pack = tested == "in a pack" or len(cells) > 1 or (tested != "alone" and any(cell.state == "in pack" for cell in cells))
    unbalanced = [cell.label for cell in cells if not balanced_once(cell)] if in_pack else []
    about = {**about, "capacity_ah": capacity_ah, "tested": "in a pack" if in_pack else "alone", "unbalanced": bool(unbalanced)}
    kept, _ = inventory.log_many({cell.id: [entry("capacity", unix_s=unix_s, **about)] for cell in cells})
    if not kept:
        raise CellGone("the cell was deleted from the inventory meanwhile; nothing was kept")
    if not unbalanced:
        return Recorded(tuple(kept))
    has = "has" if len(unbalanced) == 1 else "have"
    return Recorded(
        tuple(kept),
        f"{', '.join(unbalanced)} {has} no balance on record. Unbalanced, the test ends when the emptiest cell is empty, and the charge before "
        f"it ended when the fullest was full: {capacity_ah:g} Ah is what the pack gives, each cell may hold more. It is kept with this remark. "
        "Balance the cells, then test again.",
    )


def balanced_once(cell: Cell) -> bool:
    """Whether a session has balanced this cell."""
    return any(item["kind"] == "session" and item.get("phase") == "end" and item.get("result") == "balanced" for item in cell.entries)


def _named(cells: list[Cell], names: Iterable[str]) -> list[Cell]:
    chosen: dict[str, Cell] = {}
    for name in names:
        key = label_key(name)
        found = [cell for cell in cells if label_key(cell.label) == key] or [cell for cell in cells if label_key(pack_of(cell)) == key]
        if not found:
            raise InvalidCell("label", f"no cell and no pack is called {name}; `topbalance cells list` shows all cells")
        chosen.update((cell.id, cell) for cell in found)
    if not chosen:
        raise InvalidCell("label", "which cells were tested? Name them, or their pack")
    return list(chosen.values())


def pack_of(cell: Cell) -> str:
    """The pack in which the cell stands now; "" for none."""
    place = place_now(cell)
    return place.pack if place else ""
