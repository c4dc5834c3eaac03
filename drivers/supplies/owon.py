"""OWON SPE, SPM and P4000, and Kiprim DC310S, DC605S, DC610S, DC620S, in SCPI text over USB serial (OWON sheet).

Sent with CR LF, because some firmware is silent on LF alone; answers end in LF or CR LF. Short forms only: the P4603 takes no others. A wrong
command is answered with ERR, and a question too soon after a command with silence.

  *IDN?                  OWON,SPE6103,24371986,FV:V5.2.0
  VOLT 3.650   VOLT?     set-point, V                    VOLT:LIM, VOLT:LIM?    over-voltage level that switches off
  CURR 10.000  CURR?     set-point, A                    CURR:LIM, CURR:LIM?    over-current level that switches off
  OUTP ON|OFF  OUTP?     ON, OFF, 1 or 0
  MEAS:ALL:INFO?         V,A,W,OVP,OCP,OTP,mode between commas or blanks; flags ON, OFF, 1, 0; mode 0 off, 1 CV, 2 CC, 3 fault

One reading is three questions: this one and both set-points; at the quarter of a second that an answer may take they fit into a second. The
supply keeps its output when the line dies. ODP models have several outputs and other words (channel chosen at the panel, set-points of all
outputs in one command): they are named, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from drivers.address import Address
from drivers.clock import Clock
from drivers.roles import GarbledAnswer, InstrumentError, Line, Mode, SupplyProfile, SupplyReading
from drivers.supplies.checked import CheckedSupply, Found, SetPoint, stranger
from drivers.words import Words, flag, number

FAMILY = re.compile(r"(OWON|KIPRIM|MULTICOMP[^,]*),((SPE|SPM|SPS|SP|P4|DC|ODP|MP711)\w*),")
VALUE = re.compile(r"-?\d{1,3}\.\d{3}")
WORDS: dict[SetPoint, str] = {"voltage": "VOLT", "current": "CURR", "over_voltage": "VOLT:LIM", "over_current": "CURR:LIM"}
MODES: dict[int, Mode] = {1: "CV", 2: "CC"}
OFF, FAULT = 0, 3
SEVERAL_OUTPUTS = "ODP"
NO_READING = (
    "An ODP has several outputs and other words than its relatives: it is only named. Use it as a supply without interface (manual)."
)


@dataclass(frozen=True, slots=True)
class OwonModel:
    """Rating; not all of the volts and amperes at once where the power is less than their product."""

    max_voltage_v: float
    max_current_a: float
    max_power_w: float


MODELS = {  # from the OWON sheet
    "SPE3102": OwonModel(30.0, 10.0, 150.0),
    "SPE3103": OwonModel(30.0, 10.0, 300.0),
    "SPE6053": OwonModel(60.0, 5.0, 300.0),
    "SPE6103": OwonModel(60.0, 10.0, 300.0),
    "SPM6103": OwonModel(60.0, 10.0, 300.0),
    "P4603": OwonModel(60.0, 3.0, 180.0),
    "P4305": OwonModel(30.0, 5.0, 150.0),
    "DC310S": OwonModel(30.0, 10.0, 300.0),
    "DC605S": OwonModel(60.0, 5.0, 300.0),
    "DC610S": OwonModel(60.0, 10.0, 300.0),
    "DC620S": OwonModel(60.0, 20.0, 400.0),
}


class Info(NamedTuple):
    """The answer to MEAS:ALL:INFO?."""

    voltage_v: float
    current_a: float
    tripped: str
    mode: int


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> OwonSupply:
    return OwonSupply(line, address=str(address), clock=clock, prove=address.speed is not None)


class OwonSupply(CheckedSupply):
    """One OWON or Kiprim supply on a line."""

    over_voltage_margin_v = 1.0  # the levels end about 1 V and 0.1 A above the rating (SPE6103: 61 V, 10.1 A)
    over_current_margin_a = 0.1

    def __init__(self, line: Line, *, address: str, clock: Clock, prove: bool = False) -> None:
        super().__init__(line, address=address, clock=clock, prove=prove)
        self._words = Words(line, address, send_end=b"\r\n", reply_end=b"\n")
        self._named_only = False

    # --- who is there ---

    def _look(self) -> Found:
        """Heard twice alike, because it has no checksum. An unknown model can be read, not set."""
        before, self._words.anchor = self._words.anchor, None
        try:
            text = self._words.ask("*IDN?", _identified)
        except GarbledAnswer as error:
            self._words.anchor = before
            if FAMILY.match(self._words.last_answer.decode("ascii", "replace").upper()):
                raise
            raise stranger(self.address, "OWON or Kiprim supply", self._words.last_answer, error) from error
        except InstrumentError:
            self._words.anchor = before
            raise
        self._words.anchor = ("*IDN?", lambda again: _same(again, text))
        self._words.ask("*IDN?", lambda again: _same(again, text))
        name, serial, firmware = (part.strip() for part in (*text.split(","), "", "")[1:4])
        model = MODELS.get(name.upper())
        self._named_only = name.upper().startswith(SEVERAL_OUTPUTS)
        notes = (NO_READING,) if self._named_only else ()
        if model is not None and model.max_power_w < model.max_voltage_v * model.max_current_a:
            most_v = model.max_power_w / model.max_current_a
            notes = (f"It gives {model.max_power_w:g} W at most: not {model.max_current_a:g} A above {most_v:g} V.",)
        profile = SupplyProfile(
            family="owon",
            model=name.upper() if model else f"unknown OWON {name}",
            serial=serial,
            firmware=firmware.removeprefix("FV:"),
            max_voltage_v=model.max_voltage_v if model else 0.0,
            max_current_a=model.max_current_a if model else 0.0,
            voltage_step_v=0.01,
            current_step_a=0.001,
            has_over_voltage_protection=model is not None,
            has_over_current_protection=model is not None,
            poll_s=1.0,
            max_power_w=model.max_power_w if model else None,
            notes=notes,
        )
        return Found((name.upper(), serial, firmware), profile, known=model is not None)

    # --- reading ---

    def _poll(self) -> SupplyReading:
        """Three questions; a fourth where the mode is a fault and tells nothing of the output."""
        if self._named_only:
            self._words.ask("*IDN?", _identified)  # it is still there
            return SupplyReading(self.clock.now_s())
        set_points = self._taken(("voltage", "current"))
        info = self._words.ask("MEAS:ALL:INFO?", _info)
        on = self._words.ask("OUTP?", flag) if info.mode == FAULT else info.mode != OFF
        return SupplyReading(
            self.clock.now_s(),
            on,
            set_points["voltage"],
            set_points["current"],
            info.voltage_v,
            info.current_a,
            MODES.get(info.mode),
            info.tripped,
        )

    # --- setting ---

    def _put(self, point: SetPoint, value: float) -> None:
        """A current above the level that switches off raises that level first; the voltage's is raised by whoever programs it."""
        profile = self._profile
        if point == "current" and value > 0.0 and profile and self._taken(("over_current",))["over_current"] < value + 1e-9:
            level_a = min(1.1 * value, profile.max_current_a + self.over_current_margin_a)
            self._words.tell(f"{WORDS['over_current']} {level_a:.3f}")
        self._words.tell(f"{WORDS[point]} {value:.3f}")

    def _taken(self, points: Iterable[SetPoint]) -> dict[SetPoint, float]:
        return {point: self._words.ask(f"{WORDS[point]}?", _number) for point in points}

    def _switch(self, on: bool) -> None:
        self._words.tell(f"OUTP {'ON' if on else 'OFF'}")

    def _flag(self) -> tuple[bool | None, str]:
        """Its switch and its mode must tell the same."""
        on = self._words.ask("OUTP?", flag, tries=1)
        info = self._words.ask("MEAS:ALL:INFO?", _info, tries=1)
        agree = on is (info.mode in MODES) or (info.mode == FAULT and not on)
        return on if agree else None, info.tripped


def _identified(text: str) -> str:
    if not FAMILY.match(text.upper()):
        raise ValueError("it is no identity of an OWON or Kiprim supply")
    return text


def _same(found: str, known: str) -> None:
    if found != known:
        raise ValueError("it is another identity")


def _number(text: str) -> float:
    if text.upper() == "ERR":
        raise ValueError("it does not know the question")
    if not VALUE.fullmatch(text):
        raise ValueError("it is no value with three decimals")  # with one lost it would be another value
    return number(text)


def _info(text: str) -> Info:
    """Seven parts between commas or blanks."""
    parts = re.split(r"\s*,\s*|\s+", text)
    if len(parts) != 7 or parts[6] not in ("0", "1", "2", "3"):
        raise ValueError("it does not know the question" if text.upper() == "ERR" else "it is not what it measures, trips and does")
    tripped = [name for name, part in zip(("OVP", "OCP", "OTP"), parts[3:6], strict=True) if flag(part)]
    mode = int(parts[6])
    _number(parts[2])
    return Info(_number(parts[0]), _number(parts[1]), ", ".join(tripped) or ("fault" if mode == FAULT else ""), mode)
