"""Riden RD6006/6006P/6012/6012P/6018/6024/6030 and RK6006 over Modbus RTU (Riden register sheet).

Registers of 16 bits. "V" counts by the model's counts per volt, "A" by its counts per ampere; both come from an exact match of register 0
and from nothing else, because one wrong decimal puts 36.5 V on a 3.65 V cell.

  0       identity                          18      output, 0 off, 1 on (read and write)
  1, 2    serial number, high word first    20      current range of the RD6012P, 0 = 6 A, 1 = 12 A
  3       firmware x 100                    32      1 when a battery is seen at the battery terminal
  4, 5    inner temperature, sign, °C       33      battery terminal, V
  8, 9    set-points, V, A (read, write)    34, 35  probe temperature, sign, °C; below -40 there is no probe
  10, 11  terminals, V, A                   68      output on at power-up, must be 0
  16      protection, 0 none                82, 83  over-voltage V and over-current A protection (read, write)
  17      0 CV, 1 CC                        0xFE00  our emulators only: the token

The keypad locks itself while the supply is polled. The supply keeps its output when the line dies: it has no watchdog.
"""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal

from drivers.catalog import RIDEN_BY_ID, RIDEN_IDS, RidenModel
from drivers.clock import Clock
from drivers.modbus import Unit
from drivers.roles import GarbledAnswer, InstrumentError, Line, LostLine, Mode, NoAnswer, Refused, SupplyProfile, SupplyReading, WrongDevice

POLL_COUNT = 42
SET_VOLTAGE, SET_CURRENT, OUTPUT, PROTECTION, POWER_UP, OVER_VOLTAGE, OVER_CURRENT = 8, 9, 18, 16, 68, 82, 83
TOKEN_REGISTER, TOKEN = 0xFE00, b"topbal!!"
PROTECTIONS = {0: "", 1: "OVP", 2: "OCP", 3: "OTP"}
MODES: dict[int, Mode] = {0: "CV", 1: "CC"}
OVER_VOLTAGE_MARGIN_V, OVER_CURRENT_MARGIN_A = 2.0, 0.2  # how far above the rating protection levels reach (factory levels)
NO_PROBE_BELOW_C = -40.0
BEYOND_RATING = 1.1  # set-points and measurements reach a little over the rating, never this far

Scale = tuple[int, int, float]  # counts per volt, counts per ampere, largest current in A


def counts(value: float, counts_per_unit: int) -> int:
    """Counts for a value, never more than asked for: 3.65 V are 365 counts of 10 mV, 3.659 V too.

    Computed in decimals: in binary 3.65 x 100 would be cut to 364. What a sum of floats is off by (under a millionth) does not count.
    """
    return int((Decimal(repr(round(value, 6))) * counts_per_unit).to_integral_value(ROUND_FLOOR))


def _signed(sign: int, magnitude: int) -> float:
    return float(-magnitude if sign else magnitude)


