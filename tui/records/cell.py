"""One cell's record: properties that stay, a log that only grows, and the state that follows from the log."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any, Literal, get_args

from tui.domain import labels
from tui.domain.cell_code import read_code, tidy
from tui.domain.plain_text import plain_text

State = Literal["received", "stock", "balancing", "balanced", "in pack", "suspect", "scrapped"]
STATES: tuple[State, ...] = get_args(State)
Entry = dict[str, Any]  # of a log
UNFIT: frozenset[State] = frozenset({"suspect", "scrapped"})
LOG_KINDS = frozenset(
    {"received", "voltage", "rest", "resistance", "capacity", "thickness", "visual", "move", "session", "state", "edit", "note", "photo"}
    | {"withdrawn"}
)
LETTERS = 80  # that a property of one line may have
RAW_LETTERS = 200  # of a scan that are kept as they came
LIFEPO4_NAMES = frozenset({"lifepo4", "lfp", "lifepo₄", "lithium iron phosphate"})

REMEMBERED = 1 << 15  # labels and codes whose keys are not reckoned again: a large inventory asks for all of them at every addition

# Largest believable value of each number; a typed mAh or µΩ does not pass as Ah or mΩ.
NUMBERS: Mapping[str, tuple[str, float]] = {
    "capacity_ah": ("Ah", 2000.0),
    "resistance_mohm": ("mΩ", 100.0),
    "received_voltage_v": ("V", 5.0),
}


class InvalidCell(ValueError):
    """A value that cannot stand in a cell's record; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


class DuplicateLabel(InvalidCell):
    """Two cells would bear the same label, and nobody could tell on the bench which one is meant."""

    def __init__(self, label: str) -> None:
        super().__init__("label", f"a cell labelled {label} is in the inventory already; give this one another label")


class DuplicateCode(InvalidCell):
    """Two cells would bear the same code: the same cell was scanned twice, or the wrong one (fault F-12)."""

    def __init__(self, code: str, label: str) -> None:
        super().__init__(
            "code", f"the code {code} is on cell {label} already; was the same cell scanned twice? Every cell has its own code"
        )


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the inventory. `id` is ours and never changes; everything but the label may be unknown ("" or None).

    `code` is the QR or data-matrix text in capitals, `code_raw` as it was scanned.
    `log` holds entries `{"kind", "unix_s", …}`, oldest first.
    """

    id: str
    label: str
    code: str = ""
    code_raw: str = ""
    maker: str = ""
    model: str = ""
    chemistry: str = "LiFePO4"
    capacity_ah: float | None = None  # rated, from the label
    resistance_mohm: float | None = None
    received_voltage_v: float | None = None
    received_date: str = ""
    supplier: str = ""
    order_no: str = ""
    price: str = ""
    notes: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)  # columns of imported lists that mean nothing to us, by their names
    log: tuple[dict[str, Any], ...] = ()

    @property
    def entries(self) -> tuple[dict[str, Any], ...]:
        """The log without what was taken back later, which stays in `log` for good: a mistyped value must not count."""
        back = [entry.get("of") for entry in self.log if entry["kind"] == "withdrawn"]
        return tuple(entry for entry in self.log if entry["kind"] != "withdrawn" and entry not in back) if back else self.log

    @property
    def state(self) -> State:
        """Where the cell stands, from its log alone. A session that did not balance it leaves it as it was.

        Only a person's word ("state") takes *suspect* and *scrapped* away.
        """
        state: State = "received"
        before: State = state
        for entry in self.entries:
            match entry:
                case {"kind": "state", "state": str(named)} if named in STATES:
                    state = named
                case {"kind": "move", "pack": pack} if state not in UNFIT:  # moving it about makes no cell sound
                    state = "in pack" if pack else "stock"
                case {"kind": "visual", "ok": False} if state != "scrapped":
                    state = "suspect"
                case {"kind": "session", "phase": "begin"}:
                    before = before if state == "balancing" else state
                    state = state if state in UNFIT else "balancing"
                case {"kind": "session", "phase": "end", "result": result}:
                    if state not in UNFIT:  # what was seen of it during the session counts for more
                        state = "balanced" if result == "balanced" else before if state == "balancing" else state
                    before = state
        return state

    @property
    def last_voltage_v(self) -> float | None:
        """The newest volts known of the cell, at rest or as received."""
        for entry in reversed(self.entries):
            if entry["kind"] in ("voltage", "rest") and entry.get("voltage_v") is not None:
                return float(entry["voltage_v"])
        return self.received_voltage_v

    @property
    def known_capacity_ah(self) -> float | None:
        """The newest capacity that was measured on it alone, else the rated one."""
        for entry in reversed(self.entries):
            if entry["kind"] == "capacity" and entry.get("capacity_ah") is not None and entry.get("tested") != "in a pack":
                return float(entry["capacity_ah"])
        return self.capacity_ah

    @property
    def known_resistance_mohm(self) -> float | None:
        """The newest resistance that was measured, else that of its maker or its first test."""
        for entry in reversed(self.entries):
            if entry["kind"] == "resistance" and entry.get("resistance_mohm") is not None:
                return float(entry["resistance_mohm"])
        return self.resistance_mohm


def grown(log: Iterable[Entry], new: Iterable[Entry], now_unix_s: float) -> tuple[Entry, ...]:
    """A log with new entries, each behind all those that are not later than it: what is told today of last year changes nothing of today.

    An entry that lies in the future of the clock has no time to go by, and counts as earlier: what is said now is the newest word.
    """
    entries = list(log)
    for item in new:
        at = len(entries)
        while at and item["unix_s"] < entries[at - 1]["unix_s"] <= now_unix_s:
            at -= 1
        entries.insert(at, item)
    return tuple(entries)


EDITABLE = frozenset(item.name for item in fields(Cell)) - {"id", "log"}


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a cell, tidied and judged. A `code_raw` that comes with a code is kept as it is.

    Raises InvalidCell naming the field, what is wrong with it and what to do.
    """
    unknown = values.keys() - EDITABLE
    if unknown:
        raise InvalidCell(min(unknown), f"a cell has no field {', '.join(sorted(unknown))}")
    properties: dict[str, Any] = {}
    for name, value in values.items():
        if name == "code":
            properties[name] = _text(name, tidy(str(value or "")))
        elif name != "code_raw":
            properties[name] = _extra(value) if name == "extra" else _number(name, value) if name in NUMBERS else _text(name, value)
    if "code" in properties:
        properties["code_raw"] = str(values.get("code_raw") or values["code"] or "")[:RAW_LETTERS]
        told = read_code(properties["code"]).other_chemistry
        if told:
            raise InvalidCell("code", f"by this code the cell is {told}; the inventory takes LiFePO4 cells only. Look at the cell's label")
    if "chemistry" in properties:
        properties["chemistry"] = _chemistry(properties["chemistry"])
    return properties


