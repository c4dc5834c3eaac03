"""JK BMS, PB series and other boards set to "RS485 Modbus": the 300-byte frame (BMS sheet, sections 2.2 and 2.3, way A).

A write of one word 0 asks for a frame; nothing is set by it: 0x1620 status, 0x161E settings, 0x161C device. Neighbours of these registers
switch the board off, load presets and erase, so no other bytes than these three requests ever leave.

  answer   frame of 300 bytes · [00] · acknowledgement unit 10 register 0001 CRC · [00]
  frame    55 AA EB 90 · type (1 settings, 2 status, 3 device) · counter · data, low byte first · sum of all before, 1 byte

  status   6    cells mV, 32 places    150  pack mV           173  charge %          settings  18, 22  cell over-voltage limit and release mV
           70   mask of those present  158  current mA,       174  remaining mAh               114     cells
           162, 164 sensors °C x 10         + is charging     178  full mAh         device    6 model, 22 hardware, 30 software, 46 name
           172  balancing              166  alarms (below)    182  cycles
                                       198, 199  charge and discharge switch

The frame bears no address; the acknowledgement behind it does. A board at address 0 polls its neighbours, so frames of others may pass by.
"""

from __future__ import annotations

from drivers import modbus
from drivers.address import Address
from drivers.bms.common import AskedBms, Found, flags, frames, limit_v, plain_text, tap_v
from drivers.clock import Clock
from drivers.roles import BmsProfile, BmsReading, Line

STATUS, SETTINGS, DEVICE = 0x1620, 0x161E, 0x161C
TYPES = {SETTINGS: 1, STATUS: 2, DEVICE: 3}
LENGTH = 300
NO_SENSOR = -2000
PROTECTION = (
    "balance_lead_resistance",
    "mos_overtemperature",
    "cell_count_mismatch",
    "current_sensor_fault",
    "cell_overvoltage",
    "pack_overvoltage",
    "charge_overcurrent",
    "charge_short_circuit",
    "charge_overtemperature",
    "charge_undertemperature",
    "internal_communication_fault",
    "cell_undervoltage",
    "pack_undervoltage",
    "discharge_overcurrent",
    "discharge_short_circuit",
    "discharge_overtemperature",
    "charge_mos_fault",
    "discharge_mos_fault",
    "gps_lost",
    "",  # a reminder to change the password
    "discharge_on_failed",
    "battery_overtemperature",
    "sensor_fault",
    "parallel_module_fault",
)


def check_address(address: Address) -> int:
    """The board's address, 1 to 15. 0 is a bus master, and a write to it is heard by all."""
    return address.integer("address", 1, low=1, high=15)


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> JkPbBms:
    return JkPbBms(line, check_address(address), address=str(address), clock=clock, prove=address.speed is not None)


def whole(raw: bytes) -> bytes:
    """The frame at the beginning of `raw`, checked, or b""."""
    frame = raw[:LENGTH]
    return frame if len(frame) == LENGTH and sum(frame[:-1]) & 0xFF == frame[-1] else b""


class JkPbBms(AskedBms):
    """One JK board at an address of a bus. `unit` is 1 to 15."""

    title, header = "JK board with the RS485 Modbus protocol", b"\x55\xaa\xeb\x90"
    deadlines_s = (0.5, 0.5)
    longest = 2048

    _limit_v: float | None = None
    _release_v: float | None = None

    def __init__(self, line: Line, unit: int = 1, *, address: str, clock: Clock, prove: bool = False) -> None:
        super().__init__(line, address=address, clock=clock, prove=prove)
        self.unit = unit

    def _harmless(self, request: bytes) -> bool:
        """To this unit, function 16, one of the three registers, one word, and that word 0."""
        expected = (modbus.frame(bytes((self.unit, 0x10, 0x16, low, 0, 1, 2, 0, 0))) for low in (0x1C, 0x1E, 0x20))
        return request in expected

    def _frame(self, what: str, register: int) -> bytes:
        request = modbus.write_many_request(self.unit, register, (0,))
        acknowledgement = modbus.frame(request[:6])

        def acknowledged(raw: bytes) -> bytes:
            """A frame of the type asked for that this unit acknowledges; those of others on the bus have their own words behind them."""
            frame = whole(raw)
            wanted = frame[4:5] == bytes((TYPES[register],)) and raw[LENGTH:].removeprefix(b"\0").startswith(acknowledgement)
            return frame if wanted else b""

        return self.ask(what, request, lambda raw: frames(raw, self.header, acknowledged))

    def _look(self) -> Found:
        device = self._frame("read the device", DEVICE)
        settings = self._frame("read the settings", SETTINGS)
        self._limit_v, self._release_v = limit_v(_u32(settings, 18)), limit_v(_u32(settings, 22))
        model, name, count = plain_text(device[6:22]), plain_text(device[46:62]), _u32(settings, 114)
        profile = BmsProfile("jk-pb", model or "JK", serial=name, firmware=plain_text(device[30:38]), cell_count=count)
        return Found((model, name, count), profile)

    def _poll(self) -> BmsReading:
        status = self._frame("read the status", STATUS)
        present = _u32(status, 70)
        sensors = [int.from_bytes(status[at : at + 2], "little", signed=True) for at in (162, 164)]
        return BmsReading(
            self.clock.now_s(),
            cell_voltages_v=tuple(tap_v(int.from_bytes(status[6 + 2 * k : 8 + 2 * k], "little")) for k in range(32) if present >> k & 1),
            pack_voltage_v=_u32(status, 150) / 1000,
            current_a=int.from_bytes(status[158:162], "little", signed=True) / 1000,
            soc_pct=float(status[173]),
            remaining_ah=_u32(status, 174) / 1000,
            nominal_ah=_u32(status, 178) / 1000,
            cycles=_u32(status, 182),
            temperatures_c=tuple(None if raw == NO_SENSOR else raw / 10 for raw in sensors),
            charge_fet_on=_flag(status[198]),
            discharge_fet_on=_flag(status[199]),
            balancing=status[172] != 0,
            protection=flags(_u32(status, 166), PROTECTION),
            cell_overvoltage_protection_v=self._limit_v,
            cell_overvoltage_release_v=self._release_v,
        )


def _u32(frame: bytes, at: int) -> int:
    return int.from_bytes(frame[at : at + 4], "little")


def _flag(byte: int) -> bool | None:
    return {0: False, 1: True}.get(byte)
