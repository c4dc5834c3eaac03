"""A cell of the inventory in words: one row of the table, and its passport with volts at rest and log. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import wrap

from tui.records import cell_words
from tui.records.cell import Cell
from tui.widgets.text import ago


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table. `sort` is what the inventory sorts by, "" where it cannot."""

    title: str
    width: int
    right: bool = False
    sort: str = ""


# Together 64 columns: with one blank on each side of each, they fill a terminal of 80.
COLUMNS: tuple[Column, ...] = (
    Column("label", 10, sort="label"),
    Column("state", 9, sort="state"),
    Column("model", 12, sort="model"),
    Column("Ah", 5, right=True, sort="known_capacity_ah"),
    Column("mΩ", 5, right=True, sort="known_resistance_mohm"),
    Column("last volts", 14, sort="last_voltage_v"),
    Column("bank", 9),
)
SORTS = tuple(column.sort for column in COLUMNS if column.sort)
DASH = "–"
FACT_INDENT, LINE_INDENT = 12, 12  # where the words of a line begin again


def row_of(cell: Cell, now_s: float) -> tuple[str, ...]:
    """The texts of one row, numbers with fixed decimals so that they stand below each other."""
    return (
        cell.label,
        cell.state,
        cell.model,
        DASH if (ah := cell.known_capacity_ah) is None else f"{ah:.0f}",
        DASH if (mohm := cell.known_resistance_mohm) is None else f"{mohm:.2f}",
        last_volts(cell, now_s),
        place_of(cell),
    )


def last_volts(cell: Cell, now_s: float) -> str:
    """The newest volts and their age: "3.345 V 12 d"; a dash when none is known."""
    for entry in reversed(cell.entries):
        if entry["kind"] in ("voltage", "rest") and entry.get("voltage_v") is not None:
            return f"{entry['voltage_v']:.3f} V {ago(now_s - entry['unix_s']):>5}"
    return DASH if cell.received_voltage_v is None else f"{cell.received_voltage_v:.3f} V   new"


def place_of(cell: Cell) -> str:
    """Where the cell is: its pack and position, or the bank it was last balanced in."""
    for entry in reversed(cell.entries):
        if entry["kind"] == "move":
            return " ".join(str(part) for part in (entry.get("pack"), entry.get("position")) if part)
        if entry["kind"] == "session" and entry.get("phase") == "begin":
            return str(entry.get("bank", ""))
    return ""


def passport(cell: Cell, *, width: int, log_lines: int) -> str:
    """What the cell's page shows, in lines of `width`, with the newest `log_lines` of its log."""
    parts = []
    for title, lines in cell_words.sections(cell):
        shown = lines[:log_lines] if title == "Log" else lines
        more = [f"… {len(lines) - len(shown)} older; enter shows all"] if len(shown) < len(lines) else []
        rows = wrapped([*shown, *more], width, LINE_INDENT) if title else wrapped(lines, width, FACT_INDENT)
        parts.append("\n".join([*([title] if title else []), *rows]))
    return "\n\n".join(parts)


def wrapped(lines: Iterable[str], width: int, indent: int) -> list[str]:
    """Lines that are too long go on below their own words."""
    return [row for line in lines for row in wrap(line, max(indent + 12, width), subsequent_indent=" " * indent) or [""]]


def loss(cell: Cell) -> str:
    """What it means to delete a cell that is being balanced."""
    return (
        f"{cell.label} is being balanced now; its charge goes on, and the session keeps its label and volts. Its record goes into the trash, "
        "and learns what the session found when it is brought back."
    )
