"""The curve of a session in a small file of its own, so that the history opens at once however long the session was.

Each point holds the lowest and the highest volts at the cells in one interval, and the current at its end. When there are too many
points the interval doubles and pairs are merged, so extremes are never lost. The curve can always be made again from the journal beside it.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tui.records.journal_reading import read
from tui.records.places import open_private
from tui.records.series import current_trust

MAX_POINTS = 2000
FIRST_INTERVAL_S = 1.0
SUFFIX = ".curve.jsonl"
_HEAD = b'{"curve":1}\n'


class CurvePoint(NamedTuple):
    """One interval. `time_s` is its beginning in session time; None is unknown."""

    time_s: float
    cells_low_v: float | None
    cells_high_v: float | None
    current_a: float | None


class CurveWriter:
    """Collects the running session's curve and keeps its file up to date; an existing curve is continued.

    A disk that refuses costs nothing but the file: the curve lives on in memory, and the journal holds the truth.
    `path` ends in `.curve.jsonl`; with `path=None` nothing is written.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._interval_s = FIRST_INTERVAL_S
        self._points: list[CurvePoint] = []  # the last one is still open
        self._file: io.FileIO | None = None
        if path is not None:
            earlier = load_curve(path)
            self._collect(earlier)
            self._rewrite()

    def add(self, time_s: float, cells_v: float | None, current_a: float | None) -> None:
        """Take one reading in; times do not fall (a reading that comes late goes to the newest point)."""
        count = len(self._points)
        if self._collect([CurvePoint(time_s, cells_v, cells_v, current_a)]):
            self._rewrite()
        elif len(self._points) > count > 0:
            self._write(self._points[-2])

    def points(self, since_s: float = 0.0) -> list[CurvePoint]:
        """The points that begin at `since_s` or later, the open one included."""
        return [point for point in self._points if point.time_s >= since_s]

    def close(self) -> None:
        if self._file is not None:
            if self._points:
                self._write(self._points[-1])
            self._drop_file()

    def _collect(self, points: Iterable[CurvePoint]) -> bool:
        """Merge points in; True when the interval doubled."""
        doubled = False
        for point in points:
            begin_s = point.time_s - point.time_s % self._interval_s
            if self._points and begin_s <= self._points[-1].time_s:
                self._points[-1] = _merge(self._points[-1], point)
            else:
                self._points.append(point._replace(time_s=begin_s))
            while len(self._points) > MAX_POINTS:
                doubled = True
                self._interval_s *= 2
                earlier, self._points = self._points, []
                self._collect(earlier)
        return doubled

    def _rewrite(self) -> None:
        self._drop_file()
        if self.path is None:
            return
        aside = self.path.with_name(self.path.name + ".new")
        with contextlib.suppress(OSError):
            with open(aside, "wb", opener=open_private) as file:
                file.write(_HEAD + b"".join(_line(point) for point in self._points[:-1]))
            aside.replace(self.path)
            self._file = io.FileIO(self.path, "ab", opener=open_private)

    def _write(self, point: CurvePoint) -> None:
        if self._file is None:
            return
        try:
            line = _line(point)
            if self._file.write(line) != len(line):
                self._drop_file()
        except OSError:
            self._drop_file()

    def _drop_file(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None


def load_curve(path: Path) -> list[CurvePoint]:
    """The curve in `path`; where it is missing or damaged, made again from the journal beside it; [] where there is none either."""
    with contextlib.suppress(OSError, ValueError):
        return _read_file(path)
    curve = CurveWriter(None)
    with contextlib.suppress(FileNotFoundError):
        for line in read(journal_beside(path)):
            if line["kind"] == "reading":
                curve.add(*point_of(line))
    return curve.points()


def make_curve(journal: Path, target: Path) -> None:
    """Write the curve of a whole journal, as the session itself would have left it. Raises OSError."""
    curve = CurveWriter(None)
    for line in read(journal):
        if line["kind"] == "reading":
            curve.add(*point_of(line))
    with open(target, "wb", opener=open_private) as file:
        file.write(_HEAD + b"".join(_line(point) for point in curve.points()))


def point_of(line: Mapping[str, Any]) -> tuple[float, float | None, float | None]:
    """Session time, volts at the cells and amperes of a journal's reading; what was stale then is not known."""
    volts = None if line.get("cells_trust") == "stale" else _number(line.get("cells_v"))
    amps = None if current_trust(line) in ("stale", "derived") else _number(line.get("current_a"))
    return _number(line.get("test_time_s")) or 0.0, volts, amps


def journal_beside(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(SUFFIX) + ".jsonl")


def _read_file(path: Path) -> list[CurvePoint]:
    """Raises OSError, or ValueError when the file is damaged otherwise than by a torn last line."""
    lines = path.read_bytes().split(b"\n")
    if lines[0] != b'{"curve":1}':
        raise ValueError(f"{path.name} is not a curve")
    points = []
    for raw in lines[1:-1]:  # behind the last newline stands nothing, or a torn line
        values = json.loads(raw)
        if not isinstance(values, list) or len(values) != 4 or not isinstance(values[0], int | float):
            raise ValueError(f"{path.name} holds a line that is no point")
        points.append(CurvePoint(float(values[0]), *(_number(value) for value in values[1:])))
    return points


def _merge(first: CurvePoint, second: CurvePoint) -> CurvePoint:
    time_s, low_v, high_v, current_a = first
    if low_v is None or (second.cells_low_v is not None and second.cells_low_v < low_v):
        low_v = second.cells_low_v
    if high_v is None or (second.cells_high_v is not None and second.cells_high_v > high_v):
        high_v = second.cells_high_v
    return CurvePoint(time_s, low_v, high_v, current_a if second.current_a is None else second.current_a)


def _line(point: CurvePoint) -> bytes:
    time_s, low_v, high_v, current_a = point
    return f"[{_written(time_s, 3)},{_written(low_v, 4)},{_written(high_v, 4)},{_written(current_a, 4)}]\n".encode("ascii")


def _written(value: float | None, digits: int) -> str:
    return "null" if value is None else repr(round(value, digits))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
