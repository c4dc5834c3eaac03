"""What stands on the embedded bench: supply, leads, bank, meter and cells, read from a TOML file or made from the short options.

A description is checked wholly before anything is built from it. Unknown tables and keys are refused by name, so that a slip of the pen
never becomes a default.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from drivers.simulated.riden_models import RIDEN_MODELS

Hookup = Literal["diagonal", "same-end"]
MeterPoint = Literal["bank", "supply", "cells"]

MANUAL_RATING = (30.0, 10.0)  # V and A of the common bench supply without an interface
COPPER_MOHM_PER_M = {6: 1.296, 8: 2.061, 10: 3.277, 12: 5.211, 14: 8.286, 16: 13.17}  # one conductor at 20 °C, wire tables
RING_CONTACTS_MOHM = 0.8  # four crimped rings, cell model section 5
REFERENCE_R0_MOHM_AH = 0.65 * 280.0  # cell model section 3: 0.65 mΩ for 280 Ah, and less for a larger cell


class DescriptionError(ValueError):
    """A bench description that cannot be built; the text names file, table and key, and says what is allowed."""


@dataclass(frozen=True, slots=True)
class SupplyDescription:
    """`model` of the Riden family or "manual". Voltage and current, V and A, cap the model's rating; None leaves it."""

    model: str = "RD6012"
    voltage_v: float | None = None
    current_a: float | None = None
    set_point_error_v: float = 0.0

    @property
    def max_voltage_v(self) -> float:
        return self._capped(self.voltage_v, RIDEN_MODELS[self.model].max_voltage_v if self.has_interface else MANUAL_RATING[0])

    @property
    def max_current_a(self) -> float:
        return self._capped(self.current_a, RIDEN_MODELS[self.model].max_current_a if self.has_interface else MANUAL_RATING[1])

    def _capped(self, cap: float | None, rating: float) -> float:
        """A known model's rating can only be lowered; a supply without interface may have any."""
        if cap is None:
            return rating
        return min(cap, rating) if self.has_interface else cap

    @property
    def has_interface(self) -> bool:
        return self.model != "manual"


@dataclass(frozen=True, slots=True)
class LeadsDescription:
    resistance_mohm: float = 20.0  # both wires with all contacts


@dataclass(frozen=True, slots=True)
class BankDescription:
    """`arrangement` is "8P" for eight cells in parallel, "1P" for one, "apart" for cells that are never wired together."""

    arrangement: str
    hookup: Hookup = "diagonal"
    link_mohm: float = 0.1  # one busbar between neighbours
    contact_mohm: float = 0.05  # one bolted joint at one post
    ambient_c: float = 25.0


