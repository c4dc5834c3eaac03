"""What waiting still buys while the current tapers: the estimated spread of charge between the cells, now and in an hour.

A, V, Ω, s; spreads as fractions of a cell's capacity. Source: the cell model, sections 2, 3 and 7. In the knee all cells of a parallel
bank rise together, so each takes its share of the current; what keeps them apart are then the volts that busbars and the cells' own
resistances take from each, and those volts become charge by the slope of the curve. To that comes what is left of the spread on the
plateau, which fades while the knee is passed: slowly, because charge must spread inside the cells; a small bank passes it quickly.

From the end of constant current on, the truth is at most `FACTOR` times the estimate, for a bank whose joints are sound and whose leads are
where `hookup` says. A loose joint, or leads at one end, show in the cells' volts, which replace the busbars here when they are known.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from tui.domain import calculations, charge
from tui.domain.charge import soc_at, volts_at
from tui.domain.plan import Plan

LINK_OHM = 0.1e-3  # one busbar with its joints, between neighbours on one side
CONTACT_OHM = 0.05e-3  # one joint at one post
RESISTANCE_SPREAD = 0.10  # cells of one lot differ in resistance by so much, up or down
FACTOR = 2.5
USUAL_SPREAD = 0.05  # on the plateau, where the plan has no estimate
FADING_S = 350.0  # time constant by which cells draw level inside the knee, as far as their inside sets it (both lags of the model)
FADING_FROM, FADING_STEP = 0.97, 1e-4  # where on the curve it is followed from
FLOOR = 1e-5  # smaller differences are neither real nor worth telling
PLATEAU_V = 3.345  # below this the curve is so flat that volts tell nothing of charge
HOUR_S, STEP_S = 3600.0, 60.0

Hookup = Literal["diagonal", "same-end"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """The spread between the fullest and the emptiest cell. None where volts do not tell it: on the plateau.

    `words` go after "Waiting still buys:".
    """

    now_fraction: float | None
    in_an_hour_fraction: float | None
    words: str


def waiting(
    plan: Plan,
    volts_v: float,
    current_a: float,
    tau_s: float | None = None,
    seen_spread_v: float | None = None,
    *,
    hookup: Hookup = "diagonal",
    link_ohm: float = LINK_OHM,
) -> Waiting:
    """The estimate at these volts of the cells and this current into the parallel bank.

    `tau_s`: time constant of the falling current where it is known; else it follows from the leads. `seen_spread_v`: highest less lowest
    volts of the cells, measured at their own posts while this current flows. Raises ValueError for a plan without cells.
    """
    count = len(plan.cells)
    if count < 2:
        return Waiting(0.0, 0.0, "nothing: one cell has no other to be level with")
    left = _left_of_the_plateau(plan, volts_v, current_a)
    now = spread_fraction(plan, volts_v, current_a, seen_spread_v, hookup=hookup, link_ohm=link_ohm)
    if now is None:
        return Waiting(
            None, None, "that the cells meet: they do so only in the knee, and below it volts do not tell how far they are apart"
        )
    then_v, then_a = _in_an_hour(plan, volts_v, current_a, tau_s)
    seen_then = None if seen_spread_v is None else seen_spread_v * then_a / current_a if current_a > 0 else seen_spread_v
    later = spread_fraction(plan, then_v, then_a, seen_then, hookup=hookup, link_ohm=link_ohm)
    now += left
    later = now if later is None else min(now, later + left * math.exp(-HOUR_S / FADING_S))
    return Waiting(now, later, _words(plan, now, later))


def spread_fraction(
    plan: Plan,
    volts_v: float,
    current_a: float,
    seen_spread_v: float | None = None,
    *,
    hookup: Hookup = "diagonal",
    link_ohm: float = LINK_OHM,
) -> float | None:
    """The estimated spread of charge of the bank at this instant; None on the plateau."""
    count, bank_ah = len(plan.cells), sum(cell.capacity_ah for cell in plan.cells)
    cell_ohm = charge.CELL_OHM_AT_280_AH * 280.0 * count / bank_ah
    own_a = current_a / count
    own_drop_v = own_a * (cell_ohm + 2 * CONTACT_OHM)
    if volts_v - own_drop_v < PLATEAU_V:
        return None
    rails_v = [link_ohm * own_a * step for step in rail_steps(count, hookup)]
    if seen_spread_v is not None:
        rails_v = [seen_spread_v]  # what the meter sees at the posts is busbars and joints together, whatever they are
    resistance_v = 2 * RESISTANCE_SPREAD * own_a * cell_ohm
    apart_v = max(rails_v) - min([0.0, *rails_v] if seen_spread_v is not None else rails_v) + resistance_v
    high_v = volts_v - own_drop_v + resistance_v / 2
    return max(FLOOR, soc_at(high_v) - soc_at(max(PLATEAU_V, high_v - apart_v)))


def rail_steps(count: int, hookup: Hookup) -> Iterator[int]:
    """How many (busbar × one cell's current) each cell lies below the hook-up posts, when all take the same current."""
    for cell in range(1, count + 1):
        before = sum(count - link for link in range(1, cell))  # the plus rail, from the plus lead to this cell
        if hookup == "same-end":
            yield 2 * before
        else:
            yield before + sum(range(cell, count))  # and the minus rail, from this cell on to the minus lead


def _in_an_hour(plan: Plan, volts_v: float, current_a: float, tau_s: float | None) -> tuple[float, float]:
    """Volts and current an hour from now, if all goes on as it does: with the time constant, or through the leads."""
    if tau_s is not None and tau_s > 0:
        then_a = current_a * math.exp(-HOUR_S / tau_s)
        rising = 1 - then_a / current_a if current_a > 0 else 1.0
        return volts_v + rising * max(0.0, plan.target_v - volts_v), then_a
    bank_ah = sum(cell.capacity_ah for cell in plan.cells)
    cell_ohm, most_a = charge.CELL_OHM_AT_280_AH * 280.0 / bank_ah, max(current_a, _most_a(plan))
    soc, flowing_a = soc_at(volts_v - current_a * cell_ohm), current_a
    for _ in range(round(HOUR_S / STEP_S)):
        slope_v = (volts_at(soc + FADING_STEP) - volts_at(soc)) / FADING_STEP
        ohm = _lead_ohm(plan) + cell_ohm + charge.LAG_S * slope_v / (3600 * bank_ah)
        flowing_a = min(most_a, max(0.0, (plan.target_v - volts_at(soc)) / ohm))
        soc += flowing_a * STEP_S / (3600 * bank_ah)
    return min(plan.target_v, volts_at(soc) + flowing_a * cell_ohm), flowing_a


def _left_of_the_plateau(plan: Plan, volts_v: float, current_a: float) -> float:
    """What is left of the spread that the cells brought along, after the time that this bank has spent on its way up the knee."""
    low, high = plan.soc_low, plan.soc_high
    spread = USUAL_SPREAD if low is None or high is None or high <= low else high - low
    count, bank_ah = len(plan.cells), sum(cell.capacity_ah for cell in plan.cells)
    own_ohm = charge.CELL_OHM_AT_280_AH * 280.0 * count / bank_ah + 2 * CONTACT_OHM
    most_a, cell_as = max(current_a, _most_a(plan)), 3600 * bank_ah / count
    lead_ohm = max(1e-4, (plan.target_v - volts_v) / current_a if 0 < current_a < 0.99 * most_a else _lead_ohm(plan))
    soc, end, faded = FADING_FROM, soc_at(volts_v - current_a / count * own_ohm), 0.0
    while soc < end:
        here_v = volts_at(soc)
        slope_v = max(0.01, (volts_at(soc + FADING_STEP) - here_v) / FADING_STEP)
        flowing_a = min(most_a, max(0.01, (plan.target_v - here_v) / lead_ohm))
        faded += FADING_STEP * 3600 * bank_ah / flowing_a / (FADING_S + own_ohm * cell_as / slope_v)
        soc += FADING_STEP
    return spread * math.exp(-faded)


def _most_a(plan: Plan) -> float:
    return calculations.current_limit(replace(plan, arrangement="")).value_a


def _lead_ohm(plan: Plan) -> float:
    return calculations.ASSUMED_LEAD_OHM if plan.lead_resistance_ohm is None else plan.lead_resistance_ohm


def _words(plan: Plan, now: float, later: float) -> str:
    cell_ah = max(cell.capacity_ah for cell in plan.cells)

    if now < 1.5 * FLOOR:
        return f"nothing more: the cells lie within 0.001 % of charge ({_charge(now * cell_ah)})"
    words = f"about {now * 100:.2g} % of charge between the cells now ({_charge(now * cell_ah)})"
    if later >= 0.9 * now:
        return words
    return f"{words}, " + ("0.001 % or less" if later < 1.5 * FLOOR else f"{later * 100:.2g} %") + " in an hour"


def _charge(ah: float) -> str:
    return f"{ah * 1000:.0f} mAh" if ah < 0.9995 else f"{ah:.1f} Ah"
