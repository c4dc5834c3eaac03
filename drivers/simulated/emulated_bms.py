"""What every emulated BMS shares: the string at its taps, in millivolts, and the state of its charge path."""

from __future__ import annotations

from drivers.simulated.bms import BmsState
from drivers.simulated.instrument import EmulatedInstrument

ROOM_C = 25.0


class EmulatedBms(EmulatedInstrument):
    """A family gives bytes for what `state` says. Charge and capacity are those of the described cells; nobody decides by them."""

    def state(self) -> BmsState:
        return self.world.bms_state()

    @property
    def taps_mv(self) -> list[int]:
        return [round(1000 * volts) for volts in self.state().taps_v]

    @property
    def capacity_ah(self) -> float:
        """Of one step of the string."""
        cells = self.world.description.cells
        return min(cell.capacity_ah for cell in cells) * self.world.description.bank.cells_per_group

    @property
    def soc(self) -> float:
        """0..1, of the fullest cell: a rough figure, as such boards give it."""
        return min(max(cell.soc for cell in self.world.truth().cells), 1.0)
