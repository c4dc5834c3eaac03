"""An emulated supply whose physics stands still at one state, so that its answers can be held against known bytes."""

from __future__ import annotations

from typing import Any

from simulated_benches import bench

from drivers.clock import VirtualClock
from drivers.simulated.families import make
from drivers.simulated.output import SupplyState
from drivers.simulated.world import World

STILL = SupplyState(
    voltage_v=0.0,
    current_a=0.0,
    mode="CV",
    set_voltage_v=0.0,
    set_current_a=0.0,
    output_on=False,
    tripped="",
    battery_v=0.0,
    delivered_ah=0.0,
    shown_v=0.0,
)


def world(soc: float = 0.9, *, assembled: bool = True, lead_mohm: float = 20.0) -> tuple[VirtualClock, World]:
    clock = VirtualClock()
    return clock, World(bench([soc], lead_mohm=lead_mohm), clock, assembled=assembled)


def emulator(family: str, model: str) -> Any:
    """On a bench with one cell, leads on."""
    return make(family, world()[1], model)


def freeze(instrument: Any, **state: Any) -> None:
    """From here on the physics shows this state, whatever is set: `voltage_v` is what the supply shows too."""
    frozen = STILL._replace(shown_v=state.get("voltage_v", 0.0), **state)
    instrument.world.supply_state = lambda: frozen
