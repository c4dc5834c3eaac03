"""What a plan shows of its procedure's faults: own file, pack, stages, pauses, the end rule of each part, and a time far too long."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tui.domain import calculations
from tui.domain.checks import Problem
from tui.domain.kinds import show
from tui.domain.limits import DEFAULTS, Limits
from tui.domain.plan import Plan
from tui.domain.procedures import CHAINS, PROCEDURES, ProcedureError, check, part_plans, part_rows, steps
from tui.domain.procedures.schema import PartRow
from tui.domain.supply_fit import class_words

LOWEST_STAGE_V = 3.30  # below, a stage lies on the plateau or under it and charges nothing
STEP_DERATING = 0.8  # tutorial appendix B
SLOW_S = 48 * 3600.0


def file(plan: Plan, own: str) -> Iterator[Problem]:
    """The procedure's name, and the faults of an own procedure's file."""
    if plan.procedure.startswith("own:"):
        if own:
            yield from (Problem("procedure", f"{plan.procedure.removeprefix('own:')}, {problem}.") for problem in check(own))
    elif plan.procedure not in (*PROCEDURES, *CHAINS):
        yield Problem("procedure", f"“{plan.procedure}” is no procedure; there is {', '.join((*PROCEDURES, *CHAINS))}.")


def numbers(plan: Plan, own: str) -> Iterator[Problem]:
    """Ranges of what only some procedures use. Not-a-number fails every comparison and is refused with the rest."""
    if not 60.0 <= plan.pause_s <= 24 * 3600.0:
        yield Problem("pause_s", "The pause between two stages lasts 1 minute to 24 hours.")
    if not 0.0 <= plan.soak_s <= 7 * 86400.0:
        yield Problem("soak_s", "The soak in parallel lasts at most 7 days; 0 leaves it out.")
    if plan.cell_limit_a is not None and not 0.0 < plan.cell_limit_a <= 1000.0:
        yield Problem(
            "cell_limit_a", "The largest charging current of a cell is a current above zero; leave it empty when it is not known."
        )
    if plan.service_v is not None and not 3.0 <= plan.service_v <= 4.2:
        yield Problem(
            "service_v", "The highest volts of a cell in service lie between 3.0 and 4.2 V; leave it empty when they are not known."
        )
    try:
        DEFAULTS.tightened(plan.limits).attended(plan.attention)
    except ValueError as error:
        yield Problem("limits", f"{error}.")
    if any(row.each == "stage" for row in _rows(plan, own)):
        yield from _stages(plan)


def _rows(plan: Plan, own: str) -> tuple[PartRow, ...]:
    return () if plan.procedure.startswith("own:") and not own else part_rows(plan, own)


def _stages(plan: Plan) -> Iterator[Problem]:
    if plan.derating > STEP_DERATING + 1e-9:
        yield Problem(
            "derating",
            f"Step-and-pause charges for long hours: set the supply to {STEP_DERATING:.0%} of its rating or less, so that it does not burn "
            f"out (tutorial appendix B). It is at {plan.derating:.0%} now.",
        )
    stages = calculations.stages_v(plan)
    if any(not high > low for low, high in pairwise(stages)):
        yield Problem("stages_v", "The stages must rise, each above the one before: 3.45, 3.55, 3.65 V.")
        return
    for volts in stages:
        if not LOWEST_STAGE_V <= volts <= plan.target_v + 1e-9:
            yield Problem("stages_v", f"A stage of {volts:.3f} V is outside {LOWEST_STAGE_V:.2f} V to the target of {plan.target_v:.3f} V.")
    if stages[-1] < plan.target_v - 1e-9:
        yield Problem(
            "stages_v",
            f"The last stage of {stages[-1]:.3f} V lies below the target of {plan.target_v:.3f} V: the cells are balanced at "
            f"{stages[-1]:.3f} V then.",
            False,
        )


def in_series(plan: Plan, own: str) -> bool:
    """Whether some part charges the cells in series."""
    return any(row.wiring == "series" for row in _rows(plan, own))


def pack(plan: Plan, own: str) -> Iterator[Problem]:
    """The string of a pre-charge: it fits the cells, it is one, and the supply reaches its volts."""
    if not in_series(plan, own):
        return
    field = "pack" if plan.pack or not plan.arrangement else "arrangement"
    try:
        wired = calculations.pack_wiring(plan)
    except ValueError as error:
        yield Problem(field, f"{error}.")
        return
    if wired.series < 2:
        yield Problem(field, f"{wired} is no string: a pre-charge needs at least two cells in series under a BMS.")
        return
    pack_v, rating_v = wired.series * plan.target_v, plan.supply.max_voltage_v
    if pack_v > rating_v + 1e-9:
        yield Problem(
            "supply.max_voltage_v",
            f"The supply gives {rating_v:g} V, but {wired} needs {wired.series} × {plan.target_v:.3f} V = {pack_v:.2f} V: "
            f"{class_words(pack_v)} is needed for the pre-charge. Without it, balance in parallel at once.",
        )


def parts(plan: Plan, own: str) -> Iterator[Problem]:
    """Each part for itself: can it be made, and can its charge come to an end."""
    if plan.procedure.startswith("own:") and not own:
        return
    try:
        found = part_plans(plan, own)
        if own:
            steps(plan, own)  # what the file makes of this very plan
    except ProcedureError as error:
        yield Problem("procedure", f"{error}.")
        return
    told = set()
    for row, part in found:
        if not any(step.until == "end-rule" for step in row.steps):
            continue
        for problem in _end(part):
            if problem not in told:
                told.add(problem)
                yield problem


def _end(plan: Plan) -> Iterator[Problem]:
    """Whether the end rule of this part can be met at all."""
    smallest, limit = calculations.smallest_end_current_a(plan), calculations.current_limit(plan).value_a
    if plan.end_current_a < smallest - 1e-9:
        yield Problem(
            "end_current_a",
            f"{plan.end_current_a:g} A is less than two counts of this supply ({smallest:g} A); its display could not tell it from "
            f"zero. Choose {smallest:g} A or more.",
        )
    elif plan.end_current_a >= limit and plan.end_rule != "volts":
        yield Problem(
            "end_current_a",
            f"The end current of {show(plan.end_current_a, 'current')} is not below the charging current of {show(limit, 'current')}; "
            "the charge would end before it has begun.",
        )
    volts, _ = calculations.set_points(plan)
    if plan.target_v - volts > Limits().end_margin_v + 1e-9:
        yield Problem(
            "target_v",
            f"The supply sets volts in steps of {plan.supply.voltage_step_v:g} V: {volts:.3f} V is next below {plan.target_v:.3f} V, "
            f"and the end rule would never be met. Choose {volts:.3f} V as target.",
        )


def too_slow(plan: Plan) -> Iterator[Problem]:
    """F-41: days that a pre-charge in series would save, with both times."""
    if plan.procedure not in ("parallel", "step-and-pause") or len(plan.cells) < 2:
        return
    times = calculations.charging_time_s(plan)
    if times is None or times[1] <= SLOW_S:
        return
    from tui.domain import fits  # only where it is slow

    found = {fit.name: fit for fit in fits.fits(plan)}
    chain = found["precharge+parallel"]
    text = f"From {plan.soc_low:.0%} this takes up to {show(times[1], 'time')}. Cells that are mostly empty are filled faster in "
    if chain.ok:
        text += f"series under a BMS first: {chain.hours} in all with the pre-charge before the balance (tutorial section 3)."
    else:
        text += f"series under a BMS first (tutorial section 3). {chain.why_not}"
    yield Problem("soc_low", text, False)
