"""Drills: the faults that an operator can have the built-in bench play, what each shows, and what the program should do about it.

One row for each fault of the simulated bench; a test keeps the table complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

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
    # before current flows
    "leads-reversed": Drill("plus and minus are taken for each other", ("F-03",), "REFUSE: the sign is wrong", at_once=True),
    "leads-same-end": Drill("both leads at the same end of the row", ("F-15",), "WARN, where each cell is measured", at_once=True),
    "cell-forgotten": Drill(
        "one cell is not wired to the others", ("F-24",), "HOLD and the cell's name, where each is measured", at_once=True
    ),
    "wrong-count": Drill("a cell is missing in the string", ("F-07",), "REFUSE: the pack's volts do not fit the cells", at_once=True),
    "wrong-model": Drill("another device answers", ("F-19",), "REFUSE: nothing is written to it", at_once=True),
    "power-up-on": Drill("the supply comes on by itself after a mains dip", ("F-18",), "REFUSE until that is off", at_once=True),
    "panel-output-on": Drill("somebody switches the output on", ("F-34",), "off; REFUSE to start", at_once=True, passing=True),
    # leads, busbars, cells
    "lead-falls-off": Drill("the + lead comes off", ("F-27",), "HOLD “open circuit”, never “done”", passing=True),
    "leads-short": Drill("the leads touch each other", ("F-27",), "off and HOLD", passing=True),
    "leads-worn": Drill("a contact of the leads gets bad", ("F-16",), "WARN, with what it costs in volts and hours"),
    "busbar-loose": Drill("a busbar comes loose", ("F-24", "F-14"), "HOLD and the cell's name, where each is measured"),
    "cell-leak": Drill("a cell discharges itself", ("F-39", "F-52"), "up to 0.5 A ends as “leakage floor”, more is HOLD; later: suspect"),
    "cell-short": Drill("a cell is shorted inside", ("F-40",), "TRIP: the volts fall while current flows"),
    "cell-warm": Drill("a cell gets warm", ("F-43",), "the look at the cells finds it: WARN, then TRIP above 45 °C"),
    "bms-opens": Drill(
        "the BMS opens for another reason (pre-charge)", ("F-28",), "off, each cell is asked for, then HOLD: no cell is full"
    ),
    "bms-stuck": Drill("the BMS never opens (pre-charge)", ("F-28",), "ends by itself at the first full cell"),
    # the supply
    "cv-drift": Drill("the supply holds too many volts", ("F-25",), "WARN and a trim; TRIP from 30 mV over the target"),
    "reference-drift": Drill("the supply holds too many volts, and its display hides it", ("F-25",), "a meter finds it: a trim, or TRIP"),
    "echo": Drill(
        "the supply shows its set-point, not a measurement", ("F-26",), "WARN; readings by meter are asked for, its volts end nothing"
    ),
    "supply-hot": Drill("the supply folds back from heat", ("F-42",), "WARN and 80 % of the current"),
    "inside-hot": Drill("the supply is hot inside", ("F-42",), "WARN and less current; HOLD above its limit"),
    "back-feed": Drill("the cells push current back", ("F-37",), "HOLD “disconnect the + lead”"),
    "brown-out": Drill("the mains dip, the supply comes back with its output off", ("F-29", "F-35"), "asks again, then HOLD", passing=True),
    "panel-set-voltage": Drill("somebody turns up the voltage", ("F-35", "F-01"), "off and HOLD “do not adjust the voltage”", passing=True),
    "panel-set-current": Drill("somebody turns the current", ("F-35",), "HOLD", passing=True),
    "panel-output-off": Drill("somebody switches the output off", ("F-35",), "HOLD", passing=True),
    "output-stuck-on": Drill("the output does not switch off", ("F-36",), "after ^x: three tries, volts and amperes to zero, then CALL"),
    "relay-welded": Drill("the supply says off, and the current goes on", ("F-36",), "after ^x: no proof of off, then CALL"),
    # the wires
    "silence": Drill("the supply no longer answers", ("F-29",), "WARN and retries on the plateau, then CALL; near the top CALL at once"),
    "garbled-crc": Drill("the supply's answers are spoilt", ("F-30",), "three failures: off; CALL where off cannot be proved"),
    "lost-reply": Drill("an answer of the supply is lost", ("F-30",), "asks again; one lost answer stops nothing", passing=True),
    "late-answer": Drill("an answer comes only after the next question", ("F-30",), "it is not taken for the next one's", passing=True),
    "wrong-unit": Drill("another unit on the line answers", ("F-30",), "its answer is thrown away; asks again", passing=True),
    "delayed": Drill("the supply answers late", ("F-30",), "no late answer is taken for another question's"),
    "current-zero": Drill(
        "one reading of the supply shows no current", ("F-38",), "a glitch in the journal, and the charge goes on", passing=True
    ),
    "meter-silence": Drill("the meter no longer sends", ("F-29", "F-44"), "its volts go stale, and you are asked to measure by hand"),
    "meter-spike": Drill("one line of the meter is far off", ("F-38",), "a glitch in the journal, and the charge goes on", passing=True),
    "meter-at-supply": Drill("the meter's probes are on the supply", ("F-45",), "WARN: asks for the probes, with the volts expected"),
    "meter-wrong-function": Drill(
        "the meter is turned to AC volts", ("F-44",), "its volts are not used, and you are asked to measure by hand"
    ),
    "meter-overload": Drill(
        "the meter shows an overload", ("F-29", "F-44"), "its volts are not used, and you are asked to measure by hand"
    ),
    "meter-low-battery": Drill("the meter's battery is low", ("F-45",), "WARN: asks again, with the volts expected"),
}


def drill(name: str) -> Drill:
    """The row of a fault, "silence" or "meter:silence". One without a row of its own is a drill as well."""
    at, _, fault = name.rpartition(":")
    if not at:
        return DRILLS.get(name) or Drill(name, (), "")
    row = drill(fault)
    return DRILLS.get(f"{at}-{fault}") or replace(row, title=f"at the {at}: {row.title}", answer="")