@dataclass(frozen=True, slots=True)
class MeterDescription:
    """A reading is true volts × (1 + gain_error) + offset_v, rounded to the resolution."""

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
) -> BenchDescription:
    """The bench of the short options: states of charge spread evenly over `soc` in an order drawn from `seed`, plausible cells.

    Resistances lie within ±10 % and self-discharges (2 mA) within ±50 %, drawn from the same seed. Raises DescriptionError.
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
    return parse({"supply": supply, "leads": {"resistance_mohm": lead_mohm}, "cell": rows}, "short options")


def parse(document: Mapping[str, Any], source: str) -> BenchDescription:
    """A description from a parsed TOML document; `source` names it in errors. Raises DescriptionError."""
    known = ("supply", "leads", "bank", "bms", "meter", "cell", "physics")
    for name in document:
        if name not in known:
            raise DescriptionError(f"{source}: table [{name}] is unknown. Known tables: {', '.join(known)}.")
    rows = document.get("cell", [])
    if not isinstance(rows, list) or not rows:
        raise DescriptionError(f"{source}: no cell is described. Write one [[cell]] table for each cell.")
    cells = tuple(_cell(_Table(source, f"[cell] number {k + 1}", row), k) for k, row in enumerate(rows))
    labels = [cell.label for cell in cells]
    for label in labels:
        if labels.count(label) > 1:
            raise DescriptionError(f"{source}: [cell] label: {label!r} is given to two cells. Every cell needs a label of its own.")

    bank_table = _Table(source, "[bank]", document.get("bank", {}))
    bank = BankDescription(
        arrangement=_arrangement(bank_table, len(cells)),
        hookup=bank_table.choice("hookup", "diagonal", ("diagonal", "same-end")),
        link_mohm=bank_table.number("link_mohm", 0.1, 0, 1000),
        contact_mohm=bank_table.number("contact_mohm", 0.05, 0, 1000),
        ambient_c=bank_table.number("ambient_c", 25.0, -40, 80),
    )
    bank_table.done()
    if "bms" in document:
        raise DescriptionError(f"{source}: [bms]: a BMS belongs to cells in series, which cannot be simulated yet. Remove the table.")

    supply_table = _Table(source, "[supply]", document.get("supply", {}))
    supply = SupplyDescription(
        model=supply_table.choice("model", "RD6012", (*RIDEN_MODELS, "manual")),
        voltage_v=supply_table.optional_number("voltage_v", 0.5, 1000),
        current_a=supply_table.optional_number("current_a", 0.01, 1000),
        set_point_error_v=supply_table.number("set_point_error_v", 0.0, -1, 1),
    )
    supply_table.done()
    leads_table = _Table(source, "[leads]", document.get("leads", {}))
    leads = LeadsDescription(leads_table.lead_mohm("resistance_mohm", 20.0))
    leads_table.done()
    meter_table = _Table(source, "[meter]", document.get("meter", {}))
    meter = MeterDescription(
        point=meter_table.choice("point", "bank", ("bank", "supply", "cells")),
        gain_error=meter_table.number("gain_error", 0.0, -0.5, 0.5),
        offset_v=meter_table.number("offset_v", 0.0, -1, 1),
        resolution_v=meter_table.number("resolution_v", 0.0001, 1e-6, 1),
    )
    meter_table.done()
    physics_table = _Table(source, "[physics]", document.get("physics", {}))
    physics = PhysicsDescription(
        table=physics_table.choice("table", "A", ("A", "B")),
        slow_lag=physics_table.flag("slow_lag", False),
        hysteresis=physics_table.flag("hysteresis", True),
    )
    physics_table.done()
    return BenchDescription(supply, leads, bank, meter, cells, physics)


def _cell(table: _Table, index: int) -> CellDescription:
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


def _arrangement(table: _Table, cells: int) -> str:
    text = table.text("arrangement", f"{cells}P")
    if "S" in text.upper():
        raise table.error("arrangement", f'{text!r} puts cells in series, which cannot be simulated yet. Use "{cells}P" or "apart".')
    if text not in (f"{cells}P", "apart"):
        raise table.error("arrangement", f'must be "{cells}P" (all {cells} described cells in parallel) or "apart", not {text!r}.')
    return text


class _Table:
    """One table of the document: hands out checked values and in the end refuses what nobody asked for."""

    def __init__(self, source: str, name: str, content: Any) -> None:
        if not isinstance(content, Mapping):
            raise DescriptionError(f"{source}: {name} must be a table of keys and values.")
        self._source, self._name, self._content = source, name, content
        self._asked: list[str] = []

    def error(self, key: str, what: str) -> DescriptionError:
        return DescriptionError(f"{self._source}: {self._name} {key}: {what}")

    def _value(self, key: str, default: Any) -> Any:
        self._asked.append(key)
        return self._content.get(key, default)

    def number(self, key: str, default: float | None, low: float, high: float) -> float:
        value = self._value(key, default)
        if value is None:
            raise self.error(key, "is missing.")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(key, f"must be a number, not {value!r}.")
        if not low <= value <= high:
            raise self.error(key, f"must lie between {low:g} and {high:g}, not {value}.")
        return float(value)

    def optional_number(self, key: str, low: float, high: float) -> float | None:
        if key not in self._content:
            self._asked.append(key)
            return None
        return self.number(key, None, low, high)

    def lead_mohm(self, key: str, default: float) -> float:
        value = self._content.get(key, default)
        if not isinstance(value, str):
            return self.number(key, default, 0, 10_000)
        self._asked.append(key)
        gauge, _, unit = value.strip().upper().partition(" ")
        if unit.strip() != "AWG" or not gauge.isdigit() or int(gauge) not in COPPER_MOHM_PER_M:
            known = ", ".join(f"{size} AWG" for size in COPPER_MOHM_PER_M)
            raise self.error(key, f"must be a number of milliohms or one of {known} (1 m each way), not {value!r}.")
        return 2 * COPPER_MOHM_PER_M[int(gauge)] + RING_CONTACTS_MOHM

    def text(self, key: str, default: str) -> str:
        value = self._value(key, default)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, f"must be a text, not {value!r}.")
        return value.strip()

    def choice(self, key: str, default: str, allowed: tuple[str, ...]) -> Any:
        value = self._value(key, default)
        if value not in allowed:
            raise self.error(key, f"must be one of {', '.join(allowed)}, not {value!r}.")
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self._value(key, default)
        if not isinstance(value, bool):
            raise self.error(key, f"must be true or false, not {value!r}.")
        return value

    def done(self) -> None:
        for key in self._content:
            if key not in self._asked:
                raise DescriptionError(f"{self._source}: {self._name} {key}: this key is unknown. Known keys: {', '.join(self._asked)}.")
