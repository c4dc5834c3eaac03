"""The embedded bench's truth: cells, busbars, leads and the supply's output, carried on to the clock's time whenever somebody looks.

Emulators use the electrical face (`set_supply`, `set_output`, `supply_terminals`, `points_v` …); the simulated hands use `hands` and
`probe`. Nothing else reaches the program: a gauge or a guard that shows the physics' truth would be a gauge that cannot fail.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from drivers.clock import Clock
from drivers.roles import Mode
from drivers.simulated import physics_faults
from drivers.simulated.assembly import Assembly
from drivers.simulated.bms import BmsState
from drivers.simulated.charges import Charge, Truth
from drivers.simulated.description import BenchDescription, MeterPoint
from drivers.simulated.faults import Fault, FaultError, FaultQueue, make_fault
from drivers.simulated.hands import Hands
from drivers.simulated.output import SupplyState


class World:
    """One bench. Thread-safe; every call first brings the bench to `clock.now_s()`.

    Cells stand apart and the leads lie free at the beginning, unless `assembled`: then the bank is wired as its arrangement says, and the
    leads are on.
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
        self._bench = Assembly(description, clock.now_s())
        self._hands = Hands(description, self._bench, wall_s)
        self._queue = FaultQueue()
        self._fell_off: tuple[int | None, bool] | None = None  # cell and direction of leads that fell and that no hand has touched since
        if assembled:
            self.hands("wire-series" if description.bank.in_series else "wire-cells")
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
            self._hands.watch_lead_ends()
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
                output.tripped = ""
                self._hands.look_anew()
            output.on = on
            self._hands.watch_lead_ends()
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
            return self._bench.cells_v()

    def bms_state(self) -> BmsState:
        """What the BMS of the string sees, at one instant."""
        with self._lock:
            self.advance()
            return self._bench.bms_state()

    # --- a bench that is built anew for a session that goes on ----------------------------------------------------

    @property
    def untouched(self) -> bool:
        """Nothing was joined and no charge has flowed since this bench was made."""
        with self._lock:
            return not self._bench.wiring.wired and self._bench.wiring.leads != "on" and not self._bench.charges

    def add_charge(self, charge_ah: Mapping[str, float]) -> None:
        """Let cells hold so many ampere-hours more than they did, by label; none is filled beyond its capacity."""
        with self._lock:
            self.advance()
            for cell in self._bench.cells:
                cell.soc = max(cell.soc, min(1.0, cell.soc + charge_ah.get(cell.label, 0.0) * 3600.0 * cell.per_as))
            self._bench.refresh()

    # --- the simulated hands ------------------------------------------------------------------------------------

    def hands(self, act: str, *, cells: Sequence[str] = (), voltage_v: float | None = None, current_a: float | None = None) -> None:
        """Do one physical act. Raises ValueError for an unknown act or cell.

        wire-cells joins all cells in parallel, or only `cells`, and leaves the others apart; wire-series makes the string with its BMS, of all
        cells or only of `cells`, in groups as the arrangement says. On a bench whose arrangement is "apart" both need `cells`. Wiring anew
        undoes what was wired before; take-apart undoes it too, and takes the leads off.
        leads-on puts the leads on the posts of what is wired, or on one cell: alone where it stands apart or in a string, else at its bank.
        leads-apart lays their ends free; short-leads joins them, away from the cells.
        mains-off cuts the supply's mains for a moment: its output is off, whatever keeps it on.
        On a supply without interface set-knobs, trim-knob, set-current-knob, switch-on and switch-off; they leave one with an interface as it is.
        """
        with self._lock:
            self.advance()
            if act == "mains-off":
                self.set_output(False)
                return
            if act in ("set-knobs", "trim-knob", "set-current-knob", "switch-on", "switch-off"):
                if self.description.supply.has_interface:
                    return
                if act.startswith("switch"):
                    self.set_output(act == "switch-on")
                else:
                    self.set_supply(voltage_v=None if act == "set-current-knob" else voltage_v, current_a=current_a)
                return
            self._hands.act(act, cells)
            self._fell_off = None
            self._hands.watch_lead_ends()
            self._bench.join()

    def probe(self, point: str) -> float | None:
        """What a hand-held multimeter, or the eye, finds at a point; None where there is nothing to touch.

        In V, with the description's meter error and 1 mV steps: "cell:A1"; "posts" of the bank or the string, or "posts:A1" of one cell, with
        the red probe where the + lead goes; "lead-ends"; "supply". As something else shows it: "panel-v" and "panel-a" of a supply without
        interface, "highest-cell" in V of those that are wired by the BMS, "bms-limit" in V to which it is set, "surface" in °C.
        Raises ValueError for other points.
        """
        with self._lock:
            self.advance()
            return self._hands.probe(point)

    # --- faults -------------------------------------------------------------------------------------------------

    def inject(
        self, name: str, at_s: float | None = None, *, cell: str = "", volts: float | None = None, amperes: float | None = None
    ) -> None:
        """Let a fault of the physics happen, at once or at a bench time. See FAULTS for names. Raises FaultError."""
        self.inject_fault(make_fault(name, at_s, cell, volts if volts is not None else amperes))

    def inject_fault(self, fault: Fault) -> None:
        """The same with a parsed Fault."""
        with self._lock:
            self.check_fault(fault)
            self.advance()
            if fault.at_s is not None and fault.at_s > self._bench.now_s:
                self._queue.add(fault)
            else:
                self._strike(fault)

    def check_fault(self, fault: Fault) -> None:
        """Raises FaultError for a fault that this bench's physics cannot have."""
        if fault.kind.where != "physics":
            raise FaultError(f"fault {fault.name} happens on the wire, not in the physics.")
        if fault.cell and fault.cell not in [cell.label for cell in self._bench.cells]:
            raise FaultError(f"fault {fault.name}: there is no cell {fault.cell!r} on this bench.")
        if fault.name.startswith("bms-") and self._bench.bms is None:
            raise FaultError(f"fault {fault.name}: there is no BMS on this bench.")

    def _strike(self, fault: Fault) -> None:
        bench = self._bench
        label = fault.cell or bench.cells[len(bench.cells) // 2].label
        if fault.name == "lead-falls-off":
            if bench.wiring.leads == "on":
                self._fell_off = (bench.wiring.lead_cell, bench.wiring.reversed)
            bench.wiring.put_leads("free")
        elif fault.name == "leads-reversed":
            self._hands.reverse = True
        elif fault.name == "busbar-loose":
            bench.wiring.loose = label
        elif fault.name == "cell-forgotten":
            bench.wiring.forgotten = label
        elif fault.name == "wrong-count":
            bench.wiring.left_out = label
        elif fault.name == "cv-drift":
            bench.output.drift_v = fault.amount
        elif fault.name == "cell-leak":
            bench.cells[bench.wiring.index(label)].leak_a = fault.amount
        elif fault.name.startswith("bms-"):
            bench.set_bms(fault.name, failing=True)
            return
        else:
            later = physics_faults.begin(bench, fault, label)
            if later is not None:
                self._queue.add(later)
        self._hands.watch_lead_ends()
        bench.join()

    def undo(self, name: str) -> None:
        """Mend a fault. Nothing happens where there is none, nor to leads that the hands have moved since they fell."""
        with self._lock:
            self.advance()
            bench = self._bench
            if name == "leads-reversed":
                self._hands.reverse = False
            elif name == "lead-falls-off":
                if self._fell_off is not None:
                    put_on, backwards = self._fell_off
                    bench.wiring.put_leads("on", cell=put_on, backwards=backwards)
                    self._fell_off = None
            elif name == "busbar-loose":
                bench.wiring.loose = ""
            elif name == "cell-forgotten":
                bench.wiring.forgotten = ""
            elif name == "wrong-count":
                bench.wiring.left_out = ""
            elif name == "cv-drift":
                bench.output.drift_v = 0.0
            elif name.startswith("bms-"):
                bench.set_bms(name, failing=False)
                return
            else:
                self._queue.drop(name)
                physics_faults.end(bench, name, self.description)
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
                leads_on=bench.wiring.leads == "on",
                wired=bench.wiring.wired,
                in_series=bench.wiring.in_series,
                charge_path_closed=bench.charge_path_closed,
                max_cell_voltage_v=bench.max_cell_v,
                max_supply_voltage_v=bench.max_supply_v,
            )
