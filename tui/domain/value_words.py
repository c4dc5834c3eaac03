"""Values of the journal in words: names carry their unit there, people want it behind the number."""

from __future__ import annotations

from collections.abc import Mapping

_UNITS = {"v": "V", "mv": "mV", "a": "A", "ah": "Ah", "wh": "Wh", "c": "°C", "s": "s", "ohm": "Ω", "mohm": "mΩ"}
_NAMES = {"surface_c": "warmest cell", "post_v": "posts", "trim_v": "supply", "lead_end_v": "lead ends"}
CELL = "cell:"
"""Begins the name of the volts of one cell."""


def value_words(name: str, value: object) -> str:
    """`surface_c` 25.0 as "warmest cell 25 °C", `cell:A1` 3.345 as "A1 3.345 V", `ok` true as "ok: yes"."""
    if isinstance(value, bool):
        return f"{name.replace('_', ' ')}: {'yes' if value else 'no'}"
    if not isinstance(value, int | float):
        return f"{name} {value}"
    if name.startswith(CELL):
        return f"{name.removeprefix(CELL)} {value:.10g} V"
    stem, _, unit = name.rpartition("_")
    return f"{_NAMES.get(name, stem.replace('_', ' '))} {value:.10g} {_UNITS[unit]}" if stem and unit in _UNITS else f"{name} {value:.10g}"


def values_words(data: object) -> str:
    """All values of a line of the journal; "" for a line without any."""
    return ", ".join(value_words(str(name), value) for name, value in data.items()) if isinstance(data, Mapping) else ""
