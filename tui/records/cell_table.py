"""A cell list as a supplier or a spreadsheet wrote it: text in some encoding, with some sign between its columns, made into rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

DELIMITERS = "\t;,|"
LOOKED_AT_ROWS = 50  # from the beginning, to find the sign between the columns
MOST_TITLES = 10  # rows above the header
LONGEST_VALUE = 1 << 24  # characters; the log of a cell that is measured weekly for years is one value
MOST_BYTES = 1 << 28

csv.field_size_limit(LONGEST_VALUE)


class CsvError(ValueError):
    """A cell list that cannot be taken in. `line` counts from 1 with the header; `column` is the header's name. Nothing was saved."""

    def __init__(self, line: int, column: str, message: str) -> None:
        self.line, self.column, self.message = line, column, message
        super().__init__(f"{place(line, column)}: {message}. Nothing was saved; correct the list and import it again.")


def place(line: int, column: str = "") -> str:
    """Where something stands in a list, in words."""
    return f"line {line}, column {column}" if column else f"line {line}"


@dataclass(frozen=True, slots=True)
class Row:
    """One row below the header. `line` is the first it stands on; rows may have fewer or more values than the header has names."""

    line: int
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CellTable:
    """A list as it was read: the names of its columns, and every row that is not blank."""

    header: tuple[str, ...]
    header_line: int
    rows: tuple[Row, ...]
    delimiter: str

    def column(self, at: int) -> list[str]:
        """The values of one column that are not blank, from the top."""
        return [row.values[at].strip() for row in self.rows if at < len(row.values) and row.values[at].strip()]


def read_table(source: Path | str) -> CellTable:
    """The list in a file (Path), or in a text. Raises CsvError for what is no list, and OSError for the file's sake."""
    text = _text_of(source) if isinstance(source, Path) else source.removeprefix("\ufeff")
    delimiter = find_delimiter(text)
    line = 1
    rows = []
    reader = _reader(text, delimiter)
    try:
        for values in reader:
            first_line, line = line, reader.line_num + 1
            if any(value.strip() for value in values):
                rows.append(Row(first_line, tuple(values)))
    except csv.Error as error:
        raise CsvError(line, "", f"this is no readable CSV ({error})") from error
    if not rows:
        raise CsvError(1, "", "the list is empty")
    header, *below = rows[titles([_filled(row.values) for row in rows]) :]
    return CellTable(tuple(name.strip() for name in header.values), header.line, tuple(below), delimiter)


def titles(filled: Sequence[int]) -> int:
    """How many rows stand above the header, as "Delivery of March" does in sheets of suppliers: those with a single value, where most of the
    rows below have more. `filled` are the numbers of values that are not blank.
    """
    above = next((at for at, count in enumerate(filled) if count > 1), 0)
    below = filled[above + 1 :]
    return above if above <= MOST_TITLES and sum(count > 1 for count in below) * 2 > len(below) else 0


def _filled(values: Iterable[str]) -> int:
    return sum(bool(value.strip()) for value in values)


def find_delimiter(text: str) -> str:
    """The sign between the columns: the one under which most of the first rows have as many values as the header, then the one that gives
    the most columns. A decimal comma does not mislead it, because the header has none; nor does a sign within quotes.
    """

    def fit(delimiter: str) -> tuple[bool, float, int]:
        rows: list[list[str]] = []
        try:
            for values in _reader(text, delimiter):
                if any(value.strip() for value in values):
                    rows.append(values)
                if len(rows) > LOOKED_AT_ROWS:
                    break
        except csv.Error:  # what cannot be read is told when the whole list is
            pass
        widths = [len(values) for values in rows[titles([_filled(values) for values in rows]) :]]
        if not widths or widths[0] < 2:
            return False, 0.0, 0
        below = widths[1:]
        return True, sum(width == widths[0] for width in below) / len(below) if below else 1.0, widths[0]

    found = max(DELIMITERS, key=fit)
    return found if fit(found)[0] else ","


def _reader(text: str, delimiter: str) -> csv._reader:  # type: ignore[name-defined]
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)


def _text_of(path: Path) -> str:
    if path.stat().st_size > MOST_BYTES:
        raise CsvError(1, "", f"{path.name} is larger than {MOST_BYTES >> 20} MB; that is no list of cells")
    data = path.read_bytes()
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CsvError(1, "", f"{path.name} is not text in a known encoding; save it as UTF-8")
