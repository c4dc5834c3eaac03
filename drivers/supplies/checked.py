"""What holds for every supply that is set over a wire, whatever it speaks: identity, rating, order of writes, read-back, proof of off.

A family gives the few things that differ (`_look`, `_poll`, `_put`, `_taken`, `_switch`, `_flag`); the rules stand here once
(supply sheet, section 1): nothing is written before the identity is known, an unknown model is never set, protection lies above the set-points
and is raised before them, set-points round down, every write is read back.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal
from typing import Literal, NamedTuple

from drivers import proof
from drivers.clock import Clock
from drivers.roles import GarbledAnswer, InstrumentError, Line, LostLine, NoAnswer, Refused, SupplyProfile, SupplyReading, WrongDevice

SetPoint = Literal["voltage", "current", "over_voltage", "over_current"]
UNITS: dict[SetPoint, str] = {"voltage": "V", "current": "A", "over_voltage": "V", "over_current": "A"}
NAMES: dict[SetPoint, str] = {
    "voltage": "voltage",
    "current": "current",
    "over_voltage": "over-voltage level",
    "over_current": "over-current level",
}
BEYOND_RATING = 1.1  # set-points and measurements reach a little over the rating, never this far
TEST_V, TEST_A = 1.0, 0.1
FINE_V = 0.02  # where volts are set in coarser steps than this, a read-back one step beside is another voltage


def counts(value: float, counts_per_unit: float) -> int:
    """Counts for a value, never more than asked for: 3.65 V are 365 counts of 10 mV, 3.659 V too.

    Computed in decimals: in binary 3.65 x 100 would be cut to 364. What a sum of floats is off by (under a millionth) does not count.
    """
    return int((Decimal(repr(round(value, 6))) * Decimal(repr(counts_per_unit))).to_integral_value(ROUND_FLOOR))


def down_to_step(value: float, step: float) -> float:
    """The largest whole number of steps that is not above `value`, as a clean decimal: 3.65 V in steps of 0.1 V are 3.6 V."""
    whole = (Decimal(repr(round(value, 6))) / Decimal(repr(step))).quantize(Decimal("1e-9")).to_integral_value(ROUND_FLOOR)
    return float(whole * Decimal(repr(step)))


class Found(NamedTuple):
    """What an identification found: `key` tells one device from another of its kind as well as the family can. `known`: the model is certain,
    so that it may be switched off even while its present scale is not known.
    """

    key: tuple[object, ...]
    profile: SupplyProfile
    known: bool


class CheckedSupply(ABC):
    """One supply on a line; implements `roles.Supply`. `prove`: only accept our own emulator (the address asks for scaled time)."""

    over_voltage_margin_v = 2.0
    over_current_margin_a = 0.2
    """How far above the rating protection levels may be set."""
    tries = 3
    """Writes of a set-point whose answer was lost, when reading it back shows another value."""

    def __init__(self, line: Line, *, address: str, clock: Clock, prove: bool = False) -> None:
        self.address, self.line, self.clock = address, line, clock
        self._prove = prove
        self._key: tuple[object, ...] | None = None
        self._profile: SupplyProfile | None = None
        self._known = False
        self._unsure = False  # the line was lost, or another supply answered: identified afresh before anything is written

    # --- what a family gives ---

    @abstractmethod
    def _look(self) -> Found:
        """Who is there; reads only. A model that is not known for sure gets a profile without rating. Raises WrongDevice."""

    @abstractmethod
    def _poll(self) -> SupplyReading:
        """One reading; never called before `_look` has succeeded once."""

    @abstractmethod
    def _put(self, point: SetPoint, value: float) -> None:
        """Write one set-point once; `value` lies within the rating and on a step."""

    @abstractmethod
    def _taken(self, points: Iterable[SetPoint]) -> dict[SetPoint, float]:
        """What the supply has kept for these set-points."""

    @abstractmethod
    def _switch(self, on: bool) -> None:
        """Write the output state once. NoAnswer or GarbledAnswer when the answer was lost: the flag decides."""

    @abstractmethod
    def _flag(self) -> tuple[bool | None, str]:
        """The output's state as the supply tells it now, asked once, and what is tripped ("" nothing)."""

    def _prepare(self) -> None:  # noqa: B027 - most families need nothing
        """Before set-points are programmed, output off: switch off what would fold the output in constant current, arm what must be armed."""

    def power_up_output(self) -> bool | None:
        """Whether the output comes on by itself after a mains dip; None where the supply cannot tell."""
        return None

    # --- reading ---

    def identify(self) -> SupplyProfile:
        """Who is there; nothing is written. Raises WrongDevice also when another supply than the first one answers."""
        if self._prove and (self._profile is None or not self._profile.emulated):
            proof.demand(self.line, self.address)
        with self._watched():
            key, profile, known = self._look()
        if self._key is not None and key != self._key:
            self._unsure = True
            what = f"another supply answers now ({profile.model}, serial {profile.serial or 'unknown'}); nothing was written."
            raise WrongDevice(self.address, "identify", what, "Start the session anew with this supply, or plug the first one in again.")
        self._key, self._profile, self._known, self._unsure = key, replace(profile, emulated=self._prove), known, False
        return self._profile

    def read(self) -> SupplyReading:
        """One poll. A number that the model can neither hold nor be set to is no reading, whatever its checksum says.

        After a lost line it is identified first: another supply's reading must not pass for this one's.
        """
        if self._profile is None or self._unsure:
            self.identify()
        with self._watched():
            reading = self._poll()
        self._believable(reading)
        return reading

    # --- setting ---

    def program(
        self, *, voltage_v: float, current_a: float, over_voltage_v: float | None = None, over_current_a: float | None = None
    ) -> None:
        """Set-points, then protection, output off; a level that would stand below the new voltage is raised first. All read back.

        Everything is rounded down to the supply's step. Protection levels beyond what the model can hold are lowered to its ceiling, and those
        of a supply that has none are left out.
        """
        request = f"set {voltage_v:g} V, {current_a:g} A"
        profile = self._settable(request, output_off=True)
        wanted: dict[SetPoint, float] = {
            "voltage": self._rated(request, "voltage", voltage_v, profile),
            "current": self._rated(request, "current", current_a, profile),
        }
        with self._watched():
            if over_voltage_v is not None and profile.has_over_voltage_protection:
                level_v = min(over_voltage_v, profile.max_voltage_v + self.over_voltage_margin_v)
                wanted["over_voltage"] = self._rated(request, "over_voltage", level_v, profile)
                if wanted["voltage"] > self._taken(("over_voltage",))["over_voltage"] - 1e-9:
                    wanted = {"over_voltage": wanted["over_voltage"], **wanted}
            if over_current_a is not None and profile.has_over_current_protection:
                level_a = min(over_current_a, profile.max_current_a + self.over_current_margin_a)
                wanted["over_current"] = self._rated(request, "over_current", level_a, profile)
            for level, point in (("over_voltage", "voltage"), ("over_current", "current")):
                if level in wanted and wanted[level] <= wanted[point]:  # type: ignore[index]  # both are set-points
                    what = "a protection level at or below its set-point would trip at once; nothing was written."
                    raise Refused(self.address, request, what, "Protection belongs above the set-points.")
            self._prepare()
            for point, value in wanted.items():
                self._write_point(point, value, profile)
            self._compare(request, wanted, profile)

    def set_voltage(self, voltage_v: float) -> None:
        """The voltage set-point alone, at once in force when the output is on; read back."""
        self._set_one("voltage", voltage_v)

    def set_current(self, current_a: float) -> None:
        """The current set-point alone, at once in force when the output is on; read back."""
        self._set_one("current", current_a)

    def switch_output(self, on: bool) -> None:
        """Write the output state once and read the flag back once, so that the caller's own retries stay within seconds.

        A lost answer is no failure when the flag has followed. Raises NoAnswer or GarbledAnswer when the flag could not be read: the state is
        unknown then, and silence after an off command is no success.
        """
        request = f"switch the output {'on' if on else 'off'}"
        self._ready(request, to_set=on)
        lost = ""
        with self._watched():
            try:
                self._switch(on)
            except (NoAnswer, GarbledAnswer):
                lost = " and its answer to the command was lost"
            flag, tripped = self._flag()
        if flag is not on:
            shown = "nothing that can be understood" if flag is None else int(flag)
            protection = f", protection shows {tripped}" if tripped else ""
            what = f"the output flag reads {shown} after the command{protection}{lost}."
            raise Refused(self.address, request, what, "Look at the supply's display; switch it by hand if it does not follow.")

    def throttle(self) -> None:
        """Set-points to zero, or to the least that the supply takes, without looking at the output first: the way left when "off" is ignored."""
        request = "set voltage and current to zero"
        profile = self._ready(request, to_set=False)
        least: dict[SetPoint, float] = {"voltage": profile.min_voltage_v, "current": profile.min_current_a}
        with self._watched():
            for point, value in least.items():
                try:
                    self._put(point, value)
                except (NoAnswer, GarbledAnswer, Refused):
                    continue  # the read-back decides; who declines 0 V must still get 0 A
            found = self._taken(least)
        if any(not self._same(point, found[point], value, profile) for point, value in least.items()):
            what = f"the set-points read back {found['voltage']:g} V and {found['current']:g} A after writing zero."
            raise Refused(self.address, request, what, "Pull the supply's mains plug or take the + lead off.")

    def prove_writable(self) -> None:
        """1.00 V and 0.10 A with the output off, read back: harmless, and proof that this program can set this supply."""
        request = "write test"
        profile = self._settable(request, output_off=True)
        wanted: dict[SetPoint, float] = {
            "voltage": down_to_step(max(TEST_V, profile.min_voltage_v), profile.voltage_step_v),
            "current": down_to_step(max(TEST_A, profile.min_current_a, profile.current_step_a), profile.current_step_a),
        }
        with self._watched():
            for point, value in wanted.items():
                self._write_point(point, value, profile)
            self._compare(request, wanted, profile)

    def close(self) -> None:
        """Leave the line; the supply keeps its state."""
        self.line.close()

    # --- inside ---

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """After a lost line, or another device's answer, it is identified afresh before anything is written."""
        try:
            yield
        except (LostLine, WrongDevice):
            self._unsure = True
            raise

    def _ready(self, request: str, *, to_set: bool = True) -> SupplyProfile:
        """The profile, identified on this very connection. Refused for an unknown model, and `to_set` without a known scale."""
        if self._profile is None or self._unsure:
            self.identify()
        assert self._profile is not None
        if not (self._profile.settable if to_set else self._known):
            what = "this model, or its present range, is not known for sure, so its scale is not either: it can be read, not set."
            raise Refused(self.address, request, what, "Use it as a supply without interface (manual), or another supply.")
        return self._profile

    def _settable(self, request: str, *, output_off: bool = False) -> SupplyProfile:
        """The profile after a fresh poll. `output_off`: the output must be seen off."""
        self._ready(request)
        reading = self.read()
        profile = self._ready(request)  # the poll may have shown another range
        if output_off and reading.output_on is None and not profile.reports_output:
            self.switch_output(False)  # it cannot say: off is what it is told, and what is proved, before anything is set
        elif output_off and reading.output_on is not False:
            raise Refused(self.address, request, "the output is not off; nothing was written.", "Switch the output off first.")
        return profile

    def _set_one(self, point: SetPoint, value: float) -> None:
        request = f"set {value:g} {UNITS[point]}"
        profile = self._settable(request)
        wanted = {point: self._rated(request, point, value, profile)}
        with self._watched():
            self._write_point(point, wanted[point], profile)
            self._compare(request, wanted, profile)

    def _rated(self, request: str, point: SetPoint, value: float, profile: SupplyProfile) -> float:
        """`value` rounded down to the step. Refused outside the rating."""
        ceiling = {
            "voltage": profile.max_voltage_v,
            "current": profile.max_current_a,
            "over_voltage": profile.max_voltage_v + self.over_voltage_margin_v,
            "over_current": profile.max_current_a + self.over_current_margin_a,
        }[point]
        floor = {"voltage": profile.min_voltage_v, "current": profile.min_current_a}.get(point, 0.0)
        if not math.isfinite(value) or value < floor or value > ceiling + 1e-6:
            unit = UNITS[point]
            what = f"{NAMES[point]} {value:g} {unit} is outside {floor:g} to {ceiling:g} {unit}, the rating of this supply; nothing was written."
            raise Refused(self.address, request, what, "Check the number and its decimal point.")
        return down_to_step(value, self._step(point, profile))

    @staticmethod
    def _step(point: SetPoint, profile: SupplyProfile) -> float:
        return profile.voltage_step_v if UNITS[point] == "V" else profile.current_step_a

    def _same(self, point: SetPoint, found: float, wanted: float, profile: SupplyProfile) -> bool:
        """Within one count; in volts never further than a fine one: a step of 0.1 V too much is 3.7 V on cells."""
        step = self._step(point, profile)
        return abs(found - wanted) <= (1.01 * step if UNITS[point] == "A" or step <= FINE_V else 0.5 * step)

    def _write_point(self, point: SetPoint, value: float, profile: SupplyProfile) -> None:
        """Write; when the answer is lost, read back and write again only if the value is not there."""
        for attempt in range(self.tries):
            try:
                return self._put(point, value)
            except Refused as declined:
                wanted = f"set the {NAMES[point]} to {value:g} {UNITS[point]}"
                raise Refused(self.address, wanted, declined.what, declined.check or "Look at its own limits, in its menu.") from declined
            except (NoAnswer, GarbledAnswer):
                if abs(self._taken((point,))[point] - value) < 0.5 * self._step(point, profile):
                    return None
                if attempt == self.tries - 1:
                    raise
        return None

    def _compare(self, request: str, wanted: dict[SetPoint, float], profile: SupplyProfile) -> None:
        """Read back what was written; more than one count beside it is Refused."""
        found = self._taken(wanted)
        for point, value in wanted.items():
            if not self._same(point, found[point], value, profile):
                unit = UNITS[point]
                what = f"the {NAMES[point]} reads back {found[point]:g} {unit} where {value:g} {unit} was written."
                raise Refused(self.address, request, what, "Keep the output off; look at what the supply's display shows.")

    def _believable(self, reading: SupplyReading) -> None:
        """GarbledAnswer for volts or amperes that this model can neither hold nor be set to."""
        profile = self._profile
        if profile is None or not profile.settable:
            return
        volts = max(reading.set_voltage_v or 0.0, reading.voltage_v or 0.0)
        amperes = max(reading.set_current_a or 0.0, reading.current_a or 0.0)
        if volts > BEYOND_RATING * profile.max_voltage_v or amperes > BEYOND_RATING * profile.max_current_a:
            what = f"the answer speaks of {volts:g} V and {amperes:g} A, which a {profile.model} does not have; it is not used."
            raise GarbledAnswer(self.address, "read", what, "Look at the supply's display, its cable and the baud rate.")


def concluded_mode(
    *, voltage_v: float | None, current_a: float | None, set_voltage_v: float | None, set_current_a: float | None, on: bool | None
) -> Literal["CV", "CC"] | None:
    """CC or CV of a supply that does not tell (Hanmatek sheet): at its current and below its volts, or at its volts; None between."""
    if not on or voltage_v is None or current_a is None or set_voltage_v is None or set_current_a is None:
        return None
    if abs(voltage_v - set_voltage_v) < 0.0201:
        return "CV"
    return "CC" if current_a >= set_current_a - max(0.02, 0.01 * set_current_a) and voltage_v < set_voltage_v else None


def stranger(address: str, family: str, raw: bytes, error: InstrumentError) -> InstrumentError:
    """What answered an identification, and is none of the family: told by its bytes. An error that says more already stays what it is."""
    if not raw:
        return error
    text = raw[:32].decode("ascii", "replace")
    shown = repr(text) if text.isprintable() or raw[:1].isalnum() or raw[:1] == b"$" else raw[:16].hex(" ")
    what = f"something answers, but no {family}: {shown}; nothing was written."
    return WrongDevice(address, "identify", what, "Is this the right port? A GPS, printer or board may sit on it.")
