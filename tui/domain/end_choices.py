"""When to stop: the three end rules and the 3.64 V compromise, each with its consequence at this bank.

A, C (1/h, of the bank), V, s, Ah. Sources: tutorial 4.7 and appendix A.3; the makers' end of charge at 0.05C; the course of the charge of
`charge`, the spread of `waiting`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tui.domain import calculations, charge, leads
from tui.domain.kinds import show, show_duration
from tui.domain.limits import Limits
from tui.domain.plan import EndRule, Plan
from tui.domain.waiting import FLOOR, spread_fraction

MAKERS_END_C = 0.05
NEAR_ZERO_A = 0.10
FIXED_A = 1.0  # shown for the fixed rule where the plan has no other
COMPROMISE_V = 3.64


@dataclass(frozen=True, slots=True)
class EndChoice:
    """One way to end. Set `rule`, `end_a` and `target_v` in the plan to choose it.

    `after_volts_s` and `extra_ah`: time and charge from the moment the cells are at the target (less 10 mV) until the end, as they follow
    from the leads. `spread_fraction`: how far the cells are still apart then; None where it cannot be told.
    """

    id: str  # "near-zero", "fixed", "volts", "compromise"
    title: str
    rule: EndRule
    target_v: float
    end_a: float
    end_c: float
    after_volts_s: float
    extra_ah: float
    spread_fraction: float | None
    words: str


def choices(plan: Plan) -> tuple[EndChoice, ...]:
    """The ways to end for this bank in parallel; the compromise only where the target lies above it. Raises ValueError without cells."""
    bank = replace(plan, arrangement="")
    smallest = calculations.smallest_end_current_a(bank)
    limit = calculations.current_limit(bank).value_a
    near_a = max(smallest, plan.end_current_a if plan.end_rule == "near-zero" else NEAR_ZERO_A)
    fixed_a = max(smallest, plan.end_current_a if plan.end_rule == "fixed" else min(FIXED_A, limit / 4))
    found = [
        _choice(bank, "near-zero", "Near-zero current", "near-zero", near_a),
        _choice(bank, "fixed", "Fixed amperes", "fixed", fixed_a),
        _choice(bank, "volts", "On reaching the volts", "volts", at_volts_a(bank)),
    ]
    if plan.target_v > COMPROMISE_V + 1e-9:
        found.append(_choice(replace(bank, target_v=COMPROMISE_V), "compromise", "Near zero at 3.64 V", "near-zero", near_a))
    return tuple(found)


def at_volts_a(plan: Plan) -> float:
    """The current that still flows when the cells come within 10 mV of the target: what the leads let through for that."""
    ohm = _lead_ohm(plan)
    limit = calculations.current_limit(plan).value_a
    return min(limit, Limits().end_margin_v / ohm) if ohm > 0 else limit


def makers_rule_words(plan: Plan) -> str:
    """Why 0.05C, the end in the data sheets, means little in a parallel bank: with this bank's numbers (appendix A.3)."""
    bank = replace(plan, arrangement="")
    bank_ah, limit = calculations.capacity_ah(bank), calculations.current_limit(bank).value_a
    cells = "1 cell" if len(plan.cells) == 1 else f"{len(plan.cells)} cells"
    asked_a, rate = MAKERS_END_C * bank_ah, limit / bank_ah
    head = (
        f"The data sheets end the charge at {MAKERS_END_C:g}C: {asked_a:.0f} A for these {cells} of {show(bank_ah, 'capacity')} together. "
        f"Here no more than {limit:.2f} A flow, {rate:.2g}C"
    )
    if limit > asked_a:
        return f"{head}, so the rule is met in the course of the taper, when the current has fallen to {asked_a:.0f} A."
    return (
        f"{head}, so the rule is met the moment the cells really are at {plan.target_v:.2f} V, before any taper. To wait for less puts in "
        "more than the maker calls full: a few tenths of a per cent. One reviewer of the tutorial calls that an overcharge; its author "
        "answers that LiFePO4 takes more than 3.65 V without damage, and that whoever minds can stop before zero or take 3.64 V."
    )


def _choice(bank: Plan, name: str, title: str, rule: EndRule, end_a: float) -> EndChoice:
    reached, ended = _course(bank, at_volts_a(bank)), _course(bank, min(end_a, at_volts_a(bank)))
    time_s, extra_ah = ended.total_s - reached.total_s, ended.charge_ah - reached.charge_ah
    spread = spread_fraction(bank, bank.target_v - end_a * _lead_ohm(bank), end_a) if len(bank.cells) > 1 else 0.0
    bank_ah = calculations.capacity_ah(bank)
    return EndChoice(
        name, title, rule, bank.target_v, end_a, end_a / bank_ah, time_s, extra_ah, spread,
        _words(bank, name, end_a, time_s, extra_ah, spread),
    )  # fmt: skip


def _words(bank: Plan, name: str, end_a: float, time_s: float, extra_ah: float, spread: float | None) -> str:
    left = ""
    if spread is not None:
        left = " The cells then differ by " + (
            "0.001 % of charge or less." if spread <= FLOOR else f"about {spread * 100:.1g} % of charge."
        )
    more = f"about {show_duration(time_s)} and {extra_ah:.2g} Ah after the cells are at the target"
    match name:
        case "near-zero":
            return f"The tutorial's way: {more}. The cells are on the very same volts.{left}"
        case "fixed":
            when = f"{more}." if time_s >= 60 else "as soon as the cells are at the target: through these leads no more flows then."
            return f"Ends at {end_a:.2f} A, {when}{left}"
        case "volts":
            drop = leads.drop_v(_lead_ohm(bank), end_a) * 1000
            return f"The data sheets' reading: ends at once, while {end_a:.2f} A still flow and the leads drop {drop:.0f} mV.{left}"
    return f"For those who mind long at 3.65 V: 10 mV lower, {more}. {_less_words(bank)}{left}"


def _less_words(bank: Plan) -> str:
    top = _course(replace(bank, target_v=3.65), NEAR_ZERO_A).charge_ah - _course(bank, NEAR_ZERO_A).charge_ah
    return f"It leaves out {top:.2g} Ah of {show(calculations.capacity_ah(bank), 'capacity')}."


def _course(bank: Plan, end_a: float) -> charge.Course:
    """From well below the knee to `end_a`; only differences between such courses are told."""
    return charge.course(
        capacity_ah=calculations.capacity_ah(bank),
        cells=len(bank.cells),
        soc=0.95,
        target_v=bank.target_v,
        current_a=calculations.current_limit(bank).value_a,
        lead_ohm=_lead_ohm(bank),
        end_current_a=end_a,
    )


def _lead_ohm(plan: Plan) -> float:
    return calculations.ASSUMED_LEAD_OHM if plan.lead_resistance_ohm is None else plan.lead_resistance_ohm
