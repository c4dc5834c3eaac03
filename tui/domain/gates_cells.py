"""The gates of the cells: sound, warm enough, alike enough to be joined; and their volts at rest. Volts in V, °C, A.

Sources: tutorial section 4.1 (0.15 V), the makers' limits of LiFePO4 cells, the cell model for surges and resting volts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from statistics import median
from typing import NamedTuple

from tui.domain import calculations
from tui.domain.gate_words import PASSED, listed, missing, number, refuse, refuse_softly, slipped
from tui.domain.limits import Limits
from tui.domain.plan import Plan, PlanCell
from tui.domain.procedure import GateInput, GateResult
from tui.domain.unlike import unlike_charge

CONTACT_OHM = 0.05e-3  # a clean bolted joint
CELL_OHM_AT_280_AH = 0.65e-3
LOWEST_TARGET_V, HIGHEST_TARGET_V = 3.50, 3.65  # of a plan; a part below is a stage on the way

VISUAL_CHOICES = ("all sound", "some dented", "some swollen or leaking")


def visual(plan: Plan, given: GateInput) -> GateResult:
    """Swollen or leaking cells are refused and no reason passes them; dents are a warning."""
    answer = given.values.get("visual")
    if answer == VISUAL_CHOICES[0]:
        return PASSED
    if answer == VISUAL_CHOICES[1]:
        return GateResult(
            ok=True,
            warning="Dented cells: an inner layer may be damaged. Feel those cells for warmth during the charge, and mark them "
            "in the inventory.",
        )
    if answer == VISUAL_CHOICES[2]:
        return refuse(
            "A swollen or leaking cell is not charged here, whatever the reason. Take it out of the bank, put it outdoors away from "
            "anything that burns, and plan again without it."
        )
    return refuse("Look at every cell and choose one of the answers.")


def temperature(plan: Plan, given: GateInput) -> GateResult:
    """Below 0 °C refused whatever the reason; 0 to 5 °C a quarter of the current; above 40 °C a warning; above 45 °C refused.

    The fact "probe_c", where the supply has a probe on the cells, counts when it is colder than what was typed.
    """
    limits, surface_c = Limits(), number(given.values, "surface_c")
    if surface_c is None:
        return missing("The temperature of the cells")
    if not -40 <= surface_c <= 80:
        return refuse(f"{surface_c:g} °C is no temperature of a room with cells. Measure the side of a cell in °C.")
    coldest_c = min(surface_c, given.facts.get("probe_c", surface_c))  # one cell may be colder than the one that was touched
    if coldest_c < limits.cold_refuse_c:
        return refuse(
            f"{coldest_c:.1f} °C{_by_probe(coldest_c, surface_c)} is below freezing. Charging plates lithium metal on the anode, which "
            "damages the cell for good and can short it later. Bring the cells into a warm room for a day; no reason passes this gate."
        )
    if surface_c > limits.hot_trip_c:
        return refuse(
            f"{surface_c:.1f} °C is too hot to charge (limit {limits.hot_trip_c:.0f} °C). Let the cells cool and find what heated them."
        )
    if coldest_c < limits.cold_warn_c:
        quarter = calculations.current_limit(plan, coldest_c).value_a
        return GateResult(
            ok=True,
            warning=f"{coldest_c:.1f} °C{_by_probe(coldest_c, surface_c)} is cold: the current is held to a quarter, {quarter:.2f} A. "
            "A warm room is better and faster.",
        )
    if surface_c > limits.hot_warn_c:
        return GateResult(
            ok=True, warning=f"{surface_c:.1f} °C is warm: the cells age faster. Give them air; above {limits.hot_trip_c:.0f} °C it ends."
        )
    return PASSED


def _by_probe(coldest_c: float, surface_c: float) -> str:
    return " by the supply's own probe" if coldest_c < surface_c else ""


def cell_volts(plan: Plan, given: GateInput) -> GateResult:
    """Each cell's volts: present, of one sign, neither dead nor over the target, and close enough together to be joined."""
    volts, refusal = each_cell(plan, given)
    if refusal is not None:
        return refusal
    spread = max(volts.values()) - min(volts.values())
    if spread > plan.spread_limit_v + 1e-9:
        lift = level_plan(plan, volts)
        return replace(refuse_softly(_spread_message(plan, volts, spread, lift)), remedy="level", remedy_text=lift.words)
    return GateResult(ok=True, warning=unlike_charge(plan, volts))


def cell_volts_single(plan: Plan, given: GateInput) -> GateResult:
    """Cells that are charged one at a time: each is judged alone, how far they lie apart does not matter."""
    _, refusal = each_cell(plan, given)
    return refusal or PASSED


