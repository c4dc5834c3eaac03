"""The gates of the series pre-charge: cells alike in charge, a BMS that will open, the current set with shorted leads, and who opened.

Volts in V per cell, currents in A. Sources: tutorial section 3, the cell model for volts after the charge.

Facts that "opened" looks at when the bench knows them: "minutes_since_off", "last_highest_v" (the highest cell as last read before the
circuit opened), "cell_at_target" (1.0: a cell read the target and ended the charge), "circuit_opened" (1.0), "bms_cut" (1.0: the BMS itself told
that a cell's over-voltage opened it). "bms" looks at "bms_cells" and "bms_limit_v", as the BMS tells them on its line.
"""

from __future__ import annotations

from collections.abc import Mapping

from tui.domain import calculations
from tui.domain.gate_words import PASSED, listed, missing, number, refuse, refuse_softly, slipped
from tui.domain.gates_bms import BMS_COUNT_V, misfit
from tui.domain.gates_cells import each_cell, ends_of
from tui.domain.limits import Limits
from tui.domain.plan import Plan
from tui.domain.procedure import GateInput, GateResult
from tui.domain.relaxation import lowest_relaxed_v, relaxed_v
from tui.domain.unlike import NEARLY_FULL_V, PLATEAU_TOP_V

BMS_CHOICES = ("yes, fitted and on", "no BMS")
FLOATING_CHOICES = ("floating", "not known")

PLAUSIBLE_BMS_V = (3.0, 4.5)
BMS_EARLY_V = 0.050  # further below the target the pre-charge ends noticeably early
UNEQUAL_V = 0.050  # at rest on the flat part this is about half of a cell's charge
PLATEAU_RESTED_V = 3.35  # below it no reading after a charge tells a full cell from a half-full one


def cell_volts_series(plan: Plan, given: GateInput) -> GateResult:
    """Cells that go in series: each judged alone; a warning where their states of charge differ. No spread is refused: no cell feeds another."""
    volts, refusal = each_cell(plan, given)
    if refusal is not None:
        return refusal
    fullest, emptiest = ends_of(volts)
    spread = volts[fullest] - volts[emptiest]
    if spread <= UNEQUAL_V + 1e-9 and not (volts[fullest] >= NEARLY_FULL_V and volts[emptiest] < PLATEAU_TOP_V):
        return PASSED
    return GateResult(
        ok=True,
        warning=f"{fullest} ({volts[fullest]:.3f} V) and {emptiest} ({volts[emptiest]:.3f} V) differ by {spread * 1000:.0f} mV: their states of "
        f"charge do too. {fullest} ends the pre-charge while the others are not yet full; the balance then takes longer. Nothing is harmed. A "
        "night in parallel first helps where cells lie far apart, and little on the flat part of the curve.",
    )


def bms(plan: Plan, given: GateInput) -> GateResult:
    """A BMS stands behind a charge in series, and its limit is known. No reason passes this gate.

    Without one refused. Its over-voltage limit of a cell above 3.80 V is refused, above the target or far below it a warning.
    """
    limits, fitted = Limits(), given.values.get("bms_fitted")
    if fitted not in BMS_CHOICES:
        return refuse("Is a BMS fitted and switched on? Choose one of the answers.")
    if fitted == BMS_CHOICES[1]:
        return refuse(
            "Without a BMS nobody sees the single cells: in series the first full one takes the whole current and swells while the pack "
            "still looks low. Fit the BMS, or balance in parallel without a pre-charge. No reason passes this gate."
        )
    limit_v, target_v, series = number(given.values, "bms_ov_v"), plan.target_v, calculations.wiring(plan).series
    cells, read_v = given.facts.get("bms_cells"), given.facts.get("bms_limit_v")
    if cells is not None and (wrong := misfit(plan, round(cells), read_v)):
        return refuse(wrong)
    if limit_v is None:
        return missing("The BMS's over-voltage limit of one cell")
    low, high = PLAUSIBLE_BMS_V
    if not low <= limit_v <= high:
        whole = f"; was that the whole pack's, {limit_v / series:.3f} V a cell?" if series > 1 and low <= limit_v / series <= high else ""
        hint = whole or slipped(limit_v) or "."
        return refuse(
            f"{limit_v:g} V cannot be the over-voltage limit of one LiFePO4 cell{hint} Look it up in the BMS's app or "
            f"data sheet; it should be {target_v:.3f} V. No reason passes this gate."
        )
    if read_v is not None and abs(limit_v - read_v) > BMS_COUNT_V + 1e-9:
        return refuse(f"You typed {limit_v:.3f} V, and the BMS itself says {read_v:.3f} V. What it says is what it does: look again.")
    ceiling_v = limits.over_voltage_protection_ceiling_v
    if limit_v > ceiling_v + 1e-9:
        return refuse(
            f"This BMS lets a cell go to {limit_v:.3f} V. Above {ceiling_v:.2f} V the electrolyte decomposes, so it protects nothing. Set its "
            f"over-voltage limit to {target_v:.3f} V, or use another BMS. No reason passes this gate."
        )
    if limit_v > target_v + BMS_COUNT_V + 1e-9:
        return GateResult(
            ok=True,
            warning=f"The BMS opens at {limit_v:.3f} V, the target is {target_v:.3f} V: it stands behind the target, not at it. Set it to "
            f"{target_v:.3f} V if you can. This program ends the pre-charge itself as soon as it reads a cell at {target_v:.3f} V, so give it "
            "the highest cell's volts whenever it asks.",
        )
    if limit_v < target_v - BMS_EARLY_V - 1e-9:
        return GateResult(
            ok=True,
            warning=f"The BMS opens at {limit_v:.3f} V already, below the target of {target_v:.3f} V: the pre-charge ends a little early and the "
            "balance takes longer. For the balance itself the target must lie above what this BMS allows in use, and it does.",
        )
    return PASSED


