"""The bench as a process of its own: how long its start takes, attaching to the full picture, and the stop key through the socket."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from drivers.simulated.description import describe
from tests.benchmarks.figures import Figure, Measurement, at_most, below, percentile
from tests.benchmarks.stop import QUICK_STOPS, SPEED, STOPS, STOPS_OF_A_SESSION, own_home, stop_figure, stopped_ms
from tests.choices import CHOICES
from tests.screens.fake_link import KNEE, FakeLink
from tui import bench_process
from tui.bench.headless import pty_rig
from tui.bench.link import Link
from tui.bench.local import LocalLink
from tui.bench.messages import Point
from tui.bench.remote import RemoteLink
from tui.bench.server import BenchServer
from tui.cli_bench import plan_from
from tui.records.curve import MAX_POINTS
from tui.records.places import Home

DAYS_3_S = 72 * 3600.0


class LongSession(FakeLink):
    """A session of three days: as many points as a curve ever has."""

    def history(self, since_s: float = 0.0) -> list[Point]:
        every_s = DAYS_3_S / MAX_POINTS
        return [Point(number * every_s, 3.31 + number * 1e-4, 3.3101 + number * 1e-4, 9.99 - number * 1e-3) for number in range(MAX_POINTS)]


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
    detail = f"p50 {1000 * percentile(attached, 50):.0f} ms of {len(attached)}; {MAX_POINTS} points of curve"
    yield below("re-attach to the full picture after 72 h, worst", max(attached), 1.0, "s", detail=detail)
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
    with own_home() as place, served(LongSession(KNEE), place):
        for _ in range(rounds):
            started = time.perf_counter()
            link = _attached(place)
            if link.card() is None or len(link.history()) != MAX_POINTS:
                raise RuntimeError("the picture is not full")
            took_s.append(time.perf_counter() - started)
            link.close()
    return took_s


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
