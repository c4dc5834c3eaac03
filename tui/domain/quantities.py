"""Quantities as people type them, read with their units by the one pint registry.

pint is imported when a unit is first read (about 0.3 s); `warm_up()` does it early from a background thread. A bare number takes the
field's unit and needs no pint. Values come back as floats in V, A, Ah, Ω, °C, s, or as a fraction; errors are `QuantityError`.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.domain.kinds import KINDS, Kind, kind_named, show, show_duration, target_problem
from tui.domain.leads import Ends, Lead

if TYPE_CHECKING:
    from pint import UnitRegistry

__all__ = [
    "KINDS", "QuantityError", "SupplyRating", "echo", "kind_of_field", "parse", "parse_current", "parse_range", "parse_supply", "registry",
    "show", "show_duration", "target_problem", "warm_up",
]  # fmt: skip


class QuantityError(ValueError):
    """What was typed cannot be taken. The message is for the field: what was read, what the field takes, an example."""


# --- the registry ---------------------------------------------------------------------------------------------
# Small on purpose: no coulomb (so that C is the C-rate), no mega or giga (so that capitals cannot turn mAh into MAh), and it
# loads in a few milliseconds where pint's own list of units needs a third of a second.

_DEFINITIONS = """
micro- = 1e-6 = µ- = μ- = u-
milli- = 1e-3 = m-
kilo- = 1e3 = k-
meter = [length] = m = metre
second = [time] = s = sec
ampere = [current] = A = amp
kilogram = [mass]
kelvin = [temperature]; offset: 0 = K
minute = 60 * second = min
hour = 60 * minute = h = hr
day = 24 * hour = d
volt = kilogram * meter ** 2 / ampere / second ** 3 = V
ohm = volt / ampere = Ω = Ohm
watt = volt * ampere = W
watt_hour = watt * hour = Wh
ampere_hour = ampere * hour = Ah
c_rate = 1 / hour = C
inch = 0.0254 * meter = in
foot = 0.3048 * meter = ft
percent = 0.01 = pct
times = 1 = x
degree_Celsius = kelvin; offset: 273.15 = degC = celsius
degree_Fahrenheit = 5 / 9 * kelvin; offset: 255.3722222222222 = degF = fahrenheit
"""
_lock = threading.Lock()
_cached: UnitRegistry[Any] | None = None


def registry() -> UnitRegistry[Any]:
    """The one registry. `0.2 C × 280 Ah` is 56 A in it, because C is the C-rate (1/h), not the coulomb."""
    global _cached
    with _lock:
        if _cached is None:
            import pint

            made: UnitRegistry[Any] = pint.UnitRegistry(None, case_sensitive=False)
            made.load_definitions(_DEFINITIONS.strip().splitlines())
            _cached = made
        return _cached


def warm_up() -> None:
    """Import pint and build the registry; meant for a background thread after the first paint."""
    registry().Quantity(0.2, "C").to("1/hour")


# --- reading ---------------------------------------------------------------------------------------------------

_BY_DIMENSION = {
    "[mass] * [length] ** 2 / [current] / [time] ** 3": "a voltage",
    "[current]": "a current",
    "[current] * [time]": "a capacity",
    "[mass] * [length] ** 2 / [current] ** 2 / [time] ** 3": "a resistance",
    "1 / [time]": "a C-rate",
    "[time]": "a time",
    "[temperature]": "a temperature",
    "[length]": "a length",
    "[mass] * [length] ** 2 / [time] ** 3": "a power",
    "[mass] * [length] ** 2 / [time] ** 2": "an energy",
}
_NUMBER = r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_QUANTITY = re.compile(rf"({_NUMBER})\s*([^\W\d_]*|%|[°º]\s?[cCfF])")
_SPELLINGS = {"%": "percent", "°c": "degC", "ºc": "degC", "°f": "degF", "ºf": "degF"}


def _plain(text: str) -> str:
    """The same text with the signs that keyboards and spreadsheets put in their place: −, no-break spaces, the Ohm sign Ω (U+2126)."""
    return (
        text.replace("−", "-")
        .replace("–", "-")
        .replace("\u00a0", " ")
        .replace("\u202f", " ")
        .replace("\u2126", "Ω")
        .replace("×", "x")
        .strip()
    )


def _number(text: str) -> float:
    value = float(text.replace(",", "."))
    if not math.isfinite(value):
        raise QuantityError(f"“{text}” is too large to be a reading")
    return value


def _read(text: str, kind: Kind) -> tuple[float, bool]:
    """Number with unit in the kind's unit, before any range check; and whether it was bare."""
    plain = _plain(text)
    if not plain:
        raise QuantityError(f"nothing was typed; this field takes {kind.what} such as {kind.example}")
    match = _QUANTITY.fullmatch(plain)
    if match is None:
        raise QuantityError(f"“{text.strip()}” is not {kind.what}; type a number with or without its unit, such as {kind.example}")
    number, unit = _number(match[1]), match[2].replace(" ", "")
    if not unit:
        return number * kind.bare, True
    return _convert(number, unit, kind, text), False


