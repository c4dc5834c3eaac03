"""A cell of the inventory in words: one row of the table, and its passport with volts at rest and log. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tui.records.cell import Cell
from tui.records.cell_words import words
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


def rests_of(cell: Cell) -> list[Mapping[str, Any]]:
    """The resting voltages of a cell, oldest first."""
    return [entry for entry in cell.entries if entry["kind"] == "rest" and entry.get("voltage_v") is not None]


def passport(cell: Cell, *, log_lines: int | None = None) -> str:
    """Everything known of a cell as text; the newest `log_lines` of its log (all by default)."""
    facts = [
        ("state", cell.state),
        ("maker", cell.maker),
        ("model", cell.model),
        ("code", cell.code),
        ("capacity", "" if cell.capacity_ah is None else f"{cell.capacity_ah:g} Ah"),
        ("resistance", "" if cell.resistance_mohm is None else f"{cell.resistance_mohm:.2f} mΩ"),
        ("received", " ".join(part for part in (_volts(cell.received_voltage_v), cell.received_date) if part)),
        ("supplier", " ".join(part for part in (cell.supplier, cell.order_no, cell.price) if part)),
        ("place", place_of(cell)),
        *cell.extra.items(),
        ("notes", cell.notes),
    ]
    lines = [f"{name:<10} {value}" for name, value in facts if value]
    rests = rests_of(cell)
    if rests:
        lines += ["", "At rest"]
        lines += [f"  {rest['voltage_v']:.3f} V   {_hours(rest.get('hours')):>8}   {day(rest['unix_s'])}" for rest in rests]
    entries = list(log_of(cell.entries))
    shown = entries if log_lines is None else entries[:log_lines]
    lines += ["", "Log", *shown]
    if len(shown) < len(entries):
        lines.append(f"  … {len(entries) - len(shown)} older; enter shows all")
    return "\n".join(lines)


def log_of(log: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The log in words, newest first."""
    for entry in reversed(log):
        yield f"  {day(entry['unix_s'])}  {words(entry)}"


def loss(cell: Cell) -> str:
    """What it means to delete a cell that is being balanced."""
    return (
        f"{cell.label} is being balanced now; its charge goes on, and the session keeps its label and volts. Its record goes into the trash, "
        "and learns what the session found when it is brought back."
    )


def day(unix_s: float) -> str:
    """A date as 2026-03-21, in local time."""
    return datetime.datetime.fromtimestamp(unix_s).strftime("%Y-%m-%d")


def _volts(volts: float | None) -> str:
    return "" if volts is None else f"{volts:.3f} V"


def _hours(hours: float | None) -> str:
    return "" if hours is None else f"{hours:.1f} h" if hours < 100 else f"{hours / 24:.0f} d"
