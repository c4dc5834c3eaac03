"""The embedded bench's truth: cells, busbars, leads and the supply's output, carried on to the clock's time whenever somebody looks.

Emulators use the electrical face (`set_supply`, `set_output`, `supply_terminals`, `points_v`); the simulated hands use `hands` and
`probe`. Nothing else reaches the program: a gauge or a guard that shows the physics' truth would be a gauge that cannot fail.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise

from drivers.clock import Clock
from drivers.roles import Mode
from drivers.simulated.bank import Bank, Source
from drivers.simulated.cells import Cell, Chemistry, Lags
from drivers.simulated.charges import CellTruth, Charge, Truth
from drivers.simulated.description import BenchDescription
from drivers.simulated.faults import Fault, FaultError, FaultQueue, make_fault

LOOSE_JOINT_OHM = 0.010
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
        self._chemistry = Chemistry(description.physics)
        self._cells = [Cell(cell, description.bank.ambient_c, len(self._chemistry.lags_s)) for cell in description.cells]
        for cell in self._cells:
            self._chemistry.refresh(cell)
        self._queue = FaultQueue()
        self._loose = ""  # label of the cell with a bad joint
        self._forgotten = ""  # label of the cell that is not wired
        self._hands_reverse = False
        self._cv_drift_v = 0.0
        self._now_s = clock.now_s()
        self._wired = self._leads_on = self._leads_reversed = False
        self._lead_cell = 0  # where the leads go while cells stand apart
        self._output_on = False
        self._set_voltage_v = self._set_current_a = 0.0
        self._bank: Bank | None = None
        self._charges: list[Charge] = []
        self._max_cell_v = self._max_supply_v = 0.0
        self._seen_v = 0.0  # highest at the free lead ends while the output was last on
        self._seen_until_s, self._seen_until_wall_s = float("-inf"), float("-inf")
        if assembled:
            self.hands("wire-cells")
            self.hands("leads-on")

    # --- time ---------------------------------------------------------------------------------------------------

    def advance(self) -> None:
        """Bring the bench to the clock's time."""
        with self._lock:
            target_s = self.clock.now_s()
            fault_s = self._queue.next_s()
            while fault_s is not None and fault_s <= target_s:
                self._move_to(fault_s)
                for fault in self._queue.due(fault_s):
                    self._strike(fault)
                fault_s = self._queue.next_s()
            self._move_to(target_s)

    def _move_to(self, target_s: float) -> None:
        left_s = target_s - self._now_s
        if left_s <= 0:
            return
        bank = self._bank
        alone = [cell for cell in self._cells if bank is None or cell not in bank.cells]
        if alone:
            lags = Lags(self._chemistry.lags_s, left_s)  # without current the equations are solved exactly by one step
            for cell in alone:
                self._chemistry.move(cell, 0.0, lags)
                self._chemistry.refresh(cell)
        while bank is not None and left_s > 1e-9:
            before_s, before_a = self._now_s, bank.current_a
            step_s, charge_as = bank.advance(left_s)
            left_s -= step_s
            self._now_s += step_s
            if bank.source is not None:
                charge = self._charges[-1]
                charge.charge_ah += charge_as / 3600.0
                if not bank.source.reversed:
                    charge.follow(before_s, before_a, self._now_s, bank.current_a, bank.source.current_a)
                self._note_maxima()
        self._now_s = target_s

    def _note_maxima(self) -> None:
        """Highest true voltages while the output is on."""
        if not self._output_on:
            return
        self._max_supply_v = max(self._max_supply_v, self._terminals()[0])
        bank = self._bank
        if bank is not None:
            for cell, current_a in zip(bank.cells, bank.currents_a, strict=True):
                voltage_v = cell.emf_v + cell.r0_ohm * current_a
                if voltage_v > self._max_cell_v:
                    self._max_cell_v = voltage_v

    # --- what is joined to what ---------------------------------------------------------------------------------

    def _join(self) -> None:
        """Build the bank anew after hands or a fault changed what is joined."""
        if self._wired:
            members = [k for k, cell in enumerate(self._cells) if cell.description.label != self._forgotten]
        else:
            members = [self._lead_cell] if self._leads_on else []
        if not members:
            self._bank = None
        else:
            description = self.description.bank
            contacts = []
            for k in members:
                good_ohm = description.contact_mohm * 1e-3
                loose = self._wired and self._cells[k].description.label == self._loose
                contacts.append(good_ohm + (LOOSE_JOINT_OHM if loose else good_ohm))
            links = [description.link_mohm * 1e-3 * (b - a) for a, b in pairwise(members)]
            self._bank = Bank([self._cells[k] for k in members], contacts, links, description.hookup, self._chemistry)
        self._drive()

    def _drive(self) -> None:
        """Let the supply's present state act on the bank; a charge begins or ends with it."""
        bank = self._bank
        if bank is not None:
            driving = self._output_on and self._leads_on
            lead_ohm = self.description.leads.resistance_mohm * 1e-3
            bank.source = Source(self._held_v(), self._set_current_a, lead_ohm, self._leads_reversed) if driving else None
            bank.refresh()
        running = bank is not None and bank.source is not None
        open_charge = self._charges[-1] if self._charges and self._charges[-1].ended_s is None else None
        if running and open_charge is None:
            self._charges.append(Charge(self._now_s, self._set_current_a))
        elif not running and open_charge is not None:
            open_charge.ended_s = self._now_s
        self._watch_lead_ends()
        self._note_maxima()

    def _held_v(self) -> float:
        """What the supply really holds when it is set to its set-point."""
        return self._set_voltage_v + self.description.supply.set_point_error_v + self._cv_drift_v

    def _watch_lead_ends(self) -> None:
        if self._output_on and not self._leads_on:
            self._seen_v = max(self._seen_v, abs(self._held_v()))

    # --- the supply's electrical face ---------------------------------------------------------------------------

    def set_supply(self, *, voltage_v: float | None = None, current_a: float | None = None) -> None:
        """Change the set-points, V and A at least 0; they act at once if the output is on."""
        with self._lock:
            self.advance()
            self._set_voltage_v = self._set_voltage_v if voltage_v is None else max(voltage_v, 0.0)
            self._set_current_a = self._set_current_a if current_a is None else max(current_a, 0.0)
            self._drive()

    def set_output(self, on: bool) -> None:
        with self._lock:
            self.advance()
            if on and not self._output_on:
                self._seen_v = 0.0
            if self._output_on and not on and not self._leads_on:
                self._seen_until_s, self._seen_until_wall_s = self._now_s + WATCHED_S, self._wall_s() + WATCHED_S
            self._output_on = on
            self._drive()

    @property
    def output_on(self) -> bool:
        return self._output_on

    @property
    def set_points(self) -> tuple[float, float]:
        """Voltage and current that the supply is set to, V and A, without its error."""
        return self._set_voltage_v, self._set_current_a

    def supply_terminals(self) -> tuple[float, float, Mode]:
        """True volts at the supply's output, true amperes out of it, and which limit rules. 0 V with the output off."""
        with self._lock:
            self.advance()
            return self._terminals()

    def _terminals(self) -> tuple[float, float, Mode]:
        if not self._output_on:
            return 0.0, 0.0, "CV"
        bank = self._bank
        if bank is None or bank.source is None:
            return self._held_v(), 0.0, "CV"
        if self._leads_reversed:
            return 0.0, self._set_current_a, "CC"
        mode: Mode = "CC" if bank.current_a >= self._set_current_a else "CV"
        return bank.posts_v + bank.current_a * bank.source.lead_ohm, bank.current_a, mode

    def battery_terminal_v(self) -> float:
        """Volts that the cells put on the supply's output terminals while the output is off; negative with reversed leads, 0 with none."""
        with self._lock:
            self.advance()
            if self._bank is None or not self._leads_on:
                return 0.0
            return -self._bank.posts_v if self._leads_reversed else self._bank.posts_v

    def points_v(self) -> tuple[float | None, float, dict[str, float]]:
        """True volts where a meter may stand: at the hook-up posts (None while nothing is joined), at the supply, at each cell by label."""
        with self._lock:
            self.advance()
            posts_v = self._bank.posts_v if self._bank is not None else None
            return posts_v, self._terminals()[0], {cell.label: cell.voltage_v for cell in self._cell_truths()}

    # --- the simulated hands ------------------------------------------------------------------------------------

    def hands(self, act: str, *, cell: str = "", voltage_v: float | None = None, current_a: float | None = None) -> None:
        """Do one physical act: leads-apart, leads-on, wire-cells, take-apart; and on a supply without interface set-knobs, trim-knob,
        switch-on, switch-off, which an interface leaves without effect.

        `cell` names where the leads go while cells stand apart (the first by default). Raises ValueError for an unknown act or cell.
        """
        with self._lock:
            self.advance()
            by_hand = not self.description.supply.has_interface
            if act == "leads-apart":
                self._leads_on = self._leads_reversed = False
            elif act == "leads-on":
                self._lead_cell = self._index(cell) if cell else 0
                self._leads_on, self._leads_reversed = True, self._hands_reverse
            elif act == "wire-cells":
                self._wired = self.description.bank.arrangement != "apart"
            elif act == "take-apart":
                self._wired = self._leads_on = self._leads_reversed = False
            elif act in ("set-knobs", "trim-knob"):
                if by_hand:
                    self.set_supply(voltage_v=voltage_v, current_a=current_a)
            elif act in ("switch-on", "switch-off"):
                if by_hand:
                    self.set_output(act == "switch-on")
            else:
                raise ValueError(f"the simulated hands do not know the act {act!r}")
            self._join()

    def probe(self, point: str) -> float | None:
        """What a hand-held multimeter, or the eye, finds at a point; None where there is nothing to touch.

        Points: "cell:A1", "posts" (red probe where the + lead goes), "lead-ends", "supply" in V with the description's meter error and
        1 mV steps; "panel-v" and "panel-a", the display of a supply without interface; "surface" in °C. Raises ValueError for others.
        """
        with self._lock:
            self.advance()
            if point == "surface":
                warmest_k = max(cell.warmth_k for cell in self._cells)
                return round(self.description.bank.ambient_c + warmest_k, 1)
            if point in ("panel-v", "panel-a"):
                voltage_v, current_a, _ = self._terminals()
                if point == "panel-a":
                    return _rounded(current_a, PANEL_STEP)
                # the display shares the reference of the set-point, so its error shows on another meter only
                return _rounded(voltage_v and max(voltage_v - self._held_v() + self._set_voltage_v, 0.0), PANEL_STEP)
            true_v = self._true_v(point)
            if true_v is None:
                return None
            meter = self.description.meter
            return _rounded(true_v * (1.0 + meter.gain_error) + meter.offset_v, HAND_METER_STEP_V)

    def _true_v(self, point: str) -> float | None:
        if point.startswith("cell:"):
            return self._cell_truths()[self._index(point.removeprefix("cell:"))].voltage_v
        if point == "supply":
            return self._terminals()[0]
        reversed_sign = -1.0 if self._hands_reverse or self._leads_reversed else 1.0
        if point == "posts":
            return reversed_sign * self._bank.posts_v if self._bank is not None else None
        if point == "lead-ends":
            if self._leads_on and self._bank is not None:
                return reversed_sign * self._bank.posts_v
            if self._output_on:
                return self._held_v()
            just_seen = self._now_s <= self._seen_until_s or self._wall_s() <= self._seen_until_wall_s
            return self._seen_v if just_seen else 0.0
        raise ValueError(f"there is no point {point!r} on this bench")

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
            if fault.cell:
                self._index(fault.cell)
            self.advance()
            if fault.at_s is not None and fault.at_s > self._now_s:
                self._queue.add(fault)
            else:
                self._strike(fault)

    def _strike(self, fault: Fault) -> None:
        label = fault.cell or self._cells[len(self._cells) // 2].description.label
        if fault.name == "lead-falls-off":
            self._leads_on = self._leads_reversed = False
        elif fault.name == "leads-reversed":
            self._hands_reverse = True
        elif fault.name == "busbar-loose":
            self._loose = label
        elif fault.name == "cell-forgotten":
            self._forgotten = label
        elif fault.name == "cv-drift":
            self._cv_drift_v = fault.amount
        elif fault.name == "cell-leak":
            self._cells[self._index(label)].leak_a = fault.amount
        self._join()

    def undo(self, name: str) -> None:
        """Mend a fault; a fallen lead is mended by the hands. Nothing happens where there is none."""
        with self._lock:
            self.advance()
            if name == "leads-reversed":
                self._hands_reverse = False
            elif name == "busbar-loose":
                self._loose = ""
            elif name == "cell-forgotten":
                self._forgotten = ""
            elif name == "cv-drift":
                self._cv_drift_v = 0.0
            elif name == "cell-leak":
                for cell in self._cells:
                    cell.leak_a = cell.description.self_discharge_ma * 1e-3
            self._join()

    # --- truth, for summaries and tests -------------------------------------------------------------------------

    @property
    def charges(self) -> tuple[Charge, ...]:
        """Every time that the output was on with the leads on, oldest first."""
        with self._lock:
            self.advance()
            return tuple(replace(charge) for charge in self._charges)

    def soc_spread(self) -> float:
        """Highest less lowest state of charge of all cells, a fraction."""
        return self.truth().soc_spread

    def truth(self) -> Truth:
        with self._lock:
            self.advance()
            voltage_v, current_a, _ = self._terminals()
            return Truth(
                time_s=self._now_s,
                cells=tuple(self._cell_truths()),
                supply_voltage_v=voltage_v,
                supply_current_a=current_a,
                posts_v=self._bank.posts_v if self._bank is not None else None,
                output_on=self._output_on,
                leads_on=self._leads_on,
                wired=self._wired,
                max_cell_voltage_v=self._max_cell_v,
                max_supply_voltage_v=self._max_supply_v,
            )

    def _cell_truths(self) -> list[CellTruth]:
        bank = self._bank
        flowing: Mapping[str, float] = (
            {cell.description.label: current_a for cell, current_a in zip(bank.cells, bank.currents_a, strict=True)} if bank else {}
        )
        truths = []
        for cell in self._cells:
            current_a = flowing.get(cell.description.label, 0.0)
            truths.append(CellTruth(cell.description.label, cell.soc, cell.emf_v + cell.r0_ohm * current_a, current_a))
        return truths

    def _index(self, label: str) -> int:
        for k, cell in enumerate(self._cells):
            if cell.description.label == label:
                return k
        raise ValueError(f"there is no cell {label!r} on this bench; it has {', '.join(cell.label for cell in self.description.cells)}")


def _rounded(value: float, step: float) -> float:
    return round(round(value / step) * step, 6)
