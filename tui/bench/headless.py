"""A whole procedure without a screen, on the embedded bench only: in lock-step as fast as the machine goes, or on pseudo-terminals at a speed."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

from drivers.clock import Clock, ScaledClock, VirtualClock
from drivers.simulated.description import BenchDescription
from drivers.simulated.embedded import EmbeddedBench
from drivers.simulated.faults import Fault
from tui.bench import picture
from tui.bench.bench import Bench
from tui.bench.commands import handle
from tui.bench.instruments import Instruments
from tui.bench.local import LocalLink
from tui.bench.messages import Command, Finish, Outcome, Snapshot, Start
from tui.bench.script import Script, ScriptStuck
from tui.domain import calculations
from tui.domain.plan import Plan
from tui.records.places import Home


class EmbeddedHands:
    """Hands of the embedded bench: the one way in which the program's side touches its physics."""

    def __init__(self, embedded: EmbeddedBench) -> None:
        self._embedded, self._world = embedded, embedded.world

    def do(self, act: str, *, voltage_v: float | None = None, current_a: float | None = None) -> None:
        name, _, labels = act.partition(":")
        cells = tuple(labels.split(",")) if labels else ()
        self._world.hands(name, cells=cells, voltage_v=voltage_v, current_a=current_a)

    def probe(self, point: str) -> float | None:
        return self._world.probe(point)

    def carry(self, cell: str) -> None:
        if self._embedded.meter.probes.point == "walk":
            self._embedded.meter.carry_to(cell)

    def refusal(self, plan: Plan) -> str:
        here = [cell.label for cell in self._embedded.description.cells]
        if all(cell.label in here for cell in plan.cells):
            return ""
        told = here[0] if len(here) == 1 else f"{here[0]} to {here[-1]}"
        return f"The built-in bench has the cells {told} and no others. Take these, or start the demo with more: topbalance demo --cells 8."

    def woken(self, plan: Plan, acts: tuple[str, ...], charge_ah: float) -> Plan:
        """See `runner.Hands`. Built anew, the cells get what the session had counted, shared out as its present bank would."""
        capacity_ah = {cell.label: cell.capacity_ah for cell in self._embedded.description.cells}
        if set(capacity_ah) != {cell.label for cell in plan.cells}:
            raise ValueError(
                "This built-in bench has other cells than that session. Start the demo with the options of that time, or end it."
            )
        if self._world.untouched:
            for act in acts:
                if act.partition(":")[0] not in ("set-knobs", "trim-knob", "set-current-knob", "switch-on", "switch-off"):
                    self.do(act)
            whole_ah = max(capacity_ah.values()) if calculations.wiring(plan).series > 1 else sum(capacity_ah.values())
            self._world.add_charge({label: charge_ah * own_ah / whole_ah for label, own_ah in capacity_ah.items()})
        supply = plan.supply if plan.supply.by_hand else replace(plan.supply, address=self._embedded.supply_address)
        bms = plan.bms and (self._embedded.bms_address or plan.bms)
        return replace(plan, supply=supply, meter=plan.meter and self._embedded.meter_address, bms=bms)

    def check(self, fault: Fault) -> None:
        self._embedded.check_fault(fault)

    def spoil(self, fault: Fault) -> None:
        self._embedded.inject_fault(fault)

    def mend(self, fault: Fault) -> None:
        self._embedded.undo_fault(fault)


@dataclass(slots=True)
class Rig:
    """The embedded bench with a Bench on it."""

    embedded: EmbeddedBench
    bench: Bench
    clock: Clock
    supply_address: str
    meter_address: str

    @property
    def bms_address(self) -> str:
        """ "" where its BMS has no line."""
        return self.embedded.bms_address

    def close(self) -> None:
        """Let instruments and emulators go; a session that is not ended is told unfinished."""
        self.bench.leave("the run was stopped")
        self.bench.close()
        self.bench.instruments.release()
        self.embedded.close()


def give_up(rig: Rig) -> Snapshot:
    """A gate refused the script: the session ends stopped, the output off."""
    if rig.bench.session is not None and not rig.bench.session.result:
        handle(rig.bench, Finish("a gate refused what the meters read"))
        while rig.bench.output_unproved:
            if isinstance(rig.clock, VirtualClock):
                rig.clock.advance(0.25)
            rig.bench.tick()
    return picture.snapshot(rig.bench)


def lock_step_rig(description: BenchDescription, home: Home) -> Rig:
    """Drivers and emulators joined by in-memory lines on a virtual clock: same bytes, no pseudo-terminal."""
    clock = VirtualClock()
    embedded = EmbeddedBench(description, clock)
    lines = embedded.memory_lines()
    instruments = Instruments(clock, home, line_factory=lambda address: lines[str(address)]())
    bench = Bench(home, clock, instruments, hands=EmbeddedHands(embedded), line_now_s=clock.now_s)
    return Rig(embedded, bench, clock, embedded.supply_address, embedded.meter_address)


