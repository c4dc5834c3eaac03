"""Can this supply do the work? Volts for the balance and for the pre-charge of the usual packs, its class, and hours against amperes.

V, A, s, h. Sources: tutorial section 1 (constant voltage and constant current, 30 V enough for 12 V and 24 V, a 60 V supply for 48 V,
10 A as the sweet spot of price), section 3 step 3 (shorting the leads only where 0.2C lies below what the supply gives).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from tui.domain import calculations, charge, leads
from tui.domain.arrangement import parse_arrangement
from tui.domain.plan import Plan

CLASSES_V = (15.0, 30.0, 60.0)  # rated volts of the bench supplies that are sold
MARGIN = 1.02  # a supply at the very end of its range has nothing left for the drop in its leads
PACKS: tuple[tuple[str, int], ...] = (("12 V", 4), ("24 V", 8), ("48 V", 15), ("48 V", 16))
PLOT_AMPERES = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0)
SWEET_SPOT_A = 10.0  # tutorial section 1, note 2

QUESTION = "Has this supply a voltage limit (CV) and a current limit (CC), both of which you can set?"
BOTH_NEEDED = (
    "Both are needed. Without a current limit an empty bank takes all that the supply can give, until something burns or a fuse opens; "
    "without a voltage limit nothing stops the cells at their target."
)


@dataclass(frozen=True, slots=True)
class PackFit:
    """What a pack asks of the supply in a pre-charge. `needs_v` is series count × target; `class_v` the class to buy, None above 60 V."""

    name: str  # "24 V"
    series: int
    needs_v: float
    ok: bool
    has_margin: bool
    class_v: float | None
    words: str


@dataclass(frozen=True, slots=True)
class SupplyFit:
    """`ok`: the balance in parallel can be done. `packs`: the pre-charge of 12, 24 and 48 V packs, and of this pack if it is another."""

    ok: bool
    words: str
    packs: tuple[PackFit, ...]
    shorting_needed: bool
    shorting: str
    sweet_spot: str


def class_needed_v(volts_v: float) -> float | None:
    """The smallest class of supply that reaches these volts with something to spare; None above 60 V."""
    return next((rated for rated in CLASSES_V if rated >= volts_v * MARGIN), None)


def class_words(volts_v: float) -> str:
    """ "a 60 V supply", or what to look for above the usual classes."""
    rated = class_needed_v(volts_v)
    return f"a {rated:g} V supply" if rated is not None else f"a supply of at least {math.ceil(volts_v * MARGIN)} V"


def supply_fit(plan: Plan, *, has_cv_and_cc: bool | None = None) -> SupplyFit:
    """Judge the plan's supply. `has_cv_and_cc` is the answer to QUESTION, None while it is not given. Raises ValueError for a plan
    without cells or with a pack that does not fit its cells."""
    bank = replace(plan, arrangement="")
    rating_v = plan.supply.max_voltage_v
    reaches = rating_v >= plan.target_v - 1e-9
    if has_cv_and_cc is False:
        words = f"This supply cannot be used. {BOTH_NEEDED}"
    elif not reaches:
        words = (
            f"The supply gives {rating_v:g} V, but one cell needs {plan.target_v:.3f} V: {class_words(plan.target_v)} does the balance in "
            f"parallel, a 30 V supply also the pre-charge of 12 V and 24 V packs."
        )
    else:
        amps = calculations.current_limit(bank).value_a
        words = f"It can balance: {plan.target_v:.3f} V of {rating_v:g} V, {amps:.2f} A."
        if has_cv_and_cc is None:
            words += f" {QUESTION}"
    series = parse_arrangement(plan.pack or f"{len(plan.cells)}S", len(plan.cells)).series
    packs = PACKS if series < 2 or series in {count for _, count in PACKS} else (*PACKS, ("this pack", series))
    needed, shorting = shorting_of(plan)
    return SupplyFit(
        reaches and has_cv_and_cc is not False,
        words,
        tuple(_pack(name, count, plan) for name, count in packs),
        needed,
        shorting,
        _sweet_spot(bank),
    )


def _pack(name: str, series: int, plan: Plan) -> PackFit:
    needs_v, rating_v = series * plan.target_v, plan.supply.max_voltage_v
    ok, margin = rating_v >= needs_v - 1e-9, rating_v >= needs_v * MARGIN
    sum_text = f"{series} × {plan.target_v:.3f} V = {needs_v:.2f} V"
    if margin:
        words = f"{sum_text}: yes"
    elif ok:
        words = f"{sum_text}: just; nothing is left for the drop in the leads, so the end comes slowly"
    else:
        words = f"{sum_text}: no, {class_words(needs_v)} is needed"
    return PackFit(name, series, needs_v, ok, margin, class_needed_v(needs_v), words)


def shorting_of(plan: Plan) -> tuple[bool, str]:
    """Whether the current must be set with shorted leads for a pre-charge, and why (tutorial section 3, step 3 and its note)."""
    string = replace(plan, arrangement=plan.pack or f"{len(plan.cells)}S")
    group_ah = calculations.capacity_ah(string)
    limit = calculations.current_limit(string)
    rating_a = plan.supply.max_current_a
    if not plan.supply.by_hand:
        return False, "No leads are shorted: the amperes are written to the supply and read back."
    if limit.value_a >= rating_a - 1e-9:
        bound = f"{plan.c_rate:g}C of {group_ah:g} Ah is {plan.c_rate * group_ah:g} A"
        return False, f"No leads need shorting: {bound}, not below the {rating_a:g} A of the supply. Turn its current knob fully up."
    return True, (
        f"The current must be set to {limit.value_a:.2f} A, below the {rating_a:g} A of the supply ({limit.why}): short the leads, away "
        "from the cells, and turn the current up from its lowest."
    )


def hours_by_amps(plan: Plan, amperes: tuple[float, ...] = PLOT_AMPERES) -> tuple[tuple[float, float], ...]:
    """(A, h) of the balance in parallel with supplies of these amperes, through the plan's leads; () without a state of charge."""
    if plan.soc_low is None or plan.soc_high is None:
        return ()
    ohm = calculations.ASSUMED_LEAD_OHM if plan.lead_resistance_ohm is None else plan.lead_resistance_ohm
    capacity = calculations.capacity_ah(replace(plan, arrangement=""))
    return tuple(
        (
            amps,
            charge.course(
                capacity_ah=capacity,
                cells=len(plan.cells),
                soc=(plan.soc_low + plan.soc_high) / 2,
                target_v=plan.target_v,
                current_a=amps,
                lead_ohm=ohm,
                end_current_a=min(plan.end_current_a, amps / 2),
            ).total_s
            / 3600,
        )
        for amps in amperes
    )


def _sweet_spot(bank: Plan) -> str:
    """The argument for about 10 A, with this bank's hours; no prices, for the tutorial gives none."""
    words = (
        "The tutorial's author finds supplies of about 10 A to be the sweet spot of price: more amperes balance faster but cost much more."
    )
    hours = dict(hours_by_amps(bank, (5.0, SWEET_SPOT_A, 20.0)))
    if hours:
        words += f" This bank: {hours[5.0]:.0f} h at 5 A, {hours[SWEET_SPOT_A]:.0f} h at 10 A, {hours[20.0]:.0f} h at 20 A."
    ohm = bank.lead_resistance_ohm
    if ohm:
        most = (bank.target_v - leads.PLATEAU_V) / ohm
        words += f" Through these leads no more than {most:.0f} A flow on the plateau, whatever the supply."
    return words
