"""Which volts at the cells can be expected now: from the last reading, the charge since, and the steepest that the curve allows (F-45, F-46)."""

from __future__ import annotations

from tui.bench.reading import Reading, Typed
from tui.bench.session import Session
from tui.domain import charge

FALLS_V = 0.05
"""Cells that are charged do not fall; after a while with less current they may, by their own resistance and the lag."""
DOUBT_V = 0.03
CHARGE_DOUBT = 1.5  # other makers' knees, and amperes typed minutes ago
PLATEAU_DOUBT_V = 0.01
LEADS_OHM = 0.020


def window_v(session: Session, reading: Reading, last: Typed) -> tuple[float, float]:
    """Lowest and highest volts at the cells, or at one of them, that are likely after `last`."""
    amps = reading.amperes if reading.amperes is not None else session.current_a
    cell_ah = session.attention.cell_ah
    if cell_ah <= 0:
        return last.value - FALLS_V, last.value + 0.15
    drop_v = amps * charge.CELL_OHM_AT_280_AH * 280.0 / cell_ah
    since_ah = CHARGE_DOUBT * max(0.0, amps) * (reading.time_s - last.time_s) / 3600.0
    soc = charge.soc_at(last.value + PLATEAU_DOUBT_V - drop_v) + since_ah / cell_ah
    highest_v = max(last.value, min(charge.volts_at(min(soc, 1.001)) + drop_v, session.plan.target_v)) + DOUBT_V
    return last.value - FALLS_V, highest_v


def words(window: tuple[float, float]) -> str:
    return f"Expected now: {window[0]:.3f} to {window[1]:.3f} V."


def behind_the_leads_v(session: Session, shown_v: float, amps: float) -> tuple[float, float]:
    """What the cells show when the supply shows `shown_v`: less what its leads drop, as measured, planned, or usual."""
    ohm = session.composer.smallest_lead_ohm or session.plan.lead_resistance_ohm or LEADS_OHM
    return shown_v - 2.0 * amps * ohm, shown_v - 0.5 * amps * ohm
