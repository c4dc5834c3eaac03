"""Messages as JSON lines: what a socket carries between bench and screen. Strict: what is not exactly a known message is refused in words.

A message is an object with its version "v", its class name "type" and every one of its fields. Tuples travel as lists. Numbers are finite;
`None` is unknown. A plan (`dict[str, Any]`) travels as plain JSON and comes back as lists and objects. Nothing here is trusted: a line from
the other side may hold anything.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from tui.bench.messages import Command, Outcome, Point, SessionCard, Snapshot

VERSION = 3
"""Of everything that a line may hold; grows when a message or a request changes its shape."""
LONGEST_LINE = 1_000_000
"""Bytes. A whole curve and the largest plan are a fifth of it."""
MESSAGES: Mapping[str, type] = {kind.__name__: kind for kind in (*get_args(Command), Outcome, Snapshot, SessionCard, Point)}

Turn = Callable[[Any, str], Any]
"""Takes a value and the place where it stands, and gives what stands there on the other side. Raises CodecError."""


class CodecError(ValueError):
    """This is not a message of this version; the text says what is wrong with it, and where."""


def to_json(message: object) -> dict[str, Any]:
    """A message as a JSON object. Raises CodecError for what is no message, and for a field that does not hold what it says."""
    kind: Any = type(message)
    if kind not in MESSAGES.values():
        raise CodecError(f"{kind.__name__} is no message of the bench.")
    return {"v": VERSION, "type": kind.__name__, **_writer(kind)(message, kind.__name__)}


def from_json(document: Any) -> Any:
    """The message that an object is. Raises CodecError for another version, an unknown type, and any field that is missing, unknown or wrong."""
    if not isinstance(document, dict):
        raise CodecError("A message is a JSON object.")
    check_version(document)
    name = document.get("type")
    kind = MESSAGES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise CodecError(f"{_shown(name)} is no message that this program knows.")
    try:
        return _reader(kind)({key: value for key, value in document.items() if key not in ("v", "type")}, kind.__name__)
    except RecursionError as problem:
        raise CodecError(f"{kind.__name__} is nested too deeply.") from problem


def read_command(document: Any) -> Command:
    """The Command that an object is; any other message is refused."""
    message = from_json(document)
    if not isinstance(message, get_args(Command)):
        raise CodecError(f"{type(message).__name__} is no command.")
    return message  # type: ignore[no-any-return]


def write_points(points: list[Point]) -> list[list[float | None]]:
    """A curve as rows of numbers: a fifth of the bytes that whole messages take."""
    return [[point.time_s, point.cells_low_v, point.cells_high_v, point.current_a] for point in points]


def read_points(rows: Any) -> list[Point]:
    """The curve of `write_points`."""
    names = [field.name for field in fields(Point)]
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == len(names) for row in rows):
        raise CodecError("A curve is a list of rows of four numbers.")
    read = _reader(Point)
    return [read(dict(zip(names, row, strict=True)), f"Point {row_number}") for row_number, row in enumerate(rows)]


def line(document: Mapping[str, Any]) -> bytes:
    """One line of the socket."""
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as problem:
        raise CodecError(f"This cannot be written as JSON: {problem}") from problem


def parse(data: bytes) -> dict[str, Any]:
    """The object of one line. Its version is not looked at: a bench of another version can still be told to switch off."""
    try:
        document = json.loads(data, parse_constant=_no_number)
    except (ValueError, RecursionError) as problem:
        raise CodecError("This line is no JSON.") from problem
    if not isinstance(document, dict):
        raise CodecError("A line holds one JSON object.")
    return document


def check_version(document: Mapping[str, Any]) -> None:
    """Raises CodecError where the other side speaks another version."""
    found = document.get("v")
    if found != VERSION or isinstance(found, bool):
        raise CodecError(
            f"The other side speaks version {_shown(found)} of the bench's language, this program version {VERSION}. When no session runs, "
            "end the bench with `topbalance bench stop`, then start again."
        )


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _shown(value: Any) -> str:
    """A value from the other side in an error: short, and without control characters."""
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


# --- one writer and one reader for each type, made once ---------------------------------------------------------


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


@cache
def _writer(hint: Any) -> Turn:
    return _turn(hint, _writer, _write_object, list)


@cache
def _reader(hint: Any) -> Turn:
    return _turn(hint, _reader, _read_object, tuple)


def _turn(hint: Any, inner: Callable[[Any], Turn], of_object: Callable[[type], Turn], sequence: Callable[[list[Any]], Any]) -> Turn:
    """What turns a value of this type; `inner` gives the same for the types within it."""
    origin, arguments = get_origin(hint), get_args(hint)
    if is_dataclass(hint) and isinstance(hint, type):
        return of_object(hint)
    if hint is Any:
        return _plain
    if origin is Literal:
        return lambda value, at: _one_of(arguments, value, at)
    if origin in (Union, UnionType):
        return _either(arguments, inner)
    if origin is tuple and arguments[-1] is Ellipsis:
        item = inner(arguments[0])
        return lambda value, at: sequence([item(one, f"{at}[{n}]") for n, one in enumerate(_list(value, at))])
    if origin is tuple:
        items = [inner(argument) for argument in arguments]
        return lambda value, at: sequence([item(one, at) for item, one in zip(items, _list(value, at, len(items)), strict=True)])
    if origin in (dict, Mapping):
        item = inner(arguments[1])
        return lambda value, at: {_text(key, at): item(one, f"{at}.{_shown(key)}") for key, one in _dict(value, at).items()}
    return _SCALARS[hint]


def _write_object(kind: type) -> Turn:
    turns = {name: _writer(hint) for name, hint in _hints(kind).items()}

    def write(value: Any, at: str) -> dict[str, Any]:
        if type(value) is not kind:
            raise CodecError(f"{at} must be a {kind.__name__}, not {_shown(value)}.")
        return {name: turn(getattr(value, name), f"{at}.{name}") for name, turn in turns.items()}

    return write


def _read_object(kind: type) -> Turn:
    turns = {name: _reader(hint) for name, hint in _hints(kind).items()}

    def read(value: Any, at: str) -> Any:
        found = _dict(value, at)
        if found.keys() != turns.keys():
            missing, unknown = sorted(turns.keys() - found.keys()), sorted(found.keys() - turns.keys(), key=str)
            words = f"{missing[0]} is missing" if missing else f"{_shown(unknown[0])} is unknown"
            raise CodecError(f"{at}: {words}.")
        return kind(**{name: turn(found[name], f"{at}.{name}") for name, turn in turns.items()})

    return read


def _either(arguments: tuple[Any, ...], inner: Callable[[Any], Turn]) -> Turn:
    turns = [inner(argument) for argument in arguments]

    def turn(value: Any, at: str) -> Any:
        problem: CodecError | None = None
        for one in turns:
            try:
                return one(value, at)
            except CodecError as found:
                problem = problem or found
        assert problem is not None
        raise problem

    return turn


def _list(value: Any, at: str, length: int | None = None) -> list[Any] | tuple[Any, ...]:
    if not isinstance(value, list | tuple) or (length is not None and len(value) != length):
        raise CodecError(f"{at} must be a list{f' of {length}' if length is not None else ''}, not {_shown(value)}.")
    return value


def _dict(value: Any, at: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise CodecError(f"{at} must be an object, not {_shown(value)}.")
    return value


def _one_of(allowed: tuple[Any, ...], value: Any, at: str) -> Any:
    if not isinstance(value, str) or value not in allowed:
        raise CodecError(f"{at} must be one of {', '.join(repr(one) for one in allowed)}, not {_shown(value)}.")
    return value


def _text(value: Any, at: str) -> str:
    if not isinstance(value, str):
        raise CodecError(f"{at} must be a text, not {_shown(value)}.")
    try:
        value.encode()
    except UnicodeEncodeError as problem:
        raise CodecError(f"{at} holds what is no character.") from problem
    return value


def number(value: Any, at: str) -> float:
    """A finite number; `at` names its place in the refusal."""
    if isinstance(value, bool) or not isinstance(value, float | int):
        raise CodecError(f"{at} must be a number, not {_shown(value)}.")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise CodecError(f"{at} must be a finite number.")
    return found


def _int(value: Any, at: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise CodecError(f"{at} must be a whole number, not {_shown(value)}.")
    return value


def _bool(value: Any, at: str) -> bool:
    if not isinstance(value, bool):
        raise CodecError(f"{at} must be true or false, not {_shown(value)}.")
    return value


def _none(value: Any, at: str) -> None:
    if value is not None:
        raise CodecError(f"{at} must be null, not {_shown(value)}.")


def _plain(value: Any, at: str) -> Any:
    """Any JSON value, as deep as it is; tuples become lists."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _text(value, at)
    if isinstance(value, float):
        return number(value, at)
    if isinstance(value, list | tuple):
        return [_plain(one, at) for one in value]
    if isinstance(value, dict):
        return {_text(key, at): _plain(one, at) for key, one in value.items()}
    raise CodecError(f"{at} holds {_shown(value)}, which is no JSON.")


_SCALARS: Mapping[Any, Turn] = {str: _text, float: number, int: _int, bool: _bool, NoneType: _none}