def _convert(number: float, unit: str, kind: Kind, text: str) -> float:
    unit = _SPELLINGS.get(unit.casefold(), unit)
    if kind.unit == "degree_Celsius" and unit.casefold() in {"c", "f"}:
        unit = f"deg{unit.upper()}"
    ureg = registry()
    from tokenize import TokenError

    import pint

    try:
        # Capitals do no harm here: the registry has no mega, so MAH can only be mAh.
        quantity = ureg.Quantity(number, unit if unit in ureg else unit.lower())
        if not quantity.check(ureg.Unit(kind.unit).dimensionality):
            found = _BY_DIMENSION.get(str(quantity.dimensionality), "a plain number")
            raise QuantityError(f"{text.strip()} is {found}; this field takes {kind.what} such as {kind.example}")
        value = float(quantity.to(kind.unit).magnitude)
    except QuantityError:
        raise
    except (pint.PintError, TokenError, AssertionError, ArithmeticError, ValueError, TypeError, AttributeError) as error:
        # pint's parser has no one error for what is no unit: “V*(” ends in its tokenizer, “V**” in an assertion.
        raise QuantityError(f"“{unit}” is no unit known here; this field takes {kind.what} such as {kind.example}") from error
    if not math.isfinite(value):
        raise QuantityError(f"“{text.strip()}” is too large to be {kind.what}")
    return value


def parse(text: str, kind: str) -> float:
    """The number that `text` means in a field of this kind (a key of KINDS), in V, A, Ah, Ω, °C, s, 1/h, or a fraction.

    A decimal comma is a point. A bare number takes the field's unit: mΩ in "resistance" and "lead"; a bare 2000…4500 in "cell_voltage" and
    "post_voltage" is millivolts; a bare number above 1 in "fraction" is percent. Raises QuantityError and nothing else on any text.
    """
    row = kind_named(kind)
    if kind == "lead":
        return _lead(text)
    if kind == "time":
        return _in_range(_duration(text, row), kind, text)
    value, bare = _read(text, row)
    if bare and kind in {"cell_voltage", "post_voltage", "target"} and 2000 <= value <= 4500:
        value /= 1000
    elif bare and row.symbol == "%" and value > 1:
        value /= 100
    return _in_range(value, kind, text)


def _in_range(value: float, kind: str, text: str) -> float:
    row = KINDS[kind]
    if kind == "target":
        problem = target_problem(value)
        if problem:
            raise QuantityError(problem + _meant(value, 3.50, 3.65, kind))
        return value
    if row.low <= value <= row.high:
        return value
    bounds = row.why or f"it lies between {show(row.low, kind)} and {show(row.high, kind)}"
    low, high = (2.0, 4.5) if kind in {"voltage", "cell_voltage", "post_voltage"} else (row.low, row.high)
    raise QuantityError(f"{text.strip()} is out of range for {row.what}: {bounds}" + _meant(value, low, high, kind))


def _meant(value: float, low: float, high: float, kind: str) -> str:
    """A slipped decimal point, or milli for the unit: the first shift that gives a possible value."""
    if kind in {"fraction", "soc", "speed", "time", "temperature"} or not value:
        return ""
    for shift in (10.0, 1000.0, 100.0):
        if low <= value / shift <= high:
            return f"; did you mean {show(value / shift, kind)}?"
    return ""


_DURATION = re.compile(r"([0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)\s*([^\W\d_]+)\s*")
_TIME_NAMES = {"s", "sec", "second", "seconds", "min", "minute", "minutes", "h", "hr", "hour", "hours", "d", "day", "days", "ms"}


def _duration(text: str, kind: Kind) -> float:
    """ "90s", "10 min", "1h", "1 h 30 min"; a bare number is seconds."""
    plain = _plain(text)
    parts = _DURATION.findall(plain)
    if len(parts) < 2 or _DURATION.sub("", plain) or any(unit.casefold() not in _TIME_NAMES for _, unit in parts):
        return _read(text, kind)[0]
    return sum(_convert(_number(number), unit, kind, text) for number, unit in parts)


# --- fields that hold more than one number --------------------------------------------------------------------

_RANGE = re.compile(r"\s*(?:\.\.\.?|…|\bto\b|(?<=[0-9%A-Za-zΩ])\s*-\s*(?=[0-9]))\s*")


