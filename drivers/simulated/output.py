"""The supply's output stage: what it is set to, what it really holds, and its own protection. What is joined to it is the world's matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from drivers.roles import Mode

ECHO_WITHIN_V = 0.2


@dataclass(slots=True)
class Output:
    """Set-points and protection levels in V and A. `error_v` is what the output holds beyond its set-point."""

    error_v: float
    drift_v: float = 0.0  # by a fault, beside the error it was built with
    on: bool = False
    set_voltage_v: float = 0.0
    set_current_a: float = 0.0
    over_voltage_v: float = float("inf")
    over_current_a: float = float("inf")
    tripped: Literal["", "OVP", "OCP"] = ""
    # by faults:
    hidden_v: float = 0.0  # held beyond the set-point, and not seen by its own display
    echoes: bool = False  # its display repeats the set-point near it
    hot_limit_a: float = float("inf")  # what its heat still lets it give
    back_feed_a: float = 0.0  # what it takes from cells that stand above it

    @property
    def held_v(self) -> float:
        """What the output really holds in constant voltage."""
        return self.set_voltage_v + self.error_v + self.drift_v + self.hidden_v

    @property
    def limit_a(self) -> float:
        """The current limit that really rules."""
        return min(self.set_current_a, self.hot_limit_a)

    def shown_v(self, voltage_v: float) -> float:
        """What its own display and its interface make of the true volts at its terminals."""
        if not self.on:
            return voltage_v
        seen_v = voltage_v - self.hidden_v
        return self.set_voltage_v if self.echoes and abs(seen_v - self.set_voltage_v) < ECHO_WITHIN_V else seen_v

    def trips(self, voltage_v: float, current_a: float) -> bool:
        """Switch off and remember why, when a protection level is passed."""
        if self.on and voltage_v > self.over_voltage_v:
            self.on, self.tripped = False, "OVP"
        elif self.on and current_a > self.over_current_a:
            self.on, self.tripped = False, "OCP"
        else:
            return False
        return True


class SupplyState(NamedTuple):
    """The supply's electrical face: true volts at its output (0 with the output off), true amperes out of it, which limit rules."""

    voltage_v: float
    current_a: float
    mode: Mode
    set_voltage_v: float  # without the supply's error
    set_current_a: float
    output_on: bool
    tripped: str  # "OVP" or "OCP" after its own protection switched off
    battery_v: float  # that the cells put on its terminals: negative with reversed leads, 0 with the leads apart; output on: its own volts
    delivered_ah: float  # into the bank so far, all charges together
    shown_v: float  # what the supply's own measurement makes of `voltage_v`
