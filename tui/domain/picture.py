"""Text pictures of the hook-up: cells in parallel with the leads across the diagonal, and a string in series under its BMS."""

from __future__ import annotations

from tui.domain.plan import Plan


def drawn(name: str, plan: Plan) -> str:
    """The picture "diagonal", "series" or "one" for this plan's cells; "" for ""."""
    if name == "series":
        return series(len(plan.cells))
    return diagonal(1 if name == "one" else len(plan.cells)) if name else ""


def diagonal(cells: int) -> str:
    """The row of `cells` in parallel with the supply's leads at opposite ends; fixed width, 3 columns a cell."""
    between = range(cells)
    width = 3 * (cells - 1)
    rows = (
        "red lead, + of the supply",
        "│ fuse",
        "══".join("+" for _ in between) + "   all + posts",
        "".join(f"{number + 1:<3}" for number in between).rstrip() + ("   " if cells < 10 else "  ") + "cells",
        "══".join("−" for _ in between) + "   all − posts",
        " " * width + "│",
        "black lead, − of the supply".rjust(width + 1),
    )
    return "\n".join(f"  {row}" for row in rows)


def series(cells: int) -> str:
    """A string under its BMS, fixed width: its ends and what lies between, because sixteen cells in a row fit no screen."""
    shown = [str(number) for number in range(1, cells + 1)] if cells <= 4 else ["1", "2", "…", str(cells)]
    row = "──".join("…" if number == "…" else f"[+ {number} −]" for number in shown)
    rows = (
        "red lead, + of the supply",
        "│ fuse",
        f"└──{row}──B−[BMS]P−── black lead, −",
        "   a sense wire goes from every cell to the BMS",
    )
    return "\n".join(f"  {line}" for line in rows)
