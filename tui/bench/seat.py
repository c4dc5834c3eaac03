"""Puts a session on the bench: its supply and meter opened, its guard, its procedure. A new one and one that goes on after a crash sit alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from drivers.address import AddressError
from drivers.roles import InstrumentError, Supply, SupplyProfile, SupplyReading
from tui.bench.output import Output
from tui.bench.ports import Port
from tui.bench.recorder import Recorder
from tui.bench.runner import Runner
from tui.bench.session import Session
from tui.domain import calculations
from tui.domain.plan import Plan
from tui.domain.procedure import Step

if TYPE_CHECKING:
    from tui.bench.bench import Bench


def seat(
    bench: Bench, plan: Plan, profile: SupplyProfile, port: Port[Supply], recorder: Recorder, steps: tuple[Step, ...], *, started_s: float
) -> Session:
    """The session of this plan, which began at `started_s` (bench time), on the bench; its procedure has not begun yet."""
    assert steps[0].part is not None
    session = Session(plan, profile, recorder, started_s, steps[0].part)
    bench.instruments.held_by(recorder.id)
    output = Output(port, profile, now_s=bench.now_s, line_now_s=bench.line_now_s, log=bench.log)
    bench.begin(session, output)
    session.runner = Runner(bench.stage, steps)
    bench.arrangement = str(calculations.wiring(session.plan))
    bench.supply_text = f"{profile.model} · {plan.supply.address}" if profile.has_interface else profile.model
    bench.meter_text = plan.meter and f"{bench.meter_profile.model if bench.meter_profile else 'meter'} · {plan.meter}"
    return session


def open_supply(bench: Bench, plan: Plan) -> tuple[Port[Supply], SupplyProfile, SupplyReading]:
    """The plan's supply, identified, and its first reading; nothing is written. Raises InstrumentError and AddressError."""
    port, profile = bench.instruments.open_supply(plan.supply)
    bench.supply = port
    port.poll()
    return port, profile, port.reading or port.call(lambda supply: supply.read())


def missing_meter(bench: Bench, plan: Plan) -> str:
    """Open the plan's meter where it is not open yet; why it cannot be, or ""."""
    if not plan.meter or bench.meter is not None:
        return ""
    try:
        bench.meter, bench.meter_profile = bench.instruments.open_meter(plan.meter)
    except InstrumentError as problem:
        return str(problem)
    return ""


def open_bms(bench: Bench, plan: Plan, steps: Iterable[Step]) -> None:
    """Open the line of the plan's BMS, where some part charges a string and it is not open yet. Raises InstrumentError and AddressError."""
    if plan.bms and bench.bms is None and any(step.part is not None and calculations.wiring(step.part.plan).series > 1 for step in steps):
        bench.bms = bench.instruments.open_bms(plan.bms)


def missing_bms(bench: Bench, plan: Plan, steps: Iterable[Step]) -> str:
    """The same; why it cannot be, or ""."""
    try:
        open_bms(bench, plan, steps)
    except (InstrumentError, AddressError) as problem:
        return str(problem)
    return ""


def leave_seat(bench: Bench) -> None:
    """Let instruments and session go: the bench is idle."""
    bench.close()
    bench.instruments.release()
    bench.forget_output()
    bench.session, bench.state, bench.safety.call, bench.stranger = None, "idle", None, None
