"""How long a start takes: the shortest command, and the first full paint beside that of a bare application."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from unittest.mock import patch

from tests.benchmarks.figures import Figure, Measurement, at_most, below
from tests.benchmarks.harness import ROOT, Terminal, shows
from tui import bench_process
from tui.records.places import home

TOPBALANCE = [str(Path(sys.executable).with_name("topbalance"))]
BARE = [sys.executable, str(Path(__file__).with_name("bare_app.py"))]
FRAME = ("Setup", "Checklist", "When a session starts", "F1 help")
"""What stands on the first screen as soon as anything does: each pane's title, the first words of the checklist, the footer's end."""
WHOLE = (*FRAME, "How many cells?", "Start  F5")
"""The same with the form of Setup and its button: a newcomer can begin."""
BARE_PARTS = ("bare", "q quit", "palette")


def version(quick: bool) -> Iterator[Figure]:
    times_s = []
    for _ in range(2 if quick else 9):
        started_s = time.perf_counter()
        subprocess.run([*TOPBALANCE, "--version"], check=True, capture_output=True, cwd=ROOT)
        times_s.append(time.perf_counter() - started_s)
    yield below("topbalance --version", median(times_s), 0.25, "s", 3, f"median of {len(times_s)}, best {min(times_s):.3f}")


def first_paint(quick: bool) -> Iterator[Figure]:
    bare, frame, whole = [], [], []
    for _ in range(2 if quick else 10):
        bare.append(paints(BARE, BARE_PARTS)[0])
        frame_paint, whole_paint = paints(TOPBALANCE, FRAME, WHOLE)
        frame.append(frame_paint)
        whole.append(whole_paint)
    bare_s, frame_s, whole_s = (
        median(paint.after_s for paint in found[1:]) for found in (bare, frame, whole)
    )  # the first start fills caches
    detail = f"{whole_s:.3f} s, bare {bare_s:.3f} s, medians of {len(whole) - 1} alternated starts; {whole[-1].sent_bytes:,} B"
    yield at_most("first full paint, times a bare Textual app's", whole_s / bare_s, 1.6, "×", 2, detail)
    yield Figure("  panes and footer, before the form of Setup", f"{frame_s / bare_s:.2f} ×  ({frame_s:.3f} s; {frame[-1].sent_bytes:,} B)")


@dataclass(frozen=True, slots=True)
class Paint:
    """How long after the start a screen stood there, and what had been sent until then."""

    after_s: float
    sent_bytes: int


def paints(command: Sequence[str], *stages: Sequence[str]) -> list[Paint]:
    """When the screen first shows all words of each stage, one stage after the other. The home is a new one each time."""
    found = []
    with own_place() as place, Terminal(command, environment(place)) as terminal:
        for parts in stages:
            at_s = terminal.wait_for(partial(_shows_all, parts), 30.0)
            sent = sum(len(piece.data) for piece in terminal.pieces if piece.at_s <= at_s)
            found.append(Paint(at_s - terminal.started_s, sent))
    return found


def _shows_all(parts: Sequence[str], lines: list[str]) -> bool:
    return all(shows(part, lines) for part in parts)


@contextmanager
def own_place() -> Iterator[str]:
    """A new home; the bench process that a program has started there is ended with it."""
    with tempfile.TemporaryDirectory() as place:
        try:
            yield place
        finally:
            with patch.dict(os.environ, {"TOPBALANCE_HOME": place}):
                bench_process.stop(home(demo=True))


def environment(place: str) -> dict[str, str]:
    """A home of its own for everything that the program writes."""
    return {"TOPBALANCE_HOME": place, "HOME": place, "VIRTUAL_ENV": os.environ.get("VIRTUAL_ENV", "")}


MEASUREMENTS = (Measurement("version", version), Measurement("first-paint", first_paint))
