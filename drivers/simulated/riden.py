"""Emulator of the Riden RD60xx family: its real register map over Modbus RTU, on the embedded bench's physics (Riden register sheet).

It follows the sheet where the sheet is sure. Where it is not: a trip keeps register 16 until the output is switched on again, registers
without a meaning read 0, and a write outside the rating is declined.
"""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable

from drivers.modbus import (
    ILLEGAL_FUNCTION,
    ILLEGAL_REGISTER,
    ILLEGAL_VALUE,
    READ,
    WRITE,
    WRITE_MANY,
    Request,
    decode_request,
    read_reply,
    refusal,
    write_reply,
)
from drivers.simulated.faults import Fault, make_fault
from drivers.simulated.riden_models import RIDEN_MODELS
from drivers.simulated.wire_faults import WireFaults
from drivers.simulated.world import World

UNIT = 1
TOKEN_REGISTER, TOKEN = 0xFE00, b"topbal!!"  # no real Riden has these registers: a program proves with them that it is not on hardware
LONGEST_READ = 125  # registers in one Modbus answer
REGISTERS = range(120)
V_SET, I_SET, OUTPUT, CURRENT_RANGE, POWER_UP, OVP, OCP, PRESETS = 8, 9, 18, 20, 68, 82, 83, range(84, 120)
REMEMBERED = (*range(48, 54), *range(66, 73), 80, 81, *PRESETS)  # clock, recall and panel settings, presets
WRITABLE = (V_SET, I_SET, 15, OUTPUT, CURRENT_RANGE, OVP, OCP, *REMEMBERED)
PROTECTION_CODES = {"": 0, "OVP": 1, "OCP": 2}
FACTORY_OVER_VOLTAGE_V, FACTORY_OVER_CURRENT_MARGIN_A = 62.0, 0.2
NO_PROBE = (1, 191, 1, 312)  # −191 °C, −312 °F: what the supply shows without an external probe
FRAME_PAUSE_S = 0.05  # a longer silence inside a frame means that its rest was lost


