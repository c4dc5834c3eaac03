"""The embedded bench as a whole: physics, a supply's emulator, a meter's emulator, and the lines on which drivers find them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from drivers.clock import Clock
from drivers.roles import Line
from drivers.simulated.description import BenchDescription
from drivers.simulated.faults import Fault
from drivers.simulated.lines import MemoryLine, PtyServer
from drivers.simulated.riden import RidenEmulator
from drivers.simulated.text_line import HIGHEST_V, TextLineEmulator
from drivers.simulated.world import World


class EmbeddedBench:
    """One bench in this process. `supply` is None when the description's supply has no interface.

    Until `open_ptys` the addresses name lines in memory ("riden:memory", "text-line:memory"), afterwards pseudo-terminals.
    `assembled`: the bank is wired and the leads are on from the beginning, for a bench that has no hands of its own.
    """

    def __init__(self, description: BenchDescription, clock: Clock, *, assembled: bool = False) -> None:
        self.description = description
        self.world = World(description, clock, assembled=assembled)
        self.supply = RidenEmulator(self.world, description.supply.model) if description.supply.has_interface else None
        self.meter = TextLineEmulator(self.world)
        self._servers: list[PtyServer] = []
        self._supply_place = self._meter_place = "memory"

    def open_ptys(self) -> None:
        """Put every emulator behind a pseudo-terminal of its own."""
        if self._servers:
            return
        if self.supply is not None:
            self._servers.append(PtyServer(self.supply))
            self._supply_place = self._servers[-1].path
        self._servers.append(PtyServer(self.meter))
        self._meter_place = self._servers[-1].path

    @property
    def supply_address(self) -> str:
        """ "riden:/dev/pts/3", "riden:memory" or "manual"."""
        return f"riden:{self._supply_place}" if self.supply is not None else "manual"

    @property
    def meter_address(self) -> str:
        """ "text-line:/dev/pts/4" or "text-line:memory", with the point where the meter stands unless that is the bank.

        Where it may meet a whole string's volts the address says so, with their unit: to the driver a bare 26.6 is neither a cell nor in mV.
        """
        point = self.description.meter.point
        options = [f"point={point}"] if point != "bank" else []
        if self.description.expects_series and point != "cells":
            options += [f"limit={HIGHEST_V:g}", "unit=V"]
        return f"text-line:{self._meter_place}" + ("?" + "&".join(options) if options else "")

    def memory_lines(self) -> Mapping[str, Callable[..., Line]]:
        """For each address in memory what makes its line; whatever it is called with (a driver's address) is not needed."""
        lines: dict[str, Callable[..., Line]] = {}
        for address, emulator in ((self.supply_address, self.supply), (self.meter_address, self.meter)):
            if emulator is not None:
                lines[address] = partial(_memory_line, address, emulator)
        return lines

    def inject_fault(self, fault: Fault) -> None:
        """Let a fault happen where it belongs: in the physics, in the meter, or on the supply's wire (the meter's, where the supply has none).

        Raises FaultError for one that this bench cannot have.
        """
        if fault.kind.where == "physics":
            self.world.inject_fault(fault)
        else:
            (self.meter if fault.kind.meter else self.supply or self.meter).inject_fault(fault)

    def close(self) -> None:
        """Take the pseudo-terminals away."""
        for server in self._servers:
            server.close()
        self._servers = []
        self._supply_place = self._meter_place = "memory"


def _memory_line(address: str, emulator: Any, *_: object) -> Line:
    return MemoryLine(address, emulator)
