"""Text pictures of the hook-up: cells in parallel with the leads across the diagonal, and a string in series under its BMS."""

from __future__ import annotations

from tui.domain import calculations
from tui.domain.plan import Plan

MOST_DRAWN = 8
"""Cells of a row that are drawn one by one; more would be cut off by the checklist's 38 columns."""


def drawn(name: str, plan: Plan) -> str:
    """The picture "diagonal", "series" or "one" for this plan's cells; "" for ""."""
    if name == "series":
        return series(calculations.wiring(plan).series)
    return diagonal(1 if name == "one" else len(plan.cells)) if name else ""


def diagonal(cells: int) -> str:
    """The row of `cells` in parallel with the supply's leads at opposite ends; at most 38 columns, 3 a cell."""
    numbers = [str(number) for number in range(1, cells + 1)]
    if cells > MOST_DRAWN:
        numbers = [*numbers[:3], "…", *numbers[-2:]]
    width = 3 * (len(numbers) - 1)
    rows = (
        "red lead, + of the supply",
        "│ fuse",
        "══".join("…" if number == "…" else "+" for number in numbers) + "   all + posts",
        "".join(f"{number:<3}" for number in numbers).ljust(width + 4) + "cells",
        "══".join("…" if number == "…" else "−" for number in numbers) + "   all − posts",
        " " * width + "│",
        "black lead, − of the supply".rjust(width + 1),
    )
    return "\n".join(f"  {row}" for row in rows)


def series(groups: int) -> str:
    """A string under its BMS, at most 38 columns: its ends and what lies between. `groups` of cells lie in series."""
    shown = [str(number) for number in range(1, groups + 1)] if groups <= 3 else ["1", "2", "…", str(groups)]
    row = f"└──{'──'.join('…' if number == '…' else f'[+ {number} −]' for number in shown)}──"
    back = "black lead, − ──P−[BMS]B−──"
    width = max(len(row), len(back))
    rows = (
        "red lead, + of the supply",
        "│ fuse",
        f"{row:─<{width}}┐",
        f"{back:─<{width}}┘",
        "sense wires: each cell to the BMS",
    )
    return "\n".join(f"  {line}" for line in rows)
