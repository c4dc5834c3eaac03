"""Ruideng DPS3005/5005/5015/5020/8005 and DPH5005, communication versions, over Modbus RTU (DPS register sheet).

Registers of 16 bits. Volts count in hundredths on every model; "A" by the model's counts per ampere, which come from an exact match of register
0x0B and from nothing else.

  00  voltage set-point, V (read, write)    08  0 CV, 1 CC
  01  current set-point, A (read, write)    09  output, 1 on (read, write)
  02  terminals, V                          0A  backlight
  03  terminals, A                          0B  model, 5020 is a DPS5020
  04  power, 05 input, both in hundredths   0C  firmware
  06  keys locked                           50-57  group in force: set-points, over-voltage (52, V) and over-current
  07  protection, 0 none                           level (53), power level, backlight, 56, output on at power-up (57)

At most 32 registers a request; asked for others the supply is usually silent. It answers within half a second, and forgets a question when the
next comes before its answer. Register 51 mirrors 01: where the two do not show the same counts, the group counts current in another scale, and
the over-current level is left alone. 23 recalls a stored group and is never written. It has no watchdog.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.address import Address
from drivers.clock import Clock
from drivers.roles import GarbledAnswer, Line, Mode, Refused, SupplyProfile, SupplyReading, WrongDevice
from drivers.supplies.checked import Found, SetPoint
from drivers.supplies.registers import FlaggedSupply

PROTECTION, OUTPUT, MODEL, GROUP = 0x07, 0x09, 0x0B, 0x50
POLL_COUNT, GROUP_COUNT = 13, 8
PER_VOLT = 100
MODES: dict[int, Mode] = {0: "CV", 1: "CC"}
MODEL_NUMBERS = range(1000, 10000)  # where the family's numbers lie; one without a row below can be looked at, never set
MOST_SET_COUNTS = 10_000  # no model reaches 100 V; a Riden, asked for the same register, shows its identity of 60000 and more
BACK_FEED = "Cells on its output feed back into it while its input power is off: use a diode in the lead, or take the leads off first."
NO_OCP = "Its over-current level is left alone: the scale of that register could not be told from what it holds."


@dataclass(frozen=True, slots=True)
class DpsModel:
    name: str
    per_ampere: int
    max_voltage_v: float
    max_current_a: float


MODELS = {  # from the DPS register sheet; a doubtful number stays out
    3005: DpsModel("DPS3005", 1000, 30.0, 5.0),
    5005: DpsModel("DPS5005", 1000, 50.0, 5.0),
    5205: DpsModel("DPH5005", 1000, 50.0, 5.0),
    5015: DpsModel("DPS5015", 100, 50.0, 15.0),
    5020: DpsModel("DPS5020", 100, 50.0, 20.0),
    8005: DpsModel("DPS8005", 1000, 80.0, 5.0),
}


def check_address(address: Address) -> int:
    """The Modbus address that it names, 1 to 247."""
    return address.integer("address", 1, low=1, high=247)


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> DpsSupply:
    unit = check_address(address)
    return DpsSupply(line, address=str(address), clock=clock, unit=unit, prove=address.speed is not None)


class DpsSupply(FlaggedSupply):
    """One DPS or DPH module on a line."""

    family_title = "DPS"
    registers = {"voltage": 0x00, "current": 0x01, "over_voltage": 0x52, "over_current": 0x53}
    output_register, power_up_register = OUTPUT, 0x57
    protections = {0: "", 1: "OVP", 2: "OCP", 3: "OPP"}
    most_at_once = 32
    blocks = (range(POLL_COUNT), range(GROUP, GROUP + GROUP_COUNT))
    deadline_s = 1.0

    _model: DpsModel | None = None

    # --- reading ---

    def _look(self) -> Found:
        """Model and firmware, then the same again among all that a poll reads: another device may show a model's number by chance."""
        try:
            identity = self.unit.read(MODEL, 2)
            registers = self.unit.read(0, POLL_COUNT)
        except (GarbledAnswer, Refused) as error:
            raise self._stranger(error) from error
        model_id, firmware = identity
        if model_id not in MODEL_NUMBERS or registers[MODEL:] != identity or registers[0] > MOST_SET_COUNTS:
            what = f"register 0x0B holds {model_id}, register 0 {registers[0]}, which is no DPS; nothing was written."
            raise WrongDevice(self.address, "identify", what, "Is this the right port?")
        model = MODELS.get(model_id)
        if self._key is None:
            self._model = model
        if model is None:
            return Found(identity, SupplyProfile("dps", f"unknown DPS {model_id}", firmware=str(firmware)), known=False)
        settled = self._group_counts_alike(registers[1])
        profile = SupplyProfile(
            family="dps",
            model=model.name,
            firmware=str(firmware),
            max_voltage_v=model.max_voltage_v,
            max_current_a=model.max_current_a,
            voltage_step_v=1 / PER_VOLT,
            current_step_a=1 / model.per_ampere,
            has_over_voltage_protection=True,
            has_over_current_protection=settled,
            poll_s=1.0,
            notes=(BACK_FEED,) if settled else (BACK_FEED, NO_OCP),
        )
        return Found(identity, profile, known=True)

    def _group_counts_alike(self, set_current: int) -> bool:
        """Whether the group shows the current set-point in the same counts; a set-point of zero tells nothing."""
        return set_current > 0 and self.unit.read(GROUP, GROUP_COUNT)[1] == set_current

    def _poll(self) -> SupplyReading:
        """Registers 0-0x0C in one request. An unknown model gives flags but no volts or amperes: a scale is never guessed."""
        registers = self.unit.read(0, POLL_COUNT)
        time_s = self.clock.now_s()
        if registers[MODEL:] != self._key:
            what = "the answer comes from another supply than the one identified; it is not used."
            raise WrongDevice(self.address, "read", what, "Was another supply plugged in? Start again from the identification.")
        on, tripped = self._state(registers[PROTECTION], registers[OUTPUT])
        volts: list[float | None] = [None, None]
        amperes: list[float | None] = [None, None]
        if self._model is not None:
            volts = [counted / PER_VOLT for counted in (registers[0], registers[2])]
            amperes = [counted / self._model.per_ampere for counted in (registers[1], registers[3])]
        mode = MODES.get(registers[8]) if on else None
        return SupplyReading(time_s, on, volts[0], amperes[0], volts[1], amperes[1], mode, tripped)

    def _per_unit(self, point: SetPoint) -> float:
        assert self._model is not None
        return PER_VOLT if point in ("voltage", "over_voltage") else self._model.per_ampere
