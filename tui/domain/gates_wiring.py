"""The gates of what hands have joined: threads and studs (F-14), and where the leads went on (F-15). Neither refuses; both tell what it costs.

Times in s, resistances in Ω. Source of the estimate: the cell model's ladder of busbars, and the taper through the leads.
"""

from __future__ import annotations

import math
from dataclasses import replace

from tui.domain import calculations, charge
from tui.domain.gate_words import PASSED, refuse
from tui.domain.kinds import show_duration
from tui.domain.plan import Plan
from tui.domain.procedure import GateInput, GateResult
from tui.domain.waiting import CONTACT_OHM, LINK_OHM, RESISTANCE_SPREAD, Hookup, rail_steps

THREADS_CHOICES = ("sound, each stud fitted once", "worn or stripped on some post")
HOOKUP_CHOICES = ("at opposite ends of the row", "both at the same end")


def threads(plan: Plan, given: GateInput) -> GateResult:
    """A worn or stripped post is a warning: it can be charged, but nobody should trust its nut."""
    answer = given.values.get("threads")
    if answer == THREADS_CHOICES[0]:
        return PASSED
    if answer == THREADS_CHOICES[1]:
        return GateResult(
            ok=True,
            warning="A worn post does not hold its nut: the joint gets hot, and its cell stays behind unseen by the supply. Have the thread "
            "mended (an insert, or a stud set in), or leave that cell out. If you go on: turn that nut by hand only, mark the post, and feel "
            "it in the first ten minutes of the charge.",
        )
    return refuse("Try every thread and choose one of the answers.")


def hookup(plan: Plan, given: GateInput) -> GateResult:
    """Where the leads are: across the diagonal, or at one end, which costs time. One cell and a string have no diagonal."""
    wired = calculations.wiring(plan)
    if wired.parallel < 2 or wired.series > 1:
        return PASSED
    answer = given.values.get("hookup")
    if answer == HOOKUP_CHOICES[0]:
        return PASSED
    if answer == HOOKUP_CHOICES[1]:
        return GateResult(
            ok=True,
            warning=f"With both leads at the same end the far cells are charged last{same_end_words(plan)}. With the output off, move one of "
            "the leads to the other end; if they stay, wait that much longer at the end.",
        )
    return refuse("Look where the two leads are and choose one of the answers.")


def same_end_words(plan: Plan) -> str:
    """The extra time as it stands behind a sentence: ": up to 40 min more until all are as level"; "" where there is no diagonal."""
    extra_s = same_end_extra_s(plan)
    return "" if extra_s < 60 else f": up to {show_duration(extra_s)} more until all are as level"


def same_end_extra_s(plan: Plan) -> float:
    """How much longer the tail must run, with both leads at one end, for the cells to be as level as across the diagonal.

    What keeps cells apart in the knee are the volts that busbars and unlike resistances take, and these fall with the current: it must fall
    by the ratio of the two hook-ups, with the time constant of the taper through these leads.
    """
    if calculations.wiring(plan).parallel < 2 or calculations.lifts(plan):
        return 0.0
    known = plan.lead_resistance_ohm
    lead_ohm = calculations.ASSUMED_LEAD_OHM if known is None else known
    courses = calculations.courses(replace(plan, soc_low=0.9, soc_high=0.9), lead_ohm)
    start_a = calculations.plateau_current_a(plan)
    if courses is None or start_a <= plan.end_current_a or plan.end_current_a <= 0:
        return 0.0
    time_constant_s = courses[0].taper_s / math.log(start_a / plan.end_current_a)
    return time_constant_s * math.log(_apart_ohm(plan, "same-end") / _apart_ohm(plan, "diagonal"))


def _apart_ohm(plan: Plan, where: Hookup) -> float:
    """Volts between the cell that gets most and the one that gets least, for each ampere into one cell."""
    parallel = calculations.wiring(plan).parallel
    rails = list(rail_steps(parallel, where))
    smallest_ah = min(cell.capacity_ah for cell in plan.cells)
    own_ohm = charge.CELL_OHM_AT_280_AH * 280.0 / smallest_ah + 2 * CONTACT_OHM
    return LINK_OHM * (max(rails) - min(rails)) + 2 * RESISTANCE_SPREAD * own_ohm
