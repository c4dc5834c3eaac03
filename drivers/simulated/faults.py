"""What can go wrong on the embedded bench, in the physics or on the wire, and how a fault is written on a command line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast

Where = Literal["physics", "wire"]
Takes = Literal["nothing", "cell", "number", "cell and number"]
Instrument = Literal["", "supply", "meter"]


@dataclass(frozen=True, slots=True)
class FaultKind:
    """`takes` says what may follow "=": a cell's label, a number in `unit`, or LABEL:NUMBER. `meter`: it happens in the meter."""

    where: Where
    description: str
    takes: Takes = "nothing"
    unit: str = ""
    default: float = 0.0
    meter: bool = False


FAULTS: dict[str, FaultKind] = {
    "lead-falls-off": FaultKind("physics", "the + lead comes off the bank; putting the leads on again mends it"),
    "leads-reversed": FaultKind("physics", "the hands take plus for minus when they put the leads on"),
    "busbar-loose": FaultKind("physics", "one cell's busbar has a bad joint of 10 mΩ", "cell"),
    "cell-forgotten": FaultKind("physics", "one cell is not wired to its neighbours", "cell"),
    "wrong-count": FaultKind("physics", "one cell, with those in parallel to it, is left out of the string", "cell"),
    "bms-opens": FaultKind("physics", "the BMS opens its charge path for another reason, such as temperature, and keeps it open"),
    "bms-stuck": FaultKind("physics", "the BMS never opens its charge path"),
    "cv-drift": FaultKind("physics", "the supply holds more volts than it is set to", "number", "V", 0.03),
    "cell-leak": FaultKind("physics", "one cell discharges itself", "cell and number", "A", 0.5),
    "cell-short": FaultKind("physics", "one cell is shorted inside and drains itself and its neighbours", "cell and number", "A", 100.0),
    "cell-warm": FaultKind("physics", "one cell is warmer than the room, by so many kelvins", "cell and number", "K", 15.0),
    "leads-short": FaultKind("physics", "the leads touch each other; the fuse at the post blows and cuts the cells off"),
    "leads-worn": FaultKind("physics", "a contact of the leads gets bad, by so many milliohms", "number", "mΩ", 60.0),
    "leads-same-end": FaultKind("physics", "the hands put both leads at the same end of the row"),
    "reference-drift": FaultKind("physics", "the supply holds more volts than set, and its own display hides it", "number", "V", 0.03),
    "echo": FaultKind("physics", "the supply shows its set-point instead of a measurement that lies within 0.2 V of it"),
    "supply-hot": FaultKind(
        "physics", "the supply folds back from heat, a tenth of its current a minute, to what it can still give", "number", "A", 6.0
    ),
    "back-feed": FaultKind("physics", "the supply takes current back from the cells, also with its output off", "number", "A", 0.5),
    "silence": FaultKind("wire", "the instrument no longer answers"),
    "garbled-crc": FaultKind("wire", "answers arrive with a wrong checksum; the number says how many, 0 all", "number"),
    "lost-reply": FaultKind("wire", "requests are carried out but their answers are lost; the number says how many", "number", default=1.0),
    "delayed": FaultKind("wire", "every answer comes late, by wall seconds", "number", "s", 0.8),
    "wrong-model": FaultKind("wire", "another model number answers", "number", default=60999.0),
    "panel-set-voltage": FaultKind("wire", "somebody turns the voltage at the front panel", "number", "V", 4.0),
    "panel-set-current": FaultKind("wire", "somebody turns the current at the front panel", "number", "A", 5.0),
    "panel-output-off": FaultKind("wire", "somebody switches the output off at the front panel"),
    "panel-output-on": FaultKind("wire", "somebody switches the output on at the front panel"),
    "output-stuck-on": FaultKind("wire", "the supply acknowledges the command to switch off but stays on"),
    "relay-welded": FaultKind("wire", "the supply says that its output is off, and the current goes on"),
    "brown-out": FaultKind(
        "wire", "the mains dip: the supply is gone for so many seconds and comes back with its output off", "number", "s", 3.0
    ),
    "inside-hot": FaultKind("wire", "the supply's inner thermometer shows this", "number", "°C", 75.0),
    "current-zero": FaultKind("wire", "the supply shows 0.000 A; the number says in how many answers", "number", default=1.0),
    "power-up-on": FaultKind("wire", "the supply is set to switch its output on by itself after a mains dip"),
    "late-answer": FaultKind("wire", "answers come only after the next question; the number says how many, 0 all", "number", default=1.0),
    "wrong-unit": FaultKind("wire", "answers bear another unit's number; the number says how many, 0 all", "number", default=1.0),
    "meter-silence": FaultKind("wire", "the meter no longer sends", meter=True),
    "meter-spike": FaultKind("wire", "one line of the meter is off by so many volts", "number", "V", 0.4, meter=True),
    "meter-at-supply": FaultKind("wire", "the meter's probes are on the supply's terminals instead of the cells", meter=True),
    "meter-wrong-function": FaultKind("wire", "somebody turns the meter to AC volts", meter=True),
    "meter-overload": FaultKind("wire", "the meter shows an overload", meter=True),
    "meter-low-battery": FaultKind(
        "wire", "the battery of the meter is low: it shows so many volts more each hour", "number", "V", 0.2, meter=True
    ),
}