class RidenEmulator:
    """One Riden supply. `answer` takes one whole request, `feed` any bytes as they come from a line.

    `model` is a name of RIDEN_MODELS; the RD6012P starts in its 12 A range. Thread-safe.
    """

    interval_s: float | None = None  # it speaks only when asked

    def __init__(
        self,
        world: World,
        model: str = "RD6012",
        *,
        serial: int = 6464,
        firmware: int = 142,
        input_voltage_v: float = 65.0,
        inside_c: int = 27,
        wall_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.world, self.model_name, self.clock = world, model, world.clock
        self.faults = WireFaults(world.clock)
        self._model = RIDEN_MODELS[model]
        self._lock = threading.RLock()
        self._wall_s = wall_s
        self._buffer, self._heard_s = b"", 0.0
        self._current_range = 1 if model == "RD6012P" else 0
        self._max_voltage_v = min(self._model.max_voltage_v, world.description.supply.voltage_v or self._model.max_voltage_v)
        self._max_current_a = min(self._model.max_current_a, world.description.supply.current_a or self._model.max_current_a)
        self._over_voltage_v = FACTORY_OVER_VOLTAGE_V
        self._over_current_a = self._model.max_current_a + FACTORY_OVER_CURRENT_MARGIN_A
        self._kept = [0] * len(REGISTERS)  # what never changes, and what was written to registers that only remember it
        self._kept[1:4] = serial >> 16, serial & 0xFFFF, firmware
        self._kept[4:8] = int(inside_c < 0), abs(inside_c), 0, round(abs(inside_c * 1.8 + 32))
        self._kept[14:16] = round(input_voltage_v * 100), 1  # the keypad locks itself while the supply is polled
        self._kept[34:38] = NO_PROBE
        self._kept[86::4] = [round(FACTORY_OVER_VOLTAGE_V * self._model.counts_per_volt)] * 9
        self._kept[87::4] = [round(self._over_current_a * self._counts_per_ampere)] * 9
        self._counted_ah = self._energy_wh = 0.0  # the supply's own counters
        self._said_on = False  # what a supply with a welded relay believes of its output
        self._protect()

    # --- bytes --------------------------------------------------------------------------------------------------

    @property
    def delay_s(self) -> float:
        """Wall seconds by which answers come late."""
        return self.faults.delay_s

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the line; gives the answers to the requests that became whole."""
        with self._lock:
            now_s = self._wall_s()
            if now_s - self._heard_s > FRAME_PAUSE_S:
                self._buffer = b""
            self._heard_s = now_s
            self._buffer += data
            answers = b""
            while (length := _frame_length(self._buffer)) and len(self._buffer) >= length:
                answers += self.answer(self._buffer[:length])
                self._buffer = self._buffer[length:]
            return answers

    def message(self) -> bytes:
        """Nothing: a supply does not speak by itself."""
        return b""

    def answer(self, request: bytes) -> bytes:
        """The answer to one whole request; b"" is silence: wrong CRC, another unit's address, or a fault on the wire."""
        with self._lock:
            self._panel()
            decoded = decode_request(request)
            if decoded is None or decoded.unit != UNIT or self.faults.gone:
                return b""
            return self.faults.spoil(self._carry_out(decoded))

    def _carry_out(self, request: Request) -> bytes:
        if request.function == READ:
            registers = self._read(request.register, request.count)
            return refusal(request, ILLEGAL_REGISTER) if registers is None else read_reply(request, registers)
        if request.function not in (WRITE, WRITE_MANY):
            return refusal(request, ILLEGAL_FUNCTION)
        writes = list(enumerate(request.values, request.register))
        if not writes or any(register not in WRITABLE for register, _ in writes):
            return refusal(request, ILLEGAL_REGISTER)
        for register, value in writes:
            if not self._write(register, value):
                return refusal(request, ILLEGAL_VALUE)
        return write_reply(request)

    # --- registers ----------------------------------------------------------------------------------------------

    @property
    def _counts_per_ampere(self) -> int:
        return 10000 if self.model_name == "RD6012P" and self._current_range == 0 else self._model.counts_per_ampere

    def _read(self, first: int, count: int) -> list[int] | None:
        if not 1 <= count <= LONGEST_READ:
            return None
        if first == TOKEN_REGISTER and count == len(TOKEN) // 2:
            return list(struct.unpack(">4H", TOKEN))
        if first + count > REGISTERS.stop:
            return None
        return self._registers()[first : first + count]

    def _registers(self) -> list[int]:
        """All registers now, as counts."""
        model, per_ampere, supply = self._model, self._counts_per_ampere, self.world.supply_state()
        per_volt, voltage_v, battery_v = model.counts_per_volt, supply.shown_v, supply.battery_v
        voltage, current = round(voltage_v * per_volt), round(abs(supply.current_a) * per_ampere)
        if self.faults.zeros > 0:
            self.faults.zeros -= 1
            current = 0
        self._energy_wh += voltage_v * (supply.delivered_ah - self._counted_ah)
        self._counted_ah = supply.delivered_ah
        registers = self._kept.copy()
        registers[0] = self.faults.model_id or model.model_id
        registers[8:14] = (
            round(supply.set_voltage_v * per_volt),
            round(supply.set_current_a * per_ampere),
            voltage,
            current,
            *_two_words(voltage / per_volt * current / per_ampere * model.counts_per_watt),
        )
        registers[16:19] = PROTECTION_CODES[supply.tripped], int(supply.output_on and supply.mode == "CC"), int(supply.output_on)
        if self.faults.welded:
            registers[17], registers[OUTPUT] = 0, int(self._said_on)
        if self.faults.inside_c is not None:
            registers[4:6] = int(self.faults.inside_c < 0), round(abs(self.faults.inside_c))
        registers[CURRENT_RANGE] = self._current_range
        registers[32:34] = int(battery_v > 0.5), round(battery_v * per_volt) if battery_v > 0.0 else 0
        registers[38:42] = *_two_words(max(self._counted_ah, 0.0) * 1000), *_two_words(min(max(self._energy_wh, 0.0), 9999.0) * 1000)
        registers[OVP] = round(self._over_voltage_v * per_volt)
        registers[OCP] = round(self._over_current_a * per_ampere)
        return registers

    def _write(self, register: int, value: int) -> bool:
        """False where the supply declines the value."""
        volts, amperes = value / self._model.counts_per_volt, value / self._counts_per_ampere
        if register == V_SET:
            if volts > self._max_voltage_v + 1e-9:
                return False
            self.world.set_supply(voltage_v=volts)
        elif register == I_SET:
            if amperes > self._max_current_a + 1e-9:
                return False
            self.world.set_supply(current_a=amperes)
        elif register == OUTPUT:
            if value not in (0, 1):
                return False
            self._said_on = bool(value)
            if value == 1 or not (self.faults.stuck_on or self.faults.welded):
                self.world.set_output(bool(value))
        elif register == OVP:
            self._over_voltage_v = volts
            self._protect()
        elif register == OCP:
            self._over_current_a = amperes
            self._protect()
        elif register == CURRENT_RANGE:
            if self.model_name == "RD6012P":
                self._current_range = 1 if value else 0
        elif register in REMEMBERED:
            self._kept[register] = value
        return True  # the keypad lock is the supply's own matter: taken, without effect

    def _protect(self) -> None:
        self.world.set_protection(over_voltage_v=self._over_voltage_v, over_current_a=self._over_current_a)

    # --- faults -------------------------------------------------------------------------------------------------

    def inject(self, name: str, at_s: float | None = None, *, number: float | None = None) -> None:
        """Let a fault of the wire or the panel happen, at once or at a bench time. Raises FaultError."""
        self.inject_fault(make_fault(name, at_s, "", number))

    def inject_fault(self, fault: Fault) -> None:
        with self._lock:
            self.faults.add(fault)
            self._panel()

    def undo(self, name: str) -> None:
        with self._lock:
            self.faults.undo(name)
            if name == "power-up-on":
                self._kept[POWER_UP] = 0
            elif name == "panel-output-on":
                self.world.set_output(False)

    def _panel(self) -> None:
        """Faults whose time has come; those of the front panel are hands on the knobs, once."""
        for fault in self.faults.due():
            if fault.name == "panel-set-voltage":
                self.world.set_supply(voltage_v=fault.amount)
            elif fault.name == "panel-set-current":
                self.world.set_supply(current_a=fault.amount)
            elif fault.name in ("panel-output-off", "panel-output-on"):
                self.world.set_output(fault.name == "panel-output-on")
            elif fault.name == "relay-welded":
                self._said_on = self.world.output_on
            elif fault.name == "brown-out":
                self.world.set_output(bool(self._kept[POWER_UP]))
            elif fault.name == "power-up-on":
                self._kept[POWER_UP] = 1


def _two_words(value: float) -> tuple[int, int]:
    whole = round(value)
    return whole >> 16 & 0xFFFF, whole & 0xFFFF


def _frame_length(buffer: bytes) -> int:
    """Bytes of the request that begins here; 0 while that cannot be told."""
    if len(buffer) < 8:
        return 0
    return 9 + buffer[6] if buffer[1] == WRITE_MANY else 8
