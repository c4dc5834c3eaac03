"""The gates: what must be true before a step may be passed. Pure functions of the plan and of the values that were given.

A gate answers with what was found, what it means for the cells and what to do. `overridable` tells whether a typed reason may pass it.
Volts in V, currents in A. Sources: tutorial sections 4.3 to 4.8, and practice with bench supplies.

Fact that a gate looks at when the bench knows it: "open_lead_supply_v", the supply's own volts during the open-lead test.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import mean

from tui.domain import calculations
from tui.domain.gate_words import PASSED, missing, number, refuse, refuse_softly, slipped
from tui.domain.gates_cells import cell_volts, rest, temperature, visual
from tui.domain.limits import Limits
from tui.domain.plan import Plan
from tui.domain.procedure import GateInput, GateResult

Gate = Callable[[Plan, GateInput], GateResult]

LEADS_OFF_V = 1.0  # what a supply's output may still hold after it was switched off

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
    """Volts at the open lead ends: positive, and the target within 10 mV or one count of the supply. No reason passes this gate."""
    reading = number(given.values, "lead_end_v")
    if reading is None:
        return missing("The reading at the lead ends")
    wanted, _ = calculations.set_points(plan)
    tolerance = max(0.010, plan.supply.voltage_step_v)
    if reading <= 0.05:
        return _wrong_sign(
            reading,
            "red belongs on red",
            "the leads are swapped at the supply (red wire on −)",
            "the output was off, or a lead or its fuse is open",
        )
    if abs(reading - wanted) > tolerance + 1e-9:
        turn = "down" if reading > wanted else "up"
        return refuse(
            f"The open leads show {reading:.3f} V, not {wanted:.3f} V (± {tolerance * 1000:.0f} mV){slipped(reading)}. The cells would "
            f"be charged towards {reading:.3f} V. Leads apart: turn the voltage {turn} by {abs(reading - wanted):.3f} V and measure "
            "again. No reason passes this gate."
        )
    supply_v = given.facts.get("open_lead_supply_v")
    if supply_v is not None and abs(supply_v - reading) > max(0.05, 0.01 * wanted):
        return refuse(
            f"Your meter shows {reading:.3f} V, the supply reports {supply_v:.3f} V. One of the two is wrong, and until it is known "
            "which, nothing is connected. Check the meter's range and battery, and the supply's model. No reason passes this gate."
        )
    return PASSED


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
    """Volts at the two posts with the same probes the same way: positive, and what the cells showed. No reason passes this gate."""
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
    if not limits.dead_v * series <= reading <= limits.ceiling_v * series:
        return refuse(f"{reading:.3f} V at the posts cannot be this bank{slipped(reading)}. Check the meter's range and the wiring.")
    if typed:
        expected = mean(typed) * series
        tolerance = max(0.02 * expected, 0.060 * series)
        # Measured a second time, after a hold, the cells have risen since they were typed one by one.
        highest = limits.ceiling_v * series if "post_v" in given.earlier else expected + tolerance
        if not expected - tolerance <= reading <= highest:
            return refuse(
                f"The posts show {reading:.3f} V, but the cells showed {expected:.3f} V on average (± {tolerance * 1000:.0f} mV). A cell "
                "is wired the wrong way or left out, or a number was mistyped. Look over the busbars and measure again. No reason "
                "passes this gate."
            )
    return PASSED


def trim_correction_v(plan: Plan, reading_v: float) -> float:
    """What to add to the set-point after a meter at the supply's terminals showed `reading_v`; 0.0 when it is right.

    Down by whole counts until the terminals are not above the target, as far as it takes. Up only by the error shown, at most 30 mV,
    and never so far that the terminals would pass the target.
    """
    limits, step_v = Limits(), plan.supply.voltage_step_v
    error_v = reading_v - calculations.pack_target_v(plan)
    if error_v > limits.trim_tolerance_v + 1e-9:
        return -round(math.ceil(error_v / step_v - 1e-6) * step_v, 6)
    if -limits.set_point_lift_v - 1e-9 <= error_v < 0:
        return round(math.floor(-error_v / step_v + 1e-6) * step_v, 6)
    return 0.0


def trim(plan: Plan, given: GateInput) -> GateResult:
    """Volts at the supply's terminals near the end. A few millivolts are corrected; far too high is refused and switched off."""
    limits, reading = Limits(), number(given.values, "trim_v")
    if reading is None:
        return missing("The reading at the supply's terminals")
    target_v = calculations.pack_target_v(plan)
    if reading <= 0:
        return refuse(f"{reading:.3f} V at the supply's terminals: the probes are crossed or do not touch. Red to +, black to −.")
    if reading > limits.plausible_high_v or reading < limits.start_low_v:
        return refuse(
            f"{reading:g} V cannot stand at the supply's terminals now{slipped(reading)}. Check the meter's range and measure again."
        )
    error_v, correction_v = reading - target_v, trim_correction_v(plan, reading)
    if reading > limits.ceiling_v or error_v > limits.trip_over_target_v + 1e-9:
        return refuse(
            f"{reading:.3f} V is {error_v * 1000:.0f} mV above the target. Switch the output off now, then lower the set-point by "
            f"{-correction_v:.3f} V. The cells follow the supply and swell when they are held so high."
        )
    if correction_v < 0:
        return GateResult(
            ok=True,
            warning=f"{reading:.3f} V is {error_v * 1000:.0f} mV above the target: the set-point must go down by {-correction_v:.3f} V. "
            "Measure again a minute later.",
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
    if abs(reading) > LEADS_OFF_V:
        return refuse_softly(
            f"The lead ends still show {reading:.3f} V. Either they are on the cells, or the output is on, or the supply holds its "
            "charge for a while. Look at all three, wait a minute and read again. Busbars are not touched before."
        )
    return PASSED


GATES: dict[str, Gate] = {
    "visual": visual,
    "temperature": temperature,
    "cell-volts": cell_volts,
    "supply-by-hand": supply_by_hand,
    "open-lead": open_lead,
    "polarity": polarity,
    "trim": trim,
    "off": off,
    "leads-off": leads_off,
    "rest": rest,
}
# Refusals of these are never overridable; "visual", "temperature" and "cell-volts" hold such refusals beside others.
NEVER_OVERRIDABLE = frozenset({"visual", "temperature", "open-lead", "polarity", "trim", "off"})