def ends_of(volts: Mapping[str, float]) -> tuple[str, str]:
    """The labels of the highest and of the lowest cell."""
    return max(volts, key=lambda label: volts[label]), min(volts, key=lambda label: volts[label])


def each_cell(plan: Plan, given: GateInput) -> tuple[dict[str, float], GateResult | None]:
    """The volts of each cell by label, and the refusal where one of them may not be charged. Volts are complete only without a refusal."""
    limits = Limits()
    volts: dict[str, float] = {}
    for cell in plan.cells:
        value = number(given.values, f"cell:{cell.label}")
        if value is None:
            return volts, missing(f"The volts of {cell.label}")
        volts[cell.label] = value
    for label, value in volts.items():
        if value < 0:
            return volts, refuse(
                f"{label} reads {value:.3f} V. Either the probes are crossed or the cell is reversed: red to +, black to −, and measure "
                "again."
            )
        if value > limits.plausible_high_v:
            return volts, refuse(f"{label}: {value:g} V is impossible for one LiFePO4 cell{slipped(value)}. Type it again.")
        if value < limits.dead_v:
            return volts, refuse(
                f"{label} reads {value:.3f} V, below {limits.dead_v:.2f} V. Copper dissolves in a cell so empty and can short it when "
                "it is charged. Take it out of the bank; no reason passes this gate."
            )
        if value > plan.target_v + limits.trip_over_target_v:
            return volts, refuse(_too_full(plan, label, value))
    high = [label for label, value in volts.items() if value > plan.target_v + 1e-9]
    if high:
        if _top_v(plan) > plan.target_v:
            where = f"this stage's {plan.target_v:.3f} V already. Check your meter; the stage ends at once, and a later one charges it"
        else:
            where = f"the target of {plan.target_v:.3f} V already. Check your meter, or take out a little charge"
        return volts, refuse_softly(f"{listed(high)} reads above {where}.")
    low = [label for label, value in volts.items() if value < limits.start_low_v]
    if low:
        return volts, refuse_softly(
            f"{listed(low)} reads below {limits.start_low_v:.2f} V: deeply empty, perhaps damaged. Charge it alone first with a small "
            f"current (0.02C) up to {limits.start_low_v:.2f} V under your eyes, and leave it out if it gets warm or falls back."
        )
    return volts, None


def _top_v(plan: Plan) -> float:
    """The highest volts that the procedure means to reach: above this part's own where it is a low stage, which no target may be."""
    if plan.stages_v or plan.target_v >= LOWEST_TARGET_V:
        return max((plan.target_v, *plan.stages_v))
    return HIGHEST_TARGET_V


def _too_full(plan: Plan, label: str, value: float) -> str:
    """A cell above the target by more than the guard would let pass: overfull, or only fuller than a low first stage."""
    over_mv = Limits().trip_over_target_v * 1000
    if value <= _top_v(plan):
        return (
            f"{label} reads {value:.3f} V, more than {over_mv:.0f} mV above this stage's {plan.target_v:.3f} V. It is fuller than the "
            "stage would make it: plan again with stages that begin above it."
        )
    return (
        f"{label} reads {value:.3f} V, more than {over_mv:.0f} mV above the target of {plan.target_v:.3f} V. It is overfull: take charge "
        "out with a small load (a lamp) until it is below the target, and check your meter."
    )


# --- cells apart: the surge, and which of them to lift first ---------------------------------------------------


def _pair_ohm(cells: tuple[PlanCell, ...]) -> float:
    """Resistance of two cells joined by their posts: 2 × (R0 + 2 × contact), R0 as 0.65 mΩ × 280 Ah ÷ capacity (cell model)."""
    return 2 * (CELL_OHM_AT_280_AH * 280.0 / max(cell.capacity_ah for cell in cells) + 2 * CONTACT_OHM)


def surge_a(difference_v: float, cells: tuple[PlanCell, ...]) -> float:
    """Current at the moment two such cells are joined: ΔV ÷ (2 × (R0 + 2 × contact)) (cell model)."""
    return difference_v / _pair_ohm(cells)


def surge_heat_w(difference_v: float, cells: tuple[PlanCell, ...]) -> float:
    """Heat at that moment in both cells and their joints: I² × R of the pair."""
    return surge_a(difference_v, cells) ** 2 * _pair_ohm(cells)


