"""What a person can add to a cell's log: the kinds of entries, their fields, and how what was typed becomes an entry.

Form and command line are made from this table. Fields that were left empty are not in the entry: unknown is never zero.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tui.domain import quantities
from tui.domain.plain_text import plain_text
from tui.records.cell import NUMBERS, Cell, InvalidCell


@dataclass(frozen=True, slots=True)
class LogField:
    """`name` is the key in the entry, with its unit; `word` what a person calls it. The first field of a kind is what it is about.

    `kind` is a kind of `quantities.parse` (its value times `factor`), or "hours", "mm", "whole", "text", "path".
    """

    name: str
    word: str
    kind: str
    help: str
    choices: tuple[str, ...] = ()
    factor: float = 1.0
    needed: bool = False


@dataclass(frozen=True, slots=True)
class LogKind:
    words: str  # what is added
    fields: tuple[LogField, ...]

    def field(self, word: str) -> LogField | None:
        return next((field for field in self.fields if word.casefold() in (field.word, field.name)), None)


_TEMPERATURE = LogField("temperature_c", "temperature", "temperature", "Of the cell, such as 22 °C.")
_METER = LogField("meter", "meter", "text", "What it was measured with.")
_VOLTS = LogField("voltage_v", "volts", "cell_voltage", "Volts at its terminals: 3.345, 3,345 or 3345.", needed=True)

KINDS: Mapping[str, LogKind] = {
    "voltage": LogKind("volts", (_VOLTS, _TEMPERATURE, _METER)),
    "rest": LogKind(
        "volts at rest",
        (
            _VOLTS,
            LogField("hours", "hours", "hours", "Hours since its charge ended. Empty: reckoned from its last session."),
            _TEMPERATURE,
            _METER,
        ),
    ),
    "resistance": LogKind(
        "internal resistance",
        (
            LogField("resistance_mohm", "resistance", "resistance", "In mΩ: 0.18.", factor=1e3, needed=True),
            LogField("method", "method", "text", "AC at 1 kHz, or DC by a step of current. They are not alike.", ("", "AC", "DC")),
            LogField("soc", "soc", "fraction", "State of charge, such as 40%."),
            _TEMPERATURE,
            _METER,
        ),
    ),
    "capacity": LogKind(
        "capacity test",
        (
            LogField("capacity_ah", "capacity", "capacity", "What the test gave: 283.4 Ah.", needed=True),
            LogField("current_a", "current", "current", "Current of the discharge: 50 A."),
            LogField("cutoff_v", "cutoff", "cell_voltage", "Volts at which it ended: 2.5 V."),
            _TEMPERATURE,
            LogField("tester", "tester", "text", "What it was tested with."),
            LogField("tested", "tested", "text", "Alone, or together with others in a pack.", ("alone", "in a pack")),
        ),
    ),
    "thickness": LogKind(
        "thickness",
        (
            LogField("thickness_mm", "thickness", "mm", "At mid-height, in mm: 71.5.", needed=True),
            LogField("when", "when", "text", "Before or after a charge.", ("", "before", "after")),
        ),
    ),
    "visual": LogKind(
        "visual check",
        (
            LogField("swelling", "swelling", "text", "Swollen? A swollen cell becomes suspect.", ("", "no", "yes")),
            LogField("dents", "dents", "text", "Dents in the case?", ("", "no", "yes")),
            LogField("insulation", "insulation", "text", "The blue sleeve. Damaged, the cell becomes suspect.", ("", "sound", "damaged")),
            LogField("thread", "thread", "text", "The threads of its terminals.", ("", "sound", "worn", "stripped")),
            LogField("stud", "stud", "text", "Studs in its terminals?", ("", "none", "with thread locker", "without thread locker")),
            LogField("text", "words", "text", "Anything else that was seen."),
        ),
    ),
    "move": LogKind(
        "move",
        (
            LogField("pack", "pack", "text", "Into which pack. Empty: out of its pack, back to stock."),
            LogField("series_position", "s", "whole", "Its place in the series, from 1."),
            LogField("parallel_position", "p", "whole", "Its place in the parallel group, from 1."),
            LogField("orientation", "orientation", "text", "How it stands: + left, turned …"),
        ),
    ),
    "state": LogKind(
        "your word on it",
        (
            LogField(
                "state",
                "state",
                "text",
                "Suspect and scrapped cells are taken by no bank; only your word makes them stock again.",
                ("stock", "suspect", "scrapped"),
                needed=True,
            ),
            LogField("reason", "reason", "text", "Why, in words; it stays in its record.", needed=True),
        ),
    ),
    "note": LogKind("note", (LogField("text", "text", "text", "Anything worth knowing later.", needed=True),)),
    "photo": LogKind("photo", (LogField("path", "path", "path", "Where the picture lies on this computer.", needed=True),)),
}
MOST_LETTERS = 400
EARLIEST_YEAR = 1996  # the chemistry's own


def read_entry(kind: str, answers: Mapping[str, str]) -> dict[str, Any]:
    """The data of an entry from what was typed, by the fields' names. Raises InvalidCell naming the field."""
    if kind not in KINDS:
        raise InvalidCell("log", f"nothing of the kind {kind!r} can be added by hand; there are {', '.join(KINDS)}")
    values: dict[str, Any] = {}
    for field in KINDS[kind].fields:
        text = answers.get(field.name, "").strip()
        if text:
            values[field.name] = _value(field, text)
        elif field.needed:
            raise InvalidCell(field.name, f"the {field.word} is missing. {field.help}")
    if kind in ("voltage", "rest") and (step_v := _resolution_v(answers[_VOLTS.name])) is not None:
        values["resolution_v"] = step_v
    if kind == "visual":
        if not values:
            raise InvalidCell("swelling", "nothing was answered; tell at least whether the cell is swollen")
        values["ok"] = values.get("swelling") != "yes" and values.get("insulation") != "damaged"
    if kind == "move":
        values.setdefault("pack", "")
        values.update(_position(values))
    return values


