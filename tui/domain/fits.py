"""Which procedures fit this bank and this supply, how long each takes, and which to choose.

Times in s, states of charge as fractions. Sources: tutorial section 3 (34 W into a large bank; series first), appendix B (80 % of the
rating), appendix C; cell model (a cell on charge at rate C reaches its target 0.069 % of charge early for every 0.01C).

An example: eight cells of 280 Ah that are spread evenly over 47.5 to 55.5 % of charge, 10 A, leads of 5 mΩ, take 109 h in parallel, and
23 h with the pre-charge first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

from tui.domain import calculations, charge, leads
from tui.domain.kinds import show_duration
from tui.domain.plan import Plan
from tui.domain.supply_fit import class_words

EARLY_PER_C = 0.069  # share of charge that is still missing when a cell on charge at 1C/h reaches 3.65 V; at 10 A into 280 Ah 0.25 %
STEP_DERATING = 0.8  # appendix B: 80 % or less of the supply's rating
WORTH_S = 8 * 3600.0  # a pre-charge means to build and undo the bank twice: it is proposed from this gain on …
WORTH_SHARE = 0.3  # … if that is also this part of the time

NAMES = ("parallel", "precharge+parallel", "step-and-pause", "precharge+step-and-pause", "single-cell", "precharge", "level")


@dataclass(frozen=True, slots=True)
class Fit:
    """One procedure or chain for this bank. Without an estimate of the state of charge the times are None.

    `low_s`: all cells alike and as full as estimated, `high_s`: the worst mix within the estimate, `typical_s`: the cells spread evenly
    over it. `hands_on`: what it asks of the operator.
    """

    name: str
    ok: bool
    why_not: str = ""
    low_s: float | None = None
    high_s: float | None = None
    typical_s: float | None = None
    hands_on: str = ""
    note: str = ""

    @property
    def hours(self) -> str:
        """ "14 to 29 h", or "unknown"."""
        if self.low_s is None or self.high_s is None:
            return "unknown"
        if self.high_s < 10 * 3600:
            low, high = show_duration(self.low_s), show_duration(self.high_s)
            return f"≈{low}" if low == high else f"{low} to {high}"
        low_h, high_h = round(self.low_s / 3600), round(self.high_s / 3600)
        return f"≈{low_h} h" if low_h == high_h else f"{low_h} to {high_h} h"


@dataclass(frozen=True, slots=True)
class Choice:
    """The procedure that is recommended, and why. `name` is "" when none fits."""

    name: str
    why: str


def power_w(plan: Plan, series: int = 1) -> float:
    """What goes into the cells while the full current flows: cells in series × 3.4 V × current; 34 W in parallel at 10 A."""
    wired = replace(plan, arrangement="" if series == 1 else _string(plan).arrangement)
    return series * calculations.CHARGING_V * calculations.current_limit(wired).value_a


def fits(plan: Plan) -> tuple[Fit, ...]:
    """Every procedure and chain, in the order of NAMES, whatever the plan's own procedure and arrangement are."""
    return tuple(_fit(plan, name) for name in NAMES)


def best(plan: Plan, found: tuple[Fit, ...] | None = None) -> Choice:
    """Which to choose. `found` are the fits of this plan where they are at hand."""
    by_name = {fit.name: fit for fit in (found or fits(plan))}
    parallel, chain, single = by_name["parallel"], by_name["precharge+parallel"], by_name["single-cell"]
    if plan.assembled and single.ok:
        return Choice("single-cell", "The cells stay in their battery, so each is charged by itself (appendix C).")
    if not parallel.ok:
        return Choice("", parallel.why_not)
    if parallel.typical_s is None:
        return Choice(
            "parallel",
            "It always works. How long it takes cannot be told without the state of charge: cells often come about half full, and then a "
            "pre-charge in series saves days. Type an estimate.",
        )
    whole = show_duration(parallel.typical_s)
    if chain.ok and chain.typical_s is not None and _worth(parallel.typical_s, chain.typical_s):
        return Choice(
            "precharge+parallel",
            f"{power_w(plan):.0f} W in parallel need about {whole}; in series first, under a BMS, {power_w(plan, _series(plan)):.0f} W: about "
            f"{show_duration(chain.typical_s)} in all (tutorial section 3).",
        )
    if not chain.ok and parallel.typical_s > 48 * 3600:
        return Choice("parallel", f"About {whole}. A pre-charge in series would be much faster, but: {chain.why_not}")
    return Choice("parallel", f"About {whole}: every cell reaches the very same volts, and a pre-charge would not save enough.")


def _worth(without_s: float, with_s: float) -> bool:
    return without_s - with_s > max(WORTH_S, WORTH_SHARE * without_s)


# --- one procedure ---------------------------------------------------------------------------------------------


def _fit(plan: Plan, name: str) -> Fit:
    try:
        why_not = _why_not(plan, name)
        if why_not:
            return Fit(name, False, why_not)
        low_s, high_s, typical_s = _times(plan, _COURSES[name]) if name in _COURSES else (None, None, None)
        return Fit(name, True, "", low_s, high_s, typical_s, _hands_on(plan, name), _note(plan, name))
    except ValueError as error:  # a pack that does not fit the cells, or no current left to charge with
        return Fit(name, False, str(error).rstrip(".") + ".")