def pty_rig(description: BenchDescription, home: Home, *, speed: float, takes_up: bool = False) -> Rig:
    """Emulators behind pseudo-terminals, opened by the real drivers like any hardware, on a clock that can be scaled."""
    clock = ScaledClock(1.0)
    embedded = EmbeddedBench(description, clock)
    embedded.open_ptys()

    def set_speed(factor: float) -> None:
        clock.speed = factor

    bench = Bench(
        home,
        clock,
        Instruments(clock, home, lines=lambda: [station.place for station in embedded.stations]),
        hands=EmbeddedHands(embedded),
        line_now_s=time.monotonic,
        set_speed=set_speed,
        takes_up=takes_up,
    )
    bench.wanted_speed = speed
    return Rig(embedded, bench, clock, embedded.supply_address, embedded.meter_address)


class LockStep:
    """Drives a lock-step rig tick by tick, with a script in the operator's chair."""

    def __init__(self, rig: Rig, script: Script | None = None) -> None:
        if not isinstance(rig.clock, VirtualClock):
            raise TypeError("lock-step needs a virtual clock")
        self.rig, self.bench, self.clock = rig, rig.bench, rig.clock
        self.script = script or Script()

    def snapshot(self) -> Snapshot:
        return picture.snapshot(self.bench)

    def send(self, command: Command) -> Outcome:
        return handle(self.bench, command)

    def step(self, seconds: float | None = None) -> None:
        """One tick; `seconds` of bench time, or as long as the bench thinks right."""
        if seconds is not None:
            self.bench.tick_s = seconds
        self.clock.advance(self.bench.next_tick_s() if seconds is None else seconds)
        self.bench.tick()

    def run(self, plan: Plan, *, longest_s: float = 30 * 86400.0) -> Snapshot:
        """Start and go on until the session ends, is held, trips, or a gate refuses."""
        outcome = self.send(Start(plan.to_json()))
        if not outcome.ok:
            raise ScriptStuck(outcome.message)
        return self.go_on(longest_s=longest_s)

    def go_on(self, *, longest_s: float = 30 * 86400.0) -> Snapshot:
        until_s = self.clock.now_s() + longest_s
        while self.clock.now_s() < until_s:
            if self._asked():
                command = self.script.next(self.snapshot())
                if command is not None:
                    self.send(command)
                    continue
            if self.bench.state in ("ended", "hold", "tripped", "call") and not self.bench.output_unproved:
                break
            self.step()
        return self.snapshot()

    def _asked(self) -> bool:
        """Whether a Snapshot is worth its cost: something is asked, or attention may be due."""
        session = self.bench.session
        if session is None or session.runner is None:
            return False
        if session.runner.prompt is not None or self.bench.safety.call is not None:
            return True
        due = session.attention.due_s(self.bench.reading)
        return due is not None and due <= 60.0


def run_on_ptys(rig: Rig, plan: Plan, script: Script, *, longest_wall_s: float = 7 * 86400.0) -> Snapshot:
    """The same over pseudo-terminals in scaled real time, through the link."""
    link = LocalLink(rig.bench).start()
    try:
        outcome = link.send(Start(plan.to_json()))
        if not outcome.ok:
            raise ScriptStuck(outcome.message)
        until = time.monotonic() + longest_wall_s
        while time.monotonic() < until:
            snapshot = link.snapshot()
            if snapshot.state in ("ended", "hold", "tripped") and not rig.bench.output_unproved:
                return snapshot
            command = script.next(snapshot)
            if command is None:
                time.sleep(0.1)
            else:
                link.send(command)
                time.sleep(0.02)
        link.send(Finish("the time allowed for the run is over"))
        return link.snapshot()
    finally:
        link.close()


def summary(rig: Rig, snapshot: Snapshot, wall_s: float) -> dict[str, Any]:
    """The object that ends a headless run. Maxima, milestones and spread of charge are the physics' truth, not the instruments'."""
    session, world = rig.bench.session, rig.embedded.world
    truth = world.truth()
    charges = world.charges
    main = max(charges, key=lambda charge: charge.charge_ah, default=None)
    rest = list(session.rest_v.values()) if session else []
    result = {"hold": "held", "tripped": "tripped", "call": "held"}.get(snapshot.state, snapshot.result or "unfinished")
    simulated_s = snapshot.elapsed_s
    return {
        "result": result,
        "end_reason": session.end_reason if session else "",
        "procedure": snapshot.procedure,
        "session": snapshot.session,
        "duration_s": round(simulated_s, 1),
        "charge_ah": round(session.charge_ah, 4) if session else 0.0,
        "max_cell_voltage_v": round(world.max_cell_voltage_v, 4),
        "max_supply_voltage_v": round(world.max_supply_voltage_v, 4),
        "tail_current_a": session.last_tail_a if session else None,
        "time_at_top_s": round(session.top_s, 1) if session else 0.0,
        "rest_spread_v": round(max(rest) - min(rest), 4) if rest else None,
        "soc_spread": round(truth.soc_spread, 6),
        "milestones": {
            "cc_end_s": main.cc_end_s if main else None,
            "below_5a_s": main.below_5a_s if main else None,
            "below_1a_s": main.below_1a_s if main else None,
            "below_0_1a_s": main.below_0_1a_s if main else None,
        },
        "parts": [end.row() for end in session.ends.values()] if session else [],
        "alarms": [{"level": alarm.level, "code": alarm.code, "text": alarm.text} for alarm in snapshot.alarms],
        "times_real_time": round(simulated_s / wall_s) if wall_s > 0 else None,
    }
