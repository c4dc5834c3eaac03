"""From the stop key's call to the output's relay: the bench on its thread, instruments behind pseudo-terminals, the meter silent."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

from drivers.simulated.description import describe
from drivers.simulated.faults import make_fault
from tests.benchmarks.figures import Figure, Measurement, below, percentile
from tests.choices import CHOICES
from tui.bench.headless import Rig, pty_rig
from tui.bench.link import Link
from tui.bench.local import LocalLink
from tui.bench.messages import Resume, Start
from tui.bench.script import Script
from tui.cli_bench import plan_from
from tui.domain.plan import Plan
from tui.records.places import Home, home

SPEED = 60.0  # until the charge flows; the stop itself is measured by the wall clock
LONGEST_S = 60.0
STOPS, QUICK_STOPS = 120, 3
STOPS_OF_A_SESSION = 20
LIMIT_MS = 150.0


def stops(quick: bool) -> Iterator[Figure]:
    off_ms: list[float] = []
    while len(off_ms) < (QUICK_STOPS if quick else STOPS):
        with own_home() as place:
            description = describe(cells=4, capacity_ah=280.0, soc=(0.9, 0.9))
            rig = pty_rig(description, place, speed=SPEED)
            link = LocalLink(rig.bench).start()
            try:
                plan = plan_from(description, rig.supply_address, rig.meter_address, CHOICES)
                off_ms += stopped_ms(rig, link, link, plan, QUICK_STOPS if quick else STOPS_OF_A_SESSION)
            finally:
                link.close()
                rig.close()
    yield stop_figure("stop key to output off, meter silent, p99", off_ms)


def stop_figure(name: str, off_ms: list[float], of_whom: str = "") -> Figure:
    detail = f"p50 {percentile(off_ms, 50):.1f} ms, worst {max(off_ms):.1f} ms, {len(off_ms)} stops{of_whom}"
    return below(name, percentile(off_ms, 99), LIMIT_MS, "ms", 1, detail)


@contextmanager
def own_home() -> Iterator[Home]:
    with tempfile.TemporaryDirectory() as place, patch.dict(os.environ, {"TOPBALANCE_HOME": place}):
        yield home(demo=True)


def stopped_ms(rig: Rig, screen: Link, stopping: Link, plan: Plan, times: int) -> list[float]:
    """Milliseconds from each of `stopping`'s stops to the relay, at random moments of the bench's second, the meter being silent.

    `screen` brings the session to the charge, and resumes it after each stop.
    """
    script, world, draw = Script(), rig.embedded.world, random.Random(2)
    outcome = screen.send(Start(plan.to_json()))
    if not outcome.ok:
        raise RuntimeError(outcome.message)

    def charging() -> bool:
        snapshot = screen.snapshot()
        command = Resume("measured") if snapshot.state == "hold" else script.next(snapshot)
        if command is not None:
            screen.send(command)
        return snapshot.state == "charging" and world.output_on

    off_ms = []
    for number in range(times):
        wait(charging, 0.01)
        if number == 0:
            rig.embedded.meter.inject_fault(make_fault("silence"))
        time.sleep(draw.uniform(0.0, 1.2))
        if not world.output_on:
            raise RuntimeError("the output was off before the stop")
        started_s = time.perf_counter()
        stopping.stop_output()
        wait(lambda: not world.output_on, 0.0002)
        off_ms.append(1000 * (time.perf_counter() - started_s))
        wait(lambda: screen.snapshot().state == "hold" and screen.snapshot().output_on is False, 0.01)
    return off_ms


def wait(condition: Callable[[], bool], look_every_s: float) -> None:
    end_s = time.monotonic() + LONGEST_S
    while not condition():
        if time.monotonic() > end_s:
            raise TimeoutError("the bench did not come to what was waited for")
        time.sleep(look_every_s)


MEASUREMENTS = (Measurement("stop", stops),)
