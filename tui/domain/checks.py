"""What a plan alone can tell of its faults, before any instrument is opened. Each problem names its field of the plan."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import get_args

from tui.domain import calculations, leads, meter_place
from tui.domain.kinds import KINDS, show, target_problem
from tui.domain.limits import Limits
from tui.domain.plan import EndRule, Plan
from tui.domain.procedures import effective
from tui.domain.unlike import mixed_warning

GOOD_LEADS_OHM = 0.005  # what a pair of thick, short leads with rings has


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of the plan. `blocking`: no session may start; otherwise a warning to be shown and journalled."""

    field: str  # a field of Plan, "supply.max_voltage_v", or "cells"
    message: str
    blocking: bool = True


def check_plan(plan: Plan, own: str = "") -> list[Problem]:
    """Every fault that the plan itself shows, blocking ones first. A session may start when none is blocking.

    `own` is the file's text of an own procedure, whose faults and fixed choices count too.
    """
    from tui.domain import checks_procedure as procedure  # it needs Problem from here

    found = [*procedure.file(plan, own)]
    if not found:
        plan = effective(plan, own) if own else plan
        found += [*_cells(plan), *_target(plan), *_numbers(plan), *procedure.numbers(plan, own)]
        found += [Problem("meter", words) for words in (meter_place.problem(plan),) if words]
    if not found:  # figures need sound numbers
        string = procedure.in_series(plan, own)
        found += [*_wiring(replace(plan, arrangement="") if string else plan), *procedure.pack(plan, own)]
    if not any(problem.blocking for problem in found):
        found += [*procedure.parts(plan, own)]
    if not any(problem.blocking for problem in found):
        found += [*_leads(plan), *procedure.too_slow(plan), *_soft(plan)]
    return sorted(found, key=lambda problem: not problem.blocking)


def _cells(plan: Plan) -> Iterator[Problem]:
    if not plan.cells:
        yield Problem("cells", "The bank has no cells yet. Add the cells that are balanced together.")
        return
    labels = Counter(cell.label.strip().casefold() for cell in plan.cells)
    if labels[""]:
        yield Problem("cells", "A cell has no label. Write a short label on each cell, such as A1, so that its volts stay its own.")
    twice = sorted({cell.label.strip() for cell in plan.cells if cell.label.strip() and labels[cell.label.strip().casefold()] > 1})
    if twice:
        yield Problem(
            "cells", f"The label {', '.join(twice)} is given twice. Each cell needs a label of its own; a cell can be in a bank once."
        )
    kind = KINDS["capacity"]
    for cell in plan.cells:
        if not kind.low <= cell.capacity_ah <= kind.high:
            hint = " Were milliampere-hours meant?" if kind.low <= cell.capacity_ah / 1000 <= kind.high else ""
            yield Problem("cells", f"{cell.label}: {cell.capacity_ah:g} Ah is no capacity of one cell; it has 1 to 1000 Ah.{hint}")


def _target(plan: Plan) -> Iterator[Problem]:
    message = target_problem(plan.target_v)
    if message:
        yield Problem("target_v", message + ".")


def _numbers(plan: Plan) -> Iterator[Problem]:
    """Ranges. Not-a-number fails every comparison and is refused with the rest."""
    supply = plan.supply

    def outside(field: str, value: float | None, low: float, high: float, words: str) -> Iterator[Problem]:
        if value is not None and not (low <= value <= high):
            yield Problem(field, words)

    yield from outside(
        "supply.max_voltage_v", supply.max_voltage_v, 1.0, 1000.0, "The supply's volts are missing; they are on its label, such as 30 V."
    )
    yield from outside(
        "supply.max_current_a", supply.max_current_a, 0.1, 1000.0, "The supply's amperes are missing; they are on its label, such as 10 A."
    )
    yield from outside(
        "supply.voltage_step_v", supply.voltage_step_v, 1e-6, 1.0, "One count of the supply's volts lies between 1 µV and 1 V."
    )
    yield from outside(
        "supply.current_step_a", supply.current_step_a, 1e-6, 1.0, "One count of the supply's amperes lies between 1 µA and 1 A."
    )
    yield from outside("derating", plan.derating, 0.1, 1.0, "The derating lies between 10 % and 100 % of the supply's rating.")
    yield from outside("c_rate", plan.c_rate, 1e-6, 0.2, "The C-rate of the bank lies above zero and is 0.2C at most (tutorial section 4).")
    yield from outside(
        "lead_limit_a", plan.lead_limit_a, 1e-3, 1000.0, "The lead limit is a current above zero; leave it empty when it is not known."
    )
    yield from outside(
        "lead_resistance_ohm",
        plan.lead_resistance_ohm,
        0.0,
        2.0,
        "The resistance of the leads lies between 0 and 2 Ω; usual are 5 to 60 mΩ for the pair.",
    )
    yield from outside("rest_s", plan.rest_s, 0.0, 7 * 86400.0, "The rest before the last measurement is at most 7 days.")
    yield from outside(
        "spread_limit_v",
        plan.spread_limit_v,
        0.001,
        0.30,
        "The spread allowed before paralleling lies between 1 mV and 0.30 V. Above it the surge at first contact can weld a busbar.",
    )
    for field, value in (("soc_low", plan.soc_low), ("soc_high", plan.soc_high)):
        yield from outside(field, value, 0.0, 1.0, "The state of charge lies between 0 % and 100 %.")
    if plan.soc_low is not None and plan.soc_high is not None and plan.soc_low > plan.soc_high:
        yield Problem("soc_low", "The range of the state of charge runs downwards; give the lower value first.")
    yield from outside("end_current_a", plan.end_current_a, 0.0, 1000.0, "The end current is a current such as 0.10 A.")
    if plan.end_rule not in get_args(EndRule):
        yield Problem("end_rule", f"“{plan.end_rule}” is no end rule; there are {', '.join(get_args(EndRule))}.")


