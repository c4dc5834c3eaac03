"""Readings by hand that cannot be, or are not to be expected now (fault F-46): refused, or asked again. Never clipped, never dropped in silence."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tui.bench.bench import Bench
from tui.bench.expected import behind_the_leads_v, window_v, words
from tui.bench.reading import PLAUSIBLE_CELL_V, Reading
from tui.bench.session import Session

SAME_TIME_S = 60.0
"""Readings of two points this close together may be compared."""
NOTHING: Mapping[str, float | str] = {}


def doubted(bench: Bench, session: Session, values: Mapping[str, float | str]) -> str:
    """The first doubt about readings that are taken beside the charge; what a gate checks is the gate's to judge."""
    for point in ("cells_v", "supply_v", "current_a"):
        value = values.get(point)
        if isinstance(value, float) and math.isfinite(value):
            found = doubt(bench, session, point, value, values)
            if found:
                return found
    return ""


def impossible(point: str, value: float, series: int = 1) -> str:
    """Why no confirmation makes this a reading: a cell, or a supply on `series` cells, is never there."""
    cells = series if point == "supply_v" else 1
    if point in ("current_a", "surface_c") or PLAUSIBLE_CELL_V[0] <= value <= PLAUSIBLE_CELL_V[1] * cells:
        return ""
    if cells > 1:
        return f"{value:g} V cannot be: {cells} cells in series lie between 0 and {5 * cells} V. Nothing was taken."
    near = f" Did you mean {value / 10:.3f} V?" if 25 <= value <= 37 else ""
    return f"{value:g} V cannot be: cells lie between 0 and 5 V.{near} Nothing was taken."


def _shown_v(reading: Reading, values: Mapping[str, float | str]) -> float | None:
    """What the supply shows at the same time: given with the reading, measured, or typed just now."""
    given = values.get("supply_v")
    if isinstance(given, float):
        return given
    supply_v = reading.supply_v
    fresh = supply_v.trust == "measured" or (supply_v.trust == "typed" and (supply_v.age_s or 0.0) <= SAME_TIME_S)
    return supply_v.value if fresh and reading.output_on else None


def doubt(bench: Bench, session: Session, point: str, value: float, values: Mapping[str, float | str] = NOTHING) -> str:
    """F-46: why this value is outside what can be expected now; "" when it is not. `values` were read at the same time."""
    if point == "surface_c":
        return "" if -20 <= value <= 60 else f"{value:g} °C: is that right?"
    if point == "current_a":
        limit = session.current_a * 1.05
        return "" if -0.1 <= value <= limit else f"{value:g} A, although {session.current_a:.2f} A is set: is that right?"
    cells = session.series if point == "supply_v" else 1
    if not 2.0 * cells <= value <= 3.70 * cells:
        return f"{value:g} V is no voltage of a LiFePO4 cell in this charge. Type it again to confirm."
    reading = bench.reading
    if point == "cells_v" or point.startswith("cell:"):
        shown = _shown_v(reading, values) if session.series == 1 else None  # of a string the supply shows the sum
        if shown is not None and value > shown + 0.02:
            return f"{value:.3f} V at the cells, but the supply shows only {shown:.3f} V. Are the probes where they should be?"
        amps = reading.amperes
        if shown is not None and amps is not None and amps > 2.0 and abs(value - shown) < 0.001:
            return (
                f"{value:.3f} V is exactly what the supply shows, at {amps:.1f} A. The leads drop something: measure at the cells' posts. "
                + words(behind_the_leads_v(session, shown, amps))
            )
        last = session.composer.typed.get(point)
        if last is not None and reading.output_on:
            window = window_v(session, reading, last)
            before = f"the last reading was {last.value:.3f} V, {(reading.time_s - last.time_s) / 60:.0f} min ago."
            if value < window[0]:
                return f"{value:.3f} V would be a fall, though charge went in: {before} {words(window)} Is that right?"
            if value > window[1]:
                return f"{value:.3f} V is more than this charge explains: {before} {words(window)} Is that right?"
        if last is not None and value > session.plan.target_v + 0.01:
            return f"{value:.3f} V is above the target. If it is true the charge must stop: type it again to confirm."
    return ""