class RidenSupply:
    """One Riden supply on a line; implements `roles.Supply`. `prove`: only accept our own emulator (the address asks for scaled time)."""

    def __init__(self, line: Line, *, address: str, clock: Clock, unit: int = 1, prove: bool = False) -> None:
        self.address = address
        self._unit = Unit(line, address, unit)
        self._clock = clock
        self._prove = prove
        self._profile: SupplyProfile | None = None
        self._model: RidenModel | None = None
        self._identity: tuple[int, ...] = ()  # registers 0-2 as found first: another one later is another device
        self._unsure = False  # the line was lost, or another supply answered: identified afresh before anything is written

    # --- reading ---

    def identify(self) -> SupplyProfile:
        """Who is there; one read, nothing written. An unknown member of the family gets a profile without rating and cannot be set."""
        try:
            registers = self._read(0, POLL_COUNT)
        except (GarbledAnswer, Refused) as error:
            raise self._stranger(error) from error
        model_id = registers[0]
        if model_id not in RIDEN_IDS:
            what = f"register 0 holds {model_id}, which is no Riden; nothing was written."
            raise WrongDevice(self.address, "identify", what, "Is this the right port?")
        if self._identity and registers[:3] != self._identity:
            what = f"another supply answers now (identity {registers[0]}, serial {registers[1] << 16 | registers[2]}); nothing was written."
            raise WrongDevice(self.address, "identify", what, "Start the session anew with this supply, or plug the first one in again.")
        emulated = False
        if self._prove:
            emulated = self._has_token()
            if not emulated:
                what = "scaled time is for our own emulators only, and this is none; nothing was written."
                raise WrongDevice(self.address, "identify", what, "Leave the option 'speed' out of the address.")
        self._model = RIDEN_BY_ID.get(model_id)
        scale = self._scale(registers)
        self._profile = SupplyProfile(
            family="riden",
            model=self._model.name if self._model else f"unknown Riden {model_id}",
            serial=f"{registers[1] << 16 | registers[2]:08d}",
            firmware=f"{registers[3] / 100:.2f}",
            max_voltage_v=self._model.max_voltage_v if self._model and scale else 0.0,
            max_current_a=scale[2] if scale else 0.0,
            voltage_step_v=1 / scale[0] if scale else 0.01,
            current_step_a=1 / scale[1] if scale else 0.01,
            has_over_voltage_protection=scale is not None,
            has_over_current_protection=scale is not None,
            emulated=emulated or bool(self._profile and self._profile.emulated),
        )
        self._identity, self._unsure = registers[:3], False
        return self._profile

    def read(self) -> SupplyReading:
        """One poll, registers 0-41. An unknown model or range gives flags but no volts or amperes: a scale is never guessed."""
        registers = self._read(0, POLL_COUNT)
        time_s = self._clock.now_s()
        if self._identity and registers[:3] != self._identity:
            self._unsure = True
            what = "the answer comes from another supply than the one identified; it is not used."
            raise WrongDevice(self.address, "read", what, "Was another supply plugged in? Start again from the identification.")
        output = registers[OUTPUT]
        on = True if output == 1 else False if output == 0 else None
        scale = self._scale(registers)
        if scale is not None:
            self._believable(registers, scale)
        per_volt, per_ampere = (scale[0], scale[1]) if scale else (0, 0)
        battery_v = None
        if registers[32] == 1 and on is False and per_volt and self._model is not None and self._model.battery_scale_known:
            battery_v = registers[33] / per_volt
        probe_c = _signed(registers[34], registers[35])
        protection = registers[PROTECTION]
        return SupplyReading(
            time_s,
            on,
            registers[SET_VOLTAGE] / per_volt if per_volt else None,
            registers[SET_CURRENT] / per_ampere if per_ampere else None,
            registers[10] / per_volt if per_volt else None,
            registers[11] / per_ampere if per_ampere else None,
            MODES.get(registers[17]) if on else None,
            PROTECTIONS.get(protection, f"code {protection}"),
            battery_v,
            _signed(registers[4], registers[5]),
            probe_c if probe_c >= NO_PROBE_BELOW_C else None,
        )

    def power_up_output(self) -> bool | None:
        """Register 68: whether the output comes on by itself after a mains dip; None for a value without a meaning."""
        return {0: False, 1: True}.get(self._read(POWER_UP, 1)[0])

    def prove_emulated(self) -> bool:
        """Whether our own emulator answers: reads the token. Not for hardware, where it would read registers that no sheet lists."""
        proved = self._has_token()
        if proved and self._profile is not None:
            self._profile = replace(self._profile, emulated=True)
        return proved

    # --- setting ---

    def program(
        self, *, voltage_v: float, current_a: float, over_voltage_v: float | None = None, over_current_a: float | None = None
    ) -> None:
        """Set-points, then protection, output off; a level that would stand below the new voltage is raised first. All read back.

        Everything is rounded down to the supply's step. Protection levels beyond what the model can hold are lowered to its ceiling.
        """
        request = f"set {voltage_v:g} V, {current_a:g} A"
        model, scale = self._settable(request, output_off=True)
        voltage = self._rated(request, "voltage", voltage_v, model.max_voltage_v, scale[0], "V")
        current = self._rated(request, "current", current_a, scale[2], scale[1], "A")
        wanted = {SET_VOLTAGE: voltage, SET_CURRENT: current}
        if over_voltage_v is not None:
            ceiling_v = model.max_voltage_v + OVER_VOLTAGE_MARGIN_V
            wanted[OVER_VOLTAGE] = self._rated(request, "over-voltage level", min(over_voltage_v, ceiling_v), ceiling_v, scale[0], "V")
            if voltage > self._read(OVER_VOLTAGE, 1)[0]:
                wanted = {OVER_VOLTAGE: wanted[OVER_VOLTAGE], **wanted}
        if over_current_a is not None:
            ceiling_a = scale[2] + OVER_CURRENT_MARGIN_A
            wanted[OVER_CURRENT] = self._rated(request, "over-current level", min(over_current_a, ceiling_a), ceiling_a, scale[1], "A")
        if wanted.get(OVER_VOLTAGE, voltage + 1) <= voltage or wanted.get(OVER_CURRENT, current + 1) <= current:
            what = "a protection level at or below its set-point would trip at once; nothing was written."
            raise Refused(self.address, request, what, "Protection belongs above the set-points.")
        for register, value in wanted.items():
            self._write_register(register, value)
        self._compare(request, wanted, scale)

    def set_voltage(self, voltage_v: float) -> None:
        """The voltage set-point alone, at once in force when the output is on; read back."""
        request = f"set {voltage_v:g} V"
        model, scale = self._settable(request)
        voltage = self._rated(request, "voltage", voltage_v, model.max_voltage_v, scale[0], "V")
        self._write_register(SET_VOLTAGE, voltage)
        self._compare(request, {SET_VOLTAGE: voltage}, scale)

    def set_current(self, current_a: float) -> None:
        """The current set-point alone, at once in force when the output is on; read back."""
        request = f"set {current_a:g} A"
        _, scale = self._settable(request)
        current = self._rated(request, "current", current_a, scale[2], scale[1], "A")
        self._write_register(SET_CURRENT, current)
        self._compare(request, {SET_CURRENT: current}, scale)

    def switch_output(self, on: bool) -> None:
        """Write the output state once and read the flag back once, so that the caller's own retries stay within seconds.

        A lost echo is no failure when the flag has followed. Raises NoAnswer or GarbledAnswer when the flag could not be read: the state is
        unknown then, and silence after an off command is no success.
        """
        request = f"switch the output {'on' if on else 'off'}"
        self._ready(request)
        echo: InstrumentError | None = None
        try:
            self._write(OUTPUT, int(on))
        except (NoAnswer, GarbledAnswer) as error:
            echo = error
        protection, _, output = self._read(PROTECTION, 3, tries=1)
        if output != int(on):
            tripped = f", protection shows {PROTECTIONS.get(protection) or protection}" if protection else ""
            lost = " and its answer to the command was lost" if echo else ""
            what = f"the output flag reads {output} after the command{tripped}{lost}."
            raise Refused(self.address, request, what, "Look at the supply's display; switch it by hand if it does not follow.")

    def throttle(self) -> None:
        """Voltage and current set-points to zero without looking at the output first: the way left when "off" is ignored. Read back."""
        request = "set voltage and current to zero"
        self._ready(request)
        for register in (SET_VOLTAGE, SET_CURRENT):
            try:
                self._write(register, 0)
            except (NoAnswer, GarbledAnswer):
                continue  # the read-back decides
        found = self._read(SET_VOLTAGE, 2)
        if any(found):
            what = f"the set-points read back {found[0]} and {found[1]} counts after writing zero."
            raise Refused(self.address, request, what, "Pull the supply's mains plug or take the + lead off.")

    def prove_writable(self) -> None:
        """1.00 V and 0.10 A with the output off, read back: harmless, and proof that this program can set this supply."""
        request = "write test"
        _, scale = self._settable(request, output_off=True)
        wanted = {SET_VOLTAGE: counts(1.0, scale[0]), SET_CURRENT: counts(0.1, scale[1])}
        for register, value in wanted.items():
            self._write_register(register, value)
        self._compare(request, wanted, scale)

    def close(self) -> None:
        """Leave the line; the supply keeps its state."""
        self._unit.line.close()

    # --- inside ---

    def _scale(self, registers: tuple[int, ...]) -> Scale | None:
        """Counts per V and A and the largest current by model and, on the RD6012P, by the range in this very poll; None when unknown."""
        if self._model is None:
            return None
        ranges = self._model.ranges
        index = registers[20] if len(ranges) > 1 else 0
        return (self._model.counts_per_volt, *ranges[index]) if index < len(ranges) else None

    def _believable(self, registers: tuple[int, ...], scale: Scale) -> None:
        """GarbledAnswer for volts or amperes that this model can neither hold nor be set to: no reading, whatever its checksum says."""
        assert self._model is not None
        volts = max(registers[SET_VOLTAGE], registers[10]) / scale[0]
        amperes = max(registers[SET_CURRENT], registers[11]) / scale[1]
        if volts > BEYOND_RATING * self._model.max_voltage_v or amperes > BEYOND_RATING * scale[2]:
            what = f"the answer speaks of {volts:g} V and {amperes:g} A, which a {self._model.name} does not have; it is not used."
            raise GarbledAnswer(self.address, "read", what, "Look at the supply's display, its cable and the baud rate.")

    def _ready(self, request: str) -> RidenModel:
        """The model, identified on this very connection. Refused for a model without a known scale."""
        if self._profile is None or self._unsure:
            self.identify()
        if self._model is None:
            what = "this model is not in the table, so its scale is not known: it can be read, and nothing is ever written to it."
            raise Refused(self.address, request, what, "Use it as a supply without interface (manual), or another supply.")
        return self._model

    def _settable(self, request: str, *, output_off: bool = False) -> tuple[RidenModel, Scale]:
        """Model and present scale, from a fresh poll. `output_off`: the output must be seen off."""
        model = self._ready(request)
        registers = self._read(0, POLL_COUNT)
        scale = self._scale(registers)
        if registers[:3] != self._identity or scale is None:
            what = "identity or current range changed since the identification; nothing was written."
            raise Refused(self.address, request, what, "Look at the supply's display, then identify it again.")
        if output_off and registers[OUTPUT] != 0:
            raise Refused(self.address, request, "the output is not off; nothing was written.", "Switch the output off first.")
        return model, scale

    def _rated(self, request: str, name: str, value: float, ceiling: float, counts_per_unit: int, unit: str) -> int:
        if not math.isfinite(value) or value < 0 or value > ceiling + 1e-6:
            what = f"{name} {value:g} {unit} is outside 0 to {ceiling:g} {unit}, the rating of this supply; nothing was written."
            raise Refused(self.address, request, what, "Check the number and its decimal point.")
        return counts(value, counts_per_unit)

    def _write_register(self, register: int, value: int) -> None:
        """Write; when the echo is lost, read the register and write again only if the value is not there."""
        for attempt in range(self._unit.tries):
            try:
                return self._write(register, value)
            except (NoAnswer, GarbledAnswer):
                if self._read(register, 1)[0] == value:
                    return None
                if attempt == self._unit.tries - 1:
                    raise
        return None

    def _compare(self, request: str, wanted: dict[int, int], scale: Scale) -> None:
        """Read back raw what was written; more than one count beside it is Refused, told raw and in units."""
        found = dict(zip((SET_VOLTAGE, SET_CURRENT), self._read(SET_VOLTAGE, 2), strict=True))
        if OVER_VOLTAGE in wanted or OVER_CURRENT in wanted:
            found.update(zip((OVER_VOLTAGE, OVER_CURRENT), self._read(OVER_VOLTAGE, 2), strict=True))
        for register, value in wanted.items():
            if abs(found[register] - value) > 1:
                per_unit, unit = (scale[0], "V") if register in (SET_VOLTAGE, OVER_VOLTAGE) else (scale[1], "A")
                what = (
                    f"register {register} reads back {found[register]} ({found[register] / per_unit:g} {unit}) "
                    f"where {value} ({value / per_unit:g} {unit}) was written."
                )
                raise Refused(self.address, request, what, "Keep the output off; look at what the supply's display shows.")

    def _has_token(self) -> bool:
        try:
            words = self._read(TOKEN_REGISTER, len(TOKEN) // 2, spare=False)
        except (NoAnswer, GarbledAnswer, Refused):
            return False
        return b"".join(word.to_bytes(2, "big") for word in words) == TOKEN

    def _stranger(self, error: InstrumentError) -> InstrumentError:
        """A disturbed answer from a Modbus device stays what it is; anything else on the port is another device."""
        raw = self._unit.last_answer
        if isinstance(error, GarbledAnswer) and raw[:2] == bytes((self._unit.unit, 3)):
            return error
        text = raw[:32].decode("ascii", "replace")
        shown = repr(text) if text.isprintable() or raw[:1].isalnum() or raw[:1] == b"$" else raw[:16].hex(" ")
        what = f"something answers, but no Riden: {shown}; nothing was written."
        return WrongDevice(self.address, "identify", what, "Is this the right port? A GPS, printer or board may sit on it.")

    def _read(self, register: int, count: int, *, tries: int | None = None, spare: bool = True) -> tuple[int, ...]:
        try:
            return self._unit.read(register, count, tries=tries, spare=spare)
        except LostLine:
            self._unsure = True
            raise

    def _write(self, register: int, value: int) -> None:
        try:
            self._unit.write(register, value)
        except LostLine:
            self._unsure = True
            raise