def short_current(plan: Plan, given: GateInput) -> GateResult:
    """Amperes on the panel with the lead ends joined: what the cells will get at most. No reason passes this gate."""
    reading, (_, set_a) = number(given.values, "short_current_a"), calculations.set_points(plan, number(given.earlier, "surface_c"))
    if reading is None:
        return missing("The current with the lead ends joined")
    count_a = plan.supply.current_step_a
    if reading <= count_a / 2:
        cause = "The leads are swapped, or the panel counts backwards" if reading < -count_a / 2 else "Nothing flows"
        return refuse(
            f"{reading:.2f} A with the lead ends joined. {cause}: are the ends joined metal on metal, is the output on, is the current knob still "
            f"at its lowest? Turn it up slowly to {set_a:.2f} A."
        )
    if reading > set_a + count_a + 1e-9:
        return refuse(
            f"{reading:.2f} A is more than the {set_a:.2f} A that this charge may have. Turn the current knob down to {set_a:.2f} A while the lead "
            "ends are still joined. Leave the voltage knob alone; it is set afterwards, with the ends apart."
        )
    if reading < set_a / 2:
        return GateResult(
            ok=True,
            warning=f"{reading:.2f} A is less than half of the {set_a:.2f} A that are allowed. It harms nothing, but the charge takes "
            f"{set_a / reading:.1f} times as long.",
        )
    return PASSED


def floating(plan: Plan, given: GateInput) -> GateResult:
    """A cell charged inside its battery: the supply's output must float, or its earth shorts the cells below through the mains lead."""
    answer = given.values.get("floating")
    if answer == FLOATING_CHOICES[0]:
        return PASSED
    if answer != FLOATING_CHOICES[1]:
        return refuse("Choose one of the answers.")
    return refuse_softly(
        "It must be known: where an output is joined to earth and the battery is too, the cells between the two are shorted by the lead. With the "
        "supply unplugged from the cells, measure ohms from its − and from its + to the earth pin: both must be open. If the battery itself is "
        "joined to nothing, give that as the reason."
    )


# --- who opened the circuit (F-28) -----------------------------------------------------------------------------


