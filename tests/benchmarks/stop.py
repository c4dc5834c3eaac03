"""From the stop key's call to the output's relay: the bench on its thread, instruments behind pseudo-terminals, the meter silent."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from unittest.mock import patch

from drivers.simulated.description import describe
from drivers.simulated.faults import make_fault
from tests.benchmarks.figures import Figure, Measurement, percentile
from tests.choices import CHOICES
from tui.bench.headless import Rig, pty_rig
from tui.bench.link import Link
from tui.bench.local import LocalLink
from tui.bench.messages import Start
from tui.bench.script import Script
from tui.cli_bench import plan_from
from tui.domain.plan import Plan
from tui.records.places import home

SPEED = 60.0  # until the charge flows; the stop itself is measured by the wall clock
LONGEST_S = 60.0


def stops(quick: bool) -> Iterator[Figure]:
    draw = random.Random(2)
    off_ms = [_one_stop(draw.uniform(0.0, 1.2)) for _ in range(3 if quick else 30)]
    half, most = percentile(off_ms, 50), percentile(off_ms, 99)
    yield Figure(
        "stop key to output off, meter silent", f"p50 {half:.1f} ms, p99 {most:.1f} ms, worst {max(off_ms):.1f} ms, {len(off_ms)} stops"
    )


def _one_stop(after_s: float) -> float:
    """Milliseconds from the stop to the output off, at a random moment of the bench's second, the meter having fallen silent."""
    with tempfile.TemporaryDirectory() as place, patch.dict(os.environ, {"TOPBALANCE_HOME": place}):
        description = describe(cells=4, capacity_ah=280.0, soc=(0.9, 0.9))
        rig = pty_rig(description, home(demo=True), speed=SPEED)
        try:
            return _stopped_ms(rig, plan_from(description, rig.supply_address, rig.meter_address, CHOICES), after_s)
        finally:
            rig.close()


def _stopped_ms(rig: Rig, plan: Plan, after_s: float) -> float:
    link = LocalLink(rig.bench).start()
    try:
        return stopped_ms(rig, link, link, plan, after_s)
    finally:
        link.close()


def stopped_ms(rig: Rig, screen: Link, stopping: Link, plan: Plan, after_s: float) -> float:
    """Milliseconds from `stopping`'s stop to the relay, `after_s` of wall time after the meter fell silent; `screen` brought it to the charge."""
    script, world = Script(), rig.embedded.world
    outcome = screen.send(Start(plan.to_json()))
    if not outcome.ok:
        raise RuntimeError(outcome.message)

    def charging() -> bool:
        snapshot = screen.snapshot()
        command = script.next(snapshot)
        if command is not None:
            screen.send(command)
        return snapshot.state == "charging" and world.output_on

    wait(charging, 0.01)
    rig.embedded.meter.inject_fault(make_fault("silence"))
    time.sleep(after_s)
    if not world.output_on:
        raise RuntimeError("the output was off before the stop")
    started_s = time.perf_counter()
    stopping.stop_output()
    wait(lambda: not world.output_on, 0.0002)
    return 1000 * (time.perf_counter() - started_s)


def wait(condition: Callable[[], bool], look_every_s: float) -> None:
    end_s = time.monotonic() + LONGEST_S
    while not condition():
        if time.monotonic() > end_s:
            raise TimeoutError("the bench did not come to what was waited for")
        time.sleep(look_every_s)


MEASUREMENTS = (Measurement("stop", stops),)
