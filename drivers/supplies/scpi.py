"""Bench supplies that speak SCPI, over a serial line or a raw LAN socket: what they share, and the family `scpi` (Keysight, BK, R&S, others).

  *IDN?                 vendor, model, serial, firmware and sometimes more, between commas
  VOLT x  VOLT?         set-points; floats may come with an exponent or a unit
  MEAS:VOLT?            measured; CURR for amperes
  OUTP ON  OUTP?        output; 1, ON or YES and 0, OFF or NO
  SYST:ERR?             asked after every command: 0 where it was taken
  INST:NSEL n           the channel that everything above speaks of, where the dialect needs it

Dialects and models stand in scpi_dialects.py. Never sent: *RST, *RCL, and commands that clear a protection, because one of them switches
the output on again. Values come in volts and amperes, so that a supply of an unknown model can be read; it can be set when the operator
types its rating into the address, `scpi:socket://host:5025?max-voltage=30&max-current=5`: plain commands, every one read back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeVar

from drivers.address import Address, AddressError
from drivers.clock import Clock
from drivers.roles import GarbledAnswer, Line, Mode, NoAnswer, Refused, SupplyProfile, SupplyReading, WrongDevice
from drivers.supplies.checked import CheckedSupply, Found, SetPoint, concluded_mode, stranger
from drivers.supplies.scpi_answers import Identity, error_said, identity, mode_said, quantity, volts_and_amperes
from drivers.supplies.scpi_dialects import MODELS, OTHER_FAMILIES, PLAIN, VENDORS, Dialect, Outlet
from drivers.words import Words, flag, number

T = TypeVar("T")
MOST_ERRORS = 32  # taken from the queue of old errors before the first command


def channel_of(address: Address) -> int:
    """The channel that it names, 1 to 4; the first without the option."""
    return address.integer("channel", 1, low=1, high=4)


def check_address(address: Address) -> Outlet | None:
    """The rating that the operator typed, V and A; None without. Raises AddressError for half of one."""
    channel_of(address)
    if not {"max-voltage", "max-current", "voltage-step", "current-step"} & set(address.options):
        return None
    if not {"max-voltage", "max-current"} <= set(address.options):
        raise AddressError(f"'{address}' gives half of a rating: write both, as in max-voltage=30&max-current=5")
    volts, amperes = (address.number(name, low=0.0, high=1000.0, above=True) for name in ("max-voltage", "max-current"))
    step_v, step_a = (address.number(f"{name}-step", 0.01, low=0.0, above=True) for name in ("voltage", "current"))
    return Outlet(volts, amperes, step_v, step_a)


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> ScpiSupply:
    return ScpiSupply(
        line,
        address=str(address),
        clock=clock,
        channel=channel_of(address),
        typed=check_address(address),
        prove=address.speed is not None,
    )


class ScpiSupply(CheckedSupply):
    """One output of a SCPI supply. `typed`: its rating as the operator knows it; it makes an unknown model settable, and a known one's smaller."""

    family, title = "scpi", "SCPI supply"
    dialect = PLAIN  # what an unknown model is spoken to in

    def __init__(
        self, line: Line, *, address: str, clock: Clock, channel: int = 1, typed: Outlet | None = None, prove: bool = False
    ) -> None:
        super().__init__(line, address=address, clock=clock, prove=prove)
        self.channel = channel
        self.words = Words(line, address)
        self._typed = typed
        self._outlet: Outlet | None = None
        self._spoken_to = self._drained = False  # since the last identification
        self._old_error = ""  # an error that its queue does not let go of

    # --- who is there ---

    def _recognised(self, who: Identity) -> tuple[Dialect, Mapping[int, Outlet]] | None:
        """Dialect and outputs of a model that is known for sure. Raises WrongDevice for one that another family speaks to."""
        for maker, family in OTHER_FAMILIES.items():
            if who.maker.startswith(maker):
                what = f"{who.vendor} {who.model} speaks another dialect; nothing was written."
                raise WrongDevice(self.address, "identify", what, f"Its family is {family}: begin the address with {family}:")
        maker, dialect, outlets = MODELS.get(who.model, ("", PLAIN, {}))
        return (dialect, outlets) if maker and VENDORS.get(who.maker) == maker else None

    def _parse(self, text: str) -> Identity:
        who = identity(text)
        model = who.model.upper()
        return who._replace(model=f"BK{model}" if model.isdecimal() or VENDORS.get(who.maker) == "BKPRECISION" else model)

    def _look(self) -> Found:
        """Its name, asked twice: it has no checksum, and the rating hangs on one of its letters."""
        known_by, self.words.anchor = self.words.anchor, None
        try:
            who = self.words.ask("*IDN?", self._parse)
            if self.words.ask("*IDN?", self._parse) != who:
                what = f"it says two names, the second is {self.words.last_answer[:40]!r}; neither is used."
                raise GarbledAnswer(self.address, "identify", what, "Look at the cable and the baud rate.")
        except GarbledAnswer as error:
            damaged = 2 <= self.words.last_answer.count(b",") <= 4
            raise (error if damaged else stranger(self.address, self.title, self.words.last_answer, error)) from error
        finally:
            self.words.anchor = known_by
        row = self._recognised(who)
        key = (who.maker, who.model, who.serial)
        if self._key is None or self._key == key:
            self.dialect, self._outlet = self._outlet_of(who, row)
            self.over_voltage_margin_v, self.over_current_margin_a = self.dialect.margins
            self.words.anchor = ("*IDN?", partial(self._must_be, who))
            self._spoken_to = self._drained = False
        return Found(key, self._profile_of(who, row is None), known=self._outlet is not None)

    def _must_be(self, who: Identity, text: str) -> None:
        """ValueError for any answer that is not this name: with it, answers and questions are brought back in step."""
        if self._parse(text) != who:
            raise ValueError("it is not the name of this supply")

    def _outlet_of(self, who: Identity, row: tuple[Dialect, Mapping[int, Outlet]] | None) -> tuple[Dialect, Outlet | None]:
        """How it is spoken to and what its output is rated; WrongDevice for an output that it does not have or that must not be used."""
        if row is None:
            return replace(type(self).dialect, selects=type(self).dialect is PLAIN and self.channel > 1), self._typed
        dialect, outlets = row
        outlet = outlets.get(self.channel)
        if outlet is None or outlet.forbidden:
            what = f"channel {self.channel} of a {who.model} {outlet.forbidden if outlet else 'does not exist'}; nothing was written."
            usable = ", ".join(str(number) for number, one in outlets.items() if not one.forbidden)
            raise WrongDevice(self.address, "identify", what, f"Take another channel ({usable}), as in channel={usable[0]}.")
        if self._typed:
            volts, amperes = min(outlet.max_voltage_v, self._typed.max_voltage_v), min(outlet.max_current_a, self._typed.max_current_a)
            outlet = replace(outlet, max_voltage_v=volts, max_current_a=amperes)
        return replace(dialect, selects=dialect.selects and len(outlets) > 1), outlet

    def _profile_of(self, who: Identity, unknown: bool) -> SupplyProfile:
        profile = SupplyProfile(self.family, f"unknown {who.model}" if unknown else who.model, who.serial, who.firmware)
        if unknown and self._outlet is not None:
            profile = replace(profile, notes=("Its rating is what you typed; its protection is not known and not used.",))
        return self._rated_as(profile, self._outlet)

    def _rated_as(self, profile: SupplyProfile, outlet: Outlet | None) -> SupplyProfile:
        """The profile with what output and dialect make of it; without rating where the output is not known."""
        if outlet is None:
            return replace(profile, max_voltage_v=0.0, max_current_a=0.0, reports_mode=bool(self.dialect.mode))
        return replace(
            profile,
            max_voltage_v=outlet.max_voltage_v,
            max_current_a=outlet.max_current_a,
            voltage_step_v=outlet.voltage_step_v,
            current_step_a=outlet.current_step_a,
            max_power_w=outlet.max_power_w,
            has_over_voltage_protection="over_voltage" in self.dialect.put,
            has_over_current_protection="over_current" in self.dialect.put,
            over_current_folds=bool(self.dialect.fold),
            reports_mode=bool(self.dialect.mode),
        )

    # --- reading ---

    def _poll(self) -> SupplyReading:
        self._select()
        on, mode, tripped = self._state()
        set_voltage_v, set_current_a = self._set_points()
        voltage_v, current_a = self._measured()
        if self.dialect.selects and self._selected() != self.channel:
            what = "another channel was selected meanwhile; the answers are not used."
            raise GarbledAnswer(self.address, "read", what, "Leave the channel keys of the supply alone.")
        time_s = self.clock.now_s()
        if not self.dialect.mode:
            mode = concluded_mode(voltage_v=voltage_v, current_a=current_a, set_voltage_v=set_voltage_v, set_current_a=set_current_a, on=on)
        return SupplyReading(time_s, on, set_voltage_v, set_current_a, voltage_v, current_a, mode if on else None, tripped)

    def _state(self, tries: int | None = None) -> tuple[bool | None, Mode | None, str]:
        """Output, mode, and what has tripped; a trip switches off, so it is asked for only then."""
        on = all(self._ask(question, flag, tries) for question in self.dialect.output)
        if on:
            return on, self._ask(self.dialect.mode, mode_said, tries) if self.dialect.mode else None, ""
        return on, None, next((name for name, question in self.dialect.tripped.items() if self._ask(question, flag, tries)), "")

    def _set_points(self) -> tuple[float | None, float | None]:
        return self._ask(self.dialect.ask["voltage"], quantity), self._ask(self.dialect.ask["current"], quantity)

    def _measured(self) -> tuple[float | None, float | None]:
        if len(self.dialect.measure) == 1:
            return self._ask(self.dialect.measure[0], volts_and_amperes)
        volts, amperes = self.dialect.measure
        return self._ask(volts, quantity), self._ask(amperes, quantity)

    # --- setting ---

    def _put(self, point: SetPoint, value: float) -> None:
        self._do(self.dialect.put[point], value)
        if point in self.dialect.arm:
            command, armed = self.dialect.arm[point]
            self._do(command)
            if not self._ask(armed, flag):
                what = "the protection stays off."
                raise Refused(self.address, f"ask {self._fill(armed)}", what, "Switch it on at the supply, or choose another supply.")

    def _taken(self, points: Iterable[SetPoint]) -> dict[SetPoint, float]:
        self._select()
        return {point: self._ask(self.dialect.ask[point], quantity) for point in points}

    def _prepare(self) -> None:
        """What would switch off in constant current stays off."""
        self._select()
        for command, folds in self.dialect.fold:
            if self._ask(folds, flag):
                self._do(command)
                if self._ask(folds, flag):
                    what = "its over-current protection, which switches off in constant current, stays on."
                    raise Refused(self.address, f"ask {self._fill(folds)}", what, "Switch it off at the supply.")

    def _switch(self, on: bool) -> None:
        """The output's flag tells what became of it, so that off costs no question more. To silence an off is sent all the same."""
        try:
            self._select(None if on else 1)
        except (NoAnswer, GarbledAnswer):
            if on:
                raise
            self._tell("INST:NSEL {n}")
        self._drained = False
        self._tell(self.dialect.switch[on])

    def _flag(self) -> tuple[bool | None, str]:
        self._select()
        on, _, tripped = self._state(tries=1)
        return on, tripped

    # --- words ---

    def _fill(self, text: str, value: float = 0.0) -> str:
        digits = f"{value:.4f}".rstrip("0").rstrip(".")
        return text.format(n=self.channel, v=digits)

    def _ask(self, question: str, accept: Callable[[str], T], tries: int | None = None) -> T:
        return self.words.ask(self._fill(question), accept, tries=tries)

    def _tell(self, command: str, value: float = 0.0) -> None:
        """Send a command; on a serial line the first one is preceded by what opens it to commands."""
        if not self._spoken_to and self.dialect.remote and not self.line.url.startswith("socket://"):
            self.words.tell(self.dialect.remote)
        self._spoken_to = True
        self.words.tell(self._fill(command, value))

    def _do(self, command: str, value: float = 0.0) -> None:
        """Send a command of which the supply must not complain. Errors that were there before are taken out of its queue first."""
        self._select()
        if not self._drained:
            self._drain()
        self._tell(command, value)
        said = self._ask("SYST:ERR?", error_said)
        if said and said != self._old_error:
            self._drain()
            what = f"the supply declines: {said}."
            raise Refused(self.address, self._fill(command, value), what, "Look at its display, and at the rating of this model.")

    def _drain(self) -> None:
        self._drained = True
        for _ in range(MOST_ERRORS):
            self._old_error = self._ask("SYST:ERR?", error_said)
            if not self._old_error:
                return

    def _selected(self, tries: int | None = None) -> int:
        return int(self._ask("INST:NSEL?", number, tries))

    def _select(self, tries: int | None = None) -> None:
        """Have questions and commands mean our channel. Nothing is selected on a supply that is not known."""
        if not self.dialect.selects or self._selected(tries) == self.channel:
            return
        request = f"select channel {self.channel}"
        if self._outlet is None:
            what = "another channel is selected, and nothing is sent to a model that is not known."
            raise Refused(self.address, request, what, "Select the channel at the supply.")
        self._tell("INST:NSEL {n}")
        if self._selected() != self.channel:
            raise Refused(self.address, request, "another channel stays selected.", "Does this model have that channel?")
