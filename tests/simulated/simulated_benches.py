"""Benches that several tests build."""

from __future__ import annotations

from typing import Any

from drivers.clock import VirtualClock
from drivers.simulated.description import BenchDescription, parse
from drivers.simulated.world import World


def bench(socs: list[float], *, capacity_ah: float = 280.0, lead_mohm: float = 5.0, **tables: dict[str, Any]) -> BenchDescription:
    """Cells at these states of charge, a strong supply, and whatever tables are given."""
    cells = [{"capacity_ah": capacity_ah, "soc": soc} for soc in socs]
    document = {"supply": {"model": "RD6030"}, "leads": {"resistance_mohm": lead_mohm}, "cell": cells, **tables}
    return parse(document, "test")


def charging(description: BenchDescription, voltage_v: float = 3.65, current_a: float = 10.0) -> tuple[VirtualClock, World]:
    """The bank wired, leads on, output on."""
    clock = VirtualClock()
    world = World(description, clock, assembled=True)
    world.set_supply(voltage_v=voltage_v, current_a=current_a)
    world.set_output(True)
    return clock, world
