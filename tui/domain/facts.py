"""The bank's numbers as words, for instructions and reasons: one name, one text with its unit."""

from __future__ import annotations

from tui.domain import calculations, charge
from tui.domain.arrangement import parse_arrangement
from tui.domain.fits import power_w
from tui.domain.gates_cells import surge_a
from tui.domain.gates_wiring import same_end_words
from tui.domain.kinds import show, show_duration
from tui.domain.limits import Limits
from tui.domain.plan import Plan
from tui.domain.relaxation import relaxed_v


def bank_facts(plan: Plan) -> dict[str, str]:
    """Every number that a text may name. Raises ValueError for a plan whose arrangement does not fit."""
    limits, count = Limits(), len(plan.cells)
    bank_ah, limit = calculations.capacity_ah(plan), calculations.current_limit(plan)
    set_v, set_a = calculations.set_points(plan)
    ohm = plan.lead_resistance_ohm
    wired = calculations.wiring(plan)
    plateau_a = calculations.plateau_current_a(plan)
    rate_c = limit.value_a / bank_ah
    lead_now = "unknown" if ohm is None else show(ohm, "resistance")
    shown = {row.id: row.text for row in calculations.figures(plan)}
    smallest = min(cell.capacity_ah for cell in plan.cells)
    return {
        "n": str(count),
        "posts": str(2 * count),
        "cells": "1 cell" if count == 1 else f"{count} cells",
        "bank": plan.bank,
        "wired": str(wired),
        "groups": "" if wired.parallel == 1 else f", {wired.parallel} cells in parallel each time",
        "series": str(wired.series),
        "parallel": str(wired.parallel),
        "first": plan.cells[0].label,
        "last": plan.cells[-1].label,
        "cell_ah": show(smallest, "capacity"),
        "bank_ah": show(bank_ah, "capacity"),
        "bank_sum": _bank_sum(plan),
        "target": show(plan.target_v, "target"),
        "target_short": f"{plan.target_v:.2f} V",
        "set_v": f"{set_v:.3f} V",
        "set_v_short": f"{set_v:.2f} V",
        "set_a": f"{set_a:.2f} A",
        "c_rate": f"{plan.c_rate:g}C",
        "c_rate_a": show(limit.candidates["c-rate"], "current"),
        "set_c": f"{rate_c:.2g}C",
        "cell_a": f"{limit.value_a / wired.parallel:.2f} A",
        "cell_c_a": show(plan.c_rate * smallest, "current"),
        "cell_limit": "not given" if plan.cell_limit_a is None else show(plan.cell_limit_a, "current"),
        "why_current": limit.why,
        "supply": plan.supply.name or plan.supply.address,
        "rating_v": f"{plan.supply.max_voltage_v:g} V",
        "rating_a": f"{plan.supply.max_current_a:g} A",
        "derating": f"{plan.derating:.0%}",
        "supply_a": show(limit.candidates["supply"], "current"),
        "lead_limit": "not given" if plan.lead_limit_a is None else show(plan.lead_limit_a, "current"),
        "leads": lead_now,
        "same_end": same_end_words(plan),
        "your_leads": "Your leads are not known yet; under current they are measured."
        if ohm is None
        else f"Your leads: {lead_now}, {shown['lead-drop']} and {shown['lead-heat']} at {plateau_a:.2f} A.",
        "lead_drop": shown["lead-drop"],
        "lead_heat": shown["lead-heat"],
        "critical_lead": shown["critical-lead"],
        "plateau_a": f"{plateau_a:.2f} A",
        "power": shown["power"],
        "parallel_w": f"{power_w(plan):.0f} W",
        "energy": shown["energy"],
        "missing": shown["missing-charge"],
        "time": shown["charging-time"],
        "lost": shown["hours-lost"],
        "soc": "unknown" if plan.soc_low is None or plan.soc_high is None else f"{plan.soc_low:.0%} to {plan.soc_high:.0%}",
        "end_a": show(plan.end_current_a, "current"),
        "end_c": shown["end-current-c"],
        "smallest_end": shown["smallest-end-current"],
        "maker_end_a": show(0.05 * bank_ah, "current"),
        "off_a": f"{calculations.off_current_a(plan):.2f} A",
        "v_step": f"{plan.supply.voltage_step_v * 1000:g} mV",
        "a_step": f"{plan.supply.current_step_a * 1000:g} mA",
        "spread": f"{plan.spread_limit_v * 1000:.0f} mV",
        "spread_short": f"{plan.spread_limit_v:.2f} V",
        "surge": f"{surge_a(plan.spread_limit_v, plan.cells):.0f} A",
        "warn_v": f"{plan.target_v + limits.warn_over_target_v:.3f} V",
        "trip_v": f"{plan.target_v + limits.trip_over_target_v:.3f} V",
        "ovp_v": f"{_protection_v(plan, wired.series, limits):.2f} V",
        "ocp_a": f"{set_a * (1 + limits.over_current_protection_fraction):.2f} A",
        "held_v": f"{plan.target_v - limits.end_margin_v:.3f} V",
        "end_text": _end_text(plan, limits),
        "over_a": f"{set_a * (1 + limits.current_over_fraction) + plan.supply.current_step_a:.2f} A",
        "quarter_a": f"{limit.value_a * limits.cold_current_fraction:.2f} A",
        "charge_warn": show(bank_ah * limits.charge_over_warn, "capacity"),
        "charge_trip": show(bank_ah * limits.charge_over_trip, "capacity"),
        "tenth_a": f"{set_a * limits.open_circuit_from_fraction:.2f} A",
        "knee_ah": show(charge.missing_charge_ah(bank_ah, 0.9989), "capacity"),
        "knee": f"{calculations.knee_v(plan):.2f} V",
        "relaxed_1": f"{relaxed_v(plan.target_v, rate_c, 1):.2f} V",
        "relaxed_5": f"{relaxed_v(plan.target_v, rate_c, 5):.2f} V",
        "relaxed_10": f"{relaxed_v(plan.target_v, rate_c, 10):.2f} V",
        "over_10min": f"{limit.value_a / 6:.2f} Ah",
        "rest": show_duration(plan.rest_s),
        "pause": show_duration(plan.pause_s),
        "soak": show_duration(plan.soak_s),
        "service_v": "not given" if plan.service_v is None else show(plan.service_v, "target"),
        "pack_4s": shown["pack-4s"],
        "pack_8s": shown["pack-8s"],
        "pack_15s": shown["pack-15s"],
        "pack_16s": shown["pack-16s"],
    }


