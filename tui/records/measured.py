"""What the inventory knows of cells, in the form in which they are judged and packs are built. Capacities in Ah, resistances in mΩ, V, hours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tui.domain.judging import LeftOut, MeasuredCell
from tui.domain.packing import PackCell
from tui.domain.self_discharge import RestReading
from tui.records.capacity import pack_of
from tui.records.cell import Cell, State

_BY_STEPS = "DC"  # a step of current gives much more than a tester with AC; lists and testers that say nothing of it mean the latter
_SAME_CHARGE_D = 0.5  # hours are typed in round numbers
NO_PACK: Mapping[State, str] = {
    "suspect": "suspect: put it back to stock first, with a reason",
    "scrapped": "scrapped",
    "balancing": "being balanced now: end its session first",
}


def measured_cells(cells: Iterable[Cell]) -> list[MeasuredCell]:
    """The cells with their newest values. A resistance that was measured in another way than those of most is left out with its reason."""
    found = [(cell, *_resistance(cell)) for cell in cells]
    ways = Counter(_BY_STEPS if method == _BY_STEPS else "AC" for _, resistance_mohm, method in found if resistance_mohm)
    known_ways = {method for _, _, method in found}
    usual_way = ways.most_common(1)[0][0] if ways else ""
    measured = []
    for cell, resistance_mohm, method in found:
        capacity_ah, why_no_capacity = _capacity(cell)
        why_no_resistance = "no measured resistance"
        if resistance_mohm and (method == _BY_STEPS) is not (usual_way == _BY_STEPS):
            how = f"its resistance was measured by {method}" if method else "how its resistance was measured is not known"
            others = f"the others by {usual_way}" if usual_way in known_ways else "and how the others' was is not known"
            resistance_mohm, why_no_resistance = None, f"{how}, {others}"
        measured.append(
            MeasuredCell(
                cell.label,
                cell.model or cell.maker,
                capacity_ah,
                resistance_mohm,
                _rests(cell),
                why_no_capacity,
                why_no_resistance,
            )
        )
    return measured


def pack_cells(cells: Sequence[Cell], *, named: bool = False, rated: bool = False) -> tuple[list[PackCell], list[LeftOut]]:
    """The cells that a pack can be built of, and the others with the reason.

    `named`: a person chose these very cells, so that those which are in a pack already may leave it. `rated`: the capacity on the label counts
    where none was measured.
    """
    by_label = {measured.label: measured for measured in measured_cells(cells)}
    usable, left_out = [], []
    for cell in cells:
        measured = by_label[cell.label]
        capacity_ah = measured.capacity_ah or (cell.capacity_ah if rated else None)
        reason = NO_PACK.get(cell.state, "")
        if not reason and not named and (cell.state == "in pack" or pack_of(cell)):  # one that was balanced in its pack is still there
            reason = "in a pack already"
        if not reason and not capacity_ah:
            reason = measured.why_no_capacity
        if reason or not capacity_ah:
            left_out.append(LeftOut(cell.label, reason))
        else:
            usable.append(PackCell(cell.label, capacity_ah, measured.resistance_mohm, measured.kind))
    return usable, left_out


def _capacity(cell: Cell) -> tuple[float | None, str]:
    """The newest capacity that was measured on this cell alone, or why there is none."""
    tests = [item for item in cell.entries if item["kind"] == "capacity" and _positive(item.get("capacity_ah")) is not None]
    own = [item for item in tests if item.get("tested") != "in a pack"]
    if own:
        return float(own[-1]["capacity_ah"]), ""
    if tests:
        return None, "its capacity was measured in a pack only, together with other cells"
    return None, "no measured capacity" + (f", only {cell.capacity_ah:g} Ah by its label" if cell.capacity_ah else "")


def _resistance(cell: Cell) -> tuple[float | None, str]:
    """The newest resistance and how it was measured ("AC", "DC", "" unknown)."""
    for item in reversed(cell.entries):
        value = _positive(item.get("resistance_mohm")) if item["kind"] == "resistance" else None
        if value is not None:
            return value, str(item.get("method") or "")
    return cell.resistance_mohm or None, ""


def _rests(cell: Cell) -> tuple[RestReading, ...]:
    """The volts at rest whose hours are known, oldest first. Without the name of a session the charge is told by the time it ended."""
    readings = []
    ends_d: list[float] = []  # of the charges without a name so far
    for item in sorted((item for item in cell.entries if item["kind"] == "rest"), key=lambda item: item["unix_s"]):
        volts, hours = _positive(item.get("voltage_v")), _positive(item.get("hours"))
        if volts is not None and hours is not None:
            charge = str(item.get("session") or "")
            if not charge:
                end_d = (item["unix_s"] / 3600 - hours) / 24
                known_d = min(ends_d, key=lambda other_d: abs(other_d - end_d), default=None)
                if known_d is None or abs(known_d - end_d) > _SAME_CHARGE_D:
                    ends_d.append(known_d := end_d)
                charge = f"charge that ended on day {round(known_d)}"
            readings.append(RestReading(charge, hours, volts, _positive(item.get("resolution_v"))))
    return tuple(readings)


def _positive(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None
