"""The gates: what must be true before a step may be passed. Pure functions of the plan and of the values that were given.

A gate answers with what was found, what it means for the cells and what to do. `overridable` tells whether a typed reason may pass it.
Volts in V, currents in A. Sources: tutorial sections 4.3 to 4.8, and practice with bench supplies.

Facts that a gate looks at when the bench knows them: "open_lead_supply_v", the supply's own volts during the open-lead test;
"charged_ah", what this very bank took in this session so far. Of a series string lead ends, posts and terminals show pack volts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import mean

from tui.domain import calculations
from tui.domain.gate_words import PASSED, missing, number, refuse, refuse_softly, slipped
from tui.domain.gates_cells import cell_volts, cell_volts_single, rest, temperature, visual
from tui.domain.gates_panel import panel
from tui.domain.gates_series import bms, cell_volts_series, floating, opened, short_current
from tui.domain.gates_wiring import hookup, threads
from tui.domain.limits import Limits
from tui.domain.plan import Plan
from tui.domain.procedure import GateInput, GateResult
from tui.domain.unlike import mixed_gate

Gate = Callable[[Plan, GateInput], GateResult]

STRING_HIGH_V = 3.65  # a cell of a string before its charge
LEADS_OFF_V = 1.0  # what a supply's output may still hold after it was switched off
LEADS_ON_V = 2.0  # a cell that was charged shows more: the leads lie on it

POWER_UP_CHOICES = ("stays off", "comes on by itself", "not known")
OVER_VOLTAGE_CHOICES = ("none, or switched off", "shuts the output off", "shorts the output (crowbar)", "not known")


def supply_by_hand(plan: Plan, given: GateInput) -> GateResult:
    """A supply without interface cannot be asked: the operator knows, or finds out, what it does after a power cut and at over-voltage."""
    power_up, over_voltage = given.values.get("power_up"), given.values.get("over_voltage")
    if power_up not in POWER_UP_CHOICES or over_voltage not in OVER_VOLTAGE_CHOICES:
        return refuse("Choose an answer to both questions.")
    if power_up == POWER_UP_CHOICES[1]:
        return refuse_softly(
            "After a power cut this supply would charge again with nobody watching. Switch that setting off in its menu. If it has "
            "none, pull the + lead whenever you leave, and give that as the reason."
        )
    if over_voltage == OVER_VOLTAGE_CHOICES[2]:
        return refuse_softly(
            "A crowbar shorts its output, and with it your cells: hundreds of amperes through the supply. Switch that protection off; "
            "the fuse in the + lead is what stands between."
        )
    if POWER_UP_CHOICES[2] == power_up:
        return refuse_softly(
            "Try it now, with nothing connected: output on, mains off, mains on again. If the output stays off, answer so. It must be "
            "known before cells are connected."
        )
    if OVER_VOLTAGE_CHOICES[3] == over_voltage:
        return refuse_softly(
            "Look in the manual for over-voltage protection (OVP). Switch it off if you cannot tell whether it shorts the output."
        )
    return PASSED


def open_lead(plan: Plan, given: GateInput) -> GateResult:
    """Volts at the open lead ends: positive, and the target within 10 mV a cell or one count of the supply. No reason passes this gate."""
    reading = number(given.values, "lead_end_v")
    if reading is None:
        return missing("The reading at the lead ends")
    wanted, _ = calculations.set_points(plan)
    series = calculations.wiring(plan).series
    tolerance = max(0.010 * series, plan.supply.voltage_step_v)
    above = max(0.010 * series, min(tolerance, Limits().trip_over_target_v * series))  # coarse steps excuse nothing that trips on cells
    if reading <= 0.05:
        return _wrong_sign(
            reading,
            "red belongs on red",
            "the leads are swapped at the supply (red wire on −)",
            "the output was off, or a lead or its fuse is open",
        )
    if not wanted - tolerance - 1e-9 <= reading <= wanted + above + 1e-9:
        turn = "down" if reading > wanted else "up"
        towards = f"{reading:.3f} V" if series == 1 else f"{reading / series:.3f} V each"
        return refuse(
            f"The open leads show {reading:.3f} V, not {wanted:.3f} V ({_room(tolerance, above)})"
            f"{slipped(reading, series) or _other_count(reading, plan.target_v, series, 0.003)}. The cells would be charged towards {towards}. "
            f"Leads apart: turn the voltage {turn} by {abs(reading - wanted):.3f} V and measure again. No reason passes this gate."
        )
    supply_v = given.facts.get("open_lead_supply_v")
    if supply_v is not None and abs(supply_v - reading) > max(0.05, 0.01 * wanted):
        return refuse(
            f"Your meter shows {reading:.3f} V, the supply reports {supply_v:.3f} V. One of the two is wrong, and until it is known "
            "which, nothing is connected. Check the meter's range and battery, and the supply's model. No reason passes this gate."
        )
    return PASSED


def _room(below: float, above: float) -> str:
    return f"± {below * 1000:.0f} mV" if below == above else f"{below * 1000:.0f} mV less to {above * 1000:.0f} mV more"


def _other_count(reading: float, cell_v: float, series: int, tolerance: float) -> str:
    """A remark where `reading` is right for another number of cells in series: fifteen taken for sixteen, four for eight."""
    count = round(reading / cell_v)
    if count < 1 or count == series or abs(reading - count * cell_v) > tolerance * count * cell_v:
        return ""
    return f"; that fits {'one cell' if count == 1 else f'{count} cells in series'}, not {'one' if series == 1 else series}"


def _wrong_sign(reading: float, red: str, swapped: str, absent: str) -> GateResult:
    """The refusal of a negative or missing voltage, with the two likely causes."""
    if reading < -0.05:
        causes = f"Two likely causes: your probes are crossed ({red}), or {swapped}"
    else:
        causes = f"Two likely causes: {absent}, or the meter is not on DC volts"
    return refuse(
        f"The reading is {reading:.3f} V; it must be positive. {causes}. Find out which before you go on: a reversed bank means a very "
        "large spark. No reason passes this gate."
    )


def polarity(plan: Plan, given: GateInput) -> GateResult:
    """Volts at the two posts with the same probes the same way: positive, and what the cells showed. No reason passes this gate.

    Of a string (F-07): between 2.50 and 3.65 V a cell, and within 2 % of the cells' mean times their number, which finds a wrong number of
    cells. Of cells in parallel: within 2 % or 60 mV of their mean. Measured again after a hold of the same charge they may have risen.
    """
    limits, reading = Limits(), number(given.values, "post_v")
    if reading is None:
        return missing("The reading at the posts")
    if reading <= 0.05:
        return _wrong_sign(
            reading,
            "keep red where the red lead will go",
            "the post that you mean to use as + is the −",
            "a busbar is missing or a probe does not touch",
        )
    typed = [value for cell in plan.cells if (value := number(given.earlier, f"cell:{cell.label}")) is not None]
    series = calculations.wiring(plan).series
    count = _other_count(reading, mean(typed), series, 0.02) if typed else ""
    low_v, high_v = (limits.dead_v, limits.ceiling_v) if series == 1 else (limits.start_low_v, STRING_HIGH_V)
    if not low_v * series <= reading <= high_v * series + 1e-9:
        each = "" if series == 1 else f" of {series} cells in series: {reading / series:.3f} V each"
        return refuse(
            f"{reading:.3f} V at the posts cannot be this bank{each}{slipped(reading, series) or count}. Check the meter's range and the wiring."
        )
    if typed:
        expected = mean(typed) * series
        tolerance = 0.02 * expected if series > 1 else max(0.02 * expected, 0.060)
        lowest, highest = expected - tolerance - 1e-9, expected + tolerance + 1e-9
        if _charged_since(given, lowest, high_v * series):
            highest = max(highest, high_v * series)
        if not lowest <= reading <= highest:
            showed = f"{expected:.3f} V on average" if series == 1 else f"{series} × {mean(typed):.3f} V = {expected:.2f} V"
            return refuse(
                f"The posts show {reading:.3f} V, but the cells showed {showed} (± {tolerance * 1000:.0f} mV){count}. A cell is wired the wrong "
                "way or left out, the number of cells is another, or a number was mistyped. Look over the busbars and measure again. No reason "
                "passes this gate."
            )
    return PASSED


def _charged_since(given: GateInput, lowest: float, highest: float) -> bool:
    """Whether this very bank took charge since its cells were typed, so that its posts may have risen."""
    charged_ah = given.facts.get("charged_ah")
    if charged_ah is not None:
        return charged_ah > 0
    before = number(given.earlier, "post_v")  # its posts passed this gate before
    return before is not None and lowest <= before <= highest


def trim_correction_v(plan: Plan, reading_v: float) -> float:
    """What to add to the set-point after a meter at the supply's terminals showed `reading_v`; 0.0 when it is right.

    Down by whole counts until the terminals are not above the target, as far as it takes; up to `trims_above_v` is left alone. Up only by the
    error shown, at most 30 mV, and never so far that the terminals would pass the target; a string under its BMS is never lifted.
    """
    limits, step_v, series = Limits(), plan.supply.voltage_step_v, calculations.wiring(plan).series
    error_v = reading_v - calculations.pack_target_v(plan)
    if error_v > calculations.trims_above_v(plan) + 1e-9:
        return -round(math.ceil(error_v / step_v - 1e-6) * step_v, 6)
    if series == 1 and -limits.set_point_lift_v - 1e-9 <= error_v < 0:
        return round(math.floor(-error_v / step_v + 1e-6) * step_v, 6)
    return 0.0


def trim(plan: Plan, given: GateInput) -> GateResult:
    """Volts at the supply's terminals near the end. A few millivolts are corrected; far too high is refused and switched off.

    Of a string they are pack volts, and every limit of a cell counts as many times as there are cells in series.
    """
    limits, reading = Limits(), number(given.values, "trim_v")
    if reading is None:
        return missing("The reading at the supply's terminals")
    target_v, series = calculations.pack_target_v(plan), calculations.wiring(plan).series
    if reading <= 0:
        return refuse(f"{reading:.3f} V at the supply's terminals: the probes are crossed or do not touch. Red to +, black to −.")
    if reading > limits.plausible_high_v * series or reading < limits.start_low_v * series:
        return refuse(
            f"{reading:g} V cannot stand at the supply's terminals now{slipped(reading, series)}. Check the meter's range and measure again."
        )
    error_v, correction_v = reading - target_v, trim_correction_v(plan, reading)
    above = f"{error_v * 1000:.0f} mV above the target" + ("" if series == 1 else f" of {target_v:.2f} V")
    if reading > limits.ceiling_v * series or error_v > limits.trip_over_target_v * series + 1e-9:
        return refuse(
            f"{reading:.3f} V is {above}. Switch the output off now, then lower the set-point by {-correction_v:.3f} V. The cells follow the "
            "supply and swell when they are held so high."
        )
    if correction_v < 0:
        return GateResult(
            ok=True,
            warning=f"{reading:.3f} V is {above}: the set-point must go down by {-correction_v:.3f} V. Measure again a minute later.",
        )
    return PASSED  # below the target is how a current limit looks; raising is never demanded


def off(plan: Plan, given: GateInput) -> GateResult:
    """Amperes on the panel after the output was switched off: at most 0.05 A or two counts. No reason passes this gate."""
    current_a = number(given.values, "off_current_a")
    if current_a is None:
        return missing("The current on the supply's panel")
    limit_a = calculations.off_current_a(plan)
    if abs(current_a) > limit_a + 1e-9:
        return refuse(
            f"{current_a:.2f} A still flow; off means {limit_a:.2f} A at most. Switch the supply off at its mains switch, or pull the + "
            "lead from the cells, and read again. No reason passes this gate."
        )
    return PASSED


def leads_off(plan: Plan, given: GateInput) -> GateResult:
    """Volts at the lead ends after disconnecting: nearly nothing. Cell volts there mean that the leads are still on the cells."""
    reading = number(given.values, "lead_end_off_v")
    if reading is None:
        return missing("The reading at the lead ends")
    if abs(reading) >= LEADS_ON_V:
        return refuse(
            f"The lead ends show {reading:.3f} V: they still lie on the cells, or the output is on. Take both leads off, see that the output is "
            "off, wait a minute and read again. Busbars are not touched before, and no reason passes this gate."
        )
    if abs(reading) > LEADS_OFF_V:
        return refuse_softly(
            f"The lead ends still show {reading:.3f} V. Either they are on the cells, or the output is on, or the supply holds its "
            "charge for a while. Look at all three, wait a minute and read again. Busbars are not touched before."
        )
    return PASSED


GATES: dict[str, Gate] = {
    "mixed": mixed_gate,
    "threads": threads,
    "hookup": hookup,
    "visual": visual,
    "temperature": temperature,
    "cell-volts": cell_volts,
    "cell-volts-series": cell_volts_series,
    "cell-volts-single": cell_volts_single,
    "assembled": floating,
    "bms": bms,
    "short-current": short_current,
    "supply-by-hand": supply_by_hand,
    "panel": panel,
    "open-lead": open_lead,
    "polarity": polarity,
    "trim": trim,
    "off": off,
    "leads-off": leads_off,
    "opened": opened,
    "rest": rest,
}
# Refusals of these are never overridable; "visual", "temperature", "leads-off" and the cells' volts hold such refusals beside others.
NEVER_OVERRIDABLE = frozenset({"visual", "temperature", "bms", "short-current", "panel", "open-lead", "polarity", "trim", "off", "opened"})
