"""The embedded bench as a whole: physics, a supply's emulator, a meter's emulator, and the lines on which drivers find them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from drivers.clock import Clock
from drivers.roles import Line
from drivers.simulated.description import BenchDescription
from drivers.simulated.families import EMULATED, make
from drivers.simulated.faults import SUPPLY_ONLY, Fault, FaultError, check_place
from drivers.simulated.lines import MemoryLine, PtyServer, Server, TcpServer
from drivers.simulated.world import World

HIGHEST_V = 75.0
"""What a string's meter must be able to show."""


@dataclass(slots=True)
class Station:
    """One instrument of the bench: its family, its emulator, the options of its address, and where its line is ("memory" or a path)."""

    family: str
    emulator: Any
    options: tuple[str, ...] = ()
    place: str = "memory"

    @property
    def kind(self) -> str:
        return EMULATED[self.family].kind

    @property
    def address(self) -> str:
        """ "riden:/dev/pts/3", "text-line:memory?point=supply"."""
        return f"{self.family}:{self.place}" + ("?" + "&".join(self.options) if self.options else "")


class EmbeddedBench:
    """One bench in this process. `supply` and `bms` are None where the description gives them no interface.

    Until `open_ptys` the addresses name lines in memory ("riden:memory", "text-line:memory"), afterwards pseudo-terminals or sockets.
    `assembled`: the bank is wired and the leads are on from the beginning, for a bench that has no hands of its own. `bare`: no instrument
    stands on it until one is added.
    """

    def __init__(self, description: BenchDescription, clock: Clock, *, assembled: bool = False, bare: bool = False) -> None:
        self.description = description
        self.world = World(description, clock, assembled=assembled)
        self.stations: list[Station] = []
        self._servers: list[Server] = []
        if bare:
            return
        supply, meter, bms = description.supply, description.meter, description.bms
        if supply.has_interface:
            self.add(supply.family, supply.model)
        self.add(meter.family)
        if bms is not None and bms.fitted and bms.family:
            self.add(bms.family)

    def add(self, family: str, model: str = "", **options: str) -> Station:
        """Another instrument on this bench; `options`: "point" and "cell" for a meter. Raises FaultError."""
        emulator = make(family, self.world, model, **options)
        found = Station(family, emulator)
        if found.kind == "meter":
            found.options = tuple(f"{name}={value}" for name, value in self._standing(found).items())
        taken = {one.address for one in self.stations}
        number = 2
        while found.address in taken:
            found.place, number = f"memory{number}", number + 1
        self.stations.append(found)
        return found

    def _standing(self, station: Station) -> dict[str, str]:
        """The point where a meter stands, unless that is the bank. Where it may meet a whole string's volts its address says so, with their unit
        where its messages have none: to the driver a bare 26.6 is neither a cell nor in mV.
        """
        probes = station.emulator.probes
        options = {} if probes.point == "bank" else {"point": probes.point}
        if probes.point == "cell":
            options["cell"] = probes.cell
        if self.description.expects_series and probes.point in ("bank", "supply"):
            options["limit"] = f"{HIGHEST_V:g}"
            if station.family == "text-line":
                options["unit"] = "V"
        return options

    def _first(self, kind: str) -> Station | None:
        return next((station for station in self.stations if station.kind == kind), None)

    @property
    def supply(self) -> Any:
        """The supply's emulator."""
        station = self._first("supply")
        return station.emulator if station else None

    @property
    def meter(self) -> Any:
        station = self._first("meter")
        assert station is not None
        return station.emulator

    @property
    def bms(self) -> Any:
        station = self._first("bms")
        return station.emulator if station else None

    def open_ptys(self) -> None:
        """Put every emulator behind a pseudo-terminal of its own."""
        for station in self.stations:
            if station.place.startswith("memory"):
                self._serve(station, PtyServer(station.emulator))

    def open_sockets(self, places: Iterable[tuple[str, int]]) -> None:
        """Put every emulator behind a TCP port of its own: hosts and ports in the stations' order. Raises OSError where a port is taken."""
        for station, (host, port) in zip(self.stations, places, strict=False):
            self._serve(station, TcpServer(station.emulator, host, port))

    def _serve(self, station: Station, server: Server) -> None:
        self._servers.append(server)
        station.place = server.path

    @property
    def supply_address(self) -> str:
        """ "riden:/dev/pts/3", "riden:memory" or "manual"."""
        station = self._first("supply")
        return station.address if station else "manual"

    @property
    def meter_address(self) -> str:
        """ "text-line:/dev/pts/4" or "text-line:memory?point=cells"."""
        station = self._first("meter")
        assert station is not None
        return station.address

    @property
    def bms_address(self) -> str:
        """ "jbd:/dev/pts/5"; "" where the BMS has no line."""
        station = self._first("bms")
        return station.address if station else ""

    def memory_lines(self) -> Mapping[str, Callable[..., Line]]:
        """For each address in memory what makes its line; whatever it is called with (a driver's address) is not needed."""
        return {station.address: partial(_memory_line, station.address, station.emulator) for station in self.stations}

    def inject_fault(self, fault: Fault) -> None:
        """Let a fault happen where it belongs: in the physics, or on the wire of its instrument: the supply unless it says otherwise, the meter
        where the supply has no wire.

        Raises FaultError for one that this bench cannot have.
        """
        if fault.kind.where == "physics":
            self.world.inject_fault(fault)
        else:
            self._emulator(fault).inject_fault(fault)

    def check_fault(self, fault: Fault) -> None:
        """Raises FaultError for a fault that this bench cannot have; nothing happens to it."""
        if fault.kind.where == "physics":
            self.world.check_fault(fault)
        else:
            self._emulator(fault)

    def undo_fault(self, fault: Fault) -> None:
        """Put right what `inject_fault` broke; nothing happens where nothing is broken."""
        if fault.kind.where == "physics":
            self.world.undo(fault.name)
        else:
            self._emulator(fault).undo(fault.name)

    def _emulator(self, fault: Fault) -> Any:
        if self.supply is not None and fault.instrument != "meter" and not fault.kind.meter:
            return self.supply
        if fault.instrument == "supply":
            hint = "" if fault.name in SUPPLY_ONLY else f" The meter can have it: meter:{fault.name}."
            raise FaultError(f"fault {fault.name}: this bench's supply has no interface.{hint}")
        check_place(fault.name, "meter")
        return self.meter

    def close(self) -> None:
        """Take the pseudo-terminals away."""
        for server in self._servers:
            server.close()
        self._servers = []
        for station in self.stations:
            station.place = "memory"


def _memory_line(address: str, emulator: Any, *_: object) -> Line:
    return MemoryLine(address, emulator)
