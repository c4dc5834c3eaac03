"""Measured by `export`: a week at one reading a second, made synthetically, then exported, imported or reported in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.figures import Figure, Measurement, at_most

ROWS = 604_800
START_S = 1_760_000_000.0
BDF_S, BDF_MB = 15.0, 150.0


def export(quick: bool) -> Iterator[Figure]:
    rows = 3_000 if quick else ROWS
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside)
        _run("make", folder, str(rows))
        size_mb = sum(path.stat().st_size for path in folder.rglob("sessions/*.jsonl")) / 1e6
        for form in ("bdf", "bdf full", "csv", "json", "import", "parquet", "html", "markdown"):
            seen = _run(form, folder)
            name = f"{rows:,} rows ({size_mb:,.0f} MB of journal) " + (f"to {form}" if form != "import" else "from json into another home")
            detail = f"{seen['cpu_s']:.1f} s of CPU, {seen['written_mb']:,.0f} MB written"
            if form == "bdf":
                yield at_most(name, seen["wall_s"], BDF_S, "s", 1, detail)
                yield at_most("    memory at its highest", seen["peak_mb"], BDF_MB, "MB", 0)
            else:
                yield Figure(name, f"{seen['wall_s']:.1f} s  ({detail}, {seen['peak_mb']:.0f} MB of memory)")


def _run(*words: str | Path) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.exporting", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "it failed")
    return json.loads(done.stdout) if done.stdout.strip() else {}


def make(folder: Path, rows: int) -> None:
    """A session of so many seconds on eight cells in parallel: constant current, then a taper to the end rule."""
    from tests.domain.domain_plans import plan
    from tui.records.journal import Journal
    from tui.records.sessions import Sessions

    store = Sessions(_home(folder))
    made = plan(8)
    session = store.create(made, started_unix_s=START_S, before_v={cell.label: 3.3 for cell in made.cells})
    ah = wh = 0.0
    with Journal(store.journal_path(session.id), create=True) as journal:

        def note(kind: str, at_s: float, **fields: object) -> None:
            journal.append(kind, test_time_s=float(at_s), unix_time_s=START_S + at_s, **fields)

        supply = {"model": "RD6012", "serial": "1", "firmware": "1", "address": "riden:x"}
        note("session_start", 0, data={"plan": made.to_json(), "supply": supply, "meter": "text-line:x"})
        for number in range(rows):
            if number % (rows // 20 or 1) == 0:
                note("step_enter", number, step_id=f"step-{number}", text=f"Step {number}")
            share = number / rows
            amps = 10.0 if share < 0.9 else 10.0 * 0.5 ** ((share - 0.9) * 100)
            volts = 3.3 + 0.1 * share if share < 0.9 else 3.65 - 0.005 * amps
            ah, wh = ah + amps / 3600, wh + amps * volts / 3600
            note(
                "reading",
                number,
                cells_v=round(volts, 4),
                cells_trust="measured",
                supply_v=round(volts + 0.02 * amps, 4),
                supply_trust="measured",
                current_a=round(amps, 4),
                set_voltage_v=3.65,
                set_current_a=10.0,
                mode="CC" if share < 0.9 else "CV",
                output=True,
                charge_ah=round(ah, 6),
                energy_wh=round(wh, 6),
            )
        end = {"part": "balance", "title": "Balance", "cells": [cell.label for cell in made.cells], "reason": "end rule", "by_rule": True}
        note("part_end", rows, text="Balance: end rule", data={**end, "charge_ah": ah, "duration_s": rows, "tail_current_a": 0.01})
        note("session_end", rows, result="balanced", state="ended", end_reason="end rule")
        head = journal.head_hash
    store.finish(session.id, result="balanced", ended_unix_s=START_S + rows, duration_s=rows, end_reason="end rule", journal_head=head)


def once(form: str, folder: Path) -> dict[str, float]:
    import resource

    from tui.records.export import export_session
    from tui.records.sessions import Sessions

    store = Sessions(_home(folder))
    session = store.list()[-1]
    target = folder / form.replace(" ", "-")
    wall_s, cpu_s = time.monotonic(), time.process_time()
    if form in ("html", "markdown"):
        from tui.records.report import write_report

        made = [write_report(store, session, target / f"report.{form}", form=form)]  # type: ignore[arg-type]
    elif form == "import":
        from tui.records.session_import import import_session

        other = _home(folder / "other")
        (file,) = (folder / "json").iterdir()
        found = import_session(other, file)
        if not found.kept:
            raise RuntimeError(found.words)
        made = [*other.sessions_dir.iterdir()]
    else:
        name, _, profile = form.partition(" ")
        made = export_session(store, session, target, form=name, profile=profile or "strict")  # type: ignore[arg-type]
    return {
        "wall_s": time.monotonic() - wall_s,
        "cpu_s": time.process_time() - cpu_s,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "written_mb": sum(path.stat().st_size for path in made) / 1e6,
    }


def _home(folder: Path):  # type: ignore[no-untyped-def]
    from tui.records.places import Home

    place = Home(*(folder / name for name in ("config", "data", "logs", "runtime")))
    place.create()
    return place


MEASUREMENTS = (Measurement("export", export),)

if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        print(json.dumps(once(sys.argv[1], Path(sys.argv[2]))))
