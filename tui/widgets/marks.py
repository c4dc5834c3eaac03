"""Marks on a session's time: steps, switchings, alarms, readings by hand and gaps, as signs in one row. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tui.bench.messages import Point
from tui.terminal import Glyphs

MarkKind = Literal["step", "on", "off", "typed", "gap", "alarm"]
ORDER: tuple[MarkKind, ...] = ("step", "off", "on", "typed", "gap", "alarm")
"""Where several fall on one column the later one is shown."""
SIGNS: dict[MarkKind, tuple[str, str]] = {
    "step": ("╷", "'"),
    "on": ("▶", ">"),
    "off": ("■", "#"),
    "typed": ("✎", "+"),
    "gap": ("░", ":"),
    "alarm": ("▲", "!"),
}
LEGEND: tuple[tuple[MarkKind, str], ...] = (
    *(("step", "step"), ("on", "on"), ("off", "off"), ("typed", "typed"), ("gap", "gap"), ("alarm", "alarm")),
)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at `time_s` of the session, or lasted until `until_s`."""

    time_s: float
    kind: MarkKind
    text: str
    until_s: float | None = None

    @property
    def end_s(self) -> float:
        return self.time_s if self.until_s is None else self.until_s


def sign(kind: MarkKind, style: Glyphs) -> str:
    return SIGNS[kind][0 if style == "braille" else 1]


def marks_row(marks: Iterable[Mark], from_s: float, span_s: float, width: int, style: Glyphs) -> str:
    """One row of `width` columns for the window that begins at `from_s`."""
    if span_s <= 0 or width < 1:
        return " " * max(0, width)
    row = [" "] * width
    for mark in sorted(marks, key=lambda mark: ORDER.index(mark.kind)):
        first, last = ((moment_s - from_s) / span_s * (width - 1) for moment_s in (mark.time_s, mark.end_s))
        if last < -0.5 or first > width - 0.5:
            continue
        for column in range(max(0, round(first)), min(width - 1, round(last)) + 1):
            row[column] = sign(mark.kind, style)
    return "".join(row)


def broken_at_gaps(points: Sequence[Point], marks: Iterable[Mark]) -> list[Point]:
    """The points with an unknown one in every gap that lasted, so that no line is drawn across what nobody measured."""
    gaps = [Point((mark.time_s + mark.end_s) / 2, None, None, None) for mark in marks if mark.kind == "gap" and mark.end_s > mark.time_s]
    return sorted([*points, *gaps], key=lambda point: point.time_s) if gaps else list(points)


def moved(marks: Iterable[Mark], by_s: float) -> list[Mark]:
    """The same marks with another moment as zero."""
    return [replace(mark, time_s=mark.time_s + by_s, until_s=None if mark.until_s is None else mark.until_s + by_s) for mark in marks]


def neighbour(marks: Sequence[Mark], time_s: float, by: int, *, apart_s: float) -> Mark | None:
    """The next mark (`by` = 1) or the one before (-1), at least `apart_s` away."""
    if by > 0:
        return min((mark for mark in marks if mark.time_s > time_s + apart_s), key=lambda mark: mark.time_s, default=None)
    return max((mark for mark in marks if mark.time_s < time_s - apart_s), key=lambda mark: mark.time_s, default=None)


def nearest(marks: Iterable[Mark], time_s: float, within_s: float) -> Mark | None:
    """The weightiest mark within `within_s` of a moment; what lasts is near while it lasts."""

    def away_s(mark: Mark) -> float:
        return max(mark.time_s - time_s, time_s - mark.end_s, 0.0)

    near = [mark for mark in marks if away_s(mark) <= within_s]
    return max(near, key=lambda mark: (ORDER.index(mark.kind), -away_s(mark)), default=None)
