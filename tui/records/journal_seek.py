"""Parts of a long journal without reading all of it: its events alone, the lines of a stretch of time, the newest reading before a moment.

A week at one reading a second is 600,000 lines and 270 MB. The lines stand in the order of their session time, so a moment is found by halving the
file, in a few dozen short reads and without an index that would have to be kept true.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.records.curve import CurvePoint, CurveWriter, point_of
from tui.records.journal_reading import parse_line, shown_line

MOST_EVENTS = 20_000
"""Of one session kept in memory; a usual week has two thousand."""
LOOK_BACK_LINES = 200  # this many lines without a reading before a moment: there is none that tells of it
_HEAD_BYTES = 64  # `{"seq":123456,"kind":"reading",` stands within
_READING = b'"kind":"reading"'
_NEAR_BYTES = 4096  # a stretch this short is read line by line


@dataclass(frozen=True, slots=True)
class Events:
    """Every line of a journal that is no reading, oldest first. `left_out` counts those that were too many: the oldest but for the first."""

    lines: tuple[dict[str, Any], ...]
    left_out: int = 0
    last_s: float = 0.0  # session time of the last line, a reading or not


def events(path: Path | str, *, most: int = MOST_EVENTS) -> Events:
    """The events of a journal. Readings are skipped by their first bytes, unparsed. Raises FileNotFoundError."""
    kept: list[dict[str, Any]] = []
    left_out = 0
    last = b""
    with Path(path).open("rb") as file:
        for raw in file:
            if raw.find(_READING, 0, _HEAD_BYTES) >= 0:
                last = raw if raw.endswith(b"\n") else last  # a torn line is none
                continue
            line = shown_line(raw)
            if line is None:
                continue
            last = raw
            kept.append(line)
            if len(kept) > 2 * most:
                left_out += len(kept) - most
                del kept[1 : len(kept) - most + 1]
    if len(kept) > most:
        left_out += len(kept) - most
        del kept[1 : len(kept) - most + 1]
    end = parse_line(last) or {}
    return Events(tuple(kept), left_out, max(_time_s(end), _time_s(kept[-1]) if kept else 0.0))


def lines_between(path: Path | str, from_s: float, to_s: float) -> Iterator[dict[str, Any]]:
    """The lines whose session time lies between both, in order, one in memory at a time. Raises FileNotFoundError."""
    with Path(path).open("rb") as file:
        file.seek(_offset_of(file, from_s))
        for raw in file:
            line = shown_line(raw)
            if line is None or _time_s(line) < from_s:
                continue
            if _time_s(line) > to_s:
                return
            yield line


def reading_at(path: Path | str, time_s: float) -> dict[str, Any] | None:
    """The newest reading at or before a moment of session time; None where there is none near it. Raises FileNotFoundError."""
    with Path(path).open("rb") as file:
        end = _offset_of(file, time_s, after=True)
        window = 1 << 14
        while True:
            start = max(0, end - window)
            file.seek(start)
            pieces = file.read(end - start).split(b"\n")
            whole = pieces[1:] if start else pieces  # the first began before
            for raw in reversed(whole[-LOOK_BACK_LINES:]):
                if raw.find(_READING, 0, _HEAD_BYTES) >= 0:
                    line = shown_line(raw + b"\n")
                    if line is not None and _time_s(line) <= time_s:
                        return line
            if start == 0 or len(whole) >= LOOK_BACK_LINES:
                return None
            window *= 4


def curve_between(path: Path | str, from_s: float, to_s: float) -> Iterator[list[CurvePoint]]:
    """A stretch of the curve from the journal itself, as fine as the stretch is short.

    An empty list after every thousand lines, so that whoever no longer wants it can stop; the points are the last. Raises FileNotFoundError.
    """
    curve = CurveWriter(None)
    for number, line in enumerate(lines_between(path, from_s, to_s)):
        if number % 1000 == 999:
            yield []
        if line["kind"] == "reading":
            curve.add(*point_of(line))
    yield curve.points()


def _offset_of(file: io.BufferedReader, time_s: float, *, after: bool = False) -> int:
    """Where the first line begins whose session time is `time_s` or later (with `after`: later); the file's end where there is none."""
    low, high = 0, file.seek(0, io.SEEK_END)  # the line begins at `low` or behind it, and at `high` or before it

    def before(moment_s: float) -> bool:
        return moment_s <= time_s if after else moment_s < time_s

    while high - low > _NEAR_BYTES:
        middle = (low + high) // 2
        file.seek(middle)
        begin = middle + len(file.readline())
        line, end = _next_line(file, begin, high)
        if line is None:
            high = middle
        elif before(_time_s(line)):
            low = end
        else:
            high = middle
    file.seek(low)
    at = low
    for raw in file:
        line = parse_line(raw)
        if line is not None and not before(_time_s(line)):
            return at
        at += len(raw)
    return at


def _next_line(file: io.BufferedReader, begin: int, limit: int) -> tuple[dict[str, Any] | None, int]:
    """The first readable line that begins at `begin` or behind it but before `limit`, and where it ends."""
    while begin < limit:
        raw = file.readline()
        if not raw:
            break
        begin += len(raw)
        line = parse_line(raw)
        if line is not None:
            return line, begin
    return None, begin


def _time_s(line: dict[str, Any]) -> float:
    value = line.get("test_time_s")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