def _why_not(plan: Plan, name: str) -> str:
    if not plan.cells:
        return "The bank has no cells yet."
    unsound = _unsound(plan)
    if unsound:
        return f"{unsound} first."
    rating_v = plan.supply.max_voltage_v
    if rating_v < plan.target_v - 1e-9:
        return f"The supply gives {rating_v:g} V, but a cell needs {plan.target_v:.3f} V: {class_words(plan.target_v)} is needed."
    if len(plan.cells) < 2 and name not in ("parallel", "step-and-pause", "single-cell"):
        return "It needs at least two cells."
    if name.startswith("precharge"):
        series = _series(plan)
        pack_v = series * plan.target_v
        if series < 2:
            return f"{_string(plan).arrangement} is no string: a pre-charge needs cells in series under a BMS."
        if rating_v < pack_v - 1e-9:
            sum_text = f"{series}S needs {series} × {plan.target_v:.3f} V = {pack_v:.2f} V"
            return f"{sum_text}, and the supply gives {rating_v:g} V: {class_words(pack_v)} is needed."
    return ""


def _unsound(plan: Plan) -> str:
    """What must be put right before anything can be told: a plan may still be being typed, and not-a-number fails every comparison."""
    supply, low, high = plan.supply, plan.soc_low, plan.soc_high
    if not all(0 < cell.capacity_ah < math.inf for cell in plan.cells):
        return "Put the capacity of every cell right"
    if not (0 < supply.max_voltage_v < math.inf and 0 < supply.max_current_a < math.inf):
        return "Give the volts and amperes of the supply"
    if not 3.4 <= plan.target_v <= 3.8:
        return "Put the target right"
    if not (plan.lead_resistance_ohm is None or 0 <= plan.lead_resistance_ohm <= 2):
        return "Put the resistance of the leads right"
    if low is not None and high is not None and not 0 <= low <= high <= 1:
        return "Put the state of charge right"
    if not 0 < plan.end_current_a < math.inf:
        return "Give an end current above zero"
    currents = (plan.derating, plan.c_rate, plan.lead_limit_a, plan.cell_limit_a)
    if not all(value is None or 0 < value < math.inf for value in currents):
        return "Put the limits of the current right"
    if not (0 <= plan.pause_s < math.inf and 0 <= plan.soak_s < math.inf):
        return "Put the pauses right"
    if not all(leads.PLATEAU_V < volts <= plan.target_v + 1e-9 for volts in plan.stages_v):
        return "Put the stages right"
    return ""


def _string(plan: Plan) -> Plan:
    return replace(plan, arrangement=plan.pack or f"{len(plan.cells)}S")


def _series(plan: Plan) -> int:
    return calculations.wiring(_string(plan)).series


def _hands_on(plan: Plan, name: str) -> str:
    count = len(plan.cells)
    links = f"{2 * (count - 1)} busbars" if count > 1 else "one cell"
    series = _series(plan)
    build = f"build the {series}S battery with its BMS, {'read the highest cell every 10 min, ' if not (plan.meter or plan.bms) else ''}take it apart"
    stages = len(calculations.stages_v(plan))
    changes = "set the volts at each of the" if plan.supply.by_hand else "be near at the last of the"
    match name:
        case "parallel":
            return f"wire {links}, stay near from {calculations.knee_v(plan):.2f} V on, take apart"
        case "step-and-pause":
            return f"wire {links}, {changes} {stages} stages, take apart"
        case "single-cell":
            place = "nothing is undone" if plan.assembled else "no busbars"
            return f"put the leads on {count} times, stay near at each end, take them off; {place}"
        case "precharge":
            return build
        case "level":
            return "wire the low cells, lift them, rest 10 min, measure all anew"
    return f"{build}; then wire {links}, stay near at the end, take apart"


def _note(plan: Plan, name: str) -> str:
    bank_kwh = sum(cell.capacity_ah for cell in plan.cells) * calculations.MEAN_CELL_V / 1000
    match name:
        case "parallel":
            return f"{calculations.CHARGING_V:g} V × current = {power_w(plan):.0f} W into a bank of {bank_kwh:.1f} kWh."
        case "step-and-pause":
            current, ohm, first_v = _stepped_a(plan), _typical_ohm(plan), calculations.stages_v(plan)[0]
            flow = leads.plateau_current_a(first_v, current, ohm)
            slow = f"only {flow:.1f} A flow on the plateau at {first_v:.2f} V" if flow < 0.9 * current else f"{current:.1f} A at most"
            return f"80 % of the supply, {slow}; the result is as good as in one step."
        case "single-cell":
            return "The battery can stay assembled; equal volts rest on the same set-point for every cell."
        case "precharge":
            return f"{power_w(plan, _series(plan)):.0f} W in series. The cells are mostly charged then, not balanced."
        case "level":
            return f"Only where cells differ by more than {plan.spread_limit_v * 1000:.0f} mV; it is proposed when that is measured."
    return f"{power_w(plan, _series(plan)):.0f} W in series, then only the differences in parallel."


