"""A recorded session as the Snapshots that the live panes draw: at any moment of it, forwards and backwards. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import get_args

from tui.bench.messages import Channel, Point, SessionCard, Snapshot, Trust
from tui.domain import calculations
from tui.domain.plan import Plan
from tui.records.sessions import Session
from tui.replay.checklist import Checklist, Line, checklists
from tui.replay.course import Course, number_of

STALE_AFTER_S = 90.0
"""With the output off a reading is written once a minute; an older one is not of this moment."""
LEADS_FROM_A = 1.0  # below this the drop drowns in the instruments' resolution
_TRUSTS = frozenset(get_args(Trust))


class Player:
    """Plays one session. `lines` are the journal's lines that are no readings, in order; `reading_at` finds the newest reading at a moment.

    Every Snapshot says what the journal proves and no more: there is no forecast, and no question that could be answered. `at` may raise
    what `reading_at` raises.
    """

    def __init__(
        self,
        session: Session,
        lines: Sequence[Line],
        reading_at: Callable[[float], Line | None],
        *,
        end_s: float,
        points: Sequence[Point] = (),
    ) -> None:
        self.session = session
        self.checklists = checklists(session, lines)
        ended = next((_time_s(line) for line in reversed(lines) if line["kind"] == "session_end"), None)
        self.end_s = max(1.0, ended if ended is not None else end_s)  # what was typed in the weeks after is not played
        self._lines = [line for line in lines if _time_s(line) <= self.end_s]
        self._times_s = [_time_s(line) for line in self._lines]
        self._reading_at = reading_at
        self._points = list(points)
        self._course, self._followed = Course(self.checklists), 0
        self._by_hand = str((session.plan.get("supply") or {}).get("address", "")).startswith("manual")
        self._frames = 0

    def card(self, snapshot: Snapshot) -> SessionCard:
        """The texts of its steps, as they stood at a Snapshot of this player."""
        return self.checklists[snapshot.revision].card

    def points_until(self, time_s: float) -> list[Point]:
        """The curve as far as it had come."""
        return self._points[: bisect_right(self._points, time_s, key=lambda point: point.time_s)]

    def at(self, time_s: float) -> Snapshot:
        """What a screen would have shown at `time_s` of the session."""
        time_s = min(max(0.0, time_s), self.end_s)
        course = self._followed_to(time_s)
        reading = self._reading_at(time_s) or {}
        age_s = time_s - _time_s(reading) if reading else None
        old = course.silent or age_s is None or age_s > STALE_AFTER_S
        told_on = reading.get("output")
        output_on = None if old and course.output_on is not False else course.output_on if course.output_on is not None else told_on
        here, finished, listed = course.step, bool(course.result), course.checklist
        plan = _part_plan(listed, here)
        series = calculations.wiring(plan).series if plan is not None else 1

        def channel(value: object, trust: object, point: str = "") -> Channel:
            number = number_of(value)
            if number is None or trust not in _TRUSTS or trust == "unknown":
                return Channel()
            since_s = course.typed_s.get(point)
            seconds = time_s - since_s if trust == "typed" and since_s is not None else age_s
            return Channel(number, "stale" if old else trust, seconds)  # type: ignore[arg-type]

        cells_v = channel(reading.get("cells_v"), reading.get("cells_trust"), "cells_v")
        supply_v = channel(reading.get("supply_v"), reading.get("supply_trust"), "supply_v")
        current_a = channel(reading.get("current_a"), "typed" if self._by_hand else "measured", "current_a")
        per_cell_v = self._per_cell(course, reading, time_s, age_s, old)
        pack_v = _pack_v(per_cell_v, series)
        drop_v = _lead_drop_v(supply_v, pack_v if series > 1 else cells_v, output_on)
        amps = current_a.value if current_a.trust in ("measured", "typed") else None
        self._frames += 1
        return Snapshot(
            seq=self._frames,
            time_s=time_s,
            unix_s=self.session.started_unix_s + time_s,
            state=course.state(output_on=output_on),
            result=course.result,
            session=self.session.id,
            bank=self.session.bank,
            arrangement=self.session.arrangement,
            procedure=self.session.procedure,
            parts=listed.part_views(here, finished=finished, ends=course.ends),
            part=listed.places[here].card.part if listed.places else 0,
            revision=course.remedies,
            steps=listed.views(here, finished=finished, details=course.details, overridden=course.overridden),
            step=listed.index_in_part(here),
            next=self._next(course),
            output_on=output_on,
            mode=str(reading.get("mode") or "") if output_on and not old else "",
            set_voltage_v=number_of(reading.get("set_voltage_v")) if reading else course.set_voltage_v,
            set_current_a=number_of(reading.get("set_current_a")) if reading else course.set_current_a,
            target_v=plan.target_v if plan is not None else number_of(self.session.plan.get("target_v")),
            series=series,
            pack_v=pack_v,
            supply_v=supply_v,
            cells_v=cells_v,
            current_a=current_a,
            per_cell_v=per_cell_v,
            charge_ah=number_of(reading.get("charge_ah")) or 0.0,
            energy_wh=number_of(reading.get("energy_wh")) or 0.0,
            lead_drop_v=drop_v,
            lead_resistance_ohm=max(0.0, drop_v / amps) if drop_v is not None and amps is not None and amps >= LEADS_FROM_A else None,
            elapsed_s=time_s,
            since_knee_s=time_s - course.knee_s if course.knee_s is not None and course.knee_s <= time_s else None,
            alarms=course.alarms_at(time_s),
        )

    def _followed_to(self, time_s: float) -> Course:
        """The course after the last event at or before `time_s`; going back begins anew, which takes milliseconds."""
        upto = bisect_right(self._times_s, time_s)
        if upto < self._followed:
            self._course, self._followed = Course(self.checklists), 0
        for line in self._lines[self._followed : upto]:
            self._course.follow(line)
        self._followed = upto
        return self._course

    def _per_cell(self, course: Course, reading: Line, time_s: float, age_s: float | None, old: bool) -> tuple[tuple[str, Channel], ...]:
        """Volts of each cell: as its meter showed them, else as they were typed until the cells were joined."""
        measured = reading.get("per_cell_v")
        if isinstance(measured, dict) and measured:
            shown = ((str(label), number_of(value)) for label, value in measured.items())
            return tuple((label, Channel(value, "stale" if old else "measured", age_s)) for label, value in shown if value is not None)
        if course.charging_since_s is not None and not course.end_reason:
            return ()
        cells = (cell.label for cell in self.session.cells)
        return tuple(
            (label, Channel(course.typed[point], "typed", time_s - course.typed_s[point]))
            for label in cells
            if (point := f"cell:{label}") in course.typed
        )

    def _next(self, course: Course) -> str:
        """What the session waited for, or what it did."""
        if course.result:
            words = f"Session ended: {course.result}. {course.end_reason[:1].upper()}{course.end_reason[1:]}"
            return words.rstrip(" .") + "."
        if course.calling:
            return "The bench called for the operator's hands."
        if course.held:
            return "The output was switched off. The session waited until the operator had looked at what the alarm names."
        if course.refusal:
            return course.refusal
        if course.asked:
            return course.asked
        card = course.checklist.places[course.step].card if course.checklist.places else None
        return "" if card is None else card.instruction or f"{card.title}."


def _part_plan(listed: Checklist, here: int) -> Plan | None:
    """The plan that counted in the part of step `here`; None where it is not known."""
    part = listed.places[here].card.part if listed.places else 0
    return listed.parts[part].plan if part < len(listed.parts) else None


def _pack_v(cells: Sequence[tuple[str, Channel]], series: int) -> Channel:
    """Of a string of which each cell is known: their sum."""
    known = [channel.value for _, channel in cells if channel.value is not None and channel.trust == "measured"]
    if series == 1 or not known or len(known) != len(cells):
        return Channel()
    return Channel(series * sum(known) / len(known), "derived")


def _lead_drop_v(supply_v: Channel, posts_v: Channel, output_on: bool | None) -> float | None:
    sure = supply_v.trust in ("measured", "typed") and posts_v.trust in ("measured", "typed")
    if not output_on or not sure or supply_v.value is None or posts_v.value is None:
        return None
    return supply_v.value - posts_v.value


def _time_s(line: Line) -> float:
    return number_of(line.get("test_time_s")) or 0.0
