"""The curve as a vector picture: volts above, amperes below, with steps, alarms, typed readings and gaps marked. Pure; own SVG, nothing loaded.

Nothing is told by colour alone: volts are a solid line in a band, the target is dashed, alarms have shapes, gaps are hatched.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any, NamedTuple

from tui.domain.plain_text import plain_text
from tui.records.series import doubted, number

WIDTH, HEIGHT = 760, 400
_LEFT, _RIGHT = 58, 748
_VOLTS = (34.0, 248.0)  # top and bottom of the upper panel
_AMPS = (268.0, 362.0)
_BADGE_Y = 16.0
_APART = 16.0  # badges nearer than this are drawn as one
_MOST_POINTS = 900
_LINE, _BAND, _AXIS, _GRID, _TARGET = "#14508c", "#9cc3e6", "#444", "#e4e4e4", "#9a5b00"
_ALARM = "#b00020"


class Row(NamedTuple):
    """One interval or one reading. None is unknown; then the line has a hole."""

    time_s: float
    low_v: float | None
    high_v: float | None
    amps: float | None


@dataclass(frozen=True, slots=True)
class Step:
    """A numbered mark over the picture, and what it stands for."""

    number: int
    time_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    svg: str
    steps: tuple[Step, ...]


def picture(
    rows: Sequence[Row],
    events: Sequence[Mapping[str, Any]],
    *,
    title: str,
    target_v: float | None,
    marked: Sequence[Step] | None = None,
) -> Picture | None:
    """Draw it; None where there is nothing to draw. `events` outside of the time shown are left out.

    `marked` are the steps of another picture of the same session, whose numbers this one takes over.
    """
    shown = _thinned(rows)
    if len(shown) < 2 or shown[-1].time_s <= shown[0].time_s:
        return None
    begin_s, end_s = shown[0].time_s, shown[-1].time_s
    canvas = _Canvas(begin_s, end_s, _volt_range(shown, target_v), _amp_range(shown))
    late_s = end_s + _hole_s(shown)  # the last interval goes on behind its begin
    inside = [event for event in events if begin_s <= _time(event) <= late_s]
    canvas.axes()
    canvas.gaps(event for event in inside if event["kind"] == "gap")
    steps = canvas.grouped([event for event in inside if event["kind"] == "step_enter"]) if marked is None else tuple(marked)
    canvas.badges(step for step in steps if begin_s <= step.time_s <= late_s)
    canvas.target(target_v)
    canvas.curve(shown)
    canvas.typed(event for event in inside if event["kind"] in ("answer", "correction") and not doubted(event))
    canvas.alarms(event for event in inside if event["kind"] in ("warn", "hold", "trip", "call"))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif" font-size="11">'
        f"<title>{_plain(title)}</title>"
        f'<defs><pattern id="gap" width="6" height="6" patternTransform="rotate(45)" patternUnits="userSpaceOnUse">'
        f'<line x1="0" y1="0" x2="0" y2="6" stroke="#999" stroke-width="2"/></pattern></defs>'
        f"{''.join(canvas.parts)}</svg>"
    )
    return Picture(svg, steps)


class _Canvas:
    def __init__(self, begin_s: float, end_s: float, volts: tuple[float, float], amps: tuple[float, float]) -> None:
        self.begin_s, self.end_s, self.volts, self.amps = begin_s, end_s, volts, amps
        self.parts: list[str] = []

    def x(self, time_s: float) -> float:
        share = (time_s - self.begin_s) / (self.end_s - self.begin_s)
        return _LEFT + min(1.0, max(0.0, share)) * (_RIGHT - _LEFT)

    def y_v(self, volts: float) -> float:
        return _scaled(volts, self.volts, _VOLTS)

    def y_a(self, amps: float) -> float:
        return _scaled(amps, self.amps, _AMPS)

    def axes(self) -> None:
        unit_s, unit = _time_unit(self.end_s - self.begin_s)
        for panel, values, scale, name in ((_VOLTS, self.volts, self.y_v, "V at the cells"), (_AMPS, self.amps, self.y_a, "A")):
            step = _nice((values[1] - values[0]) / (6 if panel is _VOLTS else 3))
            digits = max(0, -math.floor(math.log10(step)))
            for value in _ticks(values, step):
                y = scale(value)
                self._line(_LEFT, y, _RIGHT, y, _GRID, 1)
                self._text(_LEFT - 6, y + 4, f"{value:.{digits}f}", "end")
            self.parts.append(
                f'<rect x="{_LEFT}" y="{panel[0]}" width="{_RIGHT - _LEFT}" height="{panel[1] - panel[0]:.0f}" fill="none" stroke="{_AXIS}"/>'
            )
            middle = (panel[0] + panel[1]) / 2
            self.parts.append(
                f'<text x="13" y="{middle:.0f}" text-anchor="middle" transform="rotate(-90 13 {middle:.0f})">{_plain(name)}</text>'
            )
        span = (self.begin_s / unit_s, self.end_s / unit_s)
        step = _nice((span[1] - span[0]) / 8)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        for value in _ticks(span, step):
            x = self.x(value * unit_s)
            self._line(x, _AMPS[1], x, _AMPS[1] + 4, _AXIS, 1)
            self._text(x, _AMPS[1] + 17, f"{value:.{digits}f}", "middle")
        self._text((_LEFT + _RIGHT) / 2, HEIGHT - 5, f"{unit} since the session began", "middle")

    def curve(self, rows: Sequence[Row]) -> None:
        far_s = _hole_s(rows)
        for run in _runs(rows, far_s, lambda row: row.low_v is not None and row.high_v is not None):
            top = [(self.x(row.time_s), self.y_v(row.high_v)) for row in run if row.high_v is not None]
            low = [(self.x(row.time_s), self.y_v(row.low_v)) for row in run if row.low_v is not None]
            if any(abs(a[1] - b[1]) > 1.0 for a, b in zip(top, low, strict=True)):
                self.parts.append(f'<polygon points="{_points([*top, *reversed(low)])}" fill="{_BAND}" stroke="none"/>')
            self._polyline(top, _LINE)
        for run in _runs(rows, far_s, lambda row: row.amps is not None):
            self._polyline([(self.x(row.time_s), self.y_a(row.amps)) for row in run if row.amps is not None], _LINE)

    def target(self, target_v: float | None) -> None:
        if target_v is None or not self.volts[0] <= target_v <= self.volts[1]:
            return
        y = self.y_v(target_v)
        self.parts.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_RIGHT}" y2="{y:.1f}" stroke="{_TARGET}" stroke-dasharray="7 4"/>')

    def gaps(self, events: Iterable[Mapping[str, Any]]) -> None:
        for event in events:
            until_s = _time(event)
            left = self.x(until_s - (number(event.get("seconds")) or 0.0))
            width = max(3.0, self.x(until_s) - left)
            self.parts.append(
                f'<rect x="{left:.1f}" y="{_VOLTS[0]}" width="{width:.1f}" height="{_AMPS[1] - _VOLTS[0]:.0f}" fill="url(#gap)" opacity="0.6">'
                f"<title>gap: {_plain(str(event.get('text') or ''))}</title></rect>"
            )

    def grouped(self, events: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
        """Steps that follow each other at once share one number."""
        groups: list[list[Mapping[str, Any]]] = []
        for event in events:
            if groups and self.x(_time(event)) - self.x(_time(groups[-1][0])) < _APART:
                groups[-1].append(event)
            else:
                groups.append([event])
        made = []
        for index, group in enumerate(groups, 1):
            names = [str(event.get("text") or event.get("step_id") or "") for event in group]
            text = names[0] if len(names) == 1 else f"{names[0]} … {names[-1]} ({len(names)} steps)"
            made.append(Step(index, _time(group[0]), text))
        return tuple(made)

    def badges(self, steps: Iterable[Step]) -> None:
        for step in steps:
            x = self.x(step.time_s)
            self.parts.append(
                f'<line x1="{x:.1f}" y1="{_BADGE_Y + 8}" x2="{x:.1f}" y2="{_AMPS[1]}" stroke="#999" stroke-width="1" stroke-dasharray="2 3"/>'
                f'<circle cx="{x:.1f}" cy="{_BADGE_Y}" r="8" fill="#fff" stroke="{_AXIS}"/>'
            )
            self._text(x, _BADGE_Y + 4, str(step.number), "middle")

    def typed(self, events: Iterable[Mapping[str, Any]]) -> None:
        for event in events:
            data = event.get("data")
            for name, value in data.items() if isinstance(data, dict) and "rest" not in event else ():
                volts = number(value)
                at_cells = name in ("cells_v", "post_v") or name.startswith("cell:")
                if at_cells and volts is not None and self.volts[0] <= volts <= self.volts[1]:
                    self.parts.append(
                        f'<circle cx="{self.x(_time(event)):.1f}" cy="{self.y_v(volts):.1f}" r="3.5" fill="#fff" stroke="#0a6b2d" stroke-width="1.5">'
                        f"<title>typed: {_plain(name.removeprefix('cell:'))} {volts:.3f} V</title></circle>"
                    )

    def alarms(self, events: Iterable[Mapping[str, Any]]) -> None:
        """A triangle for a warning, a square for a hold, a cross for a trip or a call; at the top of the upper panel."""
        y = _VOLTS[0] + 9
        for event in events:
            x, kind = self.x(_time(event)), event["kind"]
            shape = {
                "warn": f'<path d="M{x - 5:.1f} {y + 4} h10 l-5 -9 z" fill="#fff" stroke="{_ALARM}" stroke-width="1.5">',
                "hold": f'<path d="M{x - 5:.1f} {y - 5} h10 v10 h-10 z" fill="{_ALARM}">',
            }.get(kind, f'<path d="M{x - 5:.1f} {y - 5} l10 10 m0 -10 l-10 10" fill="none" stroke="{_ALARM}" stroke-width="3">')
            self.parts.append(f"{shape}<title>{_plain(kind.upper())}: {_plain(str(event.get('text') or ''))}</title></path>")

    def _polyline(self, points: Sequence[tuple[float, float]], colour: str) -> None:
        self.parts.append(
            f'<polyline points="{_points(points)}" fill="none" stroke="{colour}" stroke-width="1.6" stroke-linejoin="round"/>'
        )

    def _line(self, x1: float, y1: float, x2: float, y2: float, colour: str, width: float) -> None:
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>')

    def _text(self, x: float, y: float, text: str, anchor: str, colour: str = _AXIS) -> None:
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{_plain(text)}</text>')


def _plain(text: str) -> str:
    """Text within a picture: nothing in it is markup, and nothing steers."""
    return escape(plain_text(text))


def _time(event: Mapping[str, Any]) -> float:
    return number(event.get("test_time_s")) or 0.0


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _scaled(value: float, span: tuple[float, float], panel: tuple[float, float]) -> float:
    share = (value - span[0]) / (span[1] - span[0])
    return panel[1] - min(1.0, max(0.0, share)) * (panel[1] - panel[0])


def _volt_range(rows: Sequence[Row], target_v: float | None) -> tuple[float, float]:
    """What the cells showed, and the target where they came near it; wild readings do not flatten the picture."""
    known = sorted(value for row in rows for value in (row.low_v, row.high_v) if value is not None and 1.5 <= value <= 4.5)
    if not known:
        return (3.0, 3.7) if target_v is None else (target_v - 0.4, target_v + 0.05)
    low, high = known[0], known[-1]
    if target_v is not None and target_v - high < 0.15:
        high = max(high, target_v)
    margin = max(0.004, 0.06 * (high - low))
    return low - margin, high + margin


def _amp_range(rows: Sequence[Row]) -> tuple[float, float]:
    known = [row.amps for row in rows if row.amps is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    return (low, 1.0) if high - low < 1e-6 else (low, high * 1.08 if high > 0 else high + 0.1)


def _thinned(rows: Sequence[Row]) -> list[Row]:
    """At most some hundred rows, lowest and highest volts of each group kept."""
    size = math.ceil(len(rows) / _MOST_POINTS) or 1
    if size == 1:
        return list(rows)
    made = []
    for at in range(0, len(rows), size):
        group = rows[at : at + size]
        lows = [row.low_v for row in group if row.low_v is not None]
        highs = [row.high_v for row in group if row.high_v is not None]
        amps = [row.amps for row in group if row.amps is not None]
        made.append(Row(group[0].time_s, min(lows, default=None), max(highs, default=None), amps[-1] if amps else None))
    return made


def _hole_s(rows: Sequence[Row]) -> float:
    """Two rows farther apart than this are not joined: nobody saw what was between."""
    steps = sorted(after.time_s - before.time_s for before, after in pairwise(rows))
    return max(10 * steps[len(steps) // 2], 180.0)


def _runs(rows: Sequence[Row], far_s: float, known: Any) -> list[list[Row]]:
    runs: list[list[Row]] = []
    last: Row | None = None
    for row in rows:
        if not known(row):
            last = None
            continue
        if last is None or row.time_s - last.time_s > far_s:
            runs.append([])
        runs[-1].append(row)
        last = row
    return runs


def _time_unit(span_s: float) -> tuple[float, str]:
    if span_s < 2 * 3600:
        return 60.0, "minutes"
    return (3600.0, "hours") if span_s < 72 * 3600 else (86400.0, "days")


def _nice(step: float) -> float:
    """The next larger of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(max(step, 1e-9)))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= step - 1e-12)


def _ticks(span: tuple[float, float], step: float) -> list[float]:
    first = math.ceil(span[0] / step - 1e-9)
    return [number * step for number in range(first, math.floor(span[1] / step + 1e-9) + 1)]
