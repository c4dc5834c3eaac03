"""A session for other programs: battery data format with its side files, readable CSV, the whole record as JSON, Parquet.

Everything is streamed from the journal in one passage, so a week at one reading a second needs no more memory than an hour.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from tui.records.export.output import ExportRefused
from tui.records.journal_reading import first_line, too_new
from tui.records.sessions import Session, Sessions

__all__ = ["FORMATS", "PROFILES", "ExportRefused", "Format", "Profile", "export_session"]

Format = Literal["bdf", "csv", "json", "parquet"]
Profile = Literal["strict", "full"]
FORMATS: tuple[Format, ...] = ("bdf", "csv", "json", "parquet")
PROFILES: tuple[Profile, ...] = ("strict", "full")


def export_session(
    sessions: Sessions,
    session: Session,
    folder: Path,
    *,
    form: Format = "bdf",
    profile: Profile = "strict",
    institution: str = "topbalance",
) -> list[Path]:
    """Write one session into `folder` (made where it is missing) and return the files, the time series first.

    Files of an earlier export of the same session are replaced; all appear together when every one is whole. A running session is exported
    as far as its journal goes. `profile` and `institution` (the first part of the file names) are for bdf and parquet.
    Raises ExportRefused, in words, for a session without a journal or one of a newer program, and for a disk that refuses.
    """
    _readable(sessions.journal_path(session.id))
    if form == "csv":
        from tui.records.export.plain import export_csv

        return export_csv(sessions, session, folder)
    if form == "json":
        from tui.records.export.whole import export_json

        return export_json(sessions, session, folder)
    from tui.records.export.bdf import export_bdf

    if form == "bdf":
        return export_bdf(sessions, session, folder, full=profile == "full", institution=institution)
    from tui.records.export.parquet import export_parquet

    return export_parquet(sessions, session, folder, full=profile == "full", institution=institution)


def _readable(path: Path) -> None:
    """Raises ExportRefused where there is no journal, or one whose lines this program may read wrong."""
    try:
        with path.open("rb", buffering=0) as file:
            newer = too_new(first_line(file), path.name)
    except FileNotFoundError:
        raise ExportRefused(
            f"{path.name}: this session has no journal, so there is nothing to export. It was never begun, or moved away."
        ) from None
    except OSError as error:
        raise ExportRefused(f"{path} cannot be read: {error.strerror or error}.") from error
    if newer:
        raise ExportRefused(newer)
