"""What stands on the embedded bench: supply, leads, bank, meter and cells, read from a TOML file or made from the short options.

A description is checked wholly before anything is built from it. Unknown tables and keys are refused by name, so that a slip of the pen
never becomes a default.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from drivers.simulated.description_table import DescriptionError as DescriptionError
from drivers.simulated.description_table import Table
from drivers.simulated.families import EMULATED, SUPPLY_MODELS, rating

Hookup = Literal["diagonal", "same-end"]
MeterPoint = Literal["bank", "supply", "cells", "cell", "walk"]

MANUAL_RATING = (30.0, 10.0)  # V and A of the common bench supply without an interface
REFERENCE_R0_MOHM_AH = 0.65 * 280.0  # cell model section 3: 0.65 mΩ for 280 Ah, and less for a larger cell


@dataclass(frozen=True, slots=True)
class SupplyDescription:
    """`model` of any family that can be emulated, or "manual". Voltage and current, V and A, cap the model's rating; None leaves it."""

    model: str = "RD6012"
    voltage_v: float | None = None
    current_a: float | None = None
    set_point_error_v: float = 0.0

    @property
    def max_voltage_v(self) -> float:
        return self._capped(self.voltage_v, self.rating[0])

    @property
    def max_current_a(self) -> float:
        return self._capped(self.current_a, self.rating[1])

    def _capped(self, cap: float | None, rating: float) -> float:
        """A known model's rating can only be lowered; a supply without interface may have any."""
        if cap is None:
            return rating
        return min(cap, rating) if self.has_interface else cap

    @property
    def has_interface(self) -> bool:
        return self.model != "manual"

    @property
    def rating(self) -> tuple[float, float]:
        """V and A of the model, before the caps."""
        return rating(self.model) if self.has_interface else MANUAL_RATING

    @property
    def family(self) -> str:
        return SUPPLY_MODELS.get(self.model, "manual")


@dataclass(frozen=True, slots=True)
class LeadsDescription:
    resistance_mohm: float = 20.0  # both wires with all contacts


@dataclass(frozen=True, slots=True)
class BankDescription:
    """`arrangement` is what the hands make of all cells: "8P" in parallel ("1P" for one), "8S" a string, "2P8S" a string of groups of
    two in parallel (in the cells' order), "apart" for cells that stand alone unless the hands are told which to join.
    """

    arrangement: str
    hookup: Hookup = "diagonal"
    link_mohm: float = 0.1  # one busbar between neighbours
    contact_mohm: float = 0.05  # one bolted joint at one post
    ambient_c: float = 25.0

    @property
    def in_series(self) -> bool:
        return "S" in self.arrangement

    @property
    def cells_per_group(self) -> int:
        """How many cells in parallel make one step of the string: 1 unless the arrangement names groups."""
        parallel, _, _ = self.arrangement.partition("P")
        return int(parallel) if self.in_series and parallel.isdigit() else 1


@dataclass(frozen=True, slots=True)
class BmsDescription:
    """The BMS of the string opens its charge path `delay_s` after a cell rose above `over_voltage_v`; not `fitted`: a bare pack."""

    over_voltage_v: float = 3.65
    delay_s: float = 1.0
    fitted: bool = True
    family: str = ""  # of its serial line; "" it has none


@dataclass(frozen=True, slots=True)
class MeterDescription:
    """A reading is true volts × (1 + gain_error) + offset_v, rounded to the resolution."""

    family: str = "text-line"
    point: MeterPoint = "bank"
    gain_error: float = 0.0
    offset_v: float = 0.0
    resolution_v: float = 0.0001


@dataclass(frozen=True, slots=True)
class CellDescription:
    label: str
    capacity_ah: float
    soc: float  # 0..1 at the beginning
    r0_mohm: float
    self_discharge_ma: float = 0.0


@dataclass(frozen=True, slots=True)
class PhysicsDescription:
    """Which voltage table is the truth, and which slow effects are on."""

    table: Literal["A", "B"] = "A"
    slow_lag: bool = False
    hysteresis: bool = True


