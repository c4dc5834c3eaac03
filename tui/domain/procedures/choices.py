"""What a procedure's file fixes of the plan: its table [plan], read with units, and its table [limits], tighter than the guard's only."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, get_args

from tui.domain.limits import DEFAULTS, LIMITS
from tui.domain.plan import EndRule, Plan
from tui.domain.procedures.errors import Path, ProcedureError
from tui.domain.procedures.reader import Findings
from tui.domain.procedures.schema import FileRow
from tui.domain.quantities import QuantityError, parse

LIMIT_KINDS = {"V": "voltage", "A": "current", "s": "time", "°C": "temperature", "Ω": "resistance"}


def fixed(plan: Plan, file: FileRow) -> Plan:
    """The plan with the file's [plan] and [limits] in it. Raises ProcedureError with the place of the first that cannot be taken."""
    choices, limits = chosen(file.plan, _raise), tightened(file.limits, _raise)
    return replace(plan, **choices, limits=limits or plan.limits)


def examine(file: FileRow, found: Findings) -> None:
    """Every fault of [plan] and [limits] goes to `found`."""
    chosen(file.plan, found.add)
    tightened(file.limits, found.add)


Tell = Callable[[Path, str, str], None]


def _raise(path: Path, key: str, message: str) -> None:
    raise ProcedureError(f"{'.'.join(map(str, path))}.{key}: {message}", path, key)


def chosen(raw: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """The choices of [plan] as values of Plan's fields; what cannot be taken is told."""
    values: dict[str, Any] = {}
    for key, given in raw.items():
        reader = _READERS.get(key)
        if reader is None:
            tell(("plan",), key, f"“{key}” is no choice that a procedure fixes; there is {', '.join(_READERS)}")
            continue
        name, read = reader
        try:
            values[name] = read(given)
        except ValueError as error:  # QuantityError is one
            tell(("plan",), key, f"{error}")
    target_v, stages_v = values.get("target_v", 3.65), values.get("stages_v", ())
    if stages_v and max(stages_v) > target_v + 1e-9:
        tell(("plan",), "stages", f"{max(stages_v):.3f} V is above the target of {target_v:.3f} V; no stage may be")
    return values


def _quantity(kind: str) -> Callable[[Any], float]:
    def read(given: Any) -> float:
        if isinstance(given, bool) or not isinstance(given, str | int | float):
            raise QuantityError('a text with a unit is needed, such as "3.60 V"')
        return parse(str(given), kind)

    return read


def _end_rule(given: Any) -> str:
    if given not in get_args(EndRule):
        raise ValueError(f"“{given}” is no end rule; there is {', '.join(get_args(EndRule))}")
    return str(given)


def _stages(given: Any) -> tuple[float, ...]:
    if not isinstance(given, list) or not given:
        raise ValueError('a list of volts is needed, such as ["3.45 V", "3.55 V", "3.65 V"]')
    stages = tuple(_quantity("cell_voltage")(item) for item in given)
    if any(high <= low for low, high in pairwise(stages)):
        raise ValueError("the stages must rise, each above the one before")
    return stages


_READERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "target": ("target_v", _quantity("target")),
    "end_rule": ("end_rule", _end_rule),
    "end_current": ("end_current_a", _quantity("current")),
    "derating": ("derating", _quantity("fraction")),
    "stages": ("stages_v", _stages),
    "pause": ("pause_s", _quantity("time")),
    "soak": ("soak_s", _quantity("time")),
    "rest": ("rest_s", _quantity("time")),
}


def tightened(raw: Mapping[str, Any], tell: Tell) -> tuple[tuple[str, float], ...]:
    """The limits of [limits] that are tighter than the guard's; one that is equal is left out, one that is looser is told."""
    kept = []
    for name, given in raw.items():
        value = _limit(name, given, tell)
        if value is None:
            continue
        try:
            DEFAULTS.tightened([(name, value)])
        except ValueError as error:
            tell(("limits",), name, str(error))
            continue
        if value != float(getattr(DEFAULTS, name)):
            kept.append((name, value))
    return tuple(kept)


def _limit(name: str, given: Any, tell: Tell) -> float | None:
    """The value in the limit's unit; a text is read with its unit, a bare number is in it."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        return float(given) if abs(given) < 1e12 else math.inf  # a whole number of any length is TOML
    kind = LIMIT_KINDS.get(LIMITS[name].unit) if name in LIMITS else None
    if not isinstance(given, str) or (name in LIMITS and kind is None):
        tell(("limits",), name, "a number is needed")
        return None
    if kind is None:
        tell(("limits",), name, f"“{name}” is no limit")
        return None
    try:
        return parse(given, kind)
    except QuantityError as error:
        tell(("limits",), name, str(error))
        return None
