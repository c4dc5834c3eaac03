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
    """A string under its BMS, fixed width: the ends and what lies between, because sixteen cells in a row fit no screen."""
    middle = "" if cells == 2 else "─┤ + 2 − ├─" if cells == 3 else f"─┤ + 2 − ├─ … ─┤ + {cells - 1} − ├─"
    if cells == 1:
        row = "┤ + 1 − ├"
    else:
        row = f"┤ + 1 − ├{middle}┤ + {cells} − ├" if middle else f"┤ + 1 − ├─┤ + {cells} − ├"
    last = len(row)
    rows = (
        "red lead, + of the supply",
        "│ fuse",
        "│" + row[1:] + "── B−",
        "│" + " " * (last + 1) + "BMS",
        "every cell's sense wire to the BMS".ljust(last + 2) + "P− ── black lead",
    )
    return "\n".join(f"  {line}" for line in rows)
