"""A session whole, as one JSON document: its row, every line of its journal byte for byte, and the pieces that a power cut tore off.

It is what `tui.records.whole_session` reads back: the layout of its lines is part of the format. The hash at its end is of every byte before it.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tui.records.export.bdf import codes_of
from tui.records.export.output import Output
from tui.records.journal_reading import parse_line
from tui.records.program import program_version
from tui.records.session_files import pieces_of
from tui.records.sessions import Session, Sessions
from tui.records.whole_session import FORMAT, UNREADABLE


def export_json(sessions: Sessions, session: Session, folder: Path) -> list[Path]:
    """`ID.json` in `folder`. Raises ExportRefused."""
    codes = codes_of(sessions, session)
    path = sessions.journal_path(session.id)
    head: dict[str, Any] = {
        "topbalance_session": FORMAT,
        "exported_by": program_version() or None,
        "session": {**asdict(session), **sessions.record(session.id)},
        "cells": [{"label": cell.label, "id": cell.id, "code": codes.get(cell.label, "")} for cell in session.cells],
    }
    with Output(folder) as out:
        file = out.open(f"{session.id}.json")
        file.write(json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "journal": [\n')
        before = ""
        for raw in _lines(path):
            file.write(before + raw)
            file.rows += 1
            before = ",\n"
        torn = json.dumps([b64encode(piece.read_bytes()).decode("ascii") for piece in pieces_of(path)])
        file.write(f'{before[1:]} ],\n "torn_base64": {torn},\n')
        file.write(f' "sha256": "{file.sha256}"\n}}\n')
    return out.paths


def _lines(path: Path) -> Iterator[str]:
    """The lines as they stand in the file; one that is no good JSON as an object that holds its bytes."""
    with path.open("rb") as file:
        for raw in file:
            if parse_line(raw) is not None:
                yield raw[:-1].decode("utf-8")
            else:
                yield f'{{"{UNREADABLE}":"{b64encode(raw).decode("ascii")}"}}'
