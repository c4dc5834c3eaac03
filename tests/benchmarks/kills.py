"""A thousand kills of the bench at random moments: nothing acknowledged is lost, nothing is damaged, no cell goes over, and every session goes on."""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections.abc import Iterator
from unittest.mock import patch

from tests.benchmarks.figures import Figure, Measurement, at_most
from tests.benchmarks.killing import SUPPLY_ERROR_V, Killing, bench_description
from tui.domain.plan import Plan
from tui.records.places import home

TAKEN_UP = 1000
OVER_TARGET_V = 0.010


def kills(quick: bool) -> Iterator[Figure]:
    logging.getLogger("tui.bench").setLevel(logging.CRITICAL)  # each start tells what it took up
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as place, patch.dict(os.environ, {"TOPBALANCE_HOME": place}):
        tally = Killing(home(demo=True), seed=4).until(3 if quick else TAKEN_UP)
    lost = sum(wrong.startswith("lost") for wrong in tally.wrong)
    detail = f"{tally.acknowledged} acknowledged in {tally.sessions} sessions; {tally.early} more kills before a first step"
    yield at_most(f"{tally.kills} kills: acknowledged readings lost", lost, 0, "", detail=detail)
    yield at_most("… damaged stores or chains", sum("damaged" in wrong or "chain" in wrong for wrong in tally.wrong), 0, "")
    others = [wrong for wrong in tally.wrong if not wrong.startswith("lost")]
    yield at_most("… sessions that did not go on to *balanced*", len(others), 0, "", detail="; ".join(others[:3]))
    detail = f"{tally.taken_up} taken up; {tally.again} starts were killed before they came to it"
    yield at_most("… kills that the next start did not take up", tally.kills - tally.taken_up - tally.again, 0, "", detail=detail)
    target_v = Plan.__dataclass_fields__["target_v"].default
    over_mv = 1000 * (tally.max_cell_v - target_v)
    detail = f"supply {1000 * SUPPLY_ERROR_V:.0f} mV high, {len(bench_description().cells)} cells; {time.monotonic() - started:.0f} s"
    yield at_most("… highest cell above the target", over_mv, 1000 * OVER_TARGET_V, "mV", 1, detail)


MEASUREMENTS = (Measurement("kills", kills),)