SUPPLY_ONLY = frozenset(
    {
        *("wrong-model", "output-stuck-on", "power-up-on", "relay-welded", "brown-out", "inside-hot", "current-zero"),
        *("panel-set-voltage", "panel-set-current", "panel-output-off", "panel-output-on"),
    }
)
"""Faults on the wire that a meter cannot have."""


class FaultError(ValueError):
    """A fault that is not known or cannot be understood; the text says what is allowed."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; `at_s` in bench seconds, None at once. An empty `cell` lets the physics choose; no `instrument` is the supply, if it has a wire."""

    name: str
    at_s: float | None = None
    cell: str = ""
    number: float | None = None
    instrument: Instrument = ""

    @property
    def kind(self) -> FaultKind:
        return FAULTS[self.name]

    @property
    def amount(self) -> float:
        """The number given, or the kind's default."""
        return self.kind.default if self.number is None else self.number


def make_fault(name: str, at_s: float | None = None, cell: str = "", number: float | None = None, instrument: Instrument = "") -> Fault:
    """A checked Fault. Raises FaultError."""
    if name not in FAULTS:
        raise FaultError(f"fault {name!r} is unknown. Known faults: {', '.join(FAULTS)}.")
    takes = FAULTS[name].takes
    if (cell and "cell" not in takes) or (number is not None and "number" not in takes):
        raise FaultError(f"fault {name} takes {takes}.")
    if instrument:
        check_place(name, instrument)
    return Fault(name, at_s, cell, number, instrument)


def check_place(name: str, instrument: Instrument) -> None:
    """Raises FaultError for a fault that this instrument cannot have."""
    if FAULTS[name].where != "wire":
        raise FaultError(f"fault {name} happens in the physics, not at the {instrument}.")
    if (instrument == "meter" and name in SUPPLY_ONLY) or (instrument == "supply" and FAULTS[name].meter):
        raise FaultError(f"a {instrument} cannot have the fault {name}.")


_WRITTEN = re.compile(
    r"(?:(?P<instrument>supply|meter):)?(?P<name>[a-z-]+)(?:@(?P<time>\d+(?:\.\d+)?)\s*(?P<unit>s|m|min|h)?)?(?:=(?P<value>.+))?"
)
_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def parse_fault(text: str) -> Fault:
    """A fault as typed: [meter:]NAME[@TIME][=VALUE], as in "lead-falls-off@5m", "cv-drift=0.03", "meter:silence" or "cell-leak@1h=A3:0.5".

    Raises FaultError.
    """
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        raise FaultError(f"{text!r} is not a fault. Write NAME, NAME@5m, NAME=VALUE or NAME@5m=VALUE; times end in s, m or h.")
    name, value = match["name"], (match["value"] or "").strip()
    instrument = cast(Instrument, match["instrument"] or "")
    at_s = float(match["time"]) * _SECONDS[match["unit"] or "s"] if match["time"] else None
    takes = FAULTS[name].takes if name in FAULTS else "nothing"
    cell, number_text = "", ""
    if takes == "cell and number":
        cell, colon, number_text = value.partition(":")
        if not colon and _is_number(cell):
            cell, number_text = "", cell
    elif takes == "number":
        number_text = value
    else:
        cell = value
    if number_text and not _is_number(number_text):
        raise FaultError(f"fault {name}: {number_text!r} is not a number.")
    return make_fault(name, at_s, cell, float(number_text) if number_text else None, instrument)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(\.\d*)?", text) is not None


class FaultQueue:
    """Faults that wait for their time."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def drop(self, name: str) -> None:
        """A fault that was mended does not go on."""
        self._waiting = [fault for fault in self._waiting if fault.name != name]

    def next_s(self) -> float | None:
        if not self._waiting:  # asked at every look at the bench
            return None
        return min(fault.at_s or 0.0 for fault in self._waiting)

    def due(self, now_s: float) -> list[Fault]:
        """Take out the faults whose time has come, oldest first."""
        if not self._waiting:
            return []
        due = sorted((fault for fault in self._waiting if (fault.at_s or 0.0) <= now_s), key=lambda fault: fault.at_s or 0.0)
        self._waiting = [fault for fault in self._waiting if fault not in due]
        return due
