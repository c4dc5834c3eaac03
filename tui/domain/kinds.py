"""The kinds of fields: what each takes and how its values are shown. Values in V, A, Ah, Wh, W, Ω, °C, s, 1/h, or a fraction."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """What one kind of field takes. `low` and `high` bound what is accepted, in the unit of the result."""

    what: str  # "a voltage"
    unit: str  # pint's name of the result's unit
    symbol: str
    low: float
    high: float
    example: str
    decimals: int
    bare: float = 1.0  # a bare number is multiplied by this
    scale: float = 1.0  # what is shown is value × scale
    why: str = ""  # said when out of range


_CELL = "a LiFePO4 cell lies between 2.0 and 3.7 V; a minus sign means reversed probes or a reversed cell"
KINDS: dict[str, Kind] = {
    "voltage": Kind("a voltage", "volt", "V", -100.0, 100.0, "3.65 V", 3),
    "cell_voltage": Kind("a cell voltage", "volt", "V", -5.0, 5.0, "3.412 V", 3, why=_CELL),
    "post_voltage": Kind("a voltage", "volt", "V", -100.0, 100.0, "3.412 V, or 26.4 V of a string", 3),
    "target": Kind("a target voltage per cell", "volt", "V", 3.50, 3.65, "3.65 V", 3),
    "current": Kind("a current", "ampere", "A", -100.0, 1000.0, "10 A", 2),
    "c_rate": Kind("a C-rate", "1/hour", "C", 0.0, 5.0, "0.2C", 3),
    "capacity": Kind("a capacity", "ampere_hour", "Ah", 1.0, 1000.0, "280 Ah", 0, why="one cell has 1 to 1000 Ah"),
    "resistance": Kind("a resistance", "ohm", "mΩ", 0.0, 100.0, "20 mOhm", 1, bare=1e-3, scale=1e3),
    "temperature": Kind("a temperature", "degree_Celsius", "°C", -40.0, 100.0, "21 °C", 1),
    "fraction": Kind("a share", "dimensionless", "%", 0.0, 1.0, "97%", 0, scale=100.0, why="it lies between 0 % and 100 %"),
    "time": Kind("a time", "second", "s", 0.0, 366 * 86400.0, "90 s, 10 min or 1 h", 0),
    "speed": Kind("a speed factor", "dimensionless", "×", 1e-3, 1e9, "60", 0, why="it must be above zero"),
    "length": Kind("a length", "meter", "m", 0.0, 100.0, "1.5 m", 2),
    "power": Kind("a power", "watt", "W", 0.0, 1e6, "34 W", 1),
    "energy": Kind("an energy", "watt_hour", "Wh", 0.0, 1e9, "7400 Wh", 0),
    "lead": Kind("leads", "ohm", "mΩ", 0.0, 2.0, "8 AWG, 8 AWG 1.5 m or 20 mOhm", 1, bare=1e-3, scale=1e3),
}
KINDS["soc"] = KINDS["fraction"]


def kind_named(name: str) -> Kind:
    try:
        return KINDS[name]
    except KeyError:
        raise KeyError(f"no field kind “{name}”; there are {', '.join(KINDS)}") from None


def target_problem(target_v: float) -> str:
    """Why this target per cell is refused; "" when it may be used (3.50 to 3.65 V, tutorial section 4, note 2)."""
    if not math.isfinite(target_v):
        return "the target is not a number"
    if target_v > 3.65 + 1e-9:
        return (
            f"{target_v:.3f} V is above 3.65 V, the charge limit of the cell makers; beyond it the voltage runs away within minutes "
            "and the cell swells. Choose 3.50 to 3.65 V"
        )
    if target_v < 3.50 - 1e-9:
        return (
            f"{target_v:.3f} V is below 3.50 V; so low on the curve equal volts do not mean equal charge, and one cell can still run "
            "over its limit in service. Choose 3.50 to 3.65 V"
        )
    return ""


def show(value: float, kind: str) -> str:
    """The value with fixed decimals and its unit: 3.650 V, 10.00 A, 280 Ah, 2.2 mΩ, 97 %, 3 h 42 min."""
    if kind == "time":
        return show_duration(value)
    row = kind_named(kind)
    shown = value * row.scale
    if kind == "capacity" and abs(shown) < 100:
        return f"{shown:.1f} Ah"
    if kind == "energy" and abs(shown) >= 1000:
        return f"{shown / 1000:.1f} kWh"
    number = f"{shown:.{row.decimals}f}"
    if kind == "c_rate":
        return f"{shown:.3g}C"
    return f"{number}{'' if row.symbol == '×' else ' '}{row.symbol}"


def show_duration(time_s: float) -> str:
    """ "45 s", "12 min", "3 h 42 min", "4 d 16 h"."""
    seconds = max(0, round(time_s))
    if seconds < 120:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
    hours = round(minutes / 60)
    return f"{hours // 24} d {hours % 24} h" if hours % 24 else f"{hours // 24} d"
