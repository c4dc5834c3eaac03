"""How fast a whole balance runs in lock-step, and whether a long session fills the memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from tests.benchmarks.figures import Figure, Measurement, at_least, below
from tests.benchmarks.harness import ROOT
from tests.benchmarks.startup import TOPBALANCE, environment

RUN = [*TOPBALANCE, "run", "--demo", "--headless", "--speed", "max", "--json", "--cells", "8", "--capacity", "280Ah", "--soc", "90%"]


def headless(quick: bool) -> Iterator[Figure]:
    rates, whole_rates, processor_rates = [], [], []
    for _ in range(1 if quick else 5):
        with tempfile.TemporaryDirectory() as place:
            before, started_s = os.times(), time.perf_counter()
            found = _last_object(RUN, place)
            wall_s, after = time.perf_counter() - started_s, os.times()
        cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
        rates.append(float(found["times_real_time"]))
        whole_rates.append(found["duration_s"] / wall_s)
        processor_rates.append(found["duration_s"] / cpu_s)
    name = "run --demo --headless --speed max, 8 × 280 Ah from 90 %"
    detail = f"{found['duration_s'] / 3600:.1f} h simulated, {found['result']}, median of {len(rates)}, best {max(rates):,.0f}"
    yield at_least(name, median(rates), 20_000, "×", 0, detail)
    yield Figure(
        "  the whole process, by the clock and by its processor time", f"{median(whole_rates):,.0f} ×, {median(processor_rates):,.0f} ×"
    )


def memory(quick: bool) -> Iterator[Figure]:
    hours = 4.0 if quick else 96.0
    with tempfile.TemporaryDirectory() as place:
        found = _last_object([sys.executable, "-m", "tests.benchmarks.long_session", str(hours), "30" if quick else "1"], place)
    detail = f"{found['early_mb']:.1f} MB to {found['late_mb']:.1f} MB; {found['ticks']:,} ticks, journal {found['journal_mb']:.1f} MB"
    yield below(f"memory growth of one session from 2 h to {hours:.0f} h", found["late_mb"] - found["early_mb"], 20.0, "MB", 1, detail)


def _last_object(command: list[str], place: str) -> dict[str, Any]:
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **environment(place)})
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


MEASUREMENTS = (Measurement("headless", headless), Measurement("memory", memory))
