"""Manson HCS, Voltcraft PPS and DPPS, BK Precision 1685B, 1687B, 1688B, in text over USB serial (Manson sheet).

Commands end in CR. What was understood is answered with OK CR, numbers before it with a CR of their own; anything else is met with silence.

  GMAX        362120   largest volts (1 decimal) and amperes; by it the brands without GMOD are known
  GMOD        HCS-3202 or 3202; not all brands answer
  GETS        036100   set-points: volts x 10, amperes x 10, or x 100 on the models with a two-decimal current
  GETD        034209981  measured volts and amperes, x 100 each on every model, and 0 CV, 1 CC
  VOLT036  CURR100     set-points, three digits each
  SOUT0 is ON, SOUT1 is OFF
  GOVP  SOVP036  GOCP  SOCP100   ceilings of the set-points; they bind the knobs and trip nothing

BK 9103, 9104 and Manson SSP speak the same words with the opposite SOUT: told wrongly, off would be on. They answer GOUT, which an HCS leaves
unanswered; whoever answers it, or whose GETS has not six digits, is never sent a SOUT. Newer HCS that answer GOUT too are only read for it.

No question tells the output. It is on when current flows or after an acknowledged SOUT0; it is off when SOUT1 was acknowledged and two
measurements half a second apart show 0.00 A; else it is not known. Volts go in steps of 0.1 V, 1 V at least. There is no watchdog.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from drivers.address import Address
from drivers.clock import Clock
from drivers.roles import GarbledAnswer, Line, Mode, NoAnswer, Refused, SupplyProfile, SupplyReading, WrongDevice
from drivers.supplies.checked import CheckedSupply, Found, SetPoint, counts, stranger
from drivers.supplies.manson_answers import acknowledged, data, digits, display, exactly
from drivers.supplies.manson_models import MansonModel, model_of
from drivers.words import Words

DEADLINE_S, SETTLE_S = 0.5, 0.5
LEAST_V = 1.0
FLOWS_A = 0.05  # less may be what a meter shows of nothing
CEILINGS: dict[SetPoint, str] = {"voltage": "OVP", "current": "OCP"}
NOTES = (
    "It does not tell whether its output is on: off is concluded from its acknowledgement and from 0.00 A in two measurements.",
    "Nothing in it trips on too many volts. Its upper limits (SOVP, SOCP) are set to the set-points; raise them in its menu for other work.",
    "Its volts go in steps of 0.1 V: 3.6 V is the highest target below 3.65 V.",
)
UNKNOWN_SCALE = (
    "Its scale is not known, or does not fit: give the rated current of its plate, in A, as the option rated-current in its address."
)
TRAP = "It answers as the models do whose commands for on and off are the other way round, or may: it is only read, and never switched."


def check_address(address: Address) -> float | None:
    """The rated current in A that it names, for a model that is not in the tables; None where it names none."""
    return address.number("rated-current", low=0.1, high=100.0) if "rated-current" in address.options else None


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> MansonSupply:
    wait: Callable[[float], None] = (lambda _: None) if in_memory else time.sleep
    return MansonSupply(
        line, address=str(address), clock=clock, rated_current_a=check_address(address), wait=wait, prove=address.speed is not None
    )


class MansonSupply(CheckedSupply):
    """One supply on a line. `wait` lets so many wall seconds pass between the two measurements that prove it off."""

    def __init__(
        self,
        line: Line,
        *,
        address: str,
        clock: Clock,
        rated_current_a: float | None = None,
        wait: Callable[[float], None] = time.sleep,
        prove: bool = False,
    ) -> None:
        super().__init__(line, address=address, clock=clock, prove=prove)
        self._words = Words(line, address, send_end=b"\r", reply_end=b"OK\r", deadline_s=DEADLINE_S)
        self._probe = Words(
            line, address, send_end=b"\r", reply_end=b"OK\r", deadline_s=2 * DEADLINE_S, tries=1
        )  # where silence is an answer
        self._rated_a, self._wait = rated_current_a, wait
        self._model: MansonModel | None = None
        self._told: bool | None = None  # the last command for the output, once it is acknowledged
        self._on: bool | None = None  # what is concluded from that: off only once it is proved
        self._has_ceilings = True

    # --- who is there ---

    def _look(self) -> Found:
        """Questions only. Whoever may have the opposite SOUT, or an unknown scale, can be read, not set."""
        self._words.anchor = self._told = self._on = None
        self._has_ceilings = True
        try:
            largest = self._words.ask("GMAX", digits(6, 8))
        except GarbledAnswer as error:
            raise stranger(self.address, "Manson", self._words.last_answer, error) from error
        self._words.anchor = ("GMAX", exactly(largest))
        name = self._told_name()
        trap = self._other_polarity(largest) or len(largest) != 6
        self._model = None if trap else model_of(name, largest, self._rated_a)
        model = self._model
        kind = f"Manson-like supply, {name or 'no name'}, GMAX {largest}"
        profile = SupplyProfile(
            family="manson",
            model=model.name if model else f"unknown {kind}",
            max_voltage_v=min(model.max_voltage_v, int(largest[:3]) / 10) if model else 0.0,
            max_current_a=min(model.max_current_a, int(largest[3:]) / model.per_ampere) if model else 0.0,
            voltage_step_v=0.1,
            current_step_a=1 / model.per_ampere if model else 0.1,
            min_voltage_v=LEAST_V,
            poll_s=1.0,
            reports_output=False,
            shown_voltage_step_v=0.01,
            shown_current_step_a=0.01,
            notes=NOTES if model else (TRAP if trap else UNKNOWN_SCALE,),
        )
        return Found((largest, name), profile, known=model is not None)

    def _told_name(self) -> str:
        try:
            return self._probe.ask("GMOD", data, deadline_s=DEADLINE_S).removeprefix("HCS-").removesuffix("-USB")[:20]
        except NoAnswer:
            return ""

    def _other_polarity(self, largest: str) -> bool:
        """Whether it may be one of those whose SOUT1 is on: unless GOUT is met with silence and GETS with six digits, it may.

        Silence counts only on a line that works: the next question must get its own answer at once. Raises what that question runs into.
        """
        for _ in range(2):
            try:
                self._probe.ask("GOUT", data)
                return True
            except GarbledAnswer:
                return True
            except NoAnswer:
                self._probe.ask("GMAX", exactly(largest))
        try:
            self._words.ask("GETS", digits(6))
        except (NoAnswer, GarbledAnswer):
            return True
        return False

    # --- reading ---

    def _poll(self) -> SupplyReading:
        """Two questions. What the output does is concluded."""
        set_points: dict[SetPoint, float] = {}
        try:
            if self._model is not None:
                set_points = self._taken(("voltage", "current"))
            volts, amps, limits = self._measured()
        except NoAnswer:
            self._told = self._on = None  # it may have been without mains
            raise
        on = True if amps >= FLOWS_A else self._on
        if on and self._on is False:
            self._on = None  # it was off, and somebody switched it on
        mode: Mode | None = None if not on else "CC" if limits else "CV"
        return SupplyReading(self.clock.now_s(), on, set_points.get("voltage"), set_points.get("current"), volts, amps, mode)

    def _measured(self, tries: int | None = None) -> tuple[float, float, bool]:
        """V, A, and whether it limits the current."""
        text = self._words.ask("GETD", display, tries=tries)
        return int(text[:4]) / 100, int(text[4:8]) / 100, text[8] == "1"

    # --- setting ---

    def _put(self, point: SetPoint, value: float) -> None:
        """A ceiling below the new set-point is raised first."""
        wanted = counts(value, self._per_unit(point))
        if value > (LEAST_V if point == "voltage" else 0.0) and (self._ceiling(point) or 1000) < wanted:
            self._tell(f"S{CEILINGS[point]}{wanted:03d}")
        self._tell(f"{'VOLT' if point == 'voltage' else 'CURR'}{wanted:03d}")

    def _taken(self, points: Iterable[SetPoint]) -> dict[SetPoint, float]:
        text = self._words.ask("GETS", digits(6))
        return {point: int(text[:3] if point == "voltage" else text[3:]) / self._per_unit(point) for point in points}

    def program(
        self, *, voltage_v: float, current_a: float, over_voltage_v: float | None = None, over_current_a: float | None = None
    ) -> None:
        """As every supply; then, output off, the ceilings go down to the set-points, so that no hand turns a knob above them."""
        super().program(voltage_v=voltage_v, current_a=current_a, over_voltage_v=over_voltage_v, over_current_a=over_current_a)
        with self._watched():
            for point, value in self._taken(("voltage", "current")).items():
                wanted, before = counts(value, self._per_unit(point)), self._ceiling(point)
                if before is None or before <= wanted:
                    continue
                with suppress(NoAnswer):  # a brand may decline it: nothing relies on it
                    self._tell(f"S{CEILINGS[point]}{wanted:03d}")
                if (after := self._ceiling(point)) not in (wanted, before):
                    what = f"its upper limit {CEILINGS[point]} reads back {after} counts where {wanted} were written."
                    raise Refused(self.address, "set the upper limits", what, "Keep the output off; look at what its display shows.")

    def _ceiling(self, point: SetPoint) -> int | None:
        """In counts; None of a brand that does not tell."""
        try:
            return int(self._words.ask(f"G{CEILINGS[point]}", digits(3), tries=1)) if self._has_ceilings else None
        except NoAnswer:
            self._has_ceilings = False
            return None

    def _switch(self, on: bool) -> None:
        """Only to the device that was identified: another one's SOUT may mean the opposite. To silence an off is sent all the same."""
        self._told = self._on = None
        assert self._key is not None
        try:
            self._words.ask("GMAX", exactly(str(self._key[0])), tries=2)
        except NoAnswer:
            if on:
                raise
            self._refuse_stranger()
        except GarbledAnswer as error:
            raise self._stranger() from error
        self._probe.ask(f"SOUT{int(not on)}", acknowledged, most=16)
        self._told = on

    def _refuse_stranger(self) -> None:
        """WrongDevice where something answers that does not know GMAX."""
        try:
            self._probe.ask("GETD", data)
        except NoAnswer:
            return
        except GarbledAnswer as error:
            raise self._stranger() from error
        raise self._stranger()

    def _stranger(self) -> WrongDevice:
        what = "another device answers than the one identified, or a disturbed line; its output was not switched."
        return WrongDevice(self.address, "switch the output", what, "Switch it by hand; then start again from the identification.")

    def _flag(self) -> tuple[bool | None, str]:
        """On as acknowledged; off as acknowledged, and by two measurements of no current at all."""
        if self._told:
            self._on = True
            return True, ""
        _, first_a, _ = self._measured(tries=1)
        self._wait(SETTLE_S)
        _, second_a, _ = self._measured(tries=1)
        if self._told is False and first_a == second_a == 0.0:
            self._on = False
        return (True if max(first_a, second_a) >= FLOWS_A else self._on), ""

    def _tell(self, command: str) -> None:
        self._words.ask(command, acknowledged, tries=1, most=16)

    def _per_unit(self, point: SetPoint) -> int:
        assert self._model is not None
        return 10 if point == "voltage" else self._model.per_ampere
