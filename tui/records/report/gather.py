"""One passage through a journal for its report. Readings are parsed only where they prove something: the last hour before an end."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui.domain import calculations
from tui.domain.plan import Plan
from tui.records.instruments_of import Instruments
from tui.records.journal_reading import parse_line
from tui.records.planned import plan_of
from tui.records.report.proof import Proof, prove
from tui.records.series import cells_v, current_a, number

HOUR_S = 3600.0
_KEPT_LINES = 20_000  # more than an hour at four readings a second
_LEFT_OUT = frozenset({"checkpoint", "step_leave", "readback", "prompt"})
_READING = b'"kind":"reading"'
_TRUST = b'"cells_trust":"'


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading as a plot needs it. None is unknown."""

    time_s: float
    volts: float | None
    amps: float | None


@dataclass(slots=True)
class Story:
    """What a journal tells beside its series."""

    start: Mapping[str, Any] = field(default_factory=dict)  # data of the first line
    events: list[dict[str, Any]] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    last_hour: list[Sample] = field(default_factory=list)  # before the last end of a charge, or before the end of the record
    readings: int = 0
    trusts: Counter[str] = field(default_factory=Counter)  # of the volts at the cells
    last_test_s: float = 0.0
    missing: bool = False  # there is no journal
    instruments: Instruments = field(default_factory=Instruments)


def gather(path: Path, plan: Plan | None) -> Story:
    """Read it. `plan` is the session's, for a journal that does not tell its parts' own."""
    story, recent = Story(), deque[bytes](maxlen=_KEPT_LINES)
    present, ended = plan, False
    try:
        for raw in _lines(path):
            if _READING in raw[:48]:
                recent.append(raw)
                story.readings += 1
                at = raw.find(_TRUST) + len(_TRUST)
                story.trusts[raw[at : raw.find(b'"', at)].decode("ascii", "replace")] += 1
                if story.instruments.wants() and (line := parse_line(raw)) is not None:
                    story.instruments.drop(line, string=_is_string(present))
                continue
            line = parse_line(raw)
            if line is None:
                continue
            story.last_test_s = max(story.last_test_s, number(line.get("test_time_s")) or 0.0)
            kind, data = line["kind"], line.get("data")
            story.instruments.see(line)
            if kind == "session_start" and isinstance(data, dict):
                story.start = data
                present = plan_of((data.get("part") or {}).get("plan")) or plan_of(data.get("plan")) or present
            elif kind == "part_enter" and isinstance(data, dict):
                present = plan_of(data.get("plan")) or present
                recent.clear()
            elif kind == "part_end" and isinstance(data, dict):
                rows = _last_hour(recent, number(line.get("test_time_s")) or 0.0)
                story.proofs.append(prove(data, number(line.get("test_time_s")) or 0.0, present, rows))
                story.last_hour, ended = _samples(rows), True
            if kind not in _LEFT_OUT:
                story.events.append(line)
    except FileNotFoundError:
        story.missing = True
    last = parse_line(recent[-1]) if recent else None
    if last is not None:
        story.last_test_s = max(story.last_test_s, number(last.get("test_time_s")) or 0.0)
        if not ended:
            story.last_hour = _samples(_last_hour(recent, number(last.get("test_time_s")) or 0.0))
    return story


def _is_string(plan: Plan | None) -> bool:
    try:
        return plan is not None and calculations.wiring(plan).series > 1
    except ValueError:  # a plan that another version understands
        return False


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for raw in file:
            if raw.endswith(b"\n"):  # what a power cut tore was never acknowledged
                yield raw


def _last_hour(recent: deque[bytes], end_s: float) -> list[dict[str, Any]]:
    """The readings of the hour before `end_s`, oldest first."""
    rows: list[dict[str, Any]] = []
    for raw in reversed(recent):
        line = parse_line(raw)
        if line is None:
            continue
        time_s = number(line.get("test_time_s"))
        if time_s is None or time_s > end_s:
            continue
        if time_s < end_s - HOUR_S:
            break
        rows.append(line)
    rows.reverse()
    return rows


def _samples(rows: list[dict[str, Any]]) -> list[Sample]:
    return [Sample(number(row.get("test_time_s")) or 0.0, cells_v(row), current_a(row)) for row in rows]
