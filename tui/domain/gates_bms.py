"""What a BMS that is read on its line says of a charge in series: whether it fits the plan, whether it lets charge in, and why it does not.

Volts of one cell. Sources: tutorial section 3, the BMS rules for a series charge (its own limit read back, the number of its cells).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tui.domain import calculations
from tui.domain.limits import Limits
from tui.domain.plan import Plan

HIGHEST_LIMIT_V = 3.65
"""A limit that was read must not lie above this: nobody has to believe a typed number then."""
BMS_COUNT_V = 0.010  # what a BMS's settings usually count in
LAST_DIGIT_V = 0.0005

WORDS: Mapping[str, str] = {
    "cell_overvoltage": "a cell's over-voltage",
    "cell_undervoltage": "a cell's under-voltage",
    "pack_overvoltage": "the pack's over-voltage",
    "pack_undervoltage": "the pack's under-voltage",
    "charge_overcurrent": "too much charging current",
    "discharge_overcurrent": "too much discharging current",
    "charge_overtemperature": "too warm to be charged",
    "charge_undertemperature": "too cold to be charged",
    "discharge_overtemperature": "too warm to be discharged",
    "discharge_undertemperature": "too cold to be discharged",
    "short_circuit": "a short circuit",
    "mos_locked_by_software": "switched off in its app",
}


def protection_words(protection: Iterable[str] | None) -> str:
    """What is tripped, in words: "a short circuit and too cold to be charged"."""
    if protection is None:
        return "it does not tell why"
    said = [WORDS.get(name, name.replace("_", " ")) for name in protection]
    return " and ".join(said) if said else "no protection is shown: switched off in its app, perhaps, or waiting for something"


def misfit(plan: Plan, cells: int, limit_v: float | None) -> str:
    """Why this BMS is not the one for this string; "" where it is. `limit_v` is its own over-voltage limit, None where it cannot be read."""
    series = calculations.wiring(plan).series
    if cells != series:
        return (
            f"The BMS counts {cells} cells, and {series} are in series here. One of its sense wires is off, it is set to another number, or the "
            "string is not built as planned. Put it right before any charge goes in. No reason passes this."
        )
    highest_v = min(HIGHEST_LIMIT_V, plan.target_v + Limits().trip_over_target_v)
    if limit_v is not None and limit_v > highest_v + LAST_DIGIT_V:
        return (
            f"The BMS itself says that it opens at {limit_v:.3f} V a cell; for a target of {plan.target_v:.3f} V it must open at "
            f"{highest_v:.3f} V or below. Set its over-voltage limit to {plan.target_v:.3f} V in its app; it is read again. No reason passes this."
        )
    return ""


def shut(charge_on: bool | None, protection: Iterable[str] | None) -> str:
    """Why no current would flow: its charge switch is open; "" where it is closed, or not known."""
    if charge_on is not False:
        return ""
    return (
        f"The BMS keeps its charge switch open: {protection_words(protection)}. Nothing is switched on. Put that right, and go on when the BMS "
        "shows that it may be charged."
    )


def state_words(charge_on: bool | None, protection: Iterable[str] | None, limit_v: float | None) -> str:
    """One short line for a screen: the charge switch first, what is tripped, the limit."""
    tripped = tuple(protection or ())
    switch = {True: "charge on", False: "charge OFF", None: "charge switch not known"}[charge_on]
    why = f": {' and '.join(WORDS.get(name, name.replace('_', ' ')) for name in tripped)}" if tripped else ""
    return f"{switch}{why}" + (f", limit {limit_v:.3f} V" if limit_v is not None else "")
