"""`python -m tests.benchmarks [--quick] [NAME …]`: measure, and print each figure with its target and OK or MISSED.

Times depend on the machine, so a missed target is told and never an error; the exit status is 1 only when something could not be measured.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

from tests.benchmarks import exporting, fuzz, inventory, kills, pack, physics, process, screen, sessions, speed, startup, stop, verdict
from tests.benchmarks.figures import HEAD, Figure, line

MEASUREMENTS = (
    *startup.MEASUREMENTS,
    *screen.MEASUREMENTS,
    *sessions.MEASUREMENTS,
    *speed.MEASUREMENTS,
    *stop.MEASUREMENTS,
    *verdict.MEASUREMENTS,
    *process.MEASUREMENTS,
    *kills.MEASUREMENTS,
    *physics.MEASUREMENTS,
    *fuzz.MEASUREMENTS,
    *pack.MEASUREMENTS,
    *exporting.MEASUREMENTS,
    *inventory.MEASUREMENTS,
)


def main() -> int:
    names = [measurement.name for measurement in MEASUREMENTS]
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description="Measures what the program promises. Keep the machine idle meanwhile."
    )
    parser.add_argument("--quick", action="store_true", help="everything once and short: whether it can be measured, not how fast it is")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(names)}")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in names]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}")
    found: list[Figure] = []
    failed: list[str] = []
    started_s = time.monotonic()
    print(line(HEAD), flush=True)
    for measurement in MEASUREMENTS:
        if options.names and measurement.name not in options.names:
            continue
        try:
            for figure in measurement.measure(options.quick):
                found.append(figure)
                print(line(figure), flush=True)
        except (OSError, RuntimeError, ValueError, LookupError, subprocess.SubprocessError) as problem:
            failed.append(measurement.name)
            print(f"{measurement.name}: NOT MEASURED: {problem}", flush=True)
    met, missed = (sum(figure.ok is ok for figure in found) for ok in (True, False))
    took_s, load = time.monotonic() - started_s, os.getloadavg()[0]
    print(f"{met} OK, {missed} MISSED, {len(failed)} not measured; {took_s:.0f} s, load {load:.1f}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
