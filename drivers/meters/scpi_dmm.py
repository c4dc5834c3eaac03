"""Bench meters that speak SCPI, over RS232 or a LAN socket: the subset that all of them share (SCPI meter sheet; several sources agree).

    *IDN?               maker, model, serial, firmware
    SYST:REM            first after opening, on RS232 only (and on Fluke); SYST:LOC gives the keys back at the end
    *CLS                forget old errors
    CONF:VOLT:DC 10     DC volts in a fixed range; the numbers differ by maker: where it is refused, CONF:VOLT:DC without one
    SAMP:COUN 1, TRIG:SOUR IMM    one value a question; refusals do not matter
    READ?               one conversion: +3.41268000E+00; several values are separated by commas, the last one counts; 9.9E37 is an overload
    FUNC?               "VOLT": not in the sheet's subset, so a meter that does not answer it is not asked again
    SYST:ERR?           +0,"No error"; asked after the set-up and after a failure

A command ends with LF, an answer with LF or CR LF. On a LAN some meters send a banner and prompts (">>"), which are stripped. After a time-out
control-C frees an RS232 interface, and `*IDN?` must be answered rightly before a value counts. Never sent: *RST, *OPC?, a continuous trigger.
"""

from __future__ import annotations

import contextlib
import re

from drivers.address import Address
from drivers.clock import Clock
from drivers.meters.point import Place
from drivers.meters.polled import (
    DC_VOLTS,
    Identity,
    PolledMeter,
    PromptWords,
    Shown,
    beyond_range,
    last_line,
    other_function,
    parse_function,
    parse_identity,
)
from drivers.roles import GarbledAnswer, Line, LostLine, NoAnswer
from drivers.words import Words

MODELS = re.compile(
    r"344(?:01|05|10|11|50|60|61|65|70)A|SDM3\d\d\d[\w-]*|DM3058E?|DM3068|DM858E?|88(?:08|45|46)A"
    r"|(?:MODEL )?(?:2000|2001|2010|2015|2100|2110|DMM6500|DMM7510|DAQ6510)",
    re.IGNORECASE,
)
"""Meters that are set up. Of any other only the function is asked, and a value once that is DC volts."""
OVERLOAD = 9e37  # 9.9E37, and 9.91E37 for "not a number"
READ_S, ANSWER_S, CLEAR_S = 5.0, 2.0, 0.5
PROMPT_S = 0.1  # after an answer nothing more comes within this time
MOST_ERRORS = 10
DEVICE_CLEAR = b"\x03"
_VALUE = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[Ee][+-]?\d+)?", re.ASCII)
_ERROR = re.compile(r"([+-]?\d+)\s*,.*", re.ASCII)

check_address = Place.single


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> ScpiDmm:
    on_lan = address.url.startswith("socket://")
    if on_lan:
        words: Words = PromptWords(line, str(address), reply_end=b"", silence_s=PROMPT_S, deadline_s=ANSWER_S, encoding="latin-1")
    else:
        words = Words(line, str(address), deadline_s=ANSWER_S, encoding="latin-1")
    return ScpiDmm(words, address=address, clock=clock, in_memory=in_memory, on_lan=on_lan)


class ScpiDmm(PolledMeter):
    family = "scpi-dmm"
    interval_s = 1.0

    def __init__(self, words: Words, *, address: Address, clock: Clock, in_memory: bool = False, on_lan: bool = False) -> None:
        super().__init__(words, address=address, clock=clock, in_memory=in_memory)
        self._on_lan = on_lan
        self._remote = False
        self._function_told = True

    def _knows(self, identity: Identity) -> bool:
        if identity.model.upper().startswith("XDM"):
            raise ValueError(
                f"a {identity.maker} {identity.model} answers, which has commands of its own: its address begins with owon-xdm"
            )
        return MODELS.fullmatch(identity.model) is not None

    def _prepare(self) -> None:
        if not self._on_lan or (self._identity is not None and self._identity.maker.upper().startswith("FLUKE")):
            self._remote = True
            self.words.tell("SYST:REM")
        self.words.tell("*CLS")
        self.words.tell(f"CONF:VOLT:DC {10 if self.place.limit_v <= 10 else 100}")
        if self._errors():
            self.words.tell("CONF:VOLT:DC")
        self.words.tell("SAMP:COUN 1")
        self.words.tell("TRIG:SOUR IMM")
        self._errors()
        self._function_told = self._function() is not None

    def _ask(self) -> Shown:
        if not self._known and self._function() not in DC_VOLTS:
            return Shown(None, (), "wrong_function", "this model is not known, and it does not say that it measures DC volts.")
        volts = self.words.ask("READ?", parse_value, tries=1, deadline_s=READ_S)
        function = self.words.ask("FUNC?", parse_function, tries=1) if self._function_told else ""
        if function and function not in DC_VOLTS:
            return other_function(function)
        return beyond_range((function,)) if abs(volts) >= OVERLOAD else Shown(volts, (function,))

    def _settle(self) -> None:
        if not self._on_lan:
            self.words.line.ask(DEVICE_CLEAR, 0, 0.0)
            self._pause(CLEAR_S)
        found = self.words.ask("*IDN?", parse_identity, tries=1)
        if found != self._identity:
            raise GarbledAnswer(self.address, "ask *IDN?", "another identity than before.", "Has the meter been changed?")
        self._errors()

    def close(self) -> None:
        if self._remote:
            with contextlib.suppress(LostLine):
                self.words.tell("SYST:LOC")
        super().close()

    def _function(self) -> str | None:
        """What it measures; None where it does not tell."""
        try:
            return self.words.ask("FUNC?", parse_function, tries=1)
        except (NoAnswer, GarbledAnswer):
            self._errors()
            return None

    def _errors(self) -> list[str]:
        """What stands in the meter's queue of errors, which is empty afterwards. A meter that does not tell has none."""
        found: list[str] = []
        with contextlib.suppress(NoAnswer, GarbledAnswer):
            while len(found) < MOST_ERRORS and (error := self.words.ask("SYST:ERR?", parse_error, tries=1)):
                found.append(error)
        return found


def parse_value(text: str) -> float:
    """The last number of an answer to `READ?`; ValueError for an answer with anything else in it."""
    values = [part.strip() for part in last_line(text).split(",")]
    if not all(_VALUE.fullmatch(value) for value in values):
        raise ValueError("this is no number")
    return float(values[-1])


def parse_error(text: str) -> str:
    """One entry of the queue, "" where it is empty; ValueError for any other text."""
    found = _ERROR.fullmatch(last_line(text))
    if found is None:
        raise ValueError("this is no entry of an error queue")
    return "" if int(found[1]) == 0 else found[0]