def _bank_sum(plan: Plan) -> str:
    """How the bank's capacity comes about, for the eye that typed it: "8 × 280 Ah = 2240 Ah"."""
    bank, parallel = show(calculations.capacity_ah(plan), "capacity"), calculations.wiring(plan).parallel
    alike = {cell.capacity_ah for cell in plan.cells}
    return f"{parallel} × {show(alike.pop(), 'capacity')} = {bank}" if len(alike) == 1 and parallel > 1 else bank


def _protection_v(plan: Plan, series: int, limits: Limits) -> float:
    """The supply's own over-voltage protection: for a string 0.10 V above the whole, for cells in parallel at most 3.80 V."""
    over_v = series * plan.target_v + limits.over_voltage_protection_over_target_v
    return over_v if series > 1 else min(over_v, limits.over_voltage_protection_ceiling_v)


def _end_text(plan: Plan, limits: Limits) -> str:
    """When the charge ends, by the plan's end rule."""
    held_v = f"{plan.target_v - limits.end_margin_v:.3f} V"
    if plan.end_rule == "volts":
        return f"the cells stand at {held_v} or more"
    minutes = f"{limits.end_hold_s / 60:.0f} minutes"
    return f"the current is {show(plan.end_current_a, 'current')} or less with the cells at {held_v} or more, for {minutes}"


PART_FACTS = (
    *("all_n", "all_cells", "part_n", "parts", "before_v", "next_v", "next_cell", "stages", "pack", "pack_v"),
    *("low_cells", "wire_low", "low_v", "high_v", "level_v"),
)
"""Names that only a part of a procedure knows, beside those of `bank_facts`."""


def part_facts(
    session: Plan, plan: Plan, *, number: int, count: int, before: Plan | None = None, after: Plan | None = None
) -> dict[str, str]:
    """Where this part (`plan`) stands among its like and in its session. `number` counts from 1 to `count`."""
    cells = len(session.cells)
    stages = [f"{volts:.3f}" for volts in calculations.stages_v(session)]
    try:
        pack = calculations.pack_wiring(session)
    except ValueError:  # only the pre-charge needs it, and there the plan is checked
        pack = parse_arrangement(f"{cells}S", cells)
    return {
        "all_n": str(cells),
        "all_cells": "1 cell" if cells == 1 else f"{cells} cells",
        "part_n": str(number),
        "parts": str(count),
        "before_v": "none" if before is None else show(before.target_v, "target"),
        "next_v": "none" if after is None else show(after.target_v, "target"),
        "next_cell": "none" if after is None else after.cells[0].label,
        "stages": f"{', '.join(stages[:-1])} and {stages[-1]} V" if len(stages) > 1 else f"{stages[-1]} V",
        "pack": str(pack),
        "pack_v": f"{pack.series * session.target_v:.2f} V",
    }
