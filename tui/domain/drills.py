"""Drills: the faults that an operator can have the built-in bench play, what each shows, and what the program should do about it.

One row for each fault of the simulated bench (a test keeps the table complete), and one more for a fault that is worth playing at the meter
as well as at the supply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SECONDS_INTO_CHARGE = 60.0
"""When a drill strikes that concerns the charge and has no time of its own: bench time since the first charge of the session began."""


@dataclass(frozen=True, slots=True)
class Drill:
    """`answer` is what the program should do. `at_once`: it concerns the set-up, and does not wait for a charge unless a time is given.

    `passing`: nothing stays broken; the drill is over when the operator goes on after what it led to.
    """

    title: str
    shows: tuple[str, ...]
    answer: str
    at_once: bool = False
    passing: bool = False


DRILLS: Mapping[str, Drill] = {
    "lead-falls-off": Drill("the + lead comes off", ("F-27",), "HOLD “open circuit”, never “done”", passing=True),
    "leads-reversed": Drill("plus and minus are taken for each other", ("F-03",), "REFUSE: the sign is wrong", at_once=True),
    "busbar-loose": Drill("a busbar comes loose", ("F-24", "F-14"), "HOLD that names the cell, where each cell is measured"),
    "cell-forgotten": Drill(
        "one cell is not wired to the others", ("F-24",), "HOLD that names the cell, where each cell is measured", at_once=True
    ),
    "wrong-count": Drill("a cell is missing in the string", ("F-07",), "REFUSE: the pack's volts do not fit the cells", at_once=True),
    "bms-opens": Drill(
        "the BMS opens for another reason (pre-charge)", ("F-28",), "off, each cell is asked for, then HOLD: no cell is full"
    ),
    "bms-stuck": Drill("the BMS never opens (pre-charge)", ("F-28",), "ends by itself at the first full cell"),
    "cv-drift": Drill("the supply holds too many volts", ("F-25",), "WARN and a trim; TRIP from 30 mV over the target"),
    "cell-leak": Drill(
        "a cell discharges itself", ("F-39", "F-52"), "at most 0.5 A: ends as “leakage floor”; more: HOLD; after it: suspect"
    ),
    "silence": Drill("the supply no longer answers", ("F-29",), "WARN and retries on the plateau, then CALL; near the top CALL at once"),
    "meter:silence": Drill("the meter no longer answers", ("F-29",), "the volts go stale, and you are asked to measure by hand"),
    "garbled-crc": Drill("the supply's answers are spoilt", ("F-30",), "three failures: off; CALL where off cannot be proved"),
    "lost-reply": Drill("an answer of the supply is lost", ("F-30",), "asks again; one lost answer stops nothing"),
    "delayed": Drill("the supply answers late", ("F-30",), "no late answer is taken for another question's"),
    "wrong-model": Drill("another device answers", ("F-19",), "REFUSE: nothing is written to it", at_once=True),
    "panel-set-voltage": Drill("somebody turns up the voltage", ("F-35", "F-01"), "off and HOLD “do not adjust the voltage”", passing=True),
    "panel-output-off": Drill("somebody switches the output off", ("F-35",), "HOLD", passing=True),
    "panel-output-on": Drill(
        "somebody switches the output on", ("F-34",), "off, and TRIP if that is refused; REFUSE to start", at_once=True, passing=True
    ),
    "output-stuck-on": Drill("the output does not switch off", ("F-36",), "after ^x: three tries, volts and amperes to zero, then CALL"),
    "power-up-on": Drill("the supply comes on by itself after a mains dip", ("F-18",), "REFUSE until that is off", at_once=True),
}


def drill(name: str) -> Drill:
    """The row of a fault, "silence" or "meter:silence". One without a row of its own is a drill as well."""
    return DRILLS.get(name) or DRILLS.get(name.partition(":")[2] or name) or Drill(name, (), "")
