"""What a cell's log tells, sorted by what people ask: its volts at rest, its tests, its sessions, its places. Derived each time, never kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tui.domain.cell_code import read_code
from tui.records.cell import Cell

Entry = Mapping[str, Any]
TESTS = ("capacity", "resistance", "thickness", "visual")


@dataclass(frozen=True, slots=True)
class CellSession:
    """One session of the cell. None and "" are unknown, or not yet."""

    id: str
    bank: str
    begun_unix_s: float | None
    ended_unix_s: float | None = None
    result: str = ""
    before_v: float | None = None
    end_v: float | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the cell was from `unix_s` on; `pack` is "" for stock."""

    unix_s: float
    pack: str
    series_position: int | None = None
    parallel_position: int | None = None
    orientation: str = ""


def of_kind(cell: Cell, *kinds: str) -> list[Entry]:
    """The entries of these kinds by their time, oldest first."""
    return sorted((entry for entry in cell.entries if entry["kind"] in kinds), key=lambda entry: float(entry["unix_s"]))


def rests(cell: Cell) -> list[Entry]:
    """The volts at rest, oldest first."""
    return [entry for entry in of_kind(cell, "rest") if entry.get("voltage_v") is not None]


def sessions(cell: Cell) -> list[CellSession]:
    """The sessions of the cell, oldest first. Entries of one session belong together by its id."""
    found: dict[str, CellSession] = {}
    for at, entry in enumerate(of_kind(cell, "session")):
        key = str(entry.get("session") or f"#{at}")
        before = found.get(key, CellSession(str(entry.get("session") or ""), str(entry.get("bank") or ""), None))
        values = asdict(before)
        if entry.get("phase") == "end":
            volts = {name: entry.get(name) for name in ("before_v", "end_v")}
            values.update(ended_unix_s=entry["unix_s"], result=str(entry.get("result") or ""), **volts)
        else:
            values.update(begun_unix_s=entry["unix_s"], bank=str(entry.get("bank") or ""))
        found[key] = CellSession(**values)
    return list(found.values())


def places(cell: Cell) -> list[Place]:
    """Every pack and place of the cell, oldest first."""
    return [place_of(entry) for entry in of_kind(cell, "move")]


def place_now(cell: Cell) -> Place | None:
    """Where the cell is by the newest word on it. None: it never moved, or a person has put it back to stock or scrapped it since."""
    for item in reversed(cell.entries):
        match item:
            case {"kind": "move"}:
                return place_of(item)
            case {"kind": "state", "state": "received" | "stock" | "scrapped"}:
                return None
    return None


def place_of(entry: Entry) -> Place:
    """The place that one move led to."""
    series, parallel = entry.get("series_position"), entry.get("parallel_position")
    return Place(float(entry["unix_s"]), str(entry.get("pack") or ""), series, parallel, str(entry.get("orientation") or ""))


def photos(cell: Cell) -> list[str]:
    return [str(entry["path"]) for entry in of_kind(cell, "photo") if entry.get("path")]


def told_by_code(cell: Cell) -> dict[str, Any]:
    """What the code on the cell tells; empty without one. `model` is a hint of owners' lists."""
    if not cell.code:
        return {}
    code = read_code(cell.code)
    made = "" if code.made is None else code.made.isoformat()
    known = {
        "maker": code.maker,
        "product": code.product,
        "chemistry": code.chemistry,
        "model_code": code.model_code,
        "model": code.model,
        "made": made,
        "serial": code.serial,
    }
    return {**{name: value for name, value in known.items() if value}, "doubts": list(code.doubts)}


def document(cell: Cell) -> dict[str, Any]:
    """The whole passport for a program: properties, log, and what follows from them."""
    return {
        **asdict(cell),
        "state": cell.state,
        "last_voltage_v": cell.last_voltage_v,
        "by_code": told_by_code(cell),
        "rests": rests(cell),
        "tests": {kind: of_kind(cell, kind) for kind in TESTS},
        "sessions": [asdict(session) for session in sessions(cell)],
        "places": [asdict(place) for place in places(cell)],
        "photos": photos(cell),
    }


def curve(cell: Cell) -> list[tuple[float, float]]:
    """Days since the first volts at rest, and the volts: how the cell holds its charge over its life."""
    found = rests(cell)
    return [((float(entry["unix_s"]) - float(found[0]["unix_s"])) / 86400, float(entry["voltage_v"])) for entry in found]


def tests(cell: Cell) -> Iterator[Entry]:
    """Tests of every kind, newest first."""
    yield from reversed(of_kind(cell, *TESTS))
