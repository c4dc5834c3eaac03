"""The row of a session from another home, judged before it may stand among the rows here: each value is of the kind that a row holds."""

from __future__ import annotations

import math
import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from tui.domain.plain_text import plain_text
from tui.domain.plan import Plan
from tui.records.planned import plan_of
from tui.records.sessions import Session, session_of_record

_ID = re.compile(r"[0-9a-z][0-9a-z-]{0,63}")  # it becomes the name of a file
_LATEST_UNIX_S = 253_370_764_800.0  # the year 9999: later times cannot be shown
_LARGEST = 1e15


class RowRefused(ValueError):
    """The row cannot be taken; the text says which value of it."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What the screens read of one of `Session.parts`."""

    title: str
    cells: tuple[str, ...]
    reason: str
    charge_ah: float
    duration_s: float
    tail_current_a: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Suspect:
    """The same of `Session.suspects`."""

    label: str
    unix_s: float
    reason: str


def checked_row(record: object) -> tuple[dict[str, Any], Session]:
    """The row as it is, and as an object. Raises RowRefused."""
    if not isinstance(record, dict):
        raise RowRefused("it holds no session")
    _like(record, Session, "session")
    for name, kind in (("parts", _Part), ("suspects", _Suspect)):
        for item in record.get(name, ()):
            _like(item, kind, name)
    _plain(record, "session")
    if not _ID.fullmatch(record["id"]):
        raise RowRefused(f"{record['id']!r} is no id of a session")
    times = [record["started_unix_s"], record.get("ended_unix_s"), *(rest["unix_s"] for rest in record["rests"])]
    if any(time_s is not None and not 0 <= time_s <= _LATEST_UNIX_S for time_s in times):
        raise RowRefused("a time in it is none that a calendar knows")
    labels = [cell["label"] for cell in record["cells"]]
    if len(set(labels)) != len(labels):
        raise RowRefused("two of its cells have the same label")
    if plan_of(record["plan"]) is not None:  # one that another version wrote is shown nowhere
        _like(record["plan"], Plan, "plan")
    return record, session_of_record(record)


def _like(value: object, kind: Any, where: str) -> None:
    """Whether a value out of JSON is what an annotation says. Raises RowRefused."""
    origin, of = get_origin(kind), get_args(kind)
    fits = True
    if kind is Any:
        return
    if is_dataclass(kind):
        fits = isinstance(value, dict)
        if isinstance(value, dict):
            hints = get_type_hints(kind)
            for item in fields(kind):
                if item.name in value:
                    _like(value[item.name], hints[item.name], f"{where}.{item.name}")
                elif item.default is MISSING and item.default_factory is MISSING:
                    raise RowRefused(f"{where}.{item.name} is missing in it")
    elif origin in (Union, types.UnionType):
        if not (value is None and type(None) in of):
            _like(value, next(one for one in of if one is not type(None)), where)
    elif origin is Literal:
        fits = value in of
    elif origin is tuple:
        fits = isinstance(value, list) and (of[-1] is Ellipsis or len(value) == len(of))
        if isinstance(value, list) and fits:
            for at, item in enumerate(value):
                _like(item, of[0] if of[-1] is Ellipsis else of[at], where)
    elif origin is Mapping or origin is dict:
        fits = isinstance(value, dict)
        for item in value.values() if isinstance(value, dict) else ():
            _like(item, of[1], where)
    elif kind is float:
        fits = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST and math.isfinite(value)
    else:
        fits = type(value) is kind
    if not fits:
        raise RowRefused(f"{where} in it is not what a session has there")


def _plain(value: object, where: str) -> None:
    """No text in it holds signs that steer a terminal, and no number is one that JSON cannot hold. Raises RowRefused."""
    if isinstance(value, str):
        if plain_text(value, lines=True) != value:
            raise RowRefused(f"a text in {where} holds signs that steer a screen")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise RowRefused(f"a number in {where} is none")
    elif isinstance(value, dict):
        for name, item in value.items():
            _plain(name, where)
            _plain(item, f"{where}.{name}" if where == "session" else where)
    elif isinstance(value, list):
        for item in value:
            _plain(item, where)
