"""A supply without an interface: the operator is the driver. The program says what to do and keeps what was done, typed and when."""

from __future__ import annotations

import math
import re
from typing import NoReturn

from drivers.address import Address, AddressError
from drivers.clock import Clock
from drivers.roles import OperatorMustAct, Refused, SupplyProfile, SupplyReading

_RATING = re.compile(r"(\d+(?:\.\d+)?)V/(\d+(?:\.\d+)?)A")


def parse_rating(address: Address) -> tuple[float, float]:
    """Volts and amperes of "manual:30V/10A". Raises AddressError when they are missing: without a rating nothing can be checked."""
    match = _RATING.fullmatch(address.url)
    if not match or not float(match[1]) or not float(match[2]):
        raise AddressError(f"'{address}' needs the supply's rating, as in manual:30V/10A")
    return float(match[1]), float(match[2])


def open_driver(address: Address, line: object, clock: Clock, in_memory: bool) -> ManualSupply:
    steps = [address.number(f"{name}-step", 0.01, low=0.0, above=True) for name in ("voltage", "current")]
    return ManualSupply(str(address), clock, *parse_rating(address), *steps)


class ManualSupply:
    """Implements `roles.Supply` with the operator's hands and eyes.

    Whatever changes the supply raises OperatorMustAct with the words for it; what the operator then did comes back through `told_set`,
    `told_output` and `typed`. `max_voltage_v`, `max_current_a`: the rating on its plate. Steps: what its display shows.
    """

    def __init__(
        self,
        address: str,
        clock: Clock,
        max_voltage_v: float,
        max_current_a: float,
        voltage_step_v: float = 0.01,
        current_step_a: float = 0.01,
    ) -> None:
        self.address = address
        self._clock = clock
        self._max_voltage_v, self._max_current_a = max_voltage_v, max_current_a
        self._voltage_step_v, self._current_step_a = voltage_step_v, current_step_a
        self._output_on: bool | None = None
        self._set_voltage_v: float | None = None
        self._set_current_a: float | None = None
        self._voltage: tuple[float, float] | None = None  # volts, when
        self._current: tuple[float, float] | None = None  # amperes, when

    # --- what the bench asks ---

    def identify(self) -> SupplyProfile:
        return SupplyProfile(
            family="manual",
            model=f"supply without interface, {self._max_voltage_v:g} V / {self._max_current_a:g} A",
            max_voltage_v=self._max_voltage_v,
            max_current_a=self._max_current_a,
            voltage_step_v=self._voltage_step_v,
            current_step_a=self._current_step_a,
            has_interface=False,
        )

    def read(self) -> SupplyReading:
        """What was typed last, each value with its own time; None where nothing was typed. Nothing here is a measurement of now."""
        voltage_v, voltage_time_s = self._voltage or (None, None)
        current_a, current_time_s = self._current or (None, None)
        return SupplyReading(
            time_s=self._clock.now_s(),
            output_on=self._output_on,
            set_voltage_v=self._set_voltage_v,
            set_current_a=self._set_current_a,
            voltage_v=voltage_v,
            current_a=current_a,
            voltage_time_s=voltage_time_s,
            current_time_s=current_time_s,
        )

    def power_up_output(self) -> bool | None:
        """Unknown: the operator is asked instead."""
        return None

    def program(
        self, *, voltage_v: float, current_a: float, over_voltage_v: float | None = None, over_current_a: float | None = None
    ) -> None:
        """Raises OperatorMustAct("set") with the numbers, rounded down to what the display shows; Refused beyond the rating."""
        volts = self._shown("voltage", voltage_v, self._max_voltage_v, self._voltage_step_v, "V")
        amperes = self._shown("current", current_a, self._max_current_a, self._current_step_a, "A")
        words = (
            f"With the leads off the cells and apart from each other: turn the voltage knob until the supply shows {volts}, "
            f"and set its current limit to {amperes} the way its manual says."
        )
        levels = [f"{level:.2f} {unit}" for level, unit in ((over_voltage_v, "V"), (over_current_a, "A")) if level is not None]
        if levels:
            words += f" If it has protection levels (OVP, OCP), set them to {' and '.join(levels)}."
        raise OperatorMustAct("set", f"{words} If you shorted the leads to set the current, take them apart and set the voltage again.")

    def set_voltage(self, voltage_v: float) -> None:
        """Raises OperatorMustAct("set"): the trim by hand, which is only sound in CV (tutorial section 4, "do not adjust the voltage")."""
        volts = self._shown("voltage", voltage_v, self._max_voltage_v, self._voltage_step_v, "V")
        words = (
            f"Turn the voltage knob slowly until the supply shows {volts}. Do it only while the supply shows CV: "
            "in CC its display shows the cells and not the set-point, and the knob must not be touched."
        )
        raise OperatorMustAct("set", words)

    def set_current(self, current_a: float) -> None:
        """Raises OperatorMustAct("set"): less current by hand, while it flows."""
        amperes = self._shown("current", current_a, self._max_current_a, self._current_step_a, "A")
        raise OperatorMustAct("set", f"Turn the current knob down until the supply shows {amperes}. Leave the voltage knob alone.")

    def switch_output(self, on: bool) -> None:
        """Raises OperatorMustAct("output-on") or ("output-off")."""
        if on:
            raise OperatorMustAct("output-on", "Press the supply's output key. Check that its display shows the output on.")
        words = "Switch the supply's output off now and check that it shows 0.00 A. If it does not switch off, pull its mains plug."
        raise OperatorMustAct("output-off", words)

    def throttle(self) -> None:
        """Raises OperatorMustAct("output-off"): knobs to zero, then the plug."""
        words = "Turn the current knob and the voltage knob down to zero, then pull the supply's mains plug or take its + lead off."
        raise OperatorMustAct("output-off", words)

    def prove_writable(self) -> NoReturn:
        """Refused: there is nothing to write to. The open-lead reading by hand takes the place of this test."""
        what = "a supply without interface cannot be written to."
        raise Refused(self.address, "write test", what, "Read the volts at the open lead ends by hand instead.")

    def close(self) -> None:
        """Nothing to close; the supply stays as it is."""

    # --- what the operator did ---

    def typed(self, *, voltage_v: float | None = None, current_a: float | None = None) -> None:
        """A reading of the supply's display, taken now. What is not given keeps its earlier value and time."""
        now_s = self._clock.now_s()
        if voltage_v is not None:
            self._voltage = (voltage_v, now_s)
        if current_a is not None:
            self._current = (current_a, now_s)

    def told_output(self, on: bool) -> None:
        """The operator switched the output. A current read before that belongs to another state and is dropped."""
        if not on or self._output_on is not True:
            self._current = None
        self._output_on = on

    def told_set(self, voltage_v: float, current_a: float) -> None:
        """The operator set these values and confirmed them."""
        self._set_voltage_v, self._set_current_a = voltage_v, current_a

    def _shown(self, name: str, value: float, rating: float, step: float, unit: str) -> str:
        """The value as the display will show it, rounded down to its step. Refused outside the rating."""
        if not math.isfinite(value) or value < 0 or value > rating + 1e-9:
            what = f"{name} {value:g} {unit} is outside 0 to {rating:g} {unit}, the rating of this supply."
            raise Refused(self.address, f"set the {name}", what, "Check the number and its decimal point.")
        decimals = max(0, math.ceil(-math.log10(step) - 1e-9))
        return f"{math.floor(value / step + 1e-6) * step:.{decimals}f} {unit}"
