"""What stands at the other end of the line in a conformance test: an emulator on a bench of its own, or anything that answers bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from drivers.clock import VirtualClock
from drivers.roles import Line
from drivers.simulated.description import BenchDescription, describe
from drivers.simulated.families import EMULATED, make
from drivers.simulated.lines import MemoryLine
from drivers.simulated.world import World


class Device(Protocol):
    """One instrument and the time that it lives in."""

    clock: VirtualClock

    def line(self) -> Line:
        """A new line to it."""
        ...

    def disturb(self) -> None:
        """Let the volts at its terminals become others, by more than it can confuse."""
        ...


class SupplyDevice(Device, Protocol):
    """A supply as its own front panel tells it, V and A."""

    @property
    def output_on(self) -> bool: ...

    @property
    def set_points(self) -> tuple[float, float]: ...

    @property
    def measured(self) -> tuple[float, float]:
        """True volts at its terminals, 0 with the output off, and true amperes."""
        ...

    def hand(self, *, voltage_v: float | None = None, current_a: float | None = None, on: bool | None = None) -> None:
        """A hand at its panel."""
        ...


class MeterDevice(Device, Protocol):
    @property
    def volts(self) -> tuple[float | None, ...]:
        """True volts at each of its inputs."""
        ...


class BmsDevice(Device, Protocol):
    @property
    def cell_volts(self) -> tuple[float, ...]: ...

    @property
    def charge_closed(self) -> bool:
        """Whether its charge switch is closed."""
        ...


class OnBench:
    """An emulator with cells at its terminals and the leads on: every kind of device. `build` makes it of a world: an emulator's class will do.

    The clock stands still until it is moved. `string`: cells in series behind a BMS.
    """

    def __init__(self, build: Callable[[World], Any], *, description: BenchDescription | None = None, string: bool = False) -> None:
        self.clock = VirtualClock()
        if description is None:
            row = {"arrangement": "8S", "bms_over_voltage_v": 3.6} if string else {}
            description = describe(cells=8 if string else 2, soc=(0.4, 0.5), supply_current_a=200.0, **row)  # type: ignore[arg-type]
        self.world = World(description, self.clock, assembled=True)
        self.emulator = build(self.world)

    @classmethod
    def of_family(cls, family: str, model: str = "", *, unknown: bool = False, number: float | None = None) -> OnBench:
        """The emulator of one of our families. `unknown`: it says that it is a model that nobody knows, by that number."""
        row = EMULATED[family]
        model = model or row.usual_model
        string = row.kind == "bms"
        cells = 8 if string else 2
        details: dict[str, Any] = {"arrangement": "8S", "bms_over_voltage_v": 3.6} if string else {}
        if row.kind == "supply":
            details |= {"model": model, "supply_voltage_v": row.models[model][0]}
        described = describe(cells=cells, soc=(0.4, 0.5), supply_current_a=200.0, **details)
        found = cls(lambda world: make(family, world, model), description=described)
        if unknown:
            found.emulator.inject("wrong-model", number=number)
        return found

    def line(self) -> Line:
        return MemoryLine("memory", self.emulator)

    def disturb(self) -> None:
        """A strong current begins or ends."""
        on = not self.world.output_on
        self.hand(voltage_v=36.0 if self.world.description.expects_series else 4.2, current_a=100.0, on=on)
        self.clock.advance(1.0)

    # --- a supply ---

    @property
    def output_on(self) -> bool:
        return self.world.output_on

    @property
    def set_points(self) -> tuple[float, float]:
        return self.world.set_points

    @property
    def measured(self) -> tuple[float, float]:
        volts, amperes, _ = self.world.supply_terminals()
        return volts, amperes

    def hand(self, *, voltage_v: float | None = None, current_a: float | None = None, on: bool | None = None) -> None:
        self.world.set_supply(voltage_v=voltage_v, current_a=current_a)
        if on is not None:
            self.world.set_output(on)

    # --- a meter ---

    @property
    def volts(self) -> tuple[float | None, ...]:
        point = self.emulator.probes.point
        return tuple(self.world.points_v(point if point in ("bank", "supply", "cells") else "bank"))

    # --- a BMS ---

    @property
    def cell_volts(self) -> tuple[float, ...]:
        return tuple(self.world.bms_state().taps_v)

    @property
    def charge_closed(self) -> bool:
        return self.world.truth().charge_path_closed
