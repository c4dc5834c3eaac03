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
  17      0 CV, 1 CC                        38-41   its own counters, mAh and mWh, high word first

On the P models sources disagree on the scale of 33. While the output is on a relay joins the battery terminal to it, so 33 then agrees with 10
in one of the two scales; until that was seen there is no battery voltage. Otherwise 33 says something of the cells only with the output off.
33 is unsigned: a reversed battery shows as none.

The stock WiFi module connects to this computer, port 8080 (riden:listen://0.0.0.0:8080), and passes the same frames. The keypad locks
itself while the supply is polled. The supply keeps its output when the line dies: it has no watchdog.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from drivers.address import Address
from drivers.clock import Clock
from drivers.roles import GarbledAnswer, Line, Mode, Refused, SupplyProfile, SupplyReading, WrongDevice
from drivers.supplies.checked import Found, SetPoint
from drivers.supplies.registers import FlaggedSupply

POLL_COUNT = 42
PROTECTION = 16
MODES: dict[int, Mode] = {0: "CV", 1: "CC"}
LEARN_ABOVE_V, AGREES = 2.0, 0.03
COUNTED_AT_MOST_WH = 9999.0  # the panel's counter stops there
NO_PROBE_BELOW_C = -40.0
IDENTITIES = range(60060, 60310)  # where the family's identities lie; one without a row below can be looked at, never set


@dataclass(frozen=True, slots=True)
class RidenModel:
    """One model of the family, recognised by the exact value of register 0 and by nothing else.

    `ranges` holds (counts per ampere, largest current in A): one entry, or two where register 20 selects the range.
    `battery_scale_known`: whether sources agree on the scale of the battery terminal's register.
    """

    name: str
    ids: tuple[int, ...]
    counts_per_volt: int
    ranges: tuple[tuple[int, float], ...]
    max_voltage_v: float = 60.0
    battery_scale_known: bool = True


MODELS = (  # from the Riden register sheet; a wrong row here is a tenfold over-voltage, so a doubtful ID stays out
    RidenModel("RD6006", (60061, 60062), 100, ((1000, 6.0),)),
    RidenModel("RD6006P", (60065,), 1000, ((10000, 6.0),), battery_scale_known=False),
    RidenModel("RK6006", (60066,), 100, ((1000, 6.0),)),
    RidenModel("RD6012", (60121,), 100, ((100, 12.0),)),
    RidenModel("RD6012P", (60125,), 1000, ((10000, 6.0), (1000, 12.0)), battery_scale_known=False),
    RidenModel("RD6018", (60181,), 100, ((100, 18.0),)),  # 60182-60189 may be an RD6018P: left out
    RidenModel("RD6024", (60241,), 100, ((100, 24.0),)),
    RidenModel("RD6030", (60301,), 100, ((100, 30.0),)),
)
BY_ID = {model_id: model for model in MODELS for model_id in model.ids}


def check_address(address: Address) -> int:
    """The Modbus address that it names, 1 to 247."""
    return address.integer("address", 1, low=1, high=247)


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> RidenSupply:
    unit = check_address(address)
    return RidenSupply(line, address=str(address), clock=clock, unit=unit, prove=address.speed is not None)


def _signed(sign: int, magnitude: int) -> float:
    return float(-magnitude if sign else magnitude)


def _double(registers: tuple[int, ...], high: int) -> int:
    """Two registers, high word first."""
    return registers[high] << 16 | registers[high + 1]


class RidenSupply(FlaggedSupply):
    """One Riden supply on a line."""

    family_title = "Riden"
    registers = {"voltage": 8, "current": 9, "over_voltage": 82, "over_current": 83}
    output_register, power_up_register = 18, 68
    protections = {0: "", 1: "OVP", 2: "OCP", 3: "OTP"}

    _model: RidenModel | None = None
    _range: int = 0
    _battery_per_volt: int | None = None  # counts of the battery terminal's register, once they are known

    # --- reading ---

    def _look(self) -> Found:
        """One read. An unknown member of the family gets a profile without rating and cannot be set."""
        try:
            registers = self.unit.read(0, POLL_COUNT)
        except (GarbledAnswer, Refused) as error:
            raise self._stranger(error) from error
        model_id, serial = registers[0], registers[1] << 16 | registers[2]
        if model_id not in IDENTITIES:
            what = f"register 0 holds {model_id}, which is no Riden; nothing was written."
            raise WrongDevice(self.address, "identify", what, "Is this the right port?")
        if self._key is None:
            self._model = BY_ID.get(model_id)
            if self._model is not None and self._model.battery_scale_known:
                self._battery_per_volt = self._model.counts_per_volt
        profile = SupplyProfile(
            family="riden",
            model=self._model.name if self._model else f"unknown Riden {model_id}",
            serial=f"{serial:08d}",
            firmware=f"{registers[3] / 100:.2f}",
        )
        return Found(registers[:3], self._scaled(profile, registers), known=self._model is not None)

    def _poll(self) -> SupplyReading:
        """Registers 0-41 in one request. An unknown model or range gives flags but no volts or amperes: a scale is never guessed."""
        registers = self.unit.read(0, POLL_COUNT)
        time_s = self.clock.now_s()
        if registers[:3] != self._key:
            what = "the answer comes from another supply than the one identified; it is not used."
            raise WrongDevice(self.address, "read", what, "Was another supply plugged in? Start again from the identification.")
        assert self._profile is not None
        if self._range != registers[20]:
            self._profile = self._scaled(self._profile, registers)
        scale = self._profile.settable
        on, tripped = self._state(registers[PROTECTION], registers[self.output_register])
        probe_c = _signed(registers[34], registers[35])
        energy_wh = _double(registers, 40) / 1000
        return SupplyReading(
            time_s,
            on,
            registers[8] / self._per_unit("voltage") if scale else None,
            registers[9] / self._per_unit("current") if scale else None,
            registers[10] / self._per_unit("voltage") if scale else None,
            registers[11] / self._per_unit("current") if scale else None,
            MODES.get(registers[17]) if on else None,
            tripped,
            self._battery_v(registers, on),
            _signed(registers[4], registers[5]),
            probe_c if probe_c >= NO_PROBE_BELOW_C else None,
            charge_ah=_double(registers, 38) / 1000,
            energy_wh=energy_wh if energy_wh < COUNTED_AT_MOST_WH else None,
        )

    def _battery_v(self, registers: tuple[int, ...], on: bool | None) -> float | None:
        """Volts at the battery terminal, output off; with the output on it is learned how they count."""
        if registers[32] != 1 or self._model is None:
            return None
        output, battery, per_volt = registers[10], registers[33], self._model.counts_per_volt
        if on and self._battery_per_volt is None and output >= LEARN_ABOVE_V * per_volt:
            agree = [
                scale for scale in (per_volt, per_volt // 10) if abs(battery / scale - output / per_volt) <= AGREES * output / per_volt
            ]
            self._battery_per_volt = agree[0] if agree else None
        return battery / self._battery_per_volt if on is False and self._battery_per_volt else None

    # --- scale ---

    def _scaled(self, profile: SupplyProfile, registers: tuple[int, ...]) -> SupplyProfile:
        """The profile with what model and, on the RD6012P, the range in this very poll make of it; without rating when one is unknown."""
        model, self._range = self._model, registers[20]
        index = self._range if model is not None and len(model.ranges) > 1 else 0
        if model is None or index >= len(model.ranges):
            return replace(profile, max_voltage_v=0.0, max_current_a=0.0)
        per_ampere, max_current_a = model.ranges[index]
        return replace(
            profile,
            max_voltage_v=model.max_voltage_v,
            max_current_a=max_current_a,
            voltage_step_v=1 / model.counts_per_volt,
            current_step_a=1 / per_ampere,
            has_over_voltage_protection=True,
            has_over_current_protection=True,
        )

    def _per_unit(self, point: SetPoint) -> float:
        assert self._model is not None
        if point in ("voltage", "over_voltage"):
            return self._model.counts_per_volt
        ranges = self._model.ranges
        return ranges[self._range if self._range < len(ranges) else 0][0]  # without a known range only zeros are ever written