def parse_range(text: str, kind: str = "fraction") -> tuple[float, float]:
    """ "97%..99%", "97-99 %", "97 to 99%" as (low, high); one value stands for both ends. The first end takes the unit of the second."""
    parts = _RANGE.split(_plain(text))
    if len(parts) == 1:
        value = parse(parts[0], kind)
        return value, value
    if len(parts) != 2:
        raise QuantityError(f"“{text.strip()}” is not a range; write two values such as 97%..99%")
    first, last = parts
    if re.fullmatch(_NUMBER, first):
        unit = _QUANTITY.fullmatch(last)
        first += unit[2] if unit else ""
    low, high = parse(first, kind), parse(last, kind)
    if low > high:
        raise QuantityError(f"“{text.strip()}” runs downwards; write the lower value first")
    return low, high


@dataclass(frozen=True, slots=True)
class SupplyRating:
    """What a supply can give. `max_voltage_v` is None where only amperes were typed."""

    max_voltage_v: float | None
    max_current_a: float


def parse_supply(text: str) -> SupplyRating:
    """ "30V/10A", "30 V 10 A", "10A/30V", or amperes alone ("10A")."""
    parts = [part for part in re.split(r"[/;]|,\s|(?<=[vVaA])\s+(?=[0-9])|(?<=[vVaA])(?=[0-9])", _plain(text)) if part.strip()]
    volts: float | None = None
    amps: float | None = None
    for part in parts:
        unit = part.strip()[-1:].casefold()
        if unit == "v" and volts is None:
            volts = parse(part, "voltage")
        elif unit == "a" and amps is None:
            amps = parse(part, "current")
        else:
            raise QuantityError(f"“{text.strip()}” is not a supply's rating; write its volts and amperes such as 30V/10A")
    if amps is None or amps <= 0 or (volts is not None and volts <= 0):
        raise QuantityError(f"“{text.strip()}” does not tell what the supply gives; write its volts and amperes such as 30V/10A")
    return SupplyRating(volts, amps)


def parse_current(text: str, capacity_ah: float) -> float:
    """A current given as such ("10 A", bare "10") or as a C-rate of a capacity ("0.2C" of 280 Ah is 56 A). Returns A."""
    row = KINDS["current"]
    match = _QUANTITY.fullmatch(_plain(text))
    if match is None or match[2].casefold() != "c":
        return parse(text, "current")
    ureg = registry()
    quantity = ureg.Quantity(parse(text, "c_rate"), "1/hour") * ureg.Quantity(capacity_ah, "ampere_hour")
    return _in_range(float(quantity.to(row.unit).magnitude), "current", text)


_AWG = re.compile(r"(?:([0-9]{1,2})\s*awg|awg\s*([0-9]{1,2}))(?:[\s,]+(.*))?", re.IGNORECASE)
_ENDS: dict[str, Ends] = {
    "ring": "rings", "rings": "rings", "banana": "bananas", "bananas": "bananas", "clip": "clips", "clips": "clips", "alligator": "clips",
    "alligators": "clips",
}  # fmt: skip


def _lead(text: str) -> float:
    """A gauge ("8 AWG", "8 AWG 1.5 m clips") or a resistance of the pair, in Ω. A gauge alone means 1 m each way with rings."""
    match = _AWG.fullmatch(_plain(text))
    if match is None:
        return _in_range(_read(text, KINDS["lead"])[0], "lead", text)
    words = (match[3] or "").split()
    ends: Ends = "rings"
    if words and words[-1].casefold() in _ENDS:
        ends = _ENDS[words.pop().casefold()]
    length_m = parse(" ".join(words), "length") if words else 1.0
    try:
        return Lead(int(match[1] or match[2]), length_m, ends).resistance_ohm
    except ValueError as error:
        raise QuantityError(f"{error}; or type the resistance of the pair, such as 20 mOhm") from error


# --- at the field ----------------------------------------------------------------------------------------------


def echo(text: str, kind: str) -> str:
    """How `text` was understood, to be shown before it is taken: "3412" in a cell field is 3.412 V. Raises QuantityError."""
    if kind == "soc":
        low, high = parse_range(text)
        return show(low, kind) if low == high else f"{low * 100:g} % to {high * 100:g} %"
    return show(parse(text, kind), kind)


_OTHER_VOLTS = {"post_v": "post_voltage", "bms_ov_v": "post_voltage"}
FIELD_KINDS: dict[str, Callable[[str], str]] = {
    "voltage": lambda name: "cell_voltage" if name.startswith("cell:") or name == "cells_v" else _OTHER_VOLTS.get(name, "voltage"),
    "current": lambda _: "current",
    "temperature": lambda _: "temperature",
}


def kind_of_field(field_kind: str, name: str) -> str:
    """The kind to parse a procedure's field with: volts of cells, posts and a BMS know millivolts. Posts may be those of a string, and lead
    ends anything: a gate judges them.
    """
    return FIELD_KINDS[field_kind](name)
