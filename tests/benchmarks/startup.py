"""How long a start takes: the shortest command, and the first full paint beside that of a bare application."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from tests.benchmarks.figures import Figure, Measurement, at_most, below
from tests.benchmarks.harness import ROOT, Terminal, shows

TOPBALANCE = [str(Path(sys.executable).with_name("topbalance"))]
BARE = [sys.executable, str(Path(__file__).with_name("bare_app.py"))]
PANES = ("Setup", "Live", "Checklist", "How many cells?", "Start  F5", "When a session starts", "F1 help")
"""What stands on a whole first screen: each pane's title, the form with its button, the first words of the checklist, the footer's end."""
BARE_PARTS = ("bare", "q quit", "palette")


def version(quick: bool) -> Iterator[Figure]:
    times_s = []
    for _ in range(2 if quick else 9):
        started_s = time.perf_counter()
        subprocess.run([*TOPBALANCE, "--version"], check=True, capture_output=True, cwd=ROOT)
        times_s.append(time.perf_counter() - started_s)
    yield below("topbalance --version", median(times_s), 0.25, "s", 3, f"median of {len(times_s)}, best {min(times_s):.3f}")


def first_paint(quick: bool) -> Iterator[Figure]:
    bare_s, ours_s, ours_bytes = [], [], []
    paint(BARE, BARE_PARTS), paint(TOPBALANCE, PANES)  # the first start reads everything from the disk
    for _ in range(1 if quick else 9):
        bare_s.append(paint(BARE, BARE_PARTS)[0])
        took_s, sent = paint(TOPBALANCE, PANES)
        ours_s.append(took_s)
        ours_bytes.append(sent)
    ratio = median(ours_s) / median(bare_s)
    detail = f"{median(ours_s):.3f} s, bare {median(bare_s):.3f} s, medians of {len(ours_s)} alternated starts"
    yield at_most("first paint of topbalance, times a bare Textual app's", ratio, 1.6, "×", 2, detail)
    yield Figure("  bytes sent until the first full paint, 120 × 40", f"{median(ours_bytes):,.0f} B")


def paint(command: Sequence[str], parts: Sequence[str]) -> tuple[float, int]:
    """Seconds from the start until the screen shows all `parts`, and the bytes sent until then. The home is a new one each time."""
    with tempfile.TemporaryDirectory() as place, Terminal(command, environment(place)) as terminal:
        at_s = terminal.wait_for(lambda lines: all(shows(part, lines) for part in parts), 30.0)
        sent = sum(len(piece.data) for piece in terminal.pieces if piece.at_s <= at_s)
    return at_s - terminal.started_s, sent


def environment(place: str) -> dict[str, str]:
    """A home of its own for everything that the program writes."""
    return {"TOPBALANCE_HOME": place, "HOME": place, "VIRTUAL_ENV": os.environ.get("VIRTUAL_ENV", "")}


MEASUREMENTS = (Measurement("version", version), Measurement("first-paint", first_paint))
