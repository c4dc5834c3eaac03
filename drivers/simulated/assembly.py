"""What is joined to what on the bench, and how it moves through time. Not thread-safe: the World holds the lock and the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise

from drivers.roles import Mode
from drivers.simulated.bank import Bank, Network, Source
from drivers.simulated.bms import RECLOSES_BELOW_V, Bms, BmsState
from drivers.simulated.cells import Cell, Chemistry
from drivers.simulated.chain import Chain
from drivers.simulated.charges import CellTruth, Charge
from drivers.simulated.description import BenchDescription, BmsDescription
from drivers.simulated.ladder import Ladder
from drivers.simulated.output import Output, SupplyState
from drivers.simulated.wiring import Groups, Wiring

LOOSE_JOINT_OHM = 0.010


class Assembly:
    """Cells, busbars, leads and output. After a change of `wiring` call `join`; after one of the output or the BMS `drive`."""

    def __init__(self, description: BenchDescription, now_s: float) -> None:
        self._description = description
        self._chemistry = Chemistry(description.physics)
        self.cells = [Cell(cell, description.bank.ambient_c) for cell in description.cells]
        self._chemistry.refresh(self.cells)
        self.output = Output(description.supply.set_point_error_v)
        self.now_s = now_s
        self.wiring = Wiring([cell.label for cell in self.cells], description.bank.cells_per_group)
        bms = description.bms or BmsDescription()
        self.bms = Bms(bms) if bms.fitted else None
        self.bank: Bank | None = None  # what the leads are on, or would be
        self._guarded = False  # its current goes through the BMS
        self._aside: list[Bank] = []  # joined, but beside the leads
        self._alone = self.cells  # those that nothing is joined to
        self.charges: list[Charge] = []
        self.max_cell_v = self.max_supply_v = 0.0

    def move_to(self, target_s: float) -> None:
        """Carry everything on to a bench time. An output that trips on the way, or a BMS that opens, ends its charge there."""
        left_s = target_s - self.now_s
        if left_s <= 0:
            return
        bank = self.bank
        if self._alone:  # without current one step is exact, however long
            self._chemistry.move(self._alone, [0.0] * len(self._alone), self._chemistry.span(left_s))
        for group in self._aside:
            aside_s = left_s
            while aside_s > 1e-9:
                aside_s -= group.advance(aside_s)[0]
        bms = self.bms if self._guarded else None
        while bank is not None and left_s > 1e-9:
            before_s, before_a, before_v, longest_s = self.now_s, bank.current_a, 0.0, left_s
            if bms is not None:
                cells_v = bank.cells_v()
                before_v, longest_s = max(cells_v)[0], min(left_s, bms.patience_s(before_s, cells_v))
            step_s, charge_as = bank.advance(longest_s)
            left_s -= step_s
            self.now_s += step_s
            if bank.source is not None and self.charges and self.charges[-1].ended_s is None:
                charge = self.charges[-1]
                charge.charge_ah += charge_as / 3600.0
                if not bank.source.reversed:
                    charge.follow(before_s, before_a, self.now_s, bank.current_a, bank.source.current_a)
                self._look()
            if bms is not None and bms.watch(before_s, before_v, self.now_s, max(bank.cells_v())[0]):
                self.drive()
        self.now_s = target_s

    def refresh(self) -> None:
        """After the state of cells was changed by hand."""
        self._chemistry.refresh(self.cells)
        self.join()

    def join(self) -> None:
        """Build the bank anew from what is wired and where the leads are."""
        driven, aside = self.wiring.joined()
        self.bank = self._built(driven) if driven else None
        self._guarded = self.wiring.through_bms
        self._aside = [self._built([group]) for group in aside if len(group) > 1]
        busy = [k for group in (*driven, *aside) for k in group if len(group) > 1 or group in driven]
        self._alone = [cell for k, cell in enumerate(self.cells) if k not in busy]
        self.drive()

    def _built(self, groups: Groups) -> Bank:
        described = self._description.bank
        good_ohm = described.contact_mohm * 1e-3
        cells = [self.cells[k] for group in groups for k in group]
        contacts = [good_ohm + (LOOSE_JOINT_OHM if self.wiring.wired and cell.label == self.wiring.loose else good_ohm) for cell in cells]
        link_ohm = described.link_mohm * 1e-3
        links = [[link_ohm * (b - a) for a, b in pairwise(group)] for group in groups]
        join: Callable[[list[float]], Network]
        if len(groups) == 1:
            join = partial(Ladder, link_ohm=links[0], hookup="same-end" if self.wiring.same_end else described.hookup)
        else:
            join = partial(Chain, sizes=[len(group) for group in groups], links_ohm=links, between_ohm=link_ohm * (len(groups) - 1))
        return Bank(cells, contacts, join, self._chemistry, exchanging=len(cells) > len(groups))

    def drive(self) -> None:
        """Let the output's and the BMS's present state act on the bank; a charge begins or ends with it."""
        bank, output, wiring = self.bank, self.output, self.wiring
        driving = bank is not None and output.on and wiring.leads == "on" and (self.charge_path_closed or wiring.reversed)
        running = bool(self.charges) and self.charges[-1].ended_s is None
        if running and not driving and bank is not None and bank.source is not None and not self.charge_path_closed:
            self.charges[-1].cut(self.now_s, bank.current_a, bank.source.current_a)
        if bank is not None:
            bank.source = Source(output.held_v, output.limit_a, self._lead_ohm, wiring.reversed, output.back_feed_a) if driving else None
            if output.back_feed_a and not output.on and wiring.leads == "on" and self.charge_path_closed:
                bank.source = Source(0.0, 0.0, self._lead_ohm, False, output.back_feed_a)
            bank.refresh()
        if driving and not running:
            self.charges.append(Charge(self.now_s, output.limit_a))
        elif running and not driving:
            self.charges[-1].ended_s = self.now_s
        self._look()

    def refresh_cells(self) -> None:
        """After a change inside a cell."""
        self._chemistry.refresh(self.cells)

    def set_bms(self, fault: str, *, failing: bool) -> None:
        """Let a fault of the BMS begin or end; nothing happens where none is fitted."""
        if self.bms is None:
            return
        if fault == "bms-opens":
            self.bms.held_open = failing
        elif fault == "bms-stuck":
            self.bms.stuck = failing
        self.drive()

    def bms_state(self) -> BmsState:
        """At the taps of the string as it is wired; at each cell while none is."""
        cells_v = [truth.voltage_v for truth in self.cell_truths()]
        groups = self.wiring.string if self.wiring.in_series else [[k] for k in range(len(cells_v))]
        bms = self.bms or Bms(BmsDescription())
        return BmsState(
            tuple(sum(cells_v[k] for k in group) / len(group) for group in groups),
            self.terminals()[1] if self._guarded else 0.0,
            self.charge_path_closed and bms.lets_charge,
            bms.tripped,
            bms.held_open,
            bms.over_voltage_v,
            bms.over_voltage_v - RECLOSES_BELOW_V,
            bms.delay_s,
        )

    @property
    def charge_path_closed(self) -> bool:
        """Whether the BMS, if the supply's current must go through one, lets it."""
        return not self._guarded or self.bms is None or self.bms.lets_charge

    @property
    def _lead_ohm(self) -> float:
        return self._description.leads.resistance_mohm * 1e-3 + self.wiring.worn_ohm

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
            fed_a = bank.current_a if bank is not None and bank.source is not None else 0.0
            return 0.0, fed_a, "CV"
        if self.wiring.leads == "shorted":
            current_a = output.limit_a
            if current_a * self._lead_ohm > output.held_v:
                return output.held_v, output.held_v / self._lead_ohm, "CV"
            return current_a * self._lead_ohm, current_a, "CC"
        if bank is None or bank.source is None:
            return output.held_v, 0.0, "CV"
        if self.wiring.reversed:
            return 0.0, output.limit_a, "CC"
        mode: Mode = "CC" if bank.current_a >= output.limit_a else "CV"
        return bank.posts_v + bank.current_a * bank.source.lead_ohm, bank.current_a, mode

    def supply_state(self) -> SupplyState:
        """All of the supply's electrical face at this instant."""
        output, bank, wiring = self.output, self.bank, self.wiring
        voltage_v, current_a, mode = self.terminals()
        if bank is None or wiring.leads != "on":
            battery_v = 0.0
        elif output.on:
            battery_v = voltage_v
        else:
            battery_v = -bank.posts_v if wiring.reversed else bank.posts_v
        delivered_ah = 0.0
        for charge in self.charges:
            delivered_ah += charge.charge_ah
        return SupplyState(
            voltage_v,
            current_a,
            mode,
            output.set_voltage_v,
            output.set_current_a,
            output.on,
            output.tripped,
            battery_v,
            delivered_ah,
            output.shown_v(voltage_v),
        )

    def _flowing_a(self) -> dict[str, float]:
        """What flows into each cell that is joined to others, by label."""
        flowing: dict[str, float] = {}
        for bank in (self.bank, *self._aside):
            if bank is not None:
                flowing.update(zip([cell.label for cell in bank.cells], bank.currents_a, strict=True))
        return flowing

    def cell_truths(self) -> Iterable[CellTruth]:
        flowing = self._flowing_a()
        for cell in self.cells:
            current_a = flowing.get(cell.label, 0.0)
            yield CellTruth(cell.label, cell.soc, cell.emf_v + cell.r0_ohm * current_a, current_a)

    def cells_v(self) -> list[float | None]:
        """Volts at the posts of each cell, in order."""
        flowing = self._flowing_a()
        return [cell.emf_v + cell.r0_ohm * flowing.get(cell.label, 0.0) for cell in self.cells]

    def highest_joined_v(self) -> float | None:
        """The highest cell of all that is wired, or that the leads are on; None while nothing is joined."""
        joined = [k for groups in self.wiring.joined() for group in groups for k in group]
        truths = list(self.cell_truths())
        return max((truths[k].voltage_v for k in joined), default=None)
