"""Numbers that only reasons name, beside those of `facts.bank_facts`: what the other ways would take, what a slip would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from tui.domain import calculations
from tui.domain.arrangement import parse_arrangement
from tui.domain.calculations import level_until_v, stages_v
from tui.domain.facts import bank_facts
from tui.domain.fits import Fit, fits, power_w
from tui.domain.gates_cells import surge_a, surge_heat_w
from tui.domain.kinds import show
from tui.domain.limits import Limits
from tui.domain.plan import Plan
from tui.domain.supply_fit import class_words


@lru_cache(maxsize=4)  # a screen asks for many reasons of one plan
def reason_facts(plan: Plan) -> Mapping[str, str]:
    """Every number that a reason may name, for the plan of a session or of one of its parts."""
    return {**bank_facts(plan), **_series(plan), **_surges(plan), **_ways(plan), **_points(plan)}


def _series(plan: Plan) -> dict[str, str]:
    """The string of a pre-charge, also where this plan is not it."""
    wired = calculations.wiring(plan).series
    string = plan.arrangement if wired > 1 else plan.pack or f"{len(plan.cells)}S"
    try:
        series = parse_arrangement(string, len(plan.cells)).series
    except ValueError:  # only the pre-charge needs it, and there the plan is checked
        plan = replace(plan, pack="")
        series, string = len(plan.cells), f"{len(plan.cells)}S"
    pack_v = series * plan.target_v
    return {
        "string": string,
        "string_n": str(series),
        "string_v": f"{pack_v:.2f} V",
        "string_class": class_words(pack_v),
        "string_trip_v": f"{series * (plan.target_v + Limits().trip_over_target_v):.2f} V",
        "one_more_v": f"{(series + 1) / series * plan.target_v:.2f} V",
        "string_a": f"{calculations.current_limit(replace(plan, arrangement=string)).value_a:.2f} A",
        "string_w": f"{power_w(plan, series):.0f} W",
    }


def _surges(plan: Plan) -> dict[str, str]:
    def amps(volts: float) -> str:
        return f"{surge_a(volts, plan.cells):.0f} A"

    surge = surge_a(plan.spread_limit_v, plan.cells)
    return {
        "surge_050": amps(0.05),
        "surge_100": amps(0.10),
        "surge_150": amps(0.15),
        "surge_heat": f"{surge_heat_w(plan.spread_limit_v, plan.cells):.0f} W",
        "pair_ohm": show(plan.spread_limit_v / surge, "resistance"),
    }


def _ways(plan: Plan) -> dict[str, str]:
    """How long each procedure would take for this bank and supply."""
    found = {fit.name: fit for fit in fits(plan)}

    def hours(fit: Fit) -> str:
        if not fit.ok:
            return "not possible"
        return "time unknown" if fit.low_s is None else fit.hours

    names = {"t_parallel": "parallel", "t_chain": "precharge+parallel", "t_step": "step-and-pause", "t_single": "single-cell"}
    return {key: hours(found[name]) for key, name in names.items()}


def _points(plan: Plan) -> dict[str, str]:
    """Volts and amperes on the way."""
    set_v, set_a = calculations.set_points(plan)
    ohm = plan.lead_resistance_ohm
    stages = stages_v(plan)
    return {
        "others": str(len(plan.cells) - 1),
        "top_v": show(max(plan.target_v, *stages), "target"),
        "stages": ", ".join(f"{volts:.2f}" for volts in stages) + " V",
        "reached_v": f"{plan.target_v - Limits().target_reached_v:.3f} V",
        "opened_v": f"{plan.target_v - Limits().bms_opened_v:.3f} V",
        "service_gap": "not told" if plan.service_v is None else f"{(plan.target_v - plan.service_v) * 1000:+.0f} mV",
        "rated_80_a": show(0.8 * plan.supply.max_current_a, "current"),
        "short_v": "unknown" if ohm is None else f"{ohm * set_a:.2f} V",
        "short_w": "unknown" if ohm is None else f"{ohm * set_a * set_a:.1f} W",
        "two_cells_v": f"{2 * plan.target_v:.2f} V",
        "ten_times_v": f"{10 * set_v:.1f} V",
        "level_v": f"{level_until_v(plan, plan.target_v):.3f} V",
        "level_below": f"{(plan.target_v - level_until_v(plan, plan.target_v)) * 1000:.0f} mV",
    }
