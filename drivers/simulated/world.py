"""The embedded bench's truth: cells, busbars, leads and the supply's output, carried on to the clock's time whenever somebody looks.

Emulators use the electrical face (`set_supply`, `set_output`, `supply_terminals`, `points_v` …); the simulated hands use `hands` and
`probe`. Nothing else reaches the program: a gauge or a guard that shows the physics' truth would be a gauge that cannot fail.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from drivers.clock import Clock
from drivers.roles import Mode
from drivers.simulated.assembly import Assembly
from drivers.simulated.charges import Charge, Truth
from drivers.simulated.description import BenchDescription, MeterPoint
from drivers.simulated.faults import Fault, FaultError, FaultQueue, make_fault
from drivers.simulated.output import SupplyState

WATCHED_S = 10.0  # somebody who looks at a meter during a short test still knows the number afterwards
HAND_METER_STEP_V = 0.001
PANEL_STEP = 0.01  # V and A, the display of a supply without interface


class World:
    """One bench. Thread-safe; every call first brings the bench to `clock.now_s()`.

    Cells stand apart and the leads lie free at the beginning, unless `assembled`: then the bank is wired and the leads are on.
    """

    def __init__(
        self,
        description: BenchDescription,
        clock: Clock,
        *,
        assembled: bool = False,
        wall_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.description = description
        self.clock = clock
        self._lock = threading.RLock()
        self._wall_s = wall_s
        self._bench = Assembly(description, clock.now_s())
        self._queue = FaultQueue()
        self._hands_reverse = False
        self._seen_v = 0.0  # highest at the free lead ends while the output was last on
        self._seen_until_s = self._seen_until_wall_s = float("-inf")
        if assembled:
            self.hands("wire-cells")
            self.hands("leads-on")

    def advance(self) -> None:
        """Bring the bench to the clock's time."""
        with self._lock:
            target_s = self.clock.now_s()
            if target_s <= self._bench.now_s:
                return
            fault_s = self._queue.next_s()
            while fault_s is not None and fault_s <= target_s:
                self._bench.move_to(fault_s)
                for fault in self._queue.due(fault_s):
                    self._strike(fault)
                fault_s = self._queue.next_s()
            self._bench.move_to(target_s)

    # --- the supply's electrical face ---------------------------------------------------------------------------

    def set_supply(self, *, voltage_v: float | None = None, current_a: float | None = None) -> None:
        """Change the set-points, V and A at least 0; they act at once if the output is on."""
        with self._lock:
            self.advance()
            output = self._bench.output
            output.set_voltage_v = output.set_voltage_v if voltage_v is None else max(voltage_v, 0.0)
            output.set_current_a = output.set_current_a if current_a is None else max(current_a, 0.0)
            self._watch_lead_ends()
            self._bench.drive()

    def set_protection(self, *, over_voltage_v: float, over_current_a: float) -> None:
        """Levels, V and A, above which the supply switches its output off by itself."""
        with self._lock:
            self.advance()
            output = self._bench.output
            output.over_voltage_v, output.over_current_a = over_voltage_v, over_current_a
            self._bench.drive()

    def set_output(self, on: bool) -> None:
        """Switch the output; switching on forgets an earlier trip."""
        with self._lock:
            self.advance()
            output = self._bench.output
            if on and not output.on:
                self._seen_v, output.tripped = 0.0, ""
            output.on = on
            self._watch_lead_ends()
            self._bench.drive()

    def supply_state(self) -> SupplyState:
        """All of the supply's electrical face at one instant: what an emulator needs for one answer."""
        with self._lock:
            self.advance()
            return self._bench.supply_state()

    def supply_terminals(self) -> tuple[float, float, Mode]:
        """True volts at the supply's output, true amperes out of it, and which limit rules. 0 V with the output off."""
        state = self.supply_state()
        return state.voltage_v, state.current_a, state.mode

    @property
    def output_on(self) -> bool:
        return self.supply_state().output_on

    @property
    def tripped(self) -> str:
        """ "OVP" or "OCP" after the supply's own protection switched off, else ""."""
        return self.supply_state().tripped

    @property
    def set_points(self) -> tuple[float, float]:
        """Voltage and current that the supply is set to, V and A, without its error."""
        state = self.supply_state()
        return state.set_voltage_v, state.set_current_a

    def battery_terminal_v(self) -> float:
        return self.supply_state().battery_v

    def points_v(self, point: MeterPoint) -> list[float | None]:
        """True volts at a meter's inputs: "bank" is the hook-up posts (None while nothing is joined), "cells" each cell in order."""
        with self._lock:
            self.advance()
            if point == "bank":
                return [self._bench.bank.posts_v if self._bench.bank is not None else None]
            if point == "supply":
                return [self._bench.terminals()[0]]
            return [cell.voltage_v for cell in self._bench.cell_truths()]

    # --- the simulated hands ------------------------------------------------------------------------------------

    def hands(self, act: str, *, cell: str = "", voltage_v: float | None = None, current_a: float | None = None) -> None:
        """Do one physical act: leads-apart, leads-on, wire-cells, take-apart; and on a supply without interface set-knobs, trim-knob,
        switch-on, switch-off, which leave a supply with an interface as it is.

        `cell` names where the leads go while cells stand apart (the first by default). Raises ValueError for an unknown act or cell.
        """
        with self._lock:
            self.advance()
            bench, by_hand = self._bench, not self.description.supply.has_interface
            if act == "leads-apart":
                bench.leads_on = bench.leads_reversed = False
            elif act == "leads-on":
                bench.lead_cell = bench.index(cell) if cell else 0
                bench.leads_on, bench.leads_reversed = True, self._hands_reverse
            elif act == "wire-cells":
                bench.wired = self.description.bank.arrangement != "apart"
            elif act == "take-apart":
                bench.wired = bench.leads_on = bench.leads_reversed = False
            elif act in ("set-knobs", "trim-knob"):
                if by_hand:
                    self.set_supply(voltage_v=voltage_v, current_a=current_a)
            elif act in ("switch-on", "switch-off"):
                if by_hand:
                    self.set_output(act == "switch-on")
            else:
                raise ValueError(f"the simulated hands do not know the act {act!r}")
            self._watch_lead_ends()
            bench.join()

    def probe(self, point: str) -> float | None:
        """What a hand-held multimeter, or the eye, finds at a point; None where there is nothing to touch.

        Points: "cell:A1", "posts" (red probe where the + lead goes), "lead-ends", "supply" in V with the description's meter error and
        1 mV steps; "panel-v" and "panel-a", the display of a supply without interface; "surface" in °C. Raises ValueError for others.
        """
        with self._lock:
            self.advance()
            bench = self._bench
            if point == "surface":
                return round(self.description.bank.ambient_c + max(cell.warmth_k for cell in bench.cells), 1)
            if point in ("panel-v", "panel-a"):
                voltage_v, current_a, _ = bench.terminals()
                if point == "panel-a":
                    return _rounded(current_a, PANEL_STEP)
                # the display shares the reference of the set-point, so only another meter shows its error
                wrong_v = bench.output.held_v - bench.output.set_voltage_v if bench.output.on else 0.0
                return _rounded(max(voltage_v - wrong_v, 0.0), PANEL_STEP)
            true_v = self._true_v(point)
            if true_v is None:
                return None
            meter = self.description.meter
            return _rounded(true_v * (1.0 + meter.gain_error) + meter.offset_v, HAND_METER_STEP_V)

    def _true_v(self, point: str) -> float | None:
        bench = self._bench
        if point.startswith("cell:"):
            number = bench.index(point.removeprefix("cell:"))
            return list(bench.cell_truths())[number].voltage_v
        if point == "supply":
            return bench.terminals()[0]
        posts_v = bench.bank.posts_v if bench.bank is not None else None
        if posts_v is not None and (self._hands_reverse or bench.leads_reversed):
            posts_v = -posts_v  # who takes plus for minus puts the probes the wrong way round, too
        if point == "posts":
            return posts_v
        if point == "lead-ends":
            if bench.leads_on:
                return posts_v
            if bench.output.on:
                return bench.output.held_v
            just_seen = bench.now_s <= self._seen_until_s or self._wall_s() <= self._seen_until_wall_s
            return self._seen_v if just_seen else 0.0
        raise ValueError(f"there is no point {point!r} on this bench")

    def _watch_lead_ends(self) -> None:
        """Somebody watches the free lead ends while the output is on."""
        bench = self._bench
        if bench.output.on and not bench.leads_on:
            self._seen_v = max(self._seen_v, abs(bench.output.held_v))
        if bench.output.on:
            self._seen_until_s = self._seen_until_wall_s = float("inf")
        elif self._seen_until_s == float("inf"):
            self._seen_until_s, self._seen_until_wall_s = bench.now_s + WATCHED_S, self._wall_s() + WATCHED_S

    # --- faults -------------------------------------------------------------------------------------------------

    def inject(
        self, name: str, at_s: float | None = None, *, cell: str = "", volts: float | None = None, amperes: float | None = None
    ) -> None:
        """Let a fault of the physics happen, at once or at a bench time. See FAULTS for names. Raises FaultError."""
        self.inject_fault(make_fault(name, at_s, cell, volts if volts is not None else amperes))

    def inject_fault(self, fault: Fault) -> None:
        """The same with a parsed Fault."""
        with self._lock:
            if fault.kind.where != "physics":
                raise FaultError(f"fault {fault.name} happens on the wire, not in the physics.")
            if fault.cell and fault.cell not in [cell.label for cell in self._bench.cells]:
                raise FaultError(f"fault {fault.name}: there is no cell {fault.cell!r} on this bench.")
            self.advance()
            if fault.at_s is not None and fault.at_s > self._bench.now_s:
                self._queue.add(fault)
            else:
                self._strike(fault)

    def _strike(self, fault: Fault) -> None:
        bench = self._bench
        label = fault.cell or bench.cells[len(bench.cells) // 2].label
        if fault.name == "lead-falls-off":
            bench.leads_on = bench.leads_reversed = False
        elif fault.name == "leads-reversed":
            self._hands_reverse = True
        elif fault.name == "busbar-loose":
            bench.loose = label
        elif fault.name == "cell-forgotten":
            bench.forgotten = label
        elif fault.name == "cv-drift":
            bench.output.drift_v = fault.amount
        elif fault.name == "cell-leak":
            bench.cells[bench.index(label)].leak_a = fault.amount
        self._watch_lead_ends()
        bench.join()

    def undo(self, name: str) -> None:
        """Mend a fault; a fallen lead is mended by the hands. Nothing happens where there is none."""
        with self._lock:
            self.advance()
            bench = self._bench
            if name == "leads-reversed":
                self._hands_reverse = False
            elif name == "busbar-loose":
                bench.loose = ""
            elif name == "cell-forgotten":
                bench.forgotten = ""
            elif name == "cv-drift":
                bench.output.drift_v = 0.0
            elif name == "cell-leak":
                for cell, described in zip(bench.cells, self.description.cells, strict=True):
                    cell.leak_a = described.self_discharge_ma * 1e-3
            bench.join()

    # --- truth, for summaries and tests -------------------------------------------------------------------------

    @property
    def charges(self) -> tuple[Charge, ...]:
        """Every time that the output was on with the leads on, oldest first."""
        with self._lock:
            self.advance()
            return tuple(replace(charge) for charge in self._bench.charges)

    def delivered_ah(self) -> float:
        """Charge put into the bank so far, all charges together."""
        return self.supply_state().delivered_ah

    @property
    def max_cell_voltage_v(self) -> float:
        """Highest true cell voltage so far while the output was on; 0 before."""
        return self.truth().max_cell_voltage_v

    @property
    def max_supply_voltage_v(self) -> float:
        """Highest true voltage at the supply's terminals so far while the output was on; 0 before."""
        return self.truth().max_supply_voltage_v

    def soc_spread(self) -> float:
        """Highest less lowest state of charge of all cells, a fraction."""
        return self.truth().soc_spread

    def truth(self) -> Truth:
        with self._lock:
            self.advance()
            bench = self._bench
            voltage_v, current_a, _ = bench.terminals()
            return Truth(
                time_s=bench.now_s,
                cells=tuple(bench.cell_truths()),
                supply_voltage_v=voltage_v,
                supply_current_a=current_a,
                posts_v=bench.bank.posts_v if bench.bank is not None else None,
                output_on=bench.output.on,
                leads_on=bench.leads_on,
                wired=bench.wired,
                max_cell_voltage_v=bench.max_cell_v,
                max_supply_voltage_v=bench.max_supply_v,
            )


def _rounded(value: float, step: float) -> float:
    return round(round(value / step) * step, 6)
