"""One long session in lock-step, a Snapshot and the curve taken as a screen would. Prints its resident memory after 2 h and at the end.

Arguments: hours of the session, bench seconds a tick. Run by `speed` in a process of its own, so that the memory is the session's.
"""

from __future__ import annotations

import gc
import json
import sys

import psutil

from tests.benchmarks.recorded import begin, drive
from tui.bench.messages import Snapshot

EARLY_S = 2 * 3600.0
CURVE_EVERY_S = 600.0


def main(hours: float, tick_s: float) -> None:
    run = begin(cells=16, soc=0.3)  # 16 × 280 Ah at 10 A: more than 300 h to go
    session = run.bench.session
    if session is None:
        raise RuntimeError("the session did not start")
    ticks = 0
    curve_s = 0.0

    def on_tick(snapshot: Snapshot) -> None:
        nonlocal ticks, curve_s
        ticks += 1
        if snapshot.elapsed_s - curve_s >= CURVE_EVERY_S:
            curve_s = snapshot.elapsed_s
            session.recorder.points(0.0)

    drive(run, lambda snapshot: snapshot.elapsed_s >= EARLY_S, tick_s=tick_s, on_tick=on_tick)
    early_mb = _resident_mb()
    drive(run, lambda snapshot: snapshot.elapsed_s >= hours * 3600.0, tick_s=tick_s, on_tick=on_tick)
    late_mb = _resident_mb()
    journal = run.bench.home.sessions_dir / f"{session.recorder.id}.jsonl"
    size_mb = journal.stat().st_size / 1e6
    run.rig.close()
    print(json.dumps({"early_mb": early_mb, "late_mb": late_mb, "ticks": ticks, "journal_mb": size_mb}))


def _resident_mb() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss) / 1e6


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]))
