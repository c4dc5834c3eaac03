"""The bench as a process of its own: how long its start takes, attaching to the full picture, and the stop key through the socket."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from drivers.simulated.description import describe
from tests.benchmarks.figures import Figure, Measurement, at_most, below, percentile
from tests.benchmarks.harness import Terminal, shows
from tests.benchmarks.startup import TOPBALANCE, environment
from tests.benchmarks.stop import QUICK_STOPS, SPEED, STOPS, STOPS_OF_A_SESSION, own_home, stop_figure, stopped_ms, wait
from tests.choices import CHOICES
from tui import bench_process
from tui.bench.headless import LockStep, lock_step_rig, pty_rig
from tui.bench.link import Link
from tui.bench.local import LocalLink
from tui.bench.messages import Start
from tui.bench.remote import RemoteLink
from tui.bench.script import Script
from tui.bench.server import BenchServer
from tui.bench.stepped import SteppedLink
from tui.cli_bench import plan_from
from tui.records.places import Home

DAYS_3_S = 72 * 3600.0


def after_three_days(place: Home) -> SteppedLink:
    """A bench in lock-step whose charge has run for 72 hours; its time stands still from then on."""
    description = describe(cells=8, capacity_ah=280.0, soc=(0.3, 0.3))
    rig = lock_step_rig(description, place)
    run = LockStep(rig)
    outcome = run.send(Start(plan_from(description, rig.supply_address, rig.meter_address, CHOICES).to_json()))
    if not outcome.ok:
        raise RuntimeError(outcome.message)
    snapshot = run.go_on(longest_s=DAYS_3_S)
    if snapshot.state != "charging":
        raise RuntimeError(f"after 72 hours the bench is {snapshot.state}")
    return SteppedLink(run)


@contextmanager
def served(link: Link, place: Home) -> Iterator[None]:
    """A server on a thread of this process, so that the physics behind it can be looked at."""
    server = BenchServer(link, place)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield
    finally:
        server.stop("measured")
        thread.join()


def process(quick: bool) -> Iterator[Figure]:
    logging.getLogger("tui.bench.server").setLevel(logging.ERROR)  # it tells of every stop
    starts = [_started_s() for _ in range(1 if quick else 5)]
    yield at_most("bench process, from nothing to its first answer", max(starts), 2.0, "s", detail=f"worst of {len(starts)}")
    attached = _attached_s(3 if quick else 30)
    detail = f"p50 {1000 * percentile(attached, 50):.0f} ms of {len(attached)}; connection, Snapshot, checklist, curve"
    yield below("re-attach to the full picture after 72 h, worst", max(attached), 1.0, "s", detail=detail)
    shown = [_shown_s() for _ in range(1 if quick else 5)]
    detail = f"median of {len(shown)}: {percentile(shown, 50):.2f} s; interpreter, imports and first paint included"
    yield Figure("`topbalance demo` in mid-charge, start to full picture", f"worst {max(shown):.2f} s  ({detail})")
    off_ms: list[float] = []
    while len(off_ms) < (QUICK_STOPS if quick else STOPS):
        off_ms += _stops_ms(QUICK_STOPS if quick else STOPS_OF_A_SESSION)
    yield stop_figure("stop through the socket to output off, p99", off_ms, " by a looker-on, meter silent")


def _started_s() -> float:
    with own_home() as place:
        started = time.perf_counter()
        bench_process.ensure_bench(place)
        took_s = time.perf_counter() - started
        bench_process.stop(place)
        return took_s


def _attached_s(rounds: int) -> list[float]:
    """Connection, Snapshot, card and curve, each time anew."""
    took_s = []
    with own_home() as place, served(after_three_days(place), place):
        for _ in range(rounds):
            started = time.perf_counter()
            link = _attached(place)
            points = link.history()
            if link.card() is None or not points or points[-1].time_s < DAYS_3_S - 3600:
                raise RuntimeError("the picture is not full")
            took_s.append(time.perf_counter() - started)
            link.close()
    return took_s


def _shown_s() -> float:
    """From the start of the program to a screen that shows the running charge, its step and its curve."""
    with own_home() as place:
        bench_process.ensure_bench(place, ["--cells", "4"])
        try:
            link, script = RemoteLink(place, kind="demo").start(), Script()
            if not link.attached(10) or not link.send(Start(link.about["defaults"])).ok:
                raise RuntimeError("the session did not begin")
            wait(lambda: _charges(link, script), 0.02)
            link.close()
            with Terminal([*TOPBALANCE, "demo"], environment(str(place.data))) as terminal:
                at_s = terminal.wait_for(_full, 20.0)
                return at_s - terminal.started_s
        finally:
            bench_process.stop(place)


def _full(lines: list[str]) -> bool:
    """The state, the checklist at its step, and a curve (dots of braille)."""
    return (
        shows("CHARGING", lines) and shows("▶ 13 Charge to", lines) and any("\u2801" <= sign <= "\u28ff" for line in lines for sign in line)
    )


def _charges(link: RemoteLink, script: Script) -> bool:
    snapshot = link.snapshot()
    command = script.next(snapshot)
    if command is not None:
        link.send(command)
    return snapshot.state == "charging" and snapshot.elapsed_s > 300


def _attached(place: Home) -> RemoteLink:
    link = RemoteLink(place).start()
    if not link.attached(10):
        raise RuntimeError("the screen did not come to the bench")
    return link


def _stops_ms(times: int) -> list[float]:
    """Milliseconds from each stop on a screen without the keys to the output off, the meter having fallen silent."""
    with own_home() as place:
        description = describe(cells=4, capacity_ah=280.0, soc=(0.9, 0.9))
        rig = pty_rig(description, place, speed=SPEED)
        try:
            with served(LocalLink(rig.bench).start(), place):
                screen, looker_on = _attached(place), _attached(place)  # the first has the keys
                plan = plan_from(description, rig.supply_address, rig.meter_address, CHOICES)
                took_ms = stopped_ms(rig, screen, looker_on, plan, times)
                screen.close()
                looker_on.close()
                return took_ms
        finally:
            rig.close()


MEASUREMENTS = (Measurement("process", process),)
