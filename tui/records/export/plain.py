"""A session as one readable CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from tui.records.export.output import Output
from tui.records.journal_reading import Checked
from tui.records.sessions import Session, Sessions

COLUMNS = (
    "test_time_s",
    "unix_time_s",
    "cells_v",
    "cells_trust",
    "supply_v",
    "current_a",
    "set_voltage_v",
    "output",
    "charge_ah",
    "energy_wh",
    "mode",
    "step",
)


def export_csv(sessions: Sessions, session: Session, folder: Path) -> list[Path]:
    """One row a reading, as it was journalled: units in the header, and a column for each cell where a meter saw each. Raises ExportRefused."""
    labels = [cell.label for cell in session.cells]
    seen = _cells_seen(sessions.journal_path(session.id))
    step, text = "", io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    with Output(folder) as out:
        file = out.open(f"{session.id}.csv")
        writer.writerow((*COLUMNS, *(f"{label}_v" for label in labels if seen)))
        for line in Checked(sessions.journal_path(session.id)):
            if line["kind"] == "step_enter":
                step = line.get("step_id", "")
            if line["kind"] != "reading":
                continue
            line["step"] = step
            cells = line.get("per_cell_v") or {}
            writer.writerow((*(line.get(column) for column in COLUMNS), *(cells.get(label) for label in labels if seen)))
            file.write(text.getvalue())
            text.seek(0)
            text.truncate()
        file.write(text.getvalue())
    return out.paths


def _cells_seen(path: Path) -> bool:
    with path.open("rb") as file:
        return any(b'"per_cell_v":{"' in raw for raw in file)