class Lift(NamedTuple):
    """Which cells are charged first, in parallel with each other; the volts to set, and the volts at the cells where it ends."""

    labels: tuple[str, ...]
    set_v: float
    until_v: float

    @property
    def words(self) -> str:
        """What is done, with its numbers: the label of the choice."""
        together = "in parallel with each other" if len(self.labels) > 1 else "alone"
        return f"Charge {listed(list(self.labels))} first, {together}, to {self.set_v:.3f} V"


def level_plan(plan: Plan, volts: Mapping[str, float]) -> Lift:
    """The next levelling charge of cells that lie further apart than the plan's limit; lowest cells first.

    Low is who lies more than the limit below the highest. Where the low ones differ among themselves by more than the limit, only the
    lowest group goes first; the others follow when the gate is asked again. Set is the highest cell's volts, not above the target, rounded
    down to the supply's step. It ends half the limit below that: on the plateau a constant voltage never tapers (cell model). Above
    3.40 V cells fall back at rest, so there it ends 10 mV below. Raises ValueError where no cell is low.
    """
    top_v = max(volts.values())
    low = sorted((label for label, value in volts.items() if top_v - value > plan.spread_limit_v + 1e-9), key=lambda label: volts[label])
    if not low:
        raise ValueError(f"the cells differ by no more than {plan.spread_limit_v * 1000:.0f} mV; none needs to be charged first")
    group = tuple(label for label in low if volts[label] - volts[low[0]] <= plan.spread_limit_v + 1e-9)
    step_v = plan.supply.voltage_step_v
    set_v = round(math.floor(min(top_v, plan.target_v) / step_v + 1e-6) * step_v, 6)
    return Lift(group, set_v, calculations.level_until_v(plan, set_v))


def _spread_message(plan: Plan, volts: Mapping[str, float], spread: float, lift: Lift) -> str:
    pair_ohm, surge = _pair_ohm(plan.cells), surge_a(spread, plan.cells)
    cell_mohm = (pair_ohm / 2 - 2 * CONTACT_OHM) * 1000
    readings = listed([f"{label} ({volts[label]:.3f} V)" for label in lift.labels])
    together = " in parallel with each other" if len(lift.labels) > 1 else " alone"
    top_v = max(volts.values())
    later = [label for label, value in volts.items() if top_v - value > plan.spread_limit_v + 1e-9 and label not in lift.labels]
    follow = f" {listed(later)} {'follow' if len(later) > 1 else 'follows'} in the same way, and then" if later else " Then"
    return (
        f"The cells differ by {spread * 1000:.0f} mV; {plan.spread_limit_v * 1000:.0f} mV is allowed. Joined now, {spread:.3f} V ÷ "
        f"(2 × ({cell_mohm:.2f} + 2 × {CONTACT_OHM * 1000:.2f}) mΩ) = {surge:.0f} A would flow for a moment, and ({surge:.0f} A)² × "
        f"{pair_ohm * 1000:.2f} mΩ = {surge_heat_w(spread, plan.cells):.0f} W turn to heat in the pair of cells and its joints: a spark and a "
        f"pitted post. First charge {readings}{together} to {lift.set_v:.3f} V.{follow} all {len(volts)} are joined."
    )


def rest(plan: Plan, given: GateInput) -> GateResult:
    """Resting volts of each cell: all present and possible. A cell away from the median is told, not refused."""
    limits = Limits()
    volts: dict[str, float] = {}
    for cell in plan.cells:
        value = number(given.values, f"cell:{cell.label}")
        if value is None:
            return missing(f"The resting volts of {cell.label}")
        if not 0 < value <= limits.plausible_high_v:
            return refuse(
                f"{cell.label}: {value:g} V is impossible for a resting cell{slipped(value)}. Red to +, black to −, and type it again."
            )
        volts[cell.label] = value
    wrong = [label for label, value in volts.items() if value < limits.start_low_v or value > plan.target_v + limits.warn_over_target_v]
    if wrong:
        return refuse_softly(
            f"{listed([f'{label} ({volts[label]:.3f} V)' for label in wrong])} cannot be a full cell at rest. Measure again."
        )
    return GateResult(ok=True, warning=rest_remark(volts))


def rest_remark(volts: Mapping[str, float]) -> str:
    """What to say of resting volts: the cells away from the median by more than 20 mV; "" when there is none."""
    middle, limits = median(volts.values()), Limits()
    away = [
        f"{label} ({(value - middle) * 1000:+.0f} mV)"
        for label, value in volts.items()
        if abs(value - middle) > limits.rest_spread_note_v + 1e-9
    ]
    if not away:
        return ""
    return (
        f"{listed(away)} lies apart from the median of {middle:.3f} V. Measure it again after a day and after a week: what matters is "
        "whether it moves on."
    )
