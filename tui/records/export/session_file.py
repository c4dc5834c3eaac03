"""The facts of a session that no table can hold: what was planned, with what, within which limits, how it ended, and what each file is."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tui.domain.after import judge_rest
from tui.domain.plan import Plan
from tui.records.export.output import OutFile
from tui.records.planned import limits_of, plan_of
from tui.records.program import program_version
from tui.records.sessions import Session, rest_readings

if TYPE_CHECKING:
    from tui.records.export.bdf import Passage

SCHEMA = 1
NOTES = (
    "Current is positive into the cells. A blank is a value that was not known, or that was typed in an earlier row.",
    "Voltage is at the cells: measured by a meter, or typed. What is only derived from the supply's volts is in no time series.",
    "Charge is counted from readings; what flowed in a gap is not in it. Energy is charge times the volts at the cells as far as they were "
    "known at the time, else derived from the supply's volts less the drop on the leads.",
    "Ambient temperature is that of a cell's side before the charge, after hours in the same room.",
    "Discharging capacity is zero unless a current out of the cells was measured.",
)


def session_text(session: Session, passage: Passage, files: Sequence[OutFile], codes: Mapping[str, str], *, full: bool) -> str:
    """The session file as indented JSON."""
    return json.dumps(session_document(session, passage, files, codes, full=full), ensure_ascii=False, indent=1) + "\n"


def session_document(
    session: Session, passage: Passage, files: Sequence[OutFile], codes: Mapping[str, str], *, full: bool
) -> dict[str, Any]:
    """Everything in it, units in the names. None is unknown."""
    plan, start, chain = plan_of(session.plan), passage.start, passage.chain
    limits, changed = limits_of(plan)
    instruments = passage.instruments
    judged = {one.label: one for one in judge_rest(rest_readings(session))}
    planned = {cell.label: cell for cell in plan.cells} if plan else {}
    return {
        "schema": SCHEMA,
        "program": {"name": "topbalance", "exported_by": program_version() or None, "recorded_by": start.get("program")},
        "session": session.id,
        "bank": session.bank,
        "arrangement": session.arrangement,
        "procedure": {"name": session.procedure, "sha256": procedure_hash(plan, str(start.get("own_procedure") or ""))},
        "profile": "full" if full else "strict",
        "start_unix_second": session.started_unix_s,
        "end_unix_second": session.ended_unix_s,
        "last_line_unix_second": passage.last_unix_s,
        "duration_second": session.duration_s,
        "result": session.result or "unfinished",
        "end_reason": session.end_reason,
        "charge_ah": session.charge_ah,
        "energy_wh": session.energy_wh,
        "end_current_ampere": session.end_current_a,
        "rest_spread_volt": session.spread_v,
        "parts": [dict(part) for part in session.parts],
        "plan": dict(session.plan),
        "limits": limits,
        "limits_changed": changed,
        "instruments": {
            "supply": {
                **(instruments.about("supply") or dict.fromkeys(("model", "serial", "firmware", "address"))),
                "trust_of_readings": dict(passage.trusts["supply"]),
            },
            "meter": instruments.about("meter"),
            "bms": instruments.about("bms"),
            "before_them": list(instruments.others),
            "leads": {
                "resistance_ohm": None if instruments.lead_ohm is None else round(instruments.lead_ohm, 6),
                "method": "median of supply volts less cell volts by amperes, both leads with contacts"
                if instruments.lead_readings
                else None,
                "readings": instruments.lead_readings,
                "given_ohm": plan.lead_resistance_ohm if plan else None,
            },
            "volts_at_cells": {"trust_of_readings": dict(passage.trusts["cells"])},
            "built_in_bench": start.get("embedded_bench"),
        },
        "test_objects": [
            {
                "file": table.file.path.name,
                "name": table.item.name,
                "kind": table.item.kind,
                "arrangement": table.item.arrangement,
                "cells": list(table.item.cells),
                "parts": [part for part in table.parts if part],
            }
            for table in passage.tables
        ],
        "cells": [
            {
                "label": cell.label,
                "id": cell.id or None,
                "code": codes.get(cell.label),
                "capacity_ah": planned[cell.label].capacity_ah if cell.label in planned else None,
                "maker": (planned[cell.label].maker if cell.label in planned else "") or None,
                "before_volt": session.before_v.get(cell.label),
                "end_volt": session.end_v.get(cell.label),
                "rests": [
                    {
                        "unix_second": rest.unix_s,
                        "hours": rest.hours,
                        "volt": rest.volts[cell.label],
                        "temperature_celsius": rest.temperature_c,
                    }
                    for rest in session.rests
                    if cell.label in rest.volts
                ],
                "verdict": judged[cell.label].verdict if cell.label in judged else "unknown",
                "verdict_text": judged[cell.label].words if cell.label in judged else "",
            }
            for cell in session.cells
        ],
        "gaps": {"count": len(passage.gap_s), "known_seconds": sum(s for s in passage.gap_s if s is not None)},
        "journal": {
            "chain_holds": bool(chain and chain.ok),
            "text": chain.message if chain else "",
            "lines": chain.lines if chain else 0,
            "head_hash": chain.head_hash if chain else "",
            "head_hash_of_row": session.journal_head or None,
        },
        "files": {file.path.name: {"sha256": file.sha256, "bytes": file.size, "rows": file.rows} for file in files},
        "notes": list(NOTES),
    }


def procedure_hash(plan: Plan | None, own: str) -> str | None:
    """SHA-256 of the procedure's file: of a person's own as it was, of a built-in one as this program would write it for the plan."""
    from tui.domain import procedures

    if own:
        return sha256(own.encode("utf-8", "backslashreplace")).hexdigest()
    if plan is None or plan.procedure not in (*procedures.PROCEDURES, *procedures.CHAINS):
        return None
    with contextlib.suppress(ValueError, KeyError, ZeroDivisionError):
        return sha256(procedures.export(plan.procedure, plan).encode()).hexdigest()
    return None