@lru_cache(maxsize=REMEMBERED)
def label_key(label: str) -> str:
    """What two labels are compared by, as in `tui.domain.labels`."""
    return labels.key(label)


@lru_cache(maxsize=REMEMBERED)
def code_key(code: str) -> str:
    """What two codes are compared by; "" for a cell without one."""
    return read_code(code).key if code else ""


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """Sorts A2 before A10."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part.casefold()) for part in re.split(r"(\d+)", text) if part]


def _words(name: str) -> str:
    """A property as people say it: without its unit."""
    return re.sub(r"_(ah|mohm|v)$", "", name).replace("_", " ")


def _number(name: str, value: Any) -> float | None:
    unit, most = NUMBERS[name]
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not 0 <= value <= most:
        raise InvalidCell(
            name, f"{_words(name)} must be a number from 0 to {most:g} {unit}, not {value!r}; leave it empty when it is unknown"
        )
    return float(value)


def _text(name: str, value: Any) -> str:
    text = "" if value is None else str(value)
    if name == "notes":
        return plain_text(text, lines=True).strip()
    text = " ".join(text.split())
    if name == "label" and not text:
        raise InvalidCell("label", "a cell needs a label: what is written on it")
    if not text.isprintable() or len(text) > LETTERS:
        raise InvalidCell(name, f"{_words(name)} must be one line of at most {LETTERS} printable characters")
    return text


def _extra(value: Mapping[str, Any] | None) -> dict[str, str]:
    """Names in one line, values in several; what has no name or no value is left out."""
    tidied = {" ".join(plain_text(name).split()): plain_text(str(text), lines=True).strip() for name, text in (value or {}).items()}
    return {name: text for name, text in tidied.items() if name and text}


def _chemistry(text: str) -> str:
    if text and text.casefold() not in LIFEPO4_NAMES:
        raise InvalidCell("chemistry", f"{text} cells must not be charged with these limits; the inventory takes LiFePO4 cells only")
    return "LiFePO4"