def of_last_charge(cell: Cell, unix_s: float) -> dict[str, Any]:
    """`hours` since the cell's last charge ended and its `session`, where its log tells; for an entry of volts at rest.

    Nothing is told of a cell that may have been charged or discharged since: what it lost then is no self-discharge.
    """
    ends = [item for item in cell.entries if item["kind"] == "session" and item.get("phase") == "end" and item["unix_s"] <= unix_s]
    if not ends:
        return {}
    last = max(ends, key=lambda item: float(item["unix_s"]))
    if any(_used(item) for item in cell.entries if last["unix_s"] < item["unix_s"] <= unix_s):
        return {}
    about = {"hours": round((unix_s - last["unix_s"]) / 3600, 2)}
    return {**about, "session": last["session"]} if last.get("session") else about


def _used(entry: Mapping[str, Any]) -> bool:
    """Whether a cell was charged or discharged, or may have been, because it stood in a pack."""
    return entry["kind"] in ("session", "capacity") or (entry["kind"] == "move" and bool(entry.get("pack")))


def read_time(text: str, now_unix_s: float) -> float:
    """`2026-03-21` (noon of it) or `2026-03-21 14:30`, in local time. Raises InvalidCell, also for the future and the far past."""
    try:
        when = datetime.datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidCell("time", f"{text!r} is no time; write it as 2026-03-21 or 2026-03-21 14:30") from error
    if re.fullmatch(r"\d{4}-?\d\d-?\d\d", text.strip()):
        when = min(when.replace(hour=12), datetime.datetime.fromtimestamp(now_unix_s, when.tzinfo))
        if when.date().isoformat().replace("-", "") != text.strip().replace("-", ""):
            raise InvalidCell("time", f"{text} lies in the future")
    if when.year < EARLIEST_YEAR:
        raise InvalidCell("time", f"{text} lies before there were such cells")
    unix_s = when.timestamp()
    if unix_s > now_unix_s:
        raise InvalidCell("time", f"{text} lies in the future")
    return unix_s


def _value(field: LogField, text: str) -> Any:
    if field.choices:
        found = [choice for choice in field.choices if choice and choice.casefold() == text.casefold()]
        if not found:
            words = ", ".join(choice for choice in field.choices if choice)
            raise InvalidCell(field.name, f"{text!r} is none of its answers; they are {words}")
        return found[0]
    if field.kind in ("text", "path"):
        tidy = plain_text(text).strip()
        if len(tidy) > MOST_LETTERS:
            raise InvalidCell(field.name, f"the {field.word} has {len(tidy)} letters; {MOST_LETTERS} are the most")
        return tidy
    try:
        return _number(field, text)
    except ValueError as error:
        raise InvalidCell(field.name, str(error)) from error


def _number(field: LogField, text: str) -> float | int:
    bare = re.fullmatch(r"[+-]?\d+(?:[.,]\d*)?", text)
    match field.kind:
        case "whole":
            if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 400:
                raise ValueError(f"{text!r} is no place; it is a whole number from 1")
            return int(text)
        case "hours":
            return round(quantities.parse(f"{text} h" if bare else text, "time") / 3600, 3)
        case "mm":
            value = quantities.parse(f"{text} mm" if bare else text, "length") * 1000
            if not 1 <= value <= 500:
                raise ValueError(f"{text} is no thickness of a cell; it lies between 1 and 500 mm")
            return round(value, 3)
    value = quantities.parse(text, field.kind) * field.factor
    if field.name in NUMBERS and not 0 < value <= NUMBERS[field.name][1]:
        unit, most = NUMBERS[field.name]
        raise ValueError(f"{text} cannot be: more than 0 and at most {most:g} {unit}")
    if field.kind == "cell_voltage" and value < 0:
        raise ValueError(f"{text}: a minus sign means reversed probes or a reversed cell; look, then type the volts without it")
    if field.kind == "current":
        value = abs(value)
    return round(value, 9)


def _resolution_v(text: str) -> float | None:
    """The last digit of volts as they were typed: 1 mV for 3.345, 3345 and 3345 mV; None for what has no digits behind the point."""
    match = re.fullmatch(r"\s*\d+(?:[.,](\d+))?\s*(mV|V)?\s*", text, re.IGNORECASE)
    if match is None:
        return None
    digits, unit = len(match[1] or ""), (match[2] or "").casefold()
    if unit == "mv" or (not unit and not digits and len(text.strip()) == 4):
        digits += 3
    return round(10.0**-digits, 9) if digits else None


def _position(values: Mapping[str, Any]) -> dict[str, str]:
    """The place in words, as the table of cells shows it: S3 P1."""
    words = " ".join(f"{sign}{values[name]}" for sign, name in (("S", "series_position"), ("P", "parallel_position")) if name in values)
    return {"position": words} if words else {}
