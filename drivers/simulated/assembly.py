"""What is joined to what on the bench, and how it moves through time. Not thread-safe: the World holds the lock and the clock."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from drivers.roles import Mode
from drivers.simulated.bank import Bank, Source
from drivers.simulated.cells import Cell, Chemistry
from drivers.simulated.charges import CellTruth, Charge
from drivers.simulated.description import BenchDescription
from drivers.simulated.output import Output, SupplyState

LOOSE_JOINT_OHM = 0.010


class Assembly:
    """Cells, busbars, leads and output. After a change of `wired`, `leads_on` and the like call `join`; after one of the output `drive`."""

    def __init__(self, description: BenchDescription, now_s: float) -> None:
        self._description = description
        self._chemistry = Chemistry(description.physics)
        self.cells = [Cell(cell, description.bank.ambient_c) for cell in description.cells]
        self._chemistry.refresh(self.cells)
        self.output = Output(description.supply.set_point_error_v)
        self.now_s = now_s
        self.wired = self.leads_on = self.leads_reversed = False
        self.lead_cell = 0  # where the leads go while cells stand apart
        self.loose = self.forgotten = ""  # labels: the cell with a bad joint, the cell that is not wired
        self.bank: Bank | None = None
        self._alone = self.cells  # those that nothing is joined to
        self.charges: list[Charge] = []
        self.max_cell_v = self.max_supply_v = 0.0

    def move_to(self, target_s: float) -> None:
        """Carry everything on to a bench time. An output that trips on the way ends its charge there."""
        left_s = target_s - self.now_s
        if left_s <= 0:
            return
        bank = self.bank
        if self._alone:  # without current one step is exact, however long
            self._chemistry.move(self._alone, [0.0] * len(self._alone), self._chemistry.span(left_s))
        while bank is not None and left_s > 1e-9:
            before_s, before_a = self.now_s, bank.current_a
            step_s, charge_as = bank.advance(left_s)
            left_s -= step_s
            self.now_s += step_s
            if bank.source is not None:
                charge = self.charges[-1]
                charge.charge_ah += charge_as / 3600.0
                if not bank.source.reversed:
                    charge.follow(before_s, before_a, self.now_s, bank.current_a, bank.source.current_a)
                self._look()
        self.now_s = target_s

    def join(self) -> None:
        """Build the bank anew from what is wired and where the leads are."""
        if self.wired:
            members = [k for k, cell in enumerate(self.cells) if cell.label != self.forgotten]
        else:
            members = [self.lead_cell] if self.leads_on else []
        self.bank = self._built(members) if members else None
        self._alone = [cell for k, cell in enumerate(self.cells) if k not in members]
        self.drive()

    def _built(self, members: list[int]) -> Bank:
        description = self._description.bank
        good_ohm = description.contact_mohm * 1e-3
        cells = [self.cells[k] for k in members]
        contacts = [good_ohm + (LOOSE_JOINT_OHM if self.wired and cell.label == self.loose else good_ohm) for cell in cells]
        links = [description.link_mohm * 1e-3 * (b - a) for a, b in pairwise(members)]
        return Bank(cells, contacts, links, description.hookup, self._chemistry)

    def drive(self) -> None:
        """Let the output's present state act on the bank; a charge begins or ends with it."""
        bank, output = self.bank, self.output
        driving = bank is not None and output.on and self.leads_on
        if bank is not None:
            lead_ohm = self._description.leads.resistance_mohm * 1e-3
            bank.source = Source(output.held_v, output.set_current_a, lead_ohm, self.leads_reversed) if driving else None
            bank.refresh()
        running = bool(self.charges) and self.charges[-1].ended_s is None
        if driving and not running:
            self.charges.append(Charge(self.now_s, output.set_current_a))
        elif running and not driving:
            self.charges[-1].ended_s = self.now_s
        self._look()

    def _look(self) -> None:
        """Protection first, then the highest true voltages while the output is on."""
        if not self.output.on:
            return
        voltage_v, current_a, _ = self.terminals()
        self.max_supply_v = max(self.max_supply_v, voltage_v)
        bank = self.bank
        if bank is not None:
            for cell, own_a in zip(bank.cells, bank.currents_a, strict=True):
                cell_v = cell.emf_v + cell.r0_ohm * own_a
                if cell_v > self.max_cell_v:
                    self.max_cell_v = cell_v
        if self.output.trips(voltage_v, current_a):
            self.drive()

    def terminals(self) -> tuple[float, float, Mode]:
        """True volts at the output, true amperes out of it, and which limit rules. 0 V with the output off."""
        output, bank = self.output, self.bank
        if not output.on:
            return 0.0, 0.0, "CV"
        if bank is None or bank.source is None:
            return output.held_v, 0.0, "CV"
        if self.leads_reversed:
            return 0.0, output.set_current_a, "CC"
        mode: Mode = "CC" if bank.current_a >= output.set_current_a else "CV"
        return bank.posts_v + bank.current_a * bank.source.lead_ohm, bank.current_a, mode

    def supply_state(self) -> SupplyState:
        """All of the supply's electrical face at this instant."""
        output, bank = self.output, self.bank
        voltage_v, current_a, mode = self.terminals()
        if bank is None or not self.leads_on:
            battery_v = 0.0
        elif output.on:
            battery_v = voltage_v
        else:
            battery_v = -bank.posts_v if self.leads_reversed else bank.posts_v
        delivered_ah = 0.0
        for charge in self.charges:
            delivered_ah += charge.charge_ah
        return SupplyState(
            voltage_v, current_a, mode, output.set_voltage_v, output.set_current_a, output.on, output.tripped, battery_v, delivered_ah
        )

    def cell_truths(self) -> Iterable[CellTruth]:
        bank = self.bank
        flowing = dict(zip((cell.label for cell in bank.cells), bank.currents_a, strict=True)) if bank is not None else {}
        for cell in self.cells:
            current_a = flowing.get(cell.label, 0.0)
            yield CellTruth(cell.label, cell.soc, cell.emf_v + cell.r0_ohm * current_a, current_a)

    def index(self, label: str) -> int:
        """Where a cell stands. Raises ValueError for a label that is not on this bench."""
        for k, cell in enumerate(self.cells):
            if cell.label == label:
                return k
        raise ValueError(f"there is no cell {label!r} on this bench; it has {', '.join(cell.label for cell in self.cells)}")
