"""What every emulated BMS shares: the string at its taps, in millivolts, and the state of its charge path."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.simulated.bms import BmsState
from drivers.simulated.instrument import EmulatedInstrument

ROOM_C = 25.0


@dataclass(frozen=True, slots=True)
class Picture:
    """What a board makes of its pack at one instant. `too_warm` stands for whatever else than a cell's over-voltage has opened the charge path."""

    cells_mv: tuple[int, ...]
    pack_v: float
    current_a: float = 0.0  # positive while charging
    charge_on: bool = True
    discharge_on: bool = True
    over_voltage: bool = False
    too_warm: bool = False
    limit_mv: int = 3650
    release_mv: int = 3500
    delay_s: float = 1.0
    soc_pct: float = 50.0
    remaining_ah: float = 140.0
    nominal_ah: float = 280.0
    cycles: int = 0
    temperatures_c: tuple[float | None, ...] = (ROOM_C, ROOM_C)
    balancing: tuple[int, ...] = ()  # cells, counted from 1


class EmulatedBms(EmulatedInstrument):
    """A family gives bytes for what `picture` says. Charge and capacity are those of the described cells; nobody decides by them."""

    def state(self) -> BmsState:
        return self.world.bms_state()

    def picture(self) -> Picture:
        """Asks the physics once."""
        state = self.state()
        return Picture(
            cells_mv=tuple(round(1000 * volts) for volts in state.taps_v),
            pack_v=sum(state.taps_v),
            current_a=state.current_a,
            charge_on=state.charge_path_closed,
            over_voltage=state.over_voltage,
            too_warm=state.other_reason,
            limit_mv=round(1000 * state.over_voltage_v),
            release_mv=round(1000 * state.release_v),
            delay_s=state.delay_s,
            soc_pct=100 * self.soc,
            remaining_ah=self.soc * self.capacity_ah,
            nominal_ah=self.capacity_ah,
        )

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

    def _drop_noise(self, header: bytes) -> bytes:
        """What waits, from the first header on."""
        at = self._buffer.find(header)
        kept = len(header) - 1
        self._buffer = self._buffer[at:] if at >= 0 else self._buffer[len(self._buffer) - kept :] if kept else b""
        return self._buffer


def word(value: float) -> bytes:
    """A whole number of 16 bits, high byte first, as boards keep it: what does not fit is cut."""
    return (round(value) & 0xFFFF).to_bytes(2, "big")


def words(*values: float) -> bytes:
    return b"".join(word(value) for value in values)
