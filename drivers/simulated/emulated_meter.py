"""What every emulated meter shares: where its probes are, its errors and its steps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from drivers.roles import Point
from drivers.simulated.faults import FaultError
from drivers.simulated.instrument import EmulatedInstrument
from drivers.simulated.world import World


@dataclass(frozen=True, slots=True)
class Probes:
    """Where a meter's probes are. `cell` is a label, for one that stands on one cell or is carried from cell to cell."""

    point: Point = "bank"
    cell: str = ""

    @classmethod
    def on(cls, world: World, options: Mapping[str, str], *, several: bool = True) -> Probes:
        """Where the options say, "point" and "cell"; without them where the bench description says. Raises FaultError for an unknown cell.

        `several`: the meter has an input for each cell. One that has not stands at the bank where the description has a meter at the cells.
        """
        labels = [cell.label for cell in world.description.cells]
        described = world.description.meter.point
        point = options.get("point", "cell" if "cell" in options else described if several or described != "cells" else "bank")
        if point == "cells" and not several:
            raise FaultError("this meter has one input and cannot stand at all cells: give it point=bank, supply, cell or walk.")
        cell = options.get("cell", labels[0])
        if cell not in labels:
            raise FaultError(f"there is no cell {cell!r} on this bench.")
        return cls(point, cell)  # type: ignore[arg-type]  # the choice was checked by whoever took the option


class EmulatedMeter(EmulatedInstrument):
    """Its reading is true volts × (1 + gain error) + offset, in whole steps of its resolution (bench description, [meter])."""

    def __init__(self, world: World, probes: Probes | None = None) -> None:
        super().__init__(world)
        self.probes = probes or Probes.on(world, {})
        self._meter = world.description.meter
        self.resolution_v = self._meter.resolution_v

    def carry_to(self, cell: str) -> None:
        """The probes are put on another cell. Raises FaultError."""
        with self._lock:
            self.probes = Probes.on(self.world, {"point": self.probes.point, "cell": cell})

    def seen_v(self) -> list[float | None]:
        """What it makes of the volts at each of its inputs now; None where there is nothing to touch."""
        off_v = self.faults.drawn_off_v()
        point = self.probes.point
        if point in ("cell", "walk"):
            labels = [cell.label for cell in self.world.description.cells]
            true_v = [self.world.points_v("cells")[labels.index(self.probes.cell)]]
        else:
            true_v = self.world.points_v(point)
        if self.faults.at_supply:
            true_v = self.world.points_v("supply") * len(true_v)
        return [None if volts is None else self._measured(volts, off_v) for volts in true_v]

    def shown_v(self) -> float:
        """What a meter with one input shows: an input that touches nothing reads zero; inf is more than it can show."""
        seen_v = self.seen_v()[0]
        return float("inf") if self.faults.overloaded else seen_v or 0.0

    def _measured(self, true_v: float, off_v: float) -> float:
        volts = true_v * (1.0 + self._meter.gain_error) + self._meter.offset_v + off_v
        return round(round(volts / self.resolution_v) * self.resolution_v, 9)


class StreamingEmulator(EmulatedMeter):
    """A meter that sends by itself and does not listen."""

    interval_s = 0.5

    @abstractmethod
    def _shown(self) -> bytes:
        """One message of what it shows now."""

    def message(self) -> bytes:
        """What it sends now; b"" while a fault keeps it silent."""
        with self._lock:
            self._happen()
            shown = self._shown()
            return b"" if self.faults.gone else self.faults.spoil(shown)

    def _request_length(self, buffer: bytes) -> int:
        return len(buffer)

    def _answer(self, request: bytes) -> bytes:
        return b""
