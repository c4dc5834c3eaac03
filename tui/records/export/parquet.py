"""The time series as Parquet, made of the same rows as the battery data format's CSV. Needs pyarrow, an extra: it weighs more than all the rest."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tui.records.export.output import ExportRefused
from tui.records.sessions import Session, Sessions

MISSING = (
    "Parquet needs the library pyarrow, which is not installed: it weighs more than this whole program, so it is left to those who want it. "
    "Install topbalance[parquet], or export as bdf and let your own tool convert it: the columns are the same."
)


def export_parquet(sessions: Sessions, session: Session, folder: Path, *, full: bool, institution: str) -> list[Path]:
    """One file for each test object, `….bdf.parquet`; blanks are nulls. Raises ExportRefused, also where pyarrow is missing."""
    try:
        import pyarrow  # looked for before anything is written
        from pyarrow import csv, parquet
    except ImportError:
        raise ExportRefused(MISSING) from None
    from tui.records.export.bdf import export_bdf
    from tui.records.export.output import Output

    texts = {"Step ID", "Step Type"}
    made: list[Path] = []
    with Output(folder):  # makes it
        pass
    with tempfile.TemporaryDirectory(dir=folder, prefix=".topbalance-") as aside:
        tables = [
            path
            for path in export_bdf(sessions, session, Path(aside), full=full, institution=institution)
            if path.name.endswith(".bdf.csv")
        ]
        with Output(folder) as out:
            for table in tables:
                header = table.open(encoding="utf-8").readline().rstrip("\n").split(",")
                types = {name: pyarrow.string() if name in texts else pyarrow.float64() for name in header}
                options = csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=True)
                target = out.open(table.name.removesuffix(".csv") + ".parquet")
                with csv.open_csv(table, convert_options=options) as batches, parquet.ParquetWriter(target.part, batches.schema) as writer:
                    for batch in batches:
                        writer.write_batch(batch)
            made = out.paths
    return made