# --- times -----------------------------------------------------------------------------------------------------

Timing = Callable[[Plan, float, float, float], charge.Course]  # plan, highest and mean state of charge, leads → course


def _times(plan: Plan, timing: Timing) -> tuple[float | None, float | None, float | None]:
    low, high = plan.soc_low, plan.soc_high
    if low is None or high is None:
        return None, None, None
    known = plan.lead_resistance_ohm
    least_ohm, most_ohm = (0.0, calculations.ASSUMED_LEAD_OHM) if known is None else (known, known)
    shortest = timing(plan, high, high, least_ohm)
    mixes = ((low, low), (high, low + (high - low) / len(plan.cells)))  # all at the lower end; one cell far ahead of the others
    longest = max((timing(plan, top, mean, most_ohm) for top, mean in mixes), key=lambda course: course.total_s)
    typical = timing(plan, high, (low + high) / 2, _typical_ohm(plan))
    high_s = longest.constant_current_s / charge.LOW_FACTOR + longest.taper_s * charge.HIGH_FACTOR
    return shortest.total_s * charge.LOW_FACTOR, high_s, typical.total_s


def _typical_ohm(plan: Plan) -> float:
    return calculations.ASSUMED_LEAD_OHM / 2 if plan.lead_resistance_ohm is None else plan.lead_resistance_ohm


def _course(plan: Plan, soc: float, ohm: float, current_a: float, target_v: float) -> charge.Course:
    """A charge of all cells in parallel."""
    return charge.course(
        capacity_ah=sum(cell.capacity_ah for cell in plan.cells),
        cells=len(plan.cells),
        soc=soc,
        target_v=target_v,
        current_a=current_a,
        lead_ohm=ohm,
        end_current_a=min(plan.end_current_a, current_a / 2),
    )


def _sum(*courses: charge.Course) -> charge.Course:
    return charge.Course(
        sum(course.charge_ah for course in courses),
        sum(course.constant_current_s for course in courses),
        sum(course.taper_s for course in courses),
    )


def _parallel(plan: Plan, top: float, mean: float, ohm: float) -> charge.Course:
    bank = replace(plan, arrangement="")
    return _course(plan, mean, ohm, calculations.current_limit(bank).value_a, plan.target_v)


def _stepped_a(plan: Plan) -> float:
    return calculations.current_limit(replace(plan, arrangement="", derating=min(plan.derating, STEP_DERATING))).value_a


def _stepped(plan: Plan, top: float, mean: float, ohm: float) -> charge.Course:
    """Each stage tapers through the leads to the end current; the pauses count as time of the taper."""
    current_a, stages = _stepped_a(plan), calculations.stages_v(plan)
    bank_ah = sum(cell.capacity_ah for cell in plan.cells)
    courses, soc = [], mean
    for stage_v in stages:
        courses.append(_course(plan, soc, ohm, current_a, stage_v))
        soc += courses[-1].charge_ah / bank_ah
    pauses_s = plan.pause_s * sum(1 for _ in pairwise(stages))
    return _sum(*courses, charge.Course(0.0, 0.0, pauses_s))


def _singly(plan: Plan, top: float, mean: float, ohm: float) -> charge.Course:
    alone = (replace(plan, cells=(cell,), arrangement="1P") for cell in plan.cells)
    return _sum(*(_parallel(one, top, mean, ohm) for one in alone))


def _precharge(plan: Plan, top: float, mean: float, ohm: float) -> charge.Course:
    """The string until its fullest cell reaches the target, which it does a little before it is full; and the soak before it."""
    string = _string(plan)
    wired, group_ah = calculations.wiring(string), calculations.capacity_ah(string)
    current_a = leads.plateau_current_a(plan.target_v, calculations.current_limit(string).value_a, ohm / wired.series)
    lacking = min(1.0 - top, EARLY_PER_C * current_a / group_ah)
    charge_ah = (1.0 - lacking - top) * group_ah
    return charge.Course(charge_ah, 3600 * charge_ah / current_a + plan.soak_s, 0.0)


def _chained(then: Timing) -> Timing:
    """The pre-charge, then `then` on what the cells still lack: the first one a little, the others also their difference to it."""

    def timing(plan: Plan, top: float, mean: float, ohm: float) -> charge.Course:
        first = _precharge(plan, top, mean, ohm)
        gained = _series(plan) * first.charge_ah / sum(cell.capacity_ah for cell in plan.cells)  # larger cells gain less
        return _sum(first, then(plan, top + gained, mean + gained, ohm))

    return timing


_COURSES: dict[str, Timing] = {
    "parallel": _parallel,
    "precharge+parallel": _chained(_parallel),
    "step-and-pause": _stepped,
    "precharge+step-and-pause": _chained(_stepped),
    "single-cell": _singly,
    "precharge": _precharge,
}
