"""The supply's output stage: what it is set to, what it really holds, and its own protection. What is joined to it is the world's matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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

    @property
    def held_v(self) -> float:
        """What the output really holds in constant voltage."""
        return self.set_voltage_v + self.error_v + self.drift_v

    def trips(self, voltage_v: float, current_a: float) -> bool:
        """Switch off and remember why, when a protection level is passed."""
        if self.on and voltage_v > self.over_voltage_v:
            self.on, self.tripped = False, "OVP"
        elif self.on and current_a > self.over_current_a:
            self.on, self.tripped = False, "OCP"
        else:
            return False
        return True
