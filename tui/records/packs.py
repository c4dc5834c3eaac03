"""A pack that is built: every cell's log is told where it went, so that its places are known through the years."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tui.domain.gate_words import listed
from tui.domain.judge_words import left_out_words
from tui.domain.judging import LeftOut, doubted
from tui.domain.pack_map import spread_lines
from tui.domain.packing import Pack, build
from tui.domain.plain_text import plain_text
from tui.records.capacity import pack_of
from tui.records.cell import Cell, InvalidCell, grown, label_key
from tui.records.inventory import CellGone, Inventory, entry
from tui.records.measured import NO_PACK, measured_cells, pack_cells

NAME_LETTERS = 40


class PackRefused(ValueError):
    """No such pack can be built of these cells; the message tells what is missing and which cells were left out."""


@dataclass(frozen=True, slots=True)
class PlannedPack:
    """A pack that can be built, the cells that cannot be in it, and which of its own cells are better left out (in words, "" none)."""

    pack: Pack
    left_out: tuple[LeftOut, ...]
    doubts: str
    seen: Mapping[str, tuple[str, str]]  # the id of each cell by its label, and the pack in which it stood

    @property
    def words(self) -> tuple[str, ...]:
        """All that is to be said below the map."""
        return (*spread_lines(self.pack), *((self.doubts,) if self.doubts else ()), *left_out_words(self.left_out))


def plan_pack(cells: Sequence[Cell], arrangement: str, *, named: bool = False, rated: bool = False) -> PlannedPack:
    """Build a pack such as "8S2P" of these cells; `named` and `rated` as in `pack_cells`. Writes nothing. Raises PackRefused."""
    usable, left_out = pack_cells(cells, named=named, rated=rated)
    try:
        pack = build(usable, arrangement)
    except ValueError as problem:
        raise PackRefused(" ".join((f"{problem}.", *left_out_words(left_out)))) from problem
    labels = [cell.label for group in pack.groups for cell in group.cells]
    return PlannedPack(pack, tuple(left_out), doubted(measured_cells(cells), labels), {cell.label: _seen(cell) for cell in cells})


def _seen(cell: Cell) -> tuple[str, str]:
    return cell.id, pack_of(cell)


def save_pack(inventory: Inventory, built: PlannedPack | Pack, name: str, *, unix_s: float | None = None) -> list[Cell]:
    """Write into each cell's log that it moved into the pack `name`: its place in the string and in its group, and how it is turned.

    All cells are looked at, and all of them written, as one act. Of a PlannedPack none may have been moved or renamed since it was planned.
    Raises CellGone for a cell that was deleted meanwhile, InvalidCell for one that must not go into a pack, for a name that cannot be, and
    for one under which other cells stand in a pack. Raises StoreError when the file cannot be used.
    """
    name = plain_text(" ".join(name.split()))
    if not name or len(name) > NAME_LETTERS:
        raise InvalidCell("pack", f"a pack needs a name of at most {NAME_LETTERS} letters")
    now_s = time.time() if unix_s is None else unix_s
    pack, seen = (built.pack, built.seen) if isinstance(built, PlannedPack) else (built, {})
    return inventory.put_many(lambda cells: _moved(cells, pack, seen, name, now_s))


def _moved(cells: Sequence[Cell], pack: Pack, seen: Mapping[str, tuple[str, str]], name: str, unix_s: float) -> list[Cell]:
    """The cells of the pack with their new place, as the inventory is now. Raises CellGone, InvalidCell."""
    by_label = {label_key(cell.label): cell for cell in cells}
    moved: dict[str, Cell] = {}
    for group in pack.groups:
        for parallel, placed in enumerate(group.cells, 1):
            cell = by_label.get(label_key(placed.label))
            if cell is None:
                raise CellGone(f"{placed.label} is not in the inventory any more; build the pack again without it. Nothing was saved")
            if cell.state in NO_PACK:
                raise InvalidCell("state", f"{cell.label} is {NO_PACK[cell.state]}. Nothing was saved")
            if seen.get(placed.label, _seen(cell)) != _seen(cell):
                raise InvalidCell("pack", f"{cell.label} was moved or renamed since this pack was built. Nothing was saved; build it again")
            move = entry(
                "move",
                unix_s=unix_s,
                pack=name,
                position=f"S{group.series}P{parallel}",
                series_position=group.series,
                parallel_position=parallel,
                orientation="turned" if group.turned else "straight",
                arrangement=pack.name,
            )
            moved[cell.id] = replace(cell, log=grown(cell.log, [move], time.time()))
    others = [cell.label for cell in cells if label_key(pack_of(cell)) == label_key(name) and cell.id not in moved]
    if others:
        raise InvalidCell(
            "pack", f"in the pack {name} there {'are' if len(others) > 1 else 'is'} {listed(others)} already; give another name"
        )
    return list(moved.values())


def next_pack_name(cells: Iterable[Cell]) -> str:
    """ "pack 1", or the next number that no pack has had."""
    names: Sequence[str] = [str(item.get("pack") or "") for cell in cells for item in cell.entries if item["kind"] == "move"]
    numbers = [int(match[1]) for name in names if (match := re.fullmatch(r"pack (\d{1,6})", name.casefold()))]
    return f"pack {max(numbers, default=0) + 1}"
