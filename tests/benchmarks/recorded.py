"""A charge on the embedded bench in lock-step, for measurements that need one: driven to a point, and recorded second by second."""

from __future__ import annotations

from collections.abc import Callable

from drivers.simulated.description import describe
from tests.choices import CHOICES
from tui.bench import picture
from tui.bench.headless import LockStep, lock_step_rig
from tui.bench.messages import Point, SessionCard, Snapshot, Start
from tui.cli_bench import plan_from
from tui.records.places import home


def begin(*, cells: int = 8, capacity_ah: float = 280.0, soc: float = 0.97, supply_current_a: float = 10.0) -> LockStep:
    """A rig on a virtual clock whose session has started. Raises RuntimeError when the bench refuses the plan."""
    description = describe(cells=cells, capacity_ah=capacity_ah, soc=(soc, min(1.0, soc + 0.005)), supply_current_a=supply_current_a)
    rig = lock_step_rig(description, home(demo=True))
    run = LockStep(rig)
    outcome = run.send(Start(plan_from(description, rig.supply_address, rig.meter_address, CHOICES).to_json()))
    if not outcome.ok:
        raise RuntimeError(outcome.message)
    return run


def drive(
    run: LockStep, until: Callable[[Snapshot], bool], *, tick_s: float | None = None, on_tick: Callable[[Snapshot], None] | None = None
) -> None:
    """Answer and tick until a Snapshot fulfils `until`. Raises RuntimeError when the session stops before."""
    while not until(snapshot := run.snapshot()):
        if snapshot.state in ("hold", "tripped", "call", "ended"):
            raise RuntimeError(f"the session came to {snapshot.state}: {'; '.join(alarm.text for alarm in snapshot.alarms)}")
        command = run.script.next(snapshot)
        if command is not None:
            run.send(command)
            continue
        run.step(tick_s if snapshot.state == "charging" else None)
        if on_tick is not None:
            on_tick(snapshot)


def record(phase: str, seconds: int) -> tuple[list[Snapshot], list[Point], SessionCard | None]:
    """Snapshots of a charge, one a second: "plateau" a minute after its begin, "knee" from 3.55 V on."""
    run = begin(soc=0.97 if phase == "plateau" else 0.992)
    try:
        if phase == "plateau":
            drive(run, lambda snapshot: snapshot.state == "charging" and snapshot.charge_ah > 10 / 60)
        else:
            drive(run, lambda snapshot: snapshot.since_knee_s is not None and snapshot.since_knee_s > 60)
        taken: list[Snapshot] = []
        drive(run, lambda _: len(taken) >= seconds, tick_s=1.0, on_tick=taken.append)
        session = run.bench.session
        points = [] if session is None else session.recorder.points(0.0)
        return taken, points, picture.card(run.bench)
    finally:
        run.rig.close()
