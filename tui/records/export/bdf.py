"""Battery Data Format: a time series for each test object, and beside it cells, supply, events and the session's own facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui.records.export.cell_readings import CellsTable
from tui.records.export.names import part_of_name, stem
from tui.records.export.objects import TestObject, first_object, object_of
from tui.records.export.output import Output
from tui.records.export.tables import EventsFile, Now, SeriesTable, SupplyTable
from tui.records.instruments_of import Instruments
from tui.records.inventory import Inventory
from tui.records.journal_reading import ChainReport, Checked
from tui.records.planned import plan_of
from tui.records.series import doubted, number
from tui.records.sessions import Session, Sessions
from tui.records.store import StoreError


@dataclass(slots=True)
class Passage:
    """What one passage through the journal found, for the session's own file."""

    tables: list[SeriesTable] = field(default_factory=list)
    start: dict[str, Any] = field(default_factory=dict)  # data of the first line
    last_test_s: float = 0.0
    last_unix_s: float | None = None
    gap_s: list[float | None] = field(default_factory=list)
    trusts: dict[str, Counter[str]] = field(default_factory=lambda: {"supply": Counter(), "cells": Counter()})
    chain: ChainReport | None = None
    instruments: Instruments = field(default_factory=Instruments)


def export_bdf(sessions: Sessions, session: Session, folder: Path, *, full: bool, institution: str) -> list[Path]:
    """Raises ExportRefused."""
    from tui.records.export.session_file import session_text

    codes = codes_of(sessions, session)
    base = stem(session, session.bank, institution)
    with Output(folder) as out:
        passage = write_series(sessions, session, out, base, full=full, institution=institution, codes=codes)
        others = list(out.files)
        for file in others:
            file.finish()
        out.open(f"{base}.session.json").write(session_text(session, passage, others, codes, full=full))
    return out.paths


def write_series(
    sessions: Sessions, session: Session, out: Output, base: str, *, full: bool, institution: str, codes: Mapping[str, str]
) -> Passage:
    """The tables of one session, in one passage through its journal."""
    checked = Checked(sessions.journal_path(session.id))
    passage, now = Passage(), Now()
    series = _Series(session, out, institution, full)
    table: SeriesTable | None = None
    supply = cells = events = None
    for line in checked:
        now.see(line)
        kind = line["kind"]
        if table is None or supply is None or cells is None or events is None:
            passage.start = line["data"] if kind == "session_start" and isinstance(line.get("data"), dict) else {}
            table = series.enter(first_object(session, passage.start), str((passage.start.get("part") or {}).get("part", "")))
            supply, events = SupplyTable(out.open(f"{base}.supply.csv")), EventsFile(out.open(f"{base}.events.jsonl"))
            cells = CellsTable(out.open(f"{base}.cells.csv"), codes, str(passage.start.get("meter") or session.plan.get("meter") or ""))
        if kind == "reading":
            now.charged = now.charged or bool(line.get("output"))
            table.row(line, now)
            supply.row(line, now)
            cells.measured(line, now)
            now.typed.clear()
            passage.trusts["supply"][str(line.get("supply_trust"))] += 1
            passage.trusts["cells"][str(line.get("cells_trust"))] += 1
            if passage.instruments.wants():
                passage.instruments.drop(line, string=table.item.kind == "string")
            continue
        passage.instruments.see(line)
        match kind:
            case "part_enter" if (plan := plan_of((line.get("data") or {}).get("plan"))) is not None:
                table = series.enter(object_of(session, plan), str(line["data"].get("part", "")))
            case "step_enter":
                now.enter(str(line.get("step_id") or ""))
            case "instrument" if line.get("role") == "meter":
                cells.call_meter(passage.instruments.name("meter"))
            case "answer" | "correction":
                cells.typed(line, now)
                _note_typed(line, now)
            case "gap":
                passage.gap_s.append(number(line.get("seconds")))
        if kind not in EventsFile.LEFT_OUT:
            events.row(line, now)
    if cells is not None:
        for rest in session.rests:
            cells.rest(rest, session.started_unix_s, session.ended_unix_s or now.unix_s)
        cells.flush()
    passage.tables, passage.chain = series.told(), checked.report
    passage.last_test_s, passage.last_unix_s = now.test_s, now.unix_s or None
    return passage


class _Series:
    """One table for each object that comes onto the leads; an object that comes back goes on in its own."""

    def __init__(self, session: Session, out: Output, institution: str, full: bool) -> None:
        self._session, self._out, self._institution, self._full = session, out, institution, full
        self.tables: dict[TestObject, SeriesTable] = {}
        self._stems: set[str] = set()
        self._present: TestObject | None = None

    def enter(self, item: TestObject, part: str) -> SeriesTable:
        table = self.tables.get(item)
        if table is None:
            table = self.tables[item] = SeriesTable(self._out.open(f"{self._stem(item)}.bdf.csv"), item, full=self._full)
        if item != self._present:
            table.enter(part)  # the count of the session begins anew with other cells
        elif part:
            table.parts.append(part)
        self._present = item
        return table

    def told(self) -> list[SeriesTable]:
        """The tables; without those that say nothing of their object, where another does: a queue of cells begins with all on the table."""
        every = list(self.tables.values())
        telling = [table for table in every if table.telling]
        for table in every if telling else ():
            if not table.telling:
                self._out.leave_out(table.file)
        return telling or every

    def _stem(self, item: TestObject) -> str:
        """A name of its own for each object, also where two labels differ by nothing that a file name can show."""
        number, name = 1, item.name
        while (made := stem(self._session, name, self._institution)).casefold() in self._stems:
            number += 1
            name = f"{part_of_name(item.name, 'cell')[:28]}-{number}"
        self._stems.add(made.casefold())
        return made


def _note_typed(line: Mapping[str, Any], now: Now) -> None:
    data = line.get("data")
    if doubted(line) or not isinstance(data, dict) or "rest" in line:
        return
    for name, value in data.items():
        known = number(value)
        if known is None:
            continue
        now.typed["cells_v" if name == "post_v" else name] = known
        if name == "surface_c" and not now.charged:
            now.typed["ambient_c"] = known  # a cell that has stood in the room for hours, before anything warms it


def codes_of(sessions: Sessions, session: Session) -> dict[str, str]:
    """Label → code of each cell that is still in the inventory and has one."""
    try:
        by_id = {cell.id: cell.code for cell in Inventory(sessions.home).list()}
    except StoreError:  # a damaged inventory costs the codes, not the series
        return {}
    return {cell.label: by_id[cell.id] for cell in session.cells if by_id.get(cell.id)}
