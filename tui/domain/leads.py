"""Supply leads: resistance from gauge, length and end connectors, and what follows from it: drop, heat, the pace of the charge.

Resistances in Ω for the whole pair (both wires with all contacts), currents in A, lengths in m of one wire.
Source of the figures: copper wire tables at 20 °C and the cell model (plateau at 3.33 V). Contacts are estimates; measure them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

End = Literal["ring", "banana", "alligator"]
Ends = Literal["rings", "bananas", "clips"]

COPPER_OHM_PER_M = {6: 1.296e-3, 8: 2.061e-3, 10: 3.277e-3, 12: 5.211e-3, 14: 8.286e-3, 16: 13.17e-3}
COPPER_PER_K = 0.00393
WIRE_UNCERTAINTY = 0.05  # strands and tolerances of what is sold under a gauge
CONTACT_OHM: dict[End, tuple[float, float]] = {  # one contact with its uncertainty
    "ring": (0.2e-3, 0.075e-3),  # crimped and bolted down
    "banana": (2.3e-3, 1.2e-3),
    "alligator": (10.2e-3, 6.3e-3),  # spring clips: 2 to 20 mΩ, and another value at every touch
}
ENDS: dict[Ends, tuple[End, End]] = {"rings": ("ring", "ring"), "bananas": ("banana", "ring"), "clips": ("banana", "alligator")}
PLATEAU_V = 3.33  # a cell in the flat part of its curve, on charge
WARN_RESISTANCE_OHM = 0.030
WARN_HEAT_W = 5.0


@dataclass(frozen=True, slots=True)
class Lead:
    """A pair of copper leads; `length_m` is one way. Allowed gauges: the keys of COPPER_OHM_PER_M.

    `ends`: a usual pair by its name ("bananas": banana plugs at the supply and rings at the cells), or (supply's end, cells' end).
    """

    gauge_awg: int
    length_m: float = 1.0
    ends: Ends | tuple[End, End] = "rings"
    temperature_c: float = 20.0

    def __post_init__(self) -> None:
        if self.gauge_awg not in COPPER_OHM_PER_M:
            raise ValueError(f"{self.gauge_awg} AWG is not in the wire table; it has {', '.join(map(str, COPPER_OHM_PER_M))} AWG")
        if not 0.1 <= self.length_m <= 20:
            raise ValueError(f"a lead of {self.length_m:g} m is outside 0.1 to 20 m")
        if not -40 <= self.temperature_c <= 100:
            raise ValueError(f"a lead at {self.temperature_c:g} °C is outside −40 to 100 °C")

    @property
    def contacts(self) -> tuple[End, End]:
        """The end at the supply and the end at the cells, the same on both wires."""
        return ENDS[self.ends] if isinstance(self.ends, str) else self.ends

    @property
    def wire_ohm(self) -> float:
        """Both wires without their contacts: copper gains 0.393 % a kelvin."""
        return 2 * self.length_m * COPPER_OHM_PER_M[self.gauge_awg] * (1 + COPPER_PER_K * (self.temperature_c - 20.0))

    @property
    def resistance_ohm(self) -> float:
        """Both wires and all four contacts."""
        return self.wire_ohm + 2 * sum(CONTACT_OHM[end][0] for end in self.contacts)

    @property
    def uncertainty_ohm(self) -> float:
        """How far the truth may lie off, above or below: the contacts' ranges and a twentieth of the wire."""
        return WIRE_UNCERTAINTY * self.wire_ohm + 2 * sum(CONTACT_OHM[end][1] for end in self.contacts)


def drop_v(resistance_ohm: float, current_a: float) -> float:
    """Volts lost between the supply's terminals and the cells."""
    return resistance_ohm * current_a


def heat_w(resistance_ohm: float, current_a: float) -> float:
    """Heat in leads and contacts, often most of it in one bad contact."""
    return current_a * current_a * resistance_ohm


def critical_resistance_ohm(set_voltage_v: float, current_a: float) -> float:
    """Above this the leads, not the supply, set the pace on the plateau: 32 mΩ at 3.65 V and 10 A."""
    return (set_voltage_v - PLATEAU_V) / current_a


def current_through_a(volts_v: float, resistance_ohm: float) -> float:
    """What these volts drive through the leads; without resistance nothing but the supply limits it."""
    return volts_v / resistance_ohm if resistance_ohm > 0 else math.inf


def plateau_current_a(set_voltage_v: float, current_a: float, resistance_ohm: float) -> float:
    """What flows on the plateau: the set current, or less where the lead drop leaves no more."""
    return min(current_a, max(0.0, current_through_a(set_voltage_v - PLATEAU_V, resistance_ohm)))


def current_at_heat_a(resistance_ohm: float, limit_w: float = WARN_HEAT_W) -> float:
    """The current at which the leads turn `limit_w` into heat."""
    return math.sqrt(limit_w / resistance_ohm) if resistance_ohm > 0 else math.inf
