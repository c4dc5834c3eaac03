"""A text picture of the hook-up: the + lead at one end of the row, the − lead at the other."""

from __future__ import annotations


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
