"""The plan of one session: bank, supply, leads, target and choices. Pure data; what follows from it is in `calculations`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

EndRule = Literal["near-zero", "fixed", "volts"]


@dataclass(frozen=True, slots=True)
class PlanCell:
    label: str
    capacity_ah: float
    id: str = ""  # inventory id; "" for a cell that is not in the inventory
    maker: str = ""  # these three as the records tell when the session begins; "" unknown
    lot: str = ""  # what came together: supplier, order and day
    charged: bool = False  # balanced at the top before, and not in use since


@dataclass(frozen=True, slots=True)
class PlanSupply:
    """`address` opens it ("riden:/dev/ttyUSB0"); "manual" is a supply without interface, whose rating is typed."""

    address: str
    max_voltage_v: float
    max_current_a: float
    voltage_step_v: float = 0.01
    current_step_a: float = 0.01
    name: str = ""

    @property
    def by_hand(self) -> bool:
        return self.address.split(":")[0] == "manual"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything chosen in Setup. Currents in A, volts per cell, capacities in Ah, resistance of both leads with contacts in Ω."""

    bank: str
    cells: tuple[PlanCell, ...]
    supply: PlanSupply
    target_v: float = 3.65
    arrangement: str = ""  # how the cells are wired while they are balanced: "8P"; "" means all in parallel
    procedure: str = "parallel"  # a built-in name, a chain ("precharge+parallel"), or "own:NAME"
    pack: str = ""  # wiring of the finished battery, for the series pre-charge: "8S", "2P8S"; "" means all in series
    end_rule: EndRule = "near-zero"
    end_current_a: float = 0.10
    derating: float = 1.0
    c_rate: float = 0.2  # of the bank, 1/h
    meter: str = ""  # address of a meter; "" (or "typed") typed readings only
    bms: str = ""  # address of the BMS of a string; "" what it shows is typed
    lead_resistance_ohm: float | None = None
    lead_limit_a: float | None = None
    soc_low: float | None = None  # 0..1, as estimated by the operator
    soc_high: float | None = None
    rest_s: float = 3600.0
    spread_limit_v: float = 0.15
    stages_v: tuple[float, ...] = ()  # step-and-pause: the targets in their order; () means target − 0.2, − 0.1, target
    pause_s: float = 900.0  # output off between two stages
    soak_s: float = 0.0  # all in parallel before a pre-charge; 0 means not at all
    assembled: bool = False  # one cell at a time: the cells stay in their battery
    model: str = ""  # id in the catalogue of cells; "" a cell that is not in it
    cell_limit_a: float | None = None  # largest charging current of one cell, by its data sheet
    service_v: float | None = None  # highest volts of a cell that BMS and charger will allow in use
    limits: tuple[tuple[str, float], ...] = ()  # limits of the guard that an own procedure made tighter
    attention: tuple[tuple[str, float], ...] = ()  # a person's own times between two signs of presence, s (`Limits.attended`)

    def __post_init__(self) -> None:
        if self.meter.partition("?")[0] == "typed":  # the operator reads a meter and types: no meter on a line
            object.__setattr__(self, "meter", "")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Plan:
        """The inverse of `to_json`; raises TypeError or KeyError on an object that is not a plan."""
        values = dict(document)
        values["cells"] = tuple(PlanCell(**cell) for cell in values["cells"])
        values["supply"] = PlanSupply(**values["supply"])
        values["stages_v"] = tuple(values.get("stages_v", ()))
        for pairs in ("limits", "attention"):
            values[pairs] = tuple((str(name), float(value)) for name, value in values.get(pairs, ()))
        return cls(**values)
