"""One row of a cell list, value by value; and the log of a cell as an export has it, of which nothing is believed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tui.domain.cell_code import tidy
from tui.domain.plain_text import plain_text
from tui.records.cell import LOG_KINDS, NUMBERS, STATES, InvalidCell, checked
from tui.records.cell_columns import STATE, Column
from tui.records.cell_formula import unprotected
from tui.records.cell_numbers import UNITS, parse_number
from tui.records.cell_table import Row

_ID = re.compile(r"c-[0-9a-f]{10}")
LATEST_UNIX_S = 1e11
_NUMBER_KEY = re.compile(r".*_(?:s|v|a|ah|wh|ohm|mohm|mm|c)|hours")


@dataclass(slots=True)
class Given:
    """What one row says. None, "" and no entry: it says nothing of it."""

    columns: Sequence[Column]
    values: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    id: str = ""
    code_raw: str = ""
    state: str = ""
    measured_ah: float | None = None
    log: list[dict[str, Any]] | None = None

    @property
    def label(self) -> str:
        return str(self.values.get("label", ""))

    def name_of(self, target: str) -> str:
        return next((column.name for column in self.columns if column.field == target), "")


class Refused(ValueError):
    """A row, or a value in it, that cannot be taken; `column` names where, "" for the row as a whole."""

    def __init__(self, column: str, words: str) -> None:
        self.column, self.words = column, words
        super().__init__(words)


def read_row(row: Row, columns: Sequence[Column], decimal: str) -> Given:
    """A row by what its columns are. Raises Refused."""
    if any(value.strip() for value in row.values[len(columns) :]):
        raise Refused(
            "", f"{len(row.values)} values under {len(columns)} headings; put values that hold the sign between columns in quotes"
        )
    given = Given(columns)
    for number, (text, column) in enumerate(zip(row.values, columns, strict=False), 1):
        text = unprotected(text.strip())
        if text:
            try:
                _take(text, column, number, decimal, given)
            except ValueError as error:
                raise Refused(column.name, str(error)) from error
    if not given.label:
        raise Refused(given.name_of("label"), "the cell has no label")
    if given.code_raw and tidy(given.code_raw) != given.values.get("code"):
        given.code_raw = ""  # somebody changed the code
    if given.notes:
        given.values["notes"] = "\n".join(given.notes)
    return given


def _take(text: str, column: Column, number: int, decimal: str, given: Given) -> None:
    match column.field:
        case "":
            given.extra.update(checked({"extra": {_free(column.name or f"column {number}", given.extra): text}})["extra"])
        case "notes":
            given.notes.append(checked({"notes": text})["notes"])
        case "state":
            if text.casefold() not in STATES:
                raise InvalidCell(STATE, f"{text!r} is no state of a cell; the states are {', '.join(STATES)}")
            given.state = text.casefold()
        case "cell_id":
            given.id = text if _ID.fullmatch(text) else ""
        case "code_raw":
            raw = json.loads(text) if text.startswith('"') else text
            given.code_raw = str(raw)
        case "log":
            given.log = read_log(text)
        case "measured_ah":
            given.measured_ah = checked({"capacity_ah": _number(text, column, decimal)})["capacity_ah"]
        case name if name in NUMBERS:
            given.values.update(checked({name: _number(text, column, decimal)}))
        case name:
            given.values[name] = checked({name: text})[name]


def _free(name: str, taken: Mapping[str, str]) -> str:
    """Two columns of one name are told apart by a number."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free


def _number(text: str, column: Column, decimal: str) -> float:
    if column.unit and text[-1].isdigit():
        text = f"{text} {column.unit}"
    if column.field not in UNITS:
        return float(text.replace(",", "."))
    return parse_number(text, column.field, decimal=decimal)


def read_log(text: str) -> list[dict[str, Any]]:
    """The log of a cell as an exported list has it. Raises ValueError for whatever this program could not have written there."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no number")

    try:
        log = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"this is no log as it was exported ({error})") from error
    if not isinstance(log, list):
        raise ValueError("this is no log as it was exported")
    return [_log_entry(item) for item in log]


def _log_entry(item: Any) -> dict[str, Any]:
    if not isinstance(item, dict) or str(item.get("kind")) not in LOG_KINDS or not _is_time(item.get("unix_s")):
        raise ValueError("this is no log as it was exported: each entry has a kind and a time")
    wrong = [key for key, value in item.items() if _NUMBER_KEY.fullmatch(key) and value is not None and not _is_number(value)]
    changed = item.get("changed", {})
    if wrong or not isinstance(changed, dict) or not all(isinstance(pair, list) and len(pair) == 2 for pair in changed.values()):
        raise ValueError(f"the log's {item['kind']} entry has a value that cannot be: {', '.join(wrong) or 'changed'}")
    if item["kind"] == "state" and item.get("state") not in STATES:
        raise ValueError(f"{item.get('state')!r} is no state of a cell")
    tidied: dict[str, Any] = _plain(item)
    return tidied


def _plain(value: Any) -> Any:
    match value:
        case str():
            return plain_text(value, lines=True)
        case dict():
            return {plain_text(str(key)): _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
    return value


def _is_time(value: Any) -> bool:
    """Seconds since 1970 that a calendar has a day for; milliseconds are none."""
    return _is_number(value) and 0 <= value < LATEST_UNIX_S


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