@dataclass(frozen=True, slots=True)
class BenchDescription:
    supply: SupplyDescription
    leads: LeadsDescription
    bank: BankDescription
    meter: MeterDescription
    cells: tuple[CellDescription, ...]
    physics: PhysicsDescription = field(default_factory=PhysicsDescription)
    bms: BmsDescription | None = None  # None: not described; whoever wires a string all the same does it with a BMS of the default kind

    @property
    def expects_series(self) -> bool:
        """Whether a string is to be expected on this bench, so that its meter must be ready for pack volts."""
        return self.bank.in_series or self.bms is not None


def load(path: str | Path) -> BenchDescription:
    """The bench described by a TOML file. Raises DescriptionError."""
    path = Path(path)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise DescriptionError(f"{path}: the bench description cannot be read: {problem.strerror or problem}.") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise DescriptionError(f"{path}: this is not TOML: {problem}.") from problem
    return parse(document, str(path))


def describe(
    cells: int = 8,
    capacity_ah: float = 280.0,
    soc: tuple[float, float] = (0.97, 0.99),
    supply_current_a: float = 10.0,
    supply_voltage_v: float = 60.0,
    lead_mohm: float = 20.0,
    seed: int = 1,
    model: str = "RD6012",
    arrangement: str = "",
    bms_over_voltage_v: float | None = None,
    meter_point: MeterPoint = "bank",
    meter_family: str = "text-line",
    bms_family: str = "",
) -> BenchDescription:
    """The bench of the short options: states of charge spread evenly over `soc` in an order drawn from `seed`, plausible cells.

    Resistances lie within ±10 % and self-discharges (2 mA) within ±50 %, drawn from the same seed. `arrangement` as in a file, "" for
    all in parallel; a limit for the BMS tells that a string will be wired, whatever the arrangement. Raises DescriptionError.
    """
    if not 1 <= cells <= 64:
        raise DescriptionError(f"short options: cells must be 1 to 64, not {cells}.")
    if not 0 < capacity_ah <= 10_000:
        raise DescriptionError(f"short options: capacity must be above 0 and at most 10000 Ah, not {capacity_ah}.")
    draw = random.Random(seed)
    low, high = min(soc), max(soc)
    spread = [low + (high - low) * (k / (cells - 1) if cells > 1 else 0.5) for k in range(cells)]
    draw.shuffle(spread)
    rows = [
        {
            "label": f"A{k + 1}",
            "capacity_ah": capacity_ah,
            "soc": value,
            "r0_mohm": REFERENCE_R0_MOHM_AH / capacity_ah * draw.uniform(0.9, 1.1),
            "self_discharge_ma": 2.0 * draw.uniform(0.5, 1.5),
        }
        for k, value in enumerate(spread)
    ]
    supply = {"model": model, "voltage_v": supply_voltage_v, "current_a": supply_current_a}
    document: dict[str, Any] = {
        "supply": supply,
        "leads": {"resistance_mohm": lead_mohm},
        "meter": {"point": meter_point, "family": meter_family},
        "cell": rows,
    }
    if arrangement:
        document["bank"] = {"arrangement": arrangement}
    if bms_over_voltage_v is not None:
        document["bms"] = {"over_voltage_v": bms_over_voltage_v, "family": bms_family}
    return parse(document, "short options")


