"""What a session that its program left without an end tells of itself: read back from its row and its journal."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui.domain.plan import Plan
from tui.records.journal import Journal
from tui.records.journal_reading import backwards, read, too_new
from tui.records.places import Home
from tui.records.sessions import Session, Sessions


@dataclass(frozen=True, slots=True)
class Left:
    """One such session. `memory` is its newest checkpoint, `reading` the newest reading since then; `output_on` tells that its supply was told
    on, or never proved off.
    """

    row: Session
    plan: Plan
    embedded: bool | None = None  # on a built-in bench; None where its journal does not tell
    own_procedure: str = ""
    supply: Mapping[str, Any] = field(default_factory=dict)  # model, serial … as identified at its start
    adapters: Mapping[str, Any] = field(default_factory=dict)  # of supply, meter and BMS, by which their lines are found again
    memory: Mapping[str, Any] = field(default_factory=dict)
    reading: Mapping[str, Any] = field(default_factory=dict)
    output_on: bool = False
    paused: bool = False  # its program was ended in order, the output off first
    last_test_s: float = 0.0  # session time of the last line
    last_unix_s: float = 0.0

    @property
    def charge_ah(self) -> float:
        """Through the supply's terminals until the last line, Ah."""
        counted = self.memory.get("counted_ah", (0.0, 0.0))[0]
        return float(counted) + float(self.reading.get("charge_ah", self.memory.get("charge_ah", 0.0)))

    @property
    def step_id(self) -> str:
        return str(self.memory.get("step", ""))


def all_left(home: Home) -> list[Left]:
    """All of them, oldest first. Rows whose journal has its end are closed on the way. Raises StoreError."""
    sessions = Sessions(home)
    sessions.settle()
    return [_read(row, sessions.journal_path(row.id)) for row in sessions.unfinished()]


def end(home: Home, left: Left, reason: str) -> None:
    """End such a session as *unfinished*: in its journal first, then in its row. Raises StoreError, JournalUnwritable."""
    sessions = Sessions(home)
    values: dict[str, Any] = {"end_reason": reason, "duration_s": round(left.last_test_s, 3), "charge_ah": round(left.charge_ah, 4)}
    for name in ("before_v", "end_v"):
        values[name] = dict(left.memory.get(name, {}))
    with contextlib.suppress(FileNotFoundError), Journal(sessions.journal_path(left.row.id), create=False) as journal:
        journal.append(
            "session_end",
            test_time_s=left.last_test_s,
            unix_time_s=left.last_unix_s or left.row.started_unix_s,
            durable=True,
            result="unfinished",
            state="ended",
            **values,
        )
        values["journal_head"] = journal.head_hash
    ended = left.last_unix_s or left.row.started_unix_s
    sessions.finish(left.row.id, result="unfinished", ended_unix_s=ended, **values)


def _read(row: Session, path: Path) -> Left:
    plan = Plan.from_json(dict(row.plan))
    try:
        first = next(iter(read(path)), None)
    except FileNotFoundError:
        first = None
    if first is None or first["kind"] != "session_start":
        return Left(row, plan)
    if too_new(first, path.name):
        return Left(row, plan, memory={"version": "newer"})  # it cannot go on here, and is not written to
    start = first["data"]
    last: Mapping[str, Any] = first
    memory: Mapping[str, Any] = {}
    reading: Mapping[str, Any] = {}
    output_on: bool | None = None
    for number, line in enumerate(backwards(path)):
        if number == 0:
            last = line
        kind = line["kind"]
        if kind == "reading":
            reading = reading or line
        elif output_on is None and kind in ("output_on", "output_off", "readback"):
            output_on = kind != "readback" and not (kind == "output_off" and line.get("text") == "by hand")  # told off is not yet off
        elif kind == "checkpoint":
            memory = line["data"]
            break
    return Left(
        row,
        Plan.from_json(start["plan"]),
        bool(start.get("embedded_bench")),
        str(start.get("own_procedure") or ""),
        start.get("supply") or {},
        start.get("adapters") or {},
        memory,
        reading,
        bool(memory.get("output_on")) if output_on is None else output_on,
        last["kind"] == "pause",
        float(last["test_time_s"]),
        float(last["unix_time_s"]),
    )
