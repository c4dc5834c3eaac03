"""What every emulated meter shares: where its probes are, its errors and its steps."""

from __future__ import annotations

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
    def on(cls, world: World, options: Mapping[str, str]) -> Probes:
        """Where the options say, "point" and "cell"; without them where the bench description says. Raises FaultError for an unknown cell."""
        labels = [cell.label for cell in world.description.cells]
        point = options.get("point", "cell" if "cell" in options else world.description.meter.point)
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

    def _measured(self, true_v: float, off_v: float) -> float:
        volts = true_v * (1.0 + self._meter.gain_error) + self._meter.offset_v + off_v
        return round(round(volts / self.resolution_v) * self.resolution_v, 9)
