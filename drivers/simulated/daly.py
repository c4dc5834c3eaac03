"""Emulator of a Daly board: A5 frames (BMS sheet, section 3.1) or, as model "Daly Modbus", the registers at D2 (section 3.2).

In A5 frames the bytes that a command does not use keep what the answer before had there, as on real boards. Model "Daly older" counts its
current above 30000 while it discharges and always sends sixteen frames of cells.
"""

from __future__ import annotations

from drivers import modbus
from drivers.simulated.emulated_bms import EmulatedBms, Picture, word, words
from drivers.simulated.instrument import RegisterInstrument
from drivers.simulated.world import World

BOARD, PC, BLUETOOTH = 1, 0x40, 0x80
CELL_FRAMES, SENSOR_FRAMES = 16, 2
WARNS_BELOW_MV = 50
LOW_WARN_MV, LOW_CUT_MV = 2700, 2500


def make(world: World, model: str, **options: str) -> EmulatedBms:
    return DalyModbusEmulator(world) if model == "Daly Modbus" else DalyEmulator(world, older=model == "Daly older")


def fault_bytes(picture: Picture) -> bytes:
    return bytes((0x03 if picture.over_voltage else 0, 0x03 if picture.too_warm else 0)) + bytes(6)


def activity(picture: Picture) -> int:
    """0 idle, 1 charging, 2 discharging."""
    return 0 if abs(picture.current_a) < 0.05 else 1 if picture.current_a > 0 else 2


class DalyEmulator(EmulatedBms):
    """One board on A5 frames. `left_over`: what stands in the unused bytes of the next answer; `life` counts answers to 93."""

    def __init__(self, world: World, *, older: bool = False) -> None:
        super().__init__(world)
        self.above_is_discharging = self.all_frames = older
        self.addresses: tuple[int, ...] = (PC, BLUETOOTH)
        self.left_over, self.life = bytes(8), 0
        self.nominal_cell_mv = 3200

    def _request_length(self, buffer: bytes) -> int:
        self._drop_noise(b"\xa5")
        return 13

    def _answer(self, request: bytes) -> bytes:
        if request[1] not in self.addresses or request[3] != 8 or sum(request[:-1]) & 0xFF != request[-1]:
            return b""
        picture, command = self.picture(), request[2]
        if command == 0x95:
            return self._cells(picture)
        if command == 0x96:
            return self._sensors(picture)
        data = self._data(command, picture)
        return self._reply(command, data) if data else b""

    def _reply(self, command: int, data: bytes) -> bytes:
        self.left_over = data + self.left_over[len(data) :]
        frame = bytes((0xA5, BOARD, command, 8)) + self.left_over
        return frame + bytes((sum(frame) & 0xFF,))

    def _data(self, command: int, picture: Picture) -> bytes:
        """Of a single answer; b"" for a command that the board does not know."""
        cells = picture.cells_mv
        if command == 0x90:
            deci = round(10 * picture.current_a) * (-1 if self.above_is_discharging else 1)
            return words(10 * picture.pack_v, 0, 30000 + deci, 10 * picture.soc_pct)
        if command == 0x91:
            highest, lowest = max(cells), min(cells)
            return word(highest) + bytes((cells.index(highest) + 1,)) + word(lowest) + bytes((cells.index(lowest) + 1,))
        if command == 0x92:
            shown = [round(celsius) + 40 for celsius in picture.temperatures_c if celsius is not None]
            return bytes((max(shown), shown.index(max(shown)) + 1, min(shown), shown.index(min(shown)) + 1))
        if command == 0x93:
            self.life = self.life + 1 & 0xFF
            state = bytes((activity(picture), picture.charge_on, picture.discharge_on, self.life))
            return state + round(1000 * picture.remaining_ah).to_bytes(4, "big")
        if command == 0x94:
            charger = int(picture.current_a > 0.05)
            return bytes((len(cells), len(picture.temperatures_c), charger, 0, 0)) + word(picture.cycles)
        if command == 0x97:
            return sum(1 << cell - 1 for cell in picture.balancing).to_bytes(8, "little")
        if command == 0x98:
            return fault_bytes(picture)
        if command == 0x50:
            return round(1000 * picture.nominal_ah).to_bytes(4, "big") + words(0, self.nominal_cell_mv)
        if command == 0x59:
            return words(picture.limit_mv - WARNS_BELOW_MV, picture.limit_mv, LOW_WARN_MV, LOW_CUT_MV)
        if command == 0x5A:
            pack = (picture.limit_mv - WARNS_BELOW_MV, picture.limit_mv, LOW_WARN_MV, LOW_CUT_MV)
            return words(*(len(cells) * volts / 100 for volts in pack))
        return b""

    def _cells(self, picture: Picture) -> bytes:
        """Three cells a frame; in a last frame that is not full the other places keep what was there."""
        cells = picture.cells_mv
        if self.all_frames:
            cells = (cells + (0,) * 3 * CELL_FRAMES)[: 3 * CELL_FRAMES]
        return b"".join(self._reply(0x95, bytes((at // 3 + 1,)) + words(*cells[at : at + 3])) for at in range(0, len(cells), 3))

    def _sensors(self, picture: Picture) -> bytes:
        shown = bytes(40 if celsius is None else round(celsius) + 40 for celsius in picture.temperatures_c)
        shown = shown.ljust(7 * (SENSOR_FRAMES if self.all_frames else -(-len(shown) // 7)), b"\0")
        return b"".join(self._reply(0x96, bytes((at // 7 + 1,)) + shown[at : at + 7]) for at in range(0, len(shown), 7))


class DalyModbusEmulator(RegisterInstrument, EmulatedBms):
    """One newer board. `overrides`: registers that stand over everything else."""

    unit = 0xD2
    functions = (modbus.READ,)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.overrides: dict[int, int] = {}

    def _request_length(self, buffer: bytes) -> int:
        return super()._request_length(self._drop_noise(bytes((self.unit,))))  # it was asked in A5 frames before

    def _read(self, first: int, count: int) -> list[int] | None:
        registers = {**self._registers(self.picture()), **self.overrides}
        return [registers.get(register, 0) for register in range(first, first + count)] if first + count <= 0x100 else None

    def _registers(self, picture: Picture) -> dict[int, int]:
        cells, faults = picture.cells_mv, fault_bytes(picture)
        sensors = [0 if celsius is None else round(celsius) + 40 for celsius in picture.temperatures_c]
        return {
            **dict(enumerate(cells)),
            **dict(enumerate(sensors, 0x20)),
            0x28: round(10 * picture.pack_v),
            0x29: 30000 + round(10 * picture.current_a),
            0x2A: round(10 * picture.soc_pct),
            0x2B: max(cells),
            0x2C: min(cells),
            0x2D: max(sensors),
            0x2E: min(sensors),
            0x2F: activity(picture),
            0x30: round(10 * picture.remaining_ah),
            0x31: len(cells),
            0x32: len(sensors),
            0x33: picture.cycles,
            0x34: int(bool(picture.balancing)),
            0x35: int(picture.charge_on),
            0x36: int(picture.discharge_on),
            0x37: round(sum(cells) / len(cells)),
            0x38: max(cells) - min(cells),
            **{0x3A + at // 2: int.from_bytes(faults[at : at + 2], "big") for at in range(0, 8, 2)},
            0x8B: picture.limit_mv - WARNS_BELOW_MV,
            0x8C: picture.limit_mv,
        }

    def _writable(self, register: int) -> bool:
        return False

    def _write(self, register: int, value: int) -> bool:
        return False
