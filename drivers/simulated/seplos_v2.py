"""Emulator of a Seplos V2 board (BMS sheet, chapter 4): ASCII frames, status (42) and alarms (44)."""

from __future__ import annotations

from drivers.simulated.emulated_bms import EmulatedBms, Picture, words
from drivers.simulated.instrument import LineInstrument
from drivers.simulated.world import World

VERSION, DEVICE, STATUS, ALARMS = 0x20, 0x46, 0x42, 0x44
OK, WRONG_VERSION, WRONG_CHECKSUM, UNKNOWN = 0x00, 0x01, 0x02, 0x04
ALARM_BYTES = 20


def make(world: World, model: str, **options: str) -> SeplosV2Emulator:
    return SeplosV2Emulator(world)


class SeplosV2Emulator(LineInstrument, EmulatedBms):
    """One Seplos board at address 0. `port_v`: the volts behind its switches, None for those of the pack; `rated_ah` likewise."""

    ends = b"\r"

    def __init__(self, world: World, *, unit: int = 0) -> None:
        super().__init__(world)
        self.unit, self.port_v, self.rated_ah = unit, None, None

    port_v: float | None
    rated_ah: float | None

    def _reply(self, line: str) -> bytes:
        text = line.rpartition("~")[2]
        try:
            request = bytes.fromhex(text)
        except ValueError:
            return b""
        if len(request) < 8 or request[1] != self.unit or request[2] != DEVICE:
            return b""
        if -sum(text[:-4].encode()) & 0xFFFF != int.from_bytes(request[-2:], "big"):
            return self._framed(WRONG_CHECKSUM)
        if request[0] != VERSION:
            return self._framed(WRONG_VERSION)
        picture = self.picture()
        infos = {STATUS: self._status, ALARMS: self._alarms}
        return self._framed(OK, infos[request[3]](picture)) if request[3] in infos else self._framed(UNKNOWN)

    def _status(self, picture: Picture) -> bytes:
        sensors = words(*(0 if celsius is None else 10 * celsius + 2731 for celsius in picture.temperatures_c))
        rated_ah = picture.nominal_ah if self.rated_ah is None else self.rated_ah
        port_v = picture.pack_v if self.port_v is None else self.port_v
        return (
            bytes((0, 1, len(picture.cells_mv)))
            + words(*picture.cells_mv)
            + bytes((len(picture.temperatures_c),))
            + sensors
            + words(100 * picture.current_a, 100 * picture.pack_v, 100 * picture.remaining_ah)
            + b"\x0a"
            + words(100 * picture.nominal_ah, 10 * picture.soc_pct, 100 * rated_ah, picture.cycles, 1000, 100 * port_v, 0, 0, 0, 0)
        )

    def _alarms(self, picture: Picture) -> bytes:
        """States of cells and sensors (02: above its upper limit), then the events: 2 voltages, 3 temperatures, 7 switches."""
        limit_mv = picture.limit_mv if picture.over_voltage else 1 << 16
        cells = bytes(2 if cell >= limit_mv else 0 for cell in picture.cells_mv)
        events = bytearray(ALARM_BYTES)
        events[1] = 0x03 if picture.over_voltage else 0
        events[2] = 0x03 if picture.too_warm else 0
        events[6] = int(picture.discharge_on) | int(picture.charge_on) << 1
        sensors = bytes(len(picture.temperatures_c))
        return bytes((0, 2, len(cells))) + cells + bytes((len(sensors),)) + sensors + bytes(2) + bytes((ALARM_BYTES,)) + bytes(events)

    def _framed(self, code: int, info: bytes = b"") -> bytes:
        digits = 2 * len(info)
        check = -(digits & 15) - (digits >> 4 & 15) - (digits >> 8 & 15) & 15
        text = f"{VERSION:02X}{self.unit:02X}{DEVICE:02X}{code:02X}{check << 12 | digits:04X}{info.hex().upper()}"
        return f"~{text}{-sum(text.encode()) & 0xFFFF:04X}\r".encode()