def _wiring(plan: Plan) -> Iterator[Problem]:
    """The arrangement of the balance. A pre-charge is wired as the pack; see `checks_procedure.pack`."""
    try:
        arrangement = calculations.wiring(plan)
    except ValueError as error:
        yield Problem("arrangement", f"{error}.")
        return
    pack_v, rating_v = arrangement.series * plan.target_v, plan.supply.max_voltage_v
    if pack_v > rating_v + 1e-9:
        if arrangement.series == 1:
            advice = f"A supply of at least {math.ceil(pack_v + 0.5)} V is needed; a 30 V supply fits"
        else:
            usual = next((volts for volts in (15, 30, 60) if volts >= pack_v * 1.02), math.ceil(pack_v * 1.1))
            advice = f"A {usual} V supply is needed"
        sum_text = f"{arrangement.series} × {plan.target_v:.3f} V = {pack_v:.2f} V"
        yield Problem(
            "supply.max_voltage_v",
            f"The supply gives {rating_v:g} V, but {arrangement} needs {sum_text}. {advice}; nothing can be charged with this one.",
        )
    if arrangement.series > 1:
        yield Problem(
            "arrangement",
            f"{arrangement} is wired in series, and cells in series are never balanced so: all {arrangement.cells} go in parallel as "
            f"{arrangement.cells}P. For a charge of the string under its BMS choose the series pre-charge, and then the balance.",
        )


def _leads(plan: Plan) -> Iterator[Problem]:
    ohm = plan.lead_resistance_ohm
    if ohm is None:
        yield Problem(
            "lead_resistance_ohm",
            "The leads are not known, so the time is told for leads of up to 20 mΩ. Type a gauge (8 AWG) or mΩ.",
            False,
        )
        return
    current = calculations.current_limit(plan).value_a
    flowing = leads.plateau_current_a(plan.target_v, current, ohm)
    heat = leads.heat_w(ohm, flowing)
    limits = Limits()
    if ohm > limits.lead_resistance_warn_ohm or heat > limits.lead_heat_warn_w:
        now, better = calculations.charging_time_s(plan), calculations.charging_time_s(replace(plan, lead_resistance_ohm=GOOD_LEADS_OHM))
        cost = (
            ""
            if now is None or better is None
            else f" With them the charge takes up to {show(now[1], 'time')}, with good ones {show(better[1], 'time')}."
        )
        yield Problem(
            "lead_resistance_ohm",
            f"Leads of {show(ohm, 'resistance')} lose {leads.drop_v(ohm, flowing) * 1000:.0f} mV and turn {heat:.1f} W into heat, and "
            f"only {flowing:.1f} A flow on the plateau.{cost} Good leads are thick and short with rings at both ends, about 5 mΩ (tutorial "
            "appendix D).",
            False,
        )


def _soft(plan: Plan) -> Iterator[Problem]:
    warning = mixed_warning(plan)
    if warning:
        yield Problem("cells", warning, False)
    if plan.spread_limit_v > Limits().spread_before_parallel_v + 1e-9:
        yield Problem(
            "spread_limit_v",
            f"Cells may differ by {plan.spread_limit_v:.2f} V before paralleling; the tutorial allows about 0.15 V. Expect sparks.",
            False,
        )
    if plan.service_v is not None and plan.service_v >= plan.target_v - 1e-9:
        yield Problem(
            "service_v",
            f"In service BMS and charger allow {plan.service_v:.3f} V a cell, and the balance ends at {plan.target_v:.3f} V. The target should "
            "lie above the highest volts in service, or one cell can run ahead there: choose a higher target, or set the charger lower, near "
            "3.5 V a cell.",
            False,
        )
