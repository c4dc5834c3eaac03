"""Whether a session's record is still what was written: the journal's chain, its end, and the row of the database against both.

The chain alone shows what was changed within the journal. Lines that were cut off its end show because the row remembers the hash of the
last one, and a row that was made to look better shows because the journal holds the same values. Whoever writes all of it anew, hashes
included, is found out only by a hash that was noted elsewhere: that is why it is printed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

from tui.domain.plain_text import plain_text
from tui.records.journal_reading import ChainReport, Checked
from tui.records.sessions import Session, Sessions

COMPARED = ("result", "end_reason", "duration_s", "charge_ah", "energy_wh", "end_current_a", "before_v", "end_v", "parts")
"""What a row and the last line of its session both hold."""


@dataclass(frozen=True, slots=True)
class Integrity:
    """What was found. `words` is one sentence or more; `head_hash` the hash of the last good line, `lines` how many are good."""

    ok: bool
    words: str
    lines: int = 0
    head_hash: str = ""


def check_session(sessions: Sessions, session: Session, *, noted: str = "") -> Integrity:
    """Verify one session. `noted` is a hash, or its beginning, that somebody wrote down earlier: it must stand in the chain."""
    return check_journal(sessions.journal_path(session.id), session, noted=noted)


def check_journal(path: Path, session: Session, *, noted: str = "") -> Integrity:
    """The same of a journal that lies anywhere."""
    noted = noted.strip().lower()
    checked = Checked(path)
    try:
        found = _walk(takewhile(lambda _: checked.broken is None, checked), session.journal_head, noted)
    except FileNotFoundError:
        return Integrity(False, f"{path.name}: the journal of this session is not there. Nothing proves what its row says.")
    report = checked.report
    if not report.ok:
        return Integrity(False, report.message, report.lines, report.head_hash)
    faults = _end_faults(session, report, found)
    if noted and not found.noted:
        faults.append(f"No line has the hash {noted}: this is not the journal from which it was noted.")
    faults += _row_faults(session, found)
    remarks = _remarks(session, found)
    words = plain_text(" ".join((report.message, *faults, *remarks)))  # it quotes what a journal from elsewhere may hold
    return Integrity(not faults, words, report.lines, report.head_hash)


@dataclass(slots=True)
class _Found:
    """What one passage through the journal gathers."""

    start: Mapping[str, Any] = field(default_factory=dict)
    end: Mapping[str, Any] = field(default_factory=dict)  # of the session, the last one
    rests: list[dict[str, Any]] = field(default_factory=list)
    head_seq: int | None = None  # number of the line whose hash the row remembers
    noted: bool = False
    last_seq: int = 0


def _walk(lines: Iterable[Mapping[str, Any]], head: str, noted: str) -> _Found:
    found = _Found()
    for line in lines:
        found.last_seq = line["seq"]
        if line["hash"] == head:
            found.head_seq = line["seq"]
        if noted and line["hash"].startswith(noted):
            found.noted = True
        if line["kind"] == "session_start":
            found.start = found.start or line
        elif line["kind"] == "session_end":
            found.end = line
        elif "rest" in line:
            found.rests.append({**line["rest"], "volts": line["data"]})
    return found


def _end_faults(session: Session, report: ChainReport, found: _Found) -> list[str]:
    """Whether the journal still reaches as far as the row says it did."""
    if session.state == "running":
        return []
    if session.journal_head and found.head_seq is None:
        return [
            f"Its end is not the one that was written: the last line had the hash {session.journal_head[:12]}…, and now the journal stops with "
            f"line {report.lines}. Lines behind it were cut off, or the last ones written anew."
        ]
    if not session.journal_head and not found.end:
        return ["The session has ended, but its journal has no end: lines were cut off."]
    return []


def _row_faults(session: Session, found: _Found) -> list[str]:
    """Where the row of the database says something else than the journal."""
    row, end = asdict(session), found.end
    faults = [
        f"The database says {name} {_short(row[name])}, the journal {_short(end[name])}."
        for name in COMPARED
        if session.state != "running" and name in end and not _same(row[name], end[name])
    ]
    plan = (found.start.get("data") or {}).get("plan")
    if plan is not None and not _same(row["plan"], plan):
        names = sorted(name for name in row["plan"].keys() | plan.keys() if not _same(row["plan"].get(name), plan.get(name)))
        faults.append(f"The plan in the database is not the one in the journal: {', '.join(names)}.")
    for rest in row["rests"]:
        if not any(_same(rest, known) for known in found.rests):
            hours = "some time" if rest["hours"] is None else f"{rest['hours']:.0f} h"
            faults.append(f"The resting volts after {hours} do not stand in the journal as they stand in the database.")
    return faults


def _remarks(session: Session, found: _Found) -> list[str]:
    """What is no fault, but worth knowing."""
    if session.state == "running":
        return ["The session has no end yet, so nothing tells whether lines are missing behind the last one."]
    if found.head_seq is None or found.head_seq == found.last_seq:
        return []
    return [f"{found.last_seq - found.head_seq} more were added after the row was last written."]


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"