def parse(document: Mapping[str, Any], source: str) -> BenchDescription:
    """A description from a parsed TOML document; `source` names it in errors. Raises DescriptionError."""
    known = ("supply", "leads", "bank", "bms", "meter", "cell", "physics")
    for name in document:
        if name not in known:
            raise DescriptionError(f"{source}: table [{name}] is unknown. Known tables: {', '.join(known)}.")
    rows = document.get("cell", [])
    if not isinstance(rows, list) or not rows:
        raise DescriptionError(f"{source}: no cell is described. Write one [[cell]] table for each cell.")
    cells = tuple(_cell(Table(source, f"[cell] number {k + 1}", row), k) for k, row in enumerate(rows))
    labels = [cell.label for cell in cells]
    for label in labels:
        if labels.count(label) > 1:
            raise DescriptionError(f"{source}: [cell] label: {label!r} is given to two cells. Every cell needs a label of its own.")

    bank_table = Table(source, "[bank]", document.get("bank", {}))
    bank = BankDescription(
        arrangement=_arrangement(bank_table, len(cells)),
        hookup=bank_table.choice("hookup", "diagonal", ("diagonal", "same-end")),
        link_mohm=bank_table.number("link_mohm", 0.1, 0, 1000),
        contact_mohm=bank_table.number("contact_mohm", 0.05, 0, 1000),
        ambient_c=bank_table.number("ambient_c", 25.0, -40, 80),
    )
    bank_table.done()
    bms = _bms(Table(source, "[bms]", document["bms"])) if "bms" in document else None

    supply_table = Table(source, "[supply]", document.get("supply", {}))
    supply = SupplyDescription(
        model=supply_table.choice("model", "RD6012", (*SUPPLY_MODELS, "manual")),
        voltage_v=supply_table.optional_number("voltage_v", 0.5, 1000),
        current_a=supply_table.optional_number("current_a", 0.01, 1000),
        set_point_error_v=supply_table.number("set_point_error_v", 0.0, -1, 1),
    )
    supply_table.done()
    leads_table = Table(source, "[leads]", document.get("leads", {}))
    leads = LeadsDescription(leads_table.lead_mohm("resistance_mohm", 20.0))
    leads_table.done()
    meter_table = Table(source, "[meter]", document.get("meter", {}))
    meter = MeterDescription(
        family=meter_table.choice("family", "text-line", _emulated("meter")),
        point=meter_table.choice("point", "bank", get_args(MeterPoint)),
        gain_error=meter_table.number("gain_error", 0.0, -0.5, 0.5),
        offset_v=meter_table.number("offset_v", 0.0, -1, 1),
        resolution_v=meter_table.number("resolution_v", 0.0001, 1e-6, 1),
    )
    meter_table.done()
    physics_table = Table(source, "[physics]", document.get("physics", {}))
    physics = PhysicsDescription(
        table=physics_table.choice("table", "A", ("A", "B")),
        slow_lag=physics_table.flag("slow_lag", False),
        hysteresis=physics_table.flag("hysteresis", True),
    )
    physics_table.done()
    return BenchDescription(supply, leads, bank, meter, cells, physics, bms)


def _cell(table: Table, index: int) -> CellDescription:
    capacity_ah = table.number("capacity_ah", None, 0.1, 10_000)
    cell = CellDescription(
        label=table.text("label", f"A{index + 1}"),
        capacity_ah=capacity_ah,
        soc=table.number("soc", None, 0, 1.02),
        r0_mohm=table.number("r0_mohm", REFERENCE_R0_MOHM_AH / capacity_ah, 0.001, 10_000),
        self_discharge_ma=table.number("self_discharge_ma", 0.0, 0, 100_000),
    )
    table.done()
    return cell


def _emulated(kind: str) -> tuple[str, ...]:
    return tuple(name for name, row in EMULATED.items() if row.kind == kind)


def _bms(table: Table) -> BmsDescription:
    bms = BmsDescription(
        over_voltage_v=table.number("over_voltage_v", 3.65, 2.5, 5.0),
        delay_s=table.number("delay_s", 1.0, 0, 3600),
        fitted=table.flag("fitted", True),
        family=table.choice("family", "", ("", *_emulated("bms"))),
    )
    table.done()
    return bms


def _arrangement(table: Table, cells: int) -> str:
    text = table.text("arrangement", f"{cells}P")
    if text in (f"{cells}P", "apart"):
        return text
    found = re.fullmatch(r"(?:([1-9]\d*)P)?([1-9]\d*)S", text)
    if found is None or int(found[1] or 1) * int(found[2]) != cells:
        what = f'"{cells}P" (all {cells} described cells in parallel), "{cells}S" (all in series), groups as in "2P8S", or "apart"'
        raise table.error("arrangement", f"must be {what}, for {cells} cells altogether, not {text!r}.")
    return text