def opened(plan: Plan, given: GateInput) -> GateResult:
    """The pre-charge ended: did a full cell end it, or a fault of the BMS? Each cell's volts are typed. No reason passes this gate.

    Normal is each of these: the BMS told so itself (fact), a cell read the target (fact), the highest cell read the target less 20 mV before
    the opening (fact), or the highest cell typed now lies where a cell lies that was full when the current ended (`relaxation`: cell model,
    from the rate and the minutes since, at most; 40 mV of margin downwards). Where that lies on the plateau, it passes with the warning that
    volts cannot tell. A BMS that opens below the target is measured by its own limit.
    """
    volts, refusal = _typed_after(plan, given)
    if refusal is not None:
        return refusal
    limits, facts = Limits(), given.facts
    first, _ = ends_of(volts)
    high_v, end_v = volts[first], min(plan.target_v, number(given.earlier, "bms_ov_v") or plan.target_v)
    last_v = facts.get("last_highest_v")
    minutes, rate_c = _minutes_since(plan, given), _rate_c(plan, given)
    if facts.get("cell_at_target") or facts.get("bms_cut") or (last_v is not None and last_v >= end_v - limits.bms_opened_v - 1e-9):
        fell = minutes is not None and high_v < lowest_relaxed_v(end_v, rate_c, minutes) - 1e-9
        doubt = (
            " It fell further than a full cell does: measure it again; the reading that ended the charge may have been wrong."
            if fell
            else ""
        )
        return GateResult(ok=True, warning=_who_was_first(volts) + doubt)
    seen = "" if last_v is None else f" It was last read at {last_v:.3f} V before the circuit opened."
    if minutes is None:
        return refuse(
            f"The highest cell, {first}, shows {high_v:.3f} V, and how long ago the circuit opened is not known.{seen} So it cannot be told whether "
            f"a full cell opened it. {_LOOK}"
        )
    edge_v, expected_v = lowest_relaxed_v(end_v, rate_c, minutes), relaxed_v(end_v, rate_c, minutes)
    if high_v < edge_v - 1e-9:
        at_most = " at most" if plan.supply.by_hand else ""
        return GateResult(
            ok=False,
            message=f"BMS fault: the highest cell, {first}, shows {high_v:.3f} V, {minutes:.0f} min after the opening{at_most}. A cell that was "
            f"full at {end_v:.3f} V would still show about {expected_v:.2f} V, {edge_v:.2f} V at least.{seen} Something else opened it. "
            f"{_LOOK}",
            hold="F-28",
        )
    if edge_v < PLATEAU_RESTED_V:
        return GateResult(
            ok=True,
            warning=f"{_who_was_first(volts)} At {rate_c:.2f}C a full cell falls back so far that its volts cannot tell a full cell from a fault of "
            "the BMS. Look at its last event: over-voltage of a cell is the normal end.",
        )
    return GateResult(ok=True, warning=_who_was_first(volts))


_LOOK = (
    "Look at the BMS's app for its last event: temperature, under-voltage, over-current, short circuit; then at the leads and the sense wires. "
    "Put it right before any more charge goes in. No reason passes this gate."
)


def _minutes_since(plan: Plan, given: GateInput) -> float | None:
    """How long ago the circuit may have opened. Where the panel is read by hand nobody saw the moment: up to one interval of readings before
    the output was switched off.
    """
    minutes = given.facts.get("minutes_since_off")
    return None if minutes is None else minutes + (Limits().series_reading_s / 60 if plan.supply.by_hand else 0.0)


def _rate_c(plan: Plan, given: GateInput) -> float:
    """Current through each cell of the string ÷ its capacity, 1/h."""
    return calculations.set_points(plan, number(given.earlier, "surface_c"))[1] / calculations.capacity_ah(plan)


def _typed_after(plan: Plan, given: GateInput) -> tuple[dict[str, float], GateResult | None]:
    """Each cell's volts after the pre-charge, and a refusal where one is missing, impossible, or higher than any BMS may let it go."""
    limits, volts = Limits(), dict[str, float]()
    for cell in plan.cells:
        value = number(given.values, f"cell:{cell.label}")
        if value is None:
            return volts, missing(f"The volts of {cell.label}")
        if not limits.dead_v <= value <= limits.plausible_high_v:
            return volts, refuse(
                f"{cell.label}: {value:g} V is impossible for a cell after a charge{slipped(value)}. Red to +, black to −, and type it again."
            )
        volts[cell.label] = value
    over = [label for label, value in volts.items() if value > limits.ceiling_v + 1e-9]
    if over:
        return volts, refuse(
            f"{listed(over)} reads above {limits.ceiling_v:.2f} V: neither the BMS nor this program stopped in time. Leave the output off, let the "
            "cell rest, take charge out of it with a lamp, and find out why the BMS let it go so far. No reason passes this gate."
        )
    return volts, None


def _who_was_first(volts: Mapping[str, float]) -> str:
    """The cell that ended the pre-charge, and how far the others are behind it."""
    first, last = ends_of(volts)
    behind = sorted((volts[first] - value) * 1000 for label, value in volts.items() if label != first)
    if not behind:
        return f"{first} is at {volts[first]:.3f} V: the normal end of the pre-charge."
    range_mv = f"{behind[0]:.0f} mV" if behind[-1] - behind[0] < 0.5 else f"{behind[0]:.0f} to {behind[-1]:.0f} mV"
    farthest = f", {last} farthest" if len(behind) > 1 and behind[-1] > behind[0] else ""
    return f"{first} was first, {volts[first]:.3f} V now; the others lie {range_mv} lower{farthest}. Mostly charged, not yet balanced."
