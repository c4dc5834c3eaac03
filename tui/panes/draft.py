"""What was typed in Setup, read as a plan: pure, so that every trap of typing is tested without a screen.

`read_draft` never raises. A field that cannot be read has a message and no plan comes out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from tui.domain import quantities
from tui.domain.arrangement import Arrangement, parse_arrangement
from tui.domain.plan import Plan, PlanCell, PlanSupply
from tui.panes.setup_fields import FIELDS, field_of, matters, spec_of

__all__ = ["FIELDS", "Draft", "answers_of", "field_of", "no_inventory", "read_cells", "read_draft", "spec_of"]

MAX_CELLS = 64
SAME_AH = 0.5  # cells of one label whose capacities differ by more are two cells


@dataclass(frozen=True, slots=True)
class Draft:
    """`echoes` what was understood, `messages` what could not be, both by field; `plan` only when all was."""

    echoes: Mapping[str, str] = field(default_factory=dict)
    messages: Mapping[str, str] = field(default_factory=dict)
    plan: Plan | None = None


FindCell = Callable[[str], PlanCell | None]
FindModel = Callable[[str], tuple[str, str] | None]  # what was typed → id in the catalogue, and what it is in words


def no_inventory(_label: str) -> PlanCell | None:
    """The inventory of somebody who has none."""
    return None


def no_catalogue(_text: str) -> tuple[str, str] | None:
    """The catalogue while it is not loaded."""
    return None


class _Reader:
    """Reads field after field; keeps what was understood and what could not be."""

    def __init__(self, answers: Mapping[str, str], hidden: Collection[str] = ()) -> None:
        self._answers, self._hidden = answers, hidden
        self.echoes: dict[str, str] = {}
        self.messages: dict[str, str] = {}

    def text(self, name: str) -> str:
        return self._answers.get(name, "").strip()

    def take(self, name: str, read: Callable[[str], tuple[Any, str]], *, unknown: bool = False) -> Any:
        """What `read` makes of a field, or None with its message; an empty field is unknown where that is allowed."""
        text = self.text(name)
        if unknown and not text:
            self.echoes[name] = "unknown"
            return None
        try:
            value, self.echoes[name] = read(text)
        except ValueError as error:
            if name in self._hidden:
                default = spec_of(name).default
                return read(default)[0] if default or not unknown else None
            self.messages[name] = str(error)
            return None
        return value


def _supply(address: str, rating: quantities.SupplyRating, base: Plan | None) -> PlanSupply:
    assert rating.max_voltage_v is not None
    same = base.supply if base and base.supply.address == address else PlanSupply(address, 0.0, 0.0)
    return replace(same, max_voltage_v=rating.max_voltage_v, max_current_a=rating.max_current_a)


def _quantity(kind: str) -> Callable[[str], tuple[Any, str]]:
    return lambda text: (quantities.parse(text, kind), quantities.echo(text, kind))


def read_draft(
    answers: Mapping[str, str], find_cell: FindCell = no_inventory, base: Plan | None = None, find_model: FindModel = no_catalogue
) -> Draft:
    """Read the fields of Setup (texts by field name) as a plan. Cells named by label come from `find_cell`, models from `find_model`.

    A field that says nothing in the chosen procedure counts with its default where it cannot be read: nobody sees it.

    What Setup has no field for (the supply's steps, the rest, the cells of a demo with their labels) comes from `base` while it still fits.
    """
    procedure = answers.get("procedure", "parallel")
    hidden = {spec.name for spec in FIELDS if not matters(spec, procedure)}
    reader = _Reader(answers, hidden)
    bank = reader.text("bank")
    if not bank:
        reader.messages["bank"] = "A bank needs a name: the history lists it."
    cells = _read_bank(reader, bank, find_cell, base)
    arrangement = reader.take("arrangement", lambda text: _arrangement(text, len(cells or ()))) if cells else reader.text("arrangement")
    capacity_ah = arrangement.capacity_ah([cell.capacity_ah for cell in cells]) if cells and arrangement else None
    target_v = reader.take("target", _quantity("target"))
    address = reader.text("supply")
    if not address:
        reader.messages["supply"] = "Type an address (riden:/dev/ttyUSB0), or manual for a supply without interface."
    rating = reader.take("rating", _rating)
    lead_ohm = reader.take("leads", _quantity("lead"), unknown=True)
    soc = reader.take("soc", _soc, unknown=True)
    c_rate = reader.take("rate", _quantity("c_rate"))
    end_current_a = reader.take("end_current", lambda text: _end_current(text, capacity_ah))
    derating = reader.take("derating", _quantity("fraction"))
    cell_limit_a = reader.take("cell_limit", _quantity("current"), unknown=True)
    service_v = reader.take("service", _quantity("cell_voltage"), unknown=True)
    pack = reader.take("pack", lambda text: _pack(text, len(cells or ()))) if cells else ""
    stages_v = reader.take("stages", _stages)
    pause_s, soak_s = reader.take("pause", _quantity("time")), reader.take("soak", _quantity("time"))
    model, reader.echoes["model"] = _model(reader.text("model"), find_model)
    if reader.messages:
        return Draft(reader.echoes, reader.messages)
    meter, bms = reader.text("meter"), "" if "bms" in hidden else reader.text("bms")
    low, high = soc or (None, None)
    values: dict[str, Any] = {
        "bank": bank,
        "cells": cells,
        "supply": _supply(address, rating, base),
        "target_v": target_v,
        "arrangement": str(arrangement),
        "end_rule": reader.text("end_rule"),
        "end_current_a": end_current_a,
        "derating": derating,
        "c_rate": c_rate,
        "meter": "" if meter.lower() == "none" else meter,
        "bms": "" if bms.lower() == "none" else bms,
        "lead_resistance_ohm": lead_ohm,
        "soc_low": low,
        "soc_high": high,
        "procedure": procedure,
        "pack": pack,
        "stages_v": stages_v,
        "pause_s": pause_s,
        "soak_s": soak_s,
        "assembled": reader.text("assembled") == "yes",
        "model": model,
        "cell_limit_a": cell_limit_a,
        "service_v": service_v,
    }
    return Draft(reader.echoes, {}, replace(base, **values) if base else Plan(**values))


def _soc(text: str) -> tuple[tuple[float, float], str]:
    return quantities.parse_range(text, "soc"), quantities.echo(text, "soc").replace(" % to ", "–")


def _arrangement(text: str, cells: int) -> tuple[Arrangement, str]:
    found = parse_arrangement(text, cells)
    return found, str(found)


def _pack(text: str, cells: int) -> tuple[str, str]:
    """The wiring of the finished battery; "" stays "", which means all in series."""
    if not text:
        return "", f"{cells}S"
    found = parse_arrangement(text, cells)
    return str(found), str(found)


_STAGE = re.compile(r"\d+(?:[.,]\d+)?")


def _stages(text: str) -> tuple[tuple[float, ...], str]:
    """Volts upwards: "3.45, 3.55, 3.65 V", "3,45 3,55", "3400 3500 mV"; "" is (), the usual ones."""
    left = re.sub(r"(?i)\bm?v\b|[\s,;/]", "", _STAGE.sub("", text))
    if left:
        raise ValueError(f"“{text}” are no stages: write volts, such as 3.45 3.55 3.65.")
    volts = tuple(quantities.parse(number, "cell_voltage") for number in _STAGE.findall(text))
    if any(low >= high for low, high in pairwise(volts)):
        raise ValueError("The stages must rise: each is a set-point above the last one.")
    return volts, " → ".join(f"{stage_v:.3f}" for stage_v in volts)


def _model(text: str, find_model: FindModel) -> tuple[str, str]:
    """Id in the catalogue, and what stands beside the field. A model that is not in it is a name only."""
    found = find_model(text) if text else None
    return found or ("", "Not in the catalogue. F6 lists it." if text else "")


def _rating(text: str) -> tuple[quantities.SupplyRating, str]:
    rating = quantities.parse_supply(text)
    if rating.max_voltage_v is None:
        raise ValueError(f"“{text}” lacks the volts of the supply; write both such as 30V/10A")
    return rating, f"{rating.max_voltage_v:g} V {rating.max_current_a:g} A"


def _end_current(text: str, capacity_ah: float | None) -> tuple[float, str]:
    current_a = quantities.parse(text, "current") if capacity_ah is None else quantities.parse_current(text, capacity_ah)
    return current_a, quantities.show(current_a, "current")


def _read_bank(reader: _Reader, bank: str, find_cell: FindCell, base: Plan | None) -> tuple[PlanCell, ...] | None:
    """The cells of the plan: chosen by label, or so many of one capacity. Cells that the inventory knows keep their id."""
    labels = reader.take("cells", lambda text: read_cells(text, bank))
    counted = reader.text("cells").isdigit()
    if counted or labels is None:
        capacity_ah = reader.take("capacity", _quantity("capacity"))
        return _counted(reader, labels, capacity_ah, find_cell, base) if labels and capacity_ah else None
    known = [find_cell(label) for label in labels]
    missing = [label for label, cell in zip(labels, known, strict=True) if cell is None]
    if missing:
        reader.messages["cells"] = f"Not in the inventory: {', '.join(missing)}. Add them in Cells, or type how many cells there are."
        return None
    reader.echoes["capacity"] = "their own"
    return tuple(cell for cell in known if cell)


def _counted(
    reader: _Reader, labels: Sequence[str], capacity_ah: float, find_cell: FindCell, base: Plan | None
) -> tuple[PlanCell, ...] | None:
    """So many cells; those of `base` with their labels and sizes while count and capacity are still theirs."""
    cells = [PlanCell(label, capacity_ah) for label in labels]
    if base and len(base.cells) == len(cells) and base.cells[0].capacity_ah == capacity_ah:
        cells = [replace(cell, id="") for cell in base.cells]
    known = [find_cell(cell.label) for cell in cells]
    pairs = list(zip(cells, known, strict=True))
    other = next((found for cell, found in pairs if found and abs(found.capacity_ah - cell.capacity_ah) > SAME_AH), None)
    if other:
        reader.messages["cells"] = (
            f"The inventory has a cell {other.label} of {other.capacity_ah:g} Ah already. "
            "Give the bank another last letter (Bank B), or name the cells."
        )
        return None
    return tuple(replace(cell, id=found.id if found else "") for cell, found in pairs)


_RANGE = re.compile(r"^(?P<stem>.*?)(?P<first>\d+)\s*(?:\.\.|…|-|–)\s*(?P=stem)(?P<last>\d+)$")


def read_cells(text: str, bank: str = "") -> tuple[tuple[str, ...], str]:
    """Labels of the cells, and an echo. `8` gives A1…A8 (the letter is the bank's last word); `A1..A8` and `A1, A3` name cells.

    Raises ValueError with a message for the field.
    """
    if text.isdigit():
        count = int(text)
        if not 1 <= count <= MAX_CELLS:
            raise ValueError(f"{count} cells cannot be one bank here: 1 to {MAX_CELLS}.")
        words = bank.split()
        stem = words[-1] if words and len(words[-1]) == 1 else "A"
        return tuple(f"{stem}{number}" for number in range(1, count + 1)), f"{count} cells" if count > 1 else "1 cell"
    labels: list[str] = []
    for part in (piece.strip() for piece in re.split(r"[,;]", text)):
        match = _RANGE.match(part)
        if match:
            first, last = int(match["first"]), int(match["last"])
            if not first <= last < first + MAX_CELLS:
                raise ValueError(f"{part} is no range of labels: write it as A1..A8.")
            labels += [f"{match['stem']}{number}" for number in range(first, last + 1)]
        elif part:
            labels.append(part)
    if not labels:
        raise ValueError("Type how many cells there are (8), or the labels of cells in the inventory (A1..A8).")
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is named twice. A cell can be in the bank only once.")
    return tuple(labels), f"{len(labels)} chosen"


def answers_of(plan: Mapping[str, Any]) -> dict[str, str]:
    """The fields of Setup for a plan (its JSON object): what a demo or the last bank prefills."""
    supply, cells = plan["supply"], plan["cells"]
    low, high, lead_ohm = plan.get("soc_low"), plan.get("soc_high"), plan.get("lead_resistance_ohm")
    soc = "" if low is None or high is None else f"{low * 100:g}%" if low == high else f"{low * 100:g}%..{high * 100:g}%"
    from_inventory = bool(cells) and all(cell.get("id") for cell in cells)
    service_v, cell_limit_a = plan.get("service_v"), plan.get("cell_limit_a")
    return {
        "bank": plan["bank"],
        "cells": ", ".join(cell["label"] for cell in cells) if from_inventory else str(len(cells)),
        "capacity": f"{cells[0]['capacity_ah']:g}Ah" if cells else "",
        "arrangement": plan.get("arrangement", ""),
        "target": f"{plan['target_v']:.2f}V",
        "supply": supply["address"],
        "rating": f"{supply['max_voltage_v']:g}V/{supply['max_current_a']:g}A",
        "meter": plan.get("meter") or "none",
        "bms": plan.get("bms") or "none",
        "leads": "" if lead_ohm is None else f"{lead_ohm * 1000:g}mOhm",
        "soc": soc,
        "rate": f"{plan['c_rate']:g}C",
        "end_rule": plan["end_rule"],
        "end_current": f"{plan['end_current_a']:.2f}A",
        "derating": f"{plan['derating'] * 100:g}%",
        "procedure": plan.get("procedure", "parallel"),
        "model": plan.get("model", ""),
        "pack": plan.get("pack", ""),
        "assembled": "yes" if plan.get("assembled") else "no",
        "service": "" if service_v is None else f"{service_v:.3f}V",
        "cell_limit": "" if cell_limit_a is None else f"{cell_limit_a:g}A",
        "stages": " ".join(f"{stage_v:.3f}" for stage_v in plan.get("stages_v", ())),
        "pause": _time_text(plan.get("pause_s", 900.0)),
        "soak": _time_text(plan.get("soak_s", 0.0)),
    }


def _time_text(time_s: float) -> str:
    """Seconds as they would be typed."""
    for seconds, unit in ((3600, "h"), (60, "min")):
        if time_s and time_s % seconds == 0:
            return f"{time_s / seconds:g} {unit}"
    return f"{time_s:g}"
