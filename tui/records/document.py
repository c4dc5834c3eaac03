"""A record file as text and in memory: one record a line, and what was parsed before is not parsed again.

The file is one JSON object, `{"schema": 1, "tables": {NAME: {NUMBER: RECORD}}}`, with a line for each record. A commit renders anew only the
records that differ, a reading parses only the lines that do, and one whose bytes are those that were read last parses none: with ten
thousand cells this is the difference between a second and a twentieth of one. The file's bytes are read every time, so the data is as fresh as
they are. A record whose line stayed is the same object in the next document, so that others too can tell by `is` what has changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

Tables = dict[str, dict[str, Any]]
Lines = dict[str, dict[str, str]]


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


_decode = json.JSONDecoder(parse_constant=_no_number).decode
_encode = json.JSONEncoder(allow_nan=False, ensure_ascii=False).encode
_END = "}}"


@dataclass(frozen=True, slots=True)
class Document:
    """What stands in a file. `tables` must not be changed, nor anything in them: `opened` gives what may be."""

    raw: bytes
    schema: Any
    tables: Any
    lines: Lines = field(default_factory=dict, repr=False)  # of each record the line, `"NUMBER": RECORD`, where it is known

    def opened(self) -> Tables:
        """The tables for a transaction, which may gain, lose and replace records. The records themselves are those of the document."""
        return {name: dict(table) for name, table in self.tables.items()}


def read(raw: bytes, before: Document | None = None) -> Document:
    """Raises ValueError or RecursionError for what is no JSON object. Lines that stand in `before` are not parsed again."""
    text = raw.decode("utf-8")
    try:
        return _read_lines(raw, text, before)
    except (ValueError, TypeError, KeyError, RecursionError):  # not by this program's hand, or of an older version of it
        document = _decode(text)
        if not isinstance(document, dict):
            raise ValueError("it holds no object") from None
        return Document(raw, document.get("schema"), document.get("tables"))


def render(schema: int, tables: Tables, before: Document | None) -> Document:
    """The document of these tables. Raises ValueError or TypeError for what JSON cannot hold.

    Lines of `before` serve for the records that are its own; equal ones are not enough, because to Python 1, 1.0 and true are equal.
    Its tables are what a reading of it would give, so that a tuple is a list at once and not only after the next start.
    """
    lines: Lines = {}
    read: Tables = {}
    parts = [_head(schema)]
    for name, table in tables.items():
        old, old_lines = _table(before, name)
        new, records = lines.setdefault(name, {}), read.setdefault(name, {})
        for number, record in table.items():
            line = old_lines.get(number)
            if line is not None and old[number] is record:
                new[number], records[number] = line, record
                continue
            written = _encode(record)
            new[number] = f'"{number}": {written}'
            records[number] = old[number] if new[number] == line else _decode(written)
        parts.append(f"{_encode(name)}: {{")
        parts.append(",\n".join(new.values()))
        parts.append("},")
    if tables:
        parts[-1] = "}"
    text = "\n".join(part for part in parts if part) + f"\n{_END}"
    return Document(text.encode("utf-8"), schema, read, lines)


_kept: dict[Path, Document] = {}


def load(path: Path) -> Document:
    """The document in a file, parsed only when its bytes are others than the last time. Raises OSError, ValueError, RecursionError."""
    raw = path.read_bytes()
    known = _kept.get(path)
    return known if known is not None and known.raw == raw else read(raw, known)


def keep(path: Path, document: Document) -> None:
    """Remember what stands in a file now. Only whole and understood documents are worth it."""
    _kept[path] = document


def is_kept(path: Path, document: Document) -> bool:
    """Whether this very document was found whole and understood before."""
    return _kept.get(path) is document


def _head(schema: int) -> str:
    return f'{{"schema": {schema}, "tables": {{'


def _table(document: Document | None, name: str) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    return (document.tables.get(name, {}), document.lines.get(name, {})) if document is not None else ({}, {})


def _read_lines(raw: bytes, text: str, before: Document | None) -> Document:
    """A file as `render` leaves it. Raises ValueError and others where the lines are not that."""
    head, *rest = text.split("\n")
    if rest[-1:] != [_END]:
        raise ValueError("not in lines")
    schema = _decode(f"{head}{_END}")["schema"]
    tables: Tables = {}
    lines: Lines = {}
    table: dict[str, Any] | None = None
    for line in rest[:-1]:
        if table is None:
            name = _decode(line.removesuffix(": {"))
            if name in tables or not isinstance(name, str):
                raise ValueError("a table stands there twice")
            table, known = tables.setdefault(name, {}), lines.setdefault(name, {})
            old, old_lines = _table(before, name)
        elif line in ("}", "},"):
            table = None
        else:
            line = line.removesuffix(",")
            number, _, record = line.partition(": ")
            number = number[1:-1]
            if number in table or not number.isdecimal() or not line.startswith(f'"{number}"'):
                raise ValueError("a record stands there twice, or under no number")
            table[number] = old[number] if old_lines.get(number) == line else _decode(record)
            known[number] = line
    if table is not None:
        raise ValueError("the last table has no end")
    return Document(raw, schema, tables, lines)
