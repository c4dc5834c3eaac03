"""What the bench writes down of one session: its row, its journal, its curve, and at the end the volts of every cell."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from drivers.clock import Clock
from drivers.roles import BmsReading
from tui.bench.charge_count import ChargeCount
from tui.bench.messages import Channel, Point, Trust
from tui.bench.reading import Reading
from tui.domain.plan import Plan
from tui.records.curve import CurveWriter
from tui.records.journal import Journal, JournalUnwritable
from tui.records.places import Home
from tui.records.sessions import Sessions
from tui.records.store import StoreError

if TYPE_CHECKING:
    from tui.bench.session import Session


class RecordsRefused(Exception):
    """A session cannot be recorded, so it is not begun. The text says why and what to do."""


class Recorder:
    """Writer of one session. Journal lines that must be on disk before they are acknowledged are `durable`."""

    def __init__(self, home: Home, clock: Clock, session_id: str, *, create: bool, start_s: float) -> None:
        self._clock = clock
        self._start_s = start_s
        self._sessions = Sessions(home)
        self.id = session_id
        self._journal = Journal(self._sessions.journal_path(session_id), create=create)
        self._curve = CurveWriter(self._sessions.curve_path(session_id))
        self._closed = False
        self._stumble = ""
        self.strict = True  # set for each Command: its first durable line must reach the disk

    @classmethod
    def begin(cls, home: Home, clock: Clock, plan: Plan, facts: dict[str, Any]) -> Recorder:
        """Of a new session: its row and the first line of its journal are on the disk when this returns."""
        row = Sessions(home).create(plan, started_unix_s=clock.unix_s())
        recorder = cls(home, clock, row.id, create=True, start_s=clock.now_s())
        recorder.log("session_start", durable=True, data={"plan": plan.to_json(), **facts})
        return recorder

    @classmethod
    def go_on(cls, home: Home, clock: Clock, session_id: str, *, elapsed_s: float) -> Recorder:
        """Of a session whose program died: the same journal and curve, `elapsed_s` after its beginning. Raises JournalUnwritable."""
        return cls(home, clock, session_id, create=False, start_s=clock.now_s() - elapsed_s)

    @property
    def problem(self) -> str:
        """Why records are not reaching the disk at the moment; "" when all is well."""
        return self._journal.problem or self._stumble

    def log(self, kind: str, *, durable: bool = False, **fields: Any) -> None:
        """One line. A durable one is on the disk when this returns.

        Where it cannot be: the first durable line of a Command raises JournalUnwritable, so that nothing is acknowledged that is not kept.
        All others (what happened anyway, what the tick does, safety) are kept in memory and written when the disk takes them.
        """
        if self._closed:
            return
        test_s, unix_s = self._time_s(), self._clock.unix_s()
        try:
            self._journal.append(kind, test_time_s=test_s, unix_time_s=unix_s, durable=durable, **fields)
        except JournalUnwritable:
            if self.strict:
                raise
            self._journal.append(kind, test_time_s=test_s, unix_time_s=unix_s, **fields)
        if durable:
            self.strict = False

    def reading(self, reading: Reading, count: ChargeCount) -> None:
        """One row of the series: flushed now, on the disk within ten seconds."""
        fields: dict[str, Any] = {
            "cells_v": _round(reading.cells_v.value, 4),
            "cells_trust": reading.cells_v.trust,
            "supply_v": _round(reading.supply_v.value, 4),
            "supply_trust": reading.supply_v.trust,
            "current_a": _round(reading.current_a.value, 4),
            "set_voltage_v": reading.set_voltage_v,
            "set_current_a": reading.set_current_a,
            "mode": reading.mode,
            "output": reading.output_on,
            "charge_ah": round(count.charge_ah, 6),
            "energy_wh": round(count.energy_wh, 6),
        }
        if reading.current_a.trust != _same_sample(reading.supply_v.trust):
            fields["current_trust"] = reading.current_a.trust
        if reading.mean_v is not None and reading.posts_v.trust == "measured":  # a string: its volts are not those of any cell
            fields["posts_v"] = _round(reading.posts_v.value, 4)
        if reading.per_cell_v:
            fields["per_cell_v"] = {label: _round(c.value, 4) for label, c in reading.per_cell_v.items() if c.trust == "measured"}
        if reading.bms is not None and reading.bms_fresh:
            fields["bms"] = _bms(reading.bms)
        if reading.terminals_v.trust == "measured":
            fields["terminals_v"] = _round(reading.terminals_v.value, 4)
        time_s = self._time_s()
        self._journal.append("reading", test_time_s=time_s, unix_time_s=self._clock.unix_s(), **fields)
        self._journal.sync_if_due()
        trusted = reading.cells_v.trust in ("measured", "typed", "derived")
        self._curve.add(time_s, reading.cells_v.value if trusted else None, _known(reading.current_a))

    def sync_if_due(self) -> None:
        """Lines that were written between two readings reach the disk within ten seconds, too."""
        if not self._closed:
            self._journal.sync_if_due()

    def points(self, since_s: float) -> list[Point]:
        return [Point(p.time_s, p.cells_low_v, p.cells_high_v, p.current_a) for p in self._curve.points(since_s)]

    def end(self, session: Session, duration_s: float) -> None:
        """Close the session: journal first, then its row and the cells' records. What the disk refuses is told, not raised."""
        if self._closed:
            return
        values: dict[str, Any] = {
            "end_reason": session.end_reason,
            "duration_s": round(duration_s, 3),
            "charge_ah": round(session.charge_ah, 4),
            "energy_wh": round(session.energy_wh, 3),
            "end_current_a": session.last_tail_a,
            "before_v": session.before_v,
            "end_v": session.end_v,
            "parts": [end.row() for end in session.ends.values()],
        }
        resting = session.result == "balanced"
        with contextlib.suppress(JournalUnwritable):  # told by `problem`; the row below is a second witness
            self.log("session_end", durable=True, result=session.result, state="resting" if resting else "ended", **values)
        values["journal_head"] = self._journal.head_hash
        self.close()
        try:
            self._sessions.finish(self.id, result=session.result, ended_unix_s=self._clock.unix_s(), resting=resting, **values)
            if session.rest_v:
                self._sessions.add_rest(
                    self.id, session.rest_v, self._clock.unix_s(), hours=self._rest_hours(session), temperature_c=session.surface_c
                )
        except (StoreError, ValueError, OSError) as problem:
            self._stumble = f"The session's row could not be written: {problem} The journal {self.id}.jsonl has everything."

    def _rest_hours(self, session: Session) -> float | None:
        return None if session.off_since_s is None else round((self._clock.now_s() - session.off_since_s) / 3600, 3)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._journal.close()
            self._curve.close()

    def _time_s(self) -> float:
        return round(self._clock.now_s() - self._start_s, 3)


def _bms(bms: BmsReading) -> dict[str, Any]:
    """What the BMS told, by the names of its protocols; what it does not tell is left out."""
    told = {
        "cell_voltages_v": [_round(volts, 4) for volts in bms.cell_voltages_v],
        "pack_voltage_v": _round(bms.pack_voltage_v, 3),
        "current_a": _round(bms.current_a, 3),
        "charge_fet_on": bms.charge_fet_on,
        "protection": None if not bms.protection else list(bms.protection),
        "cell_overvoltage_protection_v": bms.cell_overvoltage_protection_v,
    }
    return {name: value for name, value in told.items() if value is not None}


def _round(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _same_sample(supply_trust: Trust) -> Trust:
    """The trust of a current that came with the supply's volts; only its voltage can be an echo of the set-point."""
    return "measured" if supply_trust == "echo" else supply_trust


def _known(channel: Channel) -> float | None:
    return channel.value if channel.trust in ("measured", "typed") else None
