"""Hanmatek HM305P, HM310P, HM310T, HM605, and the same supplies as eTommens and Rockseed, over Modbus RTU (Hanmatek register sheet).

Registers of 16 bits. "V" and "A" count by the digits of register 0005, read at each connect and believed only within 1 to 4 and where the
largest volts and amperes, counted with them, fit the rating. Only single writes, at most four registers a read.

  0001  output, 0 off, 1 on (read, write)       0030, 0031  set-points, V, A (read, write)
  0002  status, see below                       0040-0044   lock, beep, over-voltage, over-current and power
  0003  rating, 3010 is 30 V 10 A                           protection on or off (second generation only)
  0004  class, two signs: KP                    8801        output at power-up, 0 off, 1 on, 2 as it was
  0005  decimals, 0233: V 2, A 3, W 3           C110, C11E  smallest and largest V (first generation)
  0010, 0011  terminals, V, A                   C120, C12E  smallest and largest A (first generation)
  0014, 0015  largest V, A (second generation)
  0020  over-voltage level, V (read, write); 0021 over-current level, whose decimals no two sources agree on: left alone

The status bits mean, from bit 0 on, OVP OCP OPP OTP SCP in the first generation, LOCK BEEP OVP OCP OPP in the second, which alone answers
0041. As one source found the first meaning on such a model, it is taken there too whenever bits 0 and 1 are not what 0040 and 0041 show.
No register tells CC or CV: it is concluded. It has no watchdog.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from drivers.address import Address
from drivers.clock import Clock
from drivers.roles import GarbledAnswer, Line, NoAnswer, Refused, SupplyProfile, SupplyReading, WrongDevice
from drivers.supplies.checked import Found, SetPoint, concluded_mode
from drivers.supplies.registers import RegisterSupply

OUTPUT, STATUS, RATING, MEASURED, LIMITS, OVP, SET_V, LOCK, BEEP, ARM_OVP = 0x01, 0x02, 0x03, 0x10, 0x14, 0x20, 0x30, 0x40, 0x41, 0x42
POWER_UP, LEAST_V, MOST_V, LEAST_A, MOST_A = 0x8801, 0xC110, 0xC11E, 0xC120, 0xC12E
FIRST_BITS, SECOND_BITS = ("OVP", "OCP", "OPP", "OTP", "SCP"), ("LOCK", "BEEP", "OVP", "OCP", "OPP")
SWITCH_BITS = 0b11  # lock and beep in the second generation
LIKELY = range(1, 5)  # decimals
FITS = (0.8, 1.5)  # how the largest set-point may stand to the rating: one wrong decimal is far outside
MOST_COUNTS = 0xFFFF
NOT_ARMED = "Its over-voltage protection cannot be switched on from here: switch it on at its panel, or a level that is set does nothing."
NO_OCP = (
    "Its over-current level is left alone: sources differ on its decimals. Look at its panel: it must stand above the charge's current."
)


@dataclass(frozen=True, slots=True)
class Scale:
    """Counts of a volt and an ampere, and what may be set."""

    per_volt: int
    per_ampere: int
    min_voltage_v: float
    max_voltage_v: float
    min_current_a: float
    max_current_a: float


def check_address(address: Address) -> int:
    """The Modbus address that it names, 1 to 250."""
    return address.integer("address", 1, low=1, high=250)


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> HanmatekSupply:
    unit = check_address(address)
    return HanmatekSupply(line, address=str(address), clock=clock, unit=unit, prove=address.speed is not None)


def rated(number: int) -> tuple[float, float] | None:
    """V and A of a rating: 3010 is 30 V 10 A, and 305 on the smallest 30 V 5 A; None for anything else."""
    volts, amperes = divmod(number, 100 if number >= 1000 else 10)
    return (float(volts), float(amperes)) if 10 <= volts <= 160 and 1 <= amperes <= 60 else None


class HanmatekSupply(RegisterSupply):
    """One Hanmatek supply on a line."""

    family_title = "Hanmatek"
    registers = {"voltage": SET_V, "current": SET_V + 1, "over_voltage": OVP}
    most_at_once = 4
    blocks = (range(1, 6), range(0x10, 0x14), range(0x20, 0x24), range(SET_V, SET_V + 2), range(LOCK, 0x45))
    sounding = STATUS
    deadline_s = 0.3

    _scale: Scale | None = None
    _second = False
    _switches = 0  # bits 0 and 1 of the status as the registers for lock and beep last showed them

    # --- reading ---

    def _look(self) -> Found:
        """Rating, class and decimals. A scale that is not certain gives a profile without rating; nothing is set then."""
        try:
            rating, kind, decimals = key = self.unit.read(RATING, 3)
        except (GarbledAnswer, Refused) as error:
            raise self._stranger(error) from error
        letters = kind.to_bytes(2, "big")
        if not (letters.isalnum() and letters.isascii() and letters == letters.upper()) or rated(rating) is None:
            what = f"registers 3-5 hold {rating}, {kind:04x} and {decimals:04x}, which is no Hanmatek; nothing was written."
            raise WrongDevice(self.address, "identify", what, "Is this the right port?")
        model = f"{letters.decode()} {rating}"
        if self._key not in (None, key):
            return Found(key, SupplyProfile("hanmatek", model), known=False)  # another one: what is known of the first is kept
        self._second = self._asked(BEEP, 1) is not None
        self._scale = self._found_scale(rating, decimals)
        if (scale := self._scale) is None:
            return Found(key, SupplyProfile("hanmatek", f"{model}, decimals {decimals:04x}"), known=False)
        profile = SupplyProfile(
            family="hanmatek",
            model=model,
            max_voltage_v=scale.max_voltage_v,
            max_current_a=scale.max_current_a,
            min_voltage_v=scale.min_voltage_v,
            min_current_a=scale.min_current_a,
            voltage_step_v=1 / scale.per_volt,
            current_step_a=1 / scale.per_ampere,
            has_over_voltage_protection=True,
            reports_mode=False,
            notes=(NO_OCP,) if self._second else (NOT_ARMED, NO_OCP),
        )
        return Found(key, profile, known=True)

    def _found_scale(self, rating: int, decimals: int) -> Scale | None:
        """What register 0005 says, held against the largest set-points where the supply tells them."""
        digits = decimals >> 8, decimals >> 4 & 15, decimals & 15
        if any(digit not in LIKELY for digit in digits):
            return None
        per_volt, per_ampere = 10 ** digits[0], 10 ** digits[1]
        rated_v, rated_a = rated(rating) or (0.0, 0.0)
        if self._second:
            least, most = (0, 0), self._asked(LIMITS, 2) or (0, 0)
        else:
            found = [self._asked(register, 1) for register in (LEAST_V, LEAST_A, MOST_V, MOST_A)]
            least_v, least_a, *most_va = (one[0] if one else 0 for one in found)
            least, most = (least_v, least_a), tuple(most_va)
        if not all(most):
            scale = Scale(per_volt, per_ampere, 0.0, rated_v, 0.0, rated_a)
        else:
            scale = Scale(per_volt, per_ampere, least[0] / per_volt, most[0] / per_volt, least[1] / per_ampere, most[1] / per_ampere)
        fits = all(FITS[0] <= most / rate <= FITS[1] for most, rate in ((scale.max_voltage_v, rated_v), (scale.max_current_a, rated_a)))
        level_v = scale.max_voltage_v + self.over_voltage_margin_v
        return scale if fits and max(level_v * per_volt, scale.max_current_a * per_ampere) <= MOST_COUNTS else None

    def _asked(self, register: int, count: int) -> tuple[int, ...] | None:
        """Registers that not every model has: None where it declines or stays silent."""
        try:
            return self.unit.read(register, count, tries=2)
        except (NoAnswer, Refused):
            return None

    def _poll(self) -> SupplyReading:
        """Three requests, as no more than four registers come at once; what is measured last."""
        output, status, *who = self.unit.read(OUTPUT, 4)
        if self._key is None or tuple(who) != self._key[:2]:
            what = "the answer comes from another supply than the one identified; it is not used."
            raise WrongDevice(self.address, "read", what, "Was another supply plugged in? Start again from the identification.")
        set_points, measured = self.unit.read(SET_V, 2), self.unit.read(MEASURED, 2)
        time_s = self.clock.now_s()
        on, tripped = {0: False, 1: True}.get(output), self._tripped(status)
        if (scale := self._scale) is None:
            return SupplyReading(time_s, on, protection=tripped)
        set_voltage_v, voltage_v = set_points[0] / scale.per_volt, measured[0] / scale.per_volt
        set_current_a, current_a = set_points[1] / scale.per_ampere, measured[1] / scale.per_ampere
        mode = concluded_mode(voltage_v=voltage_v, current_a=current_a, set_voltage_v=set_voltage_v, set_current_a=set_current_a, on=on)
        return SupplyReading(time_s, on, set_voltage_v, set_current_a, voltage_v, current_a, mode, tripped)

    def _tripped(self, status: int) -> str:
        """What the status word says of protection."""
        names = FIRST_BITS
        if self._second:
            if status & SWITCH_BITS != self._switches:
                lock, beep = self.unit.read(LOCK, 2)
                self._switches = int(bool(lock)) | int(bool(beep)) << 1
            if status & SWITCH_BITS == self._switches:
                names, status = SECOND_BITS, status & ~SWITCH_BITS
        told = [name for bit, name in enumerate(names) if status >> bit & 1]
        return " ".join(told) if not status >> len(names) else f"code {status:04x}"

    def power_up_output(self) -> bool | None:
        """Register 8801: whether the output comes on by itself after a mains dip. "As it was" brings a running charge back on."""
        found = self._asked(POWER_UP, 1)
        return {0: False, 1: True, 2: True}.get(found[0]) if found else None

    # --- setting ---

    def _prepare(self) -> None:
        """Second generation: a level protects only where its switch is on."""
        if not self._second:
            return
        with suppress(NoAnswer, GarbledAnswer):  # the read-back decides
            self.unit.write(ARM_OVP, 1)
        if self.unit.read(ARM_OVP, 1) != (1,):
            what = "its over-voltage protection stays switched off."
            raise Refused(self.address, "switch on over-voltage protection", what, "Switch it on at the supply's panel.")

    def _switch(self, on: bool) -> None:
        self.unit.write(OUTPUT, int(on))

    def _flag(self) -> tuple[bool | None, str]:
        output, status = self.unit.read(OUTPUT, 2, tries=1)
        return {0: False, 1: True}.get(output), self._tripped(status)

    def _per_unit(self, point: SetPoint) -> float:
        assert self._scale is not None
        return self._scale.per_volt if point in ("voltage", "over_voltage") else self._scale.per_ampere
