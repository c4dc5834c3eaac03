"""What all gates share: reading a value that was given, refusing in words, finding a slipped decimal point."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tui.domain.procedure import GateResult, Value

PASSED = GateResult(ok=True)


def number(values: Mapping[str, Value], name: str) -> float | None:
    """The value as a finite number; None when it is missing, a text or not a number."""
    value = values.get(name)
    if isinstance(value, str) or value is None or not math.isfinite(value):
        return None
    return float(value)


def refuse(message: str) -> GateResult:
    return GateResult(ok=False, message=message)


def refuse_softly(message: str) -> GateResult:
    return GateResult(ok=False, message=message, overridable=True)


def missing(what: str) -> GateResult:
    return refuse(f"{what} is missing. Unknown is not zero: measure it and type the number.")


def listed(labels: list[str]) -> str:
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"


def slipped(value: float, series: int = 1) -> str:
    """A suggestion where a decimal point has slipped in the volts of a cell, or of `series` cells in a row."""
    for shift in (10.0, 100.0, 1000.0):
        if 2.0 * series <= value / shift <= 4.5 * series:
            return f"; was {value / shift:.3f} V meant?"
    return ""
