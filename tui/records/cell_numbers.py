"""Numbers of cell lists: with or without a unit, with a decimal point or comma, with or without signs between the thousands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_VOLTS = {"V": 1.0, "mV": 1e-3}
_CAPACITIES = {"Ah": 1.0, "mAh": 1e-3}
_RESISTANCES = {"mΩ": 1.0, "mOhm": 1.0, "milliohm": 1.0, "Ω": 1e3, "Ohm": 1e3, "µΩ": 1e-3, "µOhm": 1e-3, "uOhm": 1e-3, "uΩ": 1e-3}
UNITS: Mapping[str, Mapping[str, float]] = {
    "capacity_ah": _CAPACITIES,
    "measured_ah": _CAPACITIES,
    "resistance_mohm": _RESISTANCES,
    "received_voltage_v": _VOLTS,
}
"""What a unit is worth in the unit of each column's field. The first of each is the one that a bare number has."""

_NUMBER = re.compile(r"([+-]?(?:\d[\d.,'’]*|[.,]\d+))(e[+-]?\d{1,3})?", re.IGNORECASE)
_WITH_UNIT = re.compile(rf"({_NUMBER.pattern})\s*([^\d\W]*)", re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")  # or a number of three decimals: only the other numbers of the list tell
_BLANKS = re.compile(r"(?<=\d)[ \u00a0\u2009\u202f](?=\d{3}(?!\d))")  # between thousands


def unit_key(unit: str) -> str:
    """What two spellings of a unit are compared by: mΩ, mΩ (Ohm sign) and mohm are one."""
    return unit.casefold().replace("ω", "ohm").replace("μ", "u").replace("milliohm", "mohm")


_SCALES = {field: {unit_key(name): scale for name, scale in units.items()} for field, units in UNITS.items()}


def parse_number(text: str, field: str, *, decimal: str = "") -> float:
    """A number with or without its unit, in the field's unit (V, Ah, mΩ). Raises ValueError.

    `decimal` is the list's decimal sign where that is known ("," or "."). A bare 2000 to 4500 in a field of volts is millivolts.
    """
    shown = next(iter(UNITS[field]))
    match = _WITH_UNIT.fullmatch(_plain(text))
    unit = unit_key(match[4]) if match else ""
    if match is None or (unit and unit not in _SCALES[field]):
        raise ValueError(f"{text!r} is not a number in {shown}")
    value = float(_with_point(match[2], decimal, text) + (match[3] or ""))
    if not unit and field == "received_voltage_v" and 2000 <= value <= 4500:
        return value / 1000
    scale = _SCALES[field].get(unit, 1.0)
    return value if scale == 1.0 else value * scale


def decimal_mark(texts: Iterable[str]) -> str:
    """The decimal sign that these numbers show, "," or "."; "" where none of them tells, or they differ.

    1.5 and 0,180 tell; 280.125 does not, because it may be a number of thousands.
    """
    found = set()
    for text in texts:
        match = _WITH_UNIT.fullmatch(_plain(text))
        if match is None or _THOUSANDS.fullmatch(match[2]):
            continue
        marks = [sign for sign in match[2] if sign in ".,"]
        if len(marks) == 1 or (marks and marks.count(marks[-1]) == 1):
            found.add(marks[-1])
    return found.pop() if len(found) == 1 else ""


def _plain(text: str) -> str:
    return _BLANKS.sub("", text.strip().replace("−", "-").replace("\u2126", "Ω"))


def _with_point(digits: str, decimal: str, text: str) -> str:
    """The same number as Python reads it. Two kinds of sign: the last is the decimal one. One kind several times: thousands."""
    marks = "".join(sign for sign in digits if not sign.isdigit() and sign not in "+-")
    last = marks[-1:]
    if not marks:
        return digits
    if marks.count(last) > 1 or last in "'’" or (decimal and last != decimal and len(marks) == 1 and _THOUSANDS.fullmatch(digits)):
        last = ""  # all of them stand between thousands
    whole, _, decimals = digits.rpartition(last) if last else (digits, "", "")
    if not re.fullmatch(r"[+-]?\d*", whole) and not _grouped(whole):
        raise ValueError(f"{text!r} is no number: its digits stand in groups that are no thousands")
    return re.sub(r"[.,'’]", "", whole) + (f".{decimals}" if decimals else "")


def _grouped(whole: str) -> bool:
    return any(re.fullmatch(rf"[+-]?\d{{1,3}}(?:{re.escape(sign)}\d{{3}})+", whole) for sign in ".,'’")
