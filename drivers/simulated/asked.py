"""Which instruments somebody asks for on one bench, written "korad:KA3010P", "owon-xdm@supply" or "es51922@cell:A3", and the bench that has them.

All of them share one physics and one clock. Only one may be a supply, since one output drives the bank; meters and BMSs may be several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

from drivers.clock import Clock
from drivers.roles import Point
from drivers.simulated.description import BenchDescription, BmsDescription, SupplyDescription
from drivers.simulated.embedded import EmbeddedBench, Station
from drivers.simulated.families import EMULATED
from drivers.simulated.faults import SUPPLY_ONLY, Fault, FaultError, parse_fault


class AskedError(ValueError):
    """What was asked for cannot be had; the text says why and what can."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One instrument. `model` "" is the family's usual one; `point` and `cell` say where a meter's probes are, "" as described."""

    family: str
    model: str = ""
    point: str = ""
    cell: str = ""

    @property
    def kind(self) -> str:
        return EMULATED[self.family].kind

    @classmethod
    def parse(cls, text: str) -> Asked:
        """FAMILY[:MODEL][@POINT], POINT being bank, supply, cells, cell:LABEL or walk[:LABEL]. Raises AskedError."""
        name, at, where = text.partition("@")
        family, _, model = name.partition(":")
        point, _, cell = where.partition(":")
        if family not in EMULATED:
            raise AskedError(f"no family that can be emulated is called '{family}'; there are: {', '.join(EMULATED)}")
        row = EMULATED[family]
        if model:
            known = {one.upper(): one for one in row.models}
            if model.upper() not in known:
                raise AskedError(f"the emulator of {family} knows no model '{model}'; it has: {', '.join(row.models) or 'one only'}")
            model = known[model.upper()]
        if at and row.kind != "meter":
            raise AskedError(f"'{text}': a {row.kind} stands at no point; only a meter does")
        if at and (point not in get_args(Point) or (cell and point not in ("cell", "walk"))):
            raise AskedError(f"'{text}': a meter stands at bank, supply, cells, cell:A3 or walk, not at '{where}'")
        return cls(family, model, point, cell)


def fit(described: BenchDescription, asked: Sequence[Asked], *, own_wiring: bool, own_rating: bool) -> BenchDescription:
    """The description with the supply that is asked for, and a BMS where one is.

    `own_wiring`: nobody said how the cells are wired, so that a BMS makes a string of them all. `own_rating`: nobody said what the supply gives,
    so that a model has all of its rating. Raises AskedError.
    """
    supplies = [one for one in asked if one.kind == "supply"]
    if len(supplies) > 1:
        what = " and ".join(one.family for one in supplies)
        raise AskedError(f"{what} on one bench: one output drives the bank. Ask for one supply; meters and BMSs may be several")
    wanted = _supply(described.supply, supplies[0], own_rating) if supplies else SupplyDescription("manual")
    fitted = replace(described, supply=wanted)
    if any(one.kind == "bms" for one in asked):
        if described.bms is not None and not described.bms.fitted:
            raise AskedError("the bench is described without a BMS; leave it out, or say fitted = true")
        string = replace(described.bank, arrangement=f"{len(described.cells)}S") if own_wiring else described.bank
        fitted = replace(fitted, bank=string, bms=described.bms or BmsDescription())
    return fitted


def _supply(described: SupplyDescription, asked: Asked, own_rating: bool) -> SupplyDescription:
    same = asked.family == described.family and asked.model in ("", described.model)
    model = described.model if same else asked.model or EMULATED[asked.family].usual_model
    return SupplyDescription(model, set_point_error_v=described.set_point_error_v) if own_rating else replace(described, model=model)


def build(fitted: BenchDescription, asked: Sequence[Asked], clock: Clock) -> EmbeddedBench:
    """A bench with these instruments in their order, the cells wired and the leads on. Raises AskedError, or FaultError for an unknown cell."""
    bench = EmbeddedBench(fitted, clock, assembled=True, bare=True)
    for one in asked:
        model = fitted.supply.model if one.kind == "supply" else one.model
        bench.add(one.family, model, **{name: value for name, value in (("point", one.point), ("cell", one.cell)) if value})
    return bench


def fault_at(bench: EmbeddedBench, text: str) -> tuple[Station | None, Fault]:
    """A fault as typed, and the instrument that has it; None for one of the physics. Raises FaultError.

    Where several could have it, "supply:", "meter:", "bms:" or a family's name in front says which; else it is the supply, then a meter.
    """
    prefix, colon, rest = text.strip().partition(":")
    places = {place for station in bench.stations for place in (station.kind, station.family)} | {"supply", "meter", "bms"}
    where, text = (prefix, rest) if colon and prefix in places else ("", text)
    fault = parse_fault(text)
    if fault.kind.where == "physics":
        if where:
            raise FaultError(f"fault {fault.name} happens in the physics, not at the {where}.")
        bench.world.check_fault(fault)
        return None, fault
    order = ("meter",) if fault.kind.meter else ("supply",) if fault.name in SUPPLY_ONLY else ("supply", "meter", "bms")
    able = [station for kind in order for station in bench.stations if station.kind == kind]
    found = next((station for station in able if where in ("", station.kind, station.family)), None)
    if found is None:
        raise FaultError(f"fault {fault.name}: no {where or order[0]} that could have it is on this bench.")
    return found, fault


def strike(bench: EmbeddedBench, text: str) -> None:
    """Let a fault happen as typed. Raises FaultError."""
    station, fault = fault_at(bench, text)
    if station is None:
        bench.world.inject_fault(fault)
    else:
        station.emulator.inject_fault(fault)


def carry(bench: EmbeddedBench, cell: str) -> list[Station]:
    """The hands put every walking meter's probes on this cell; gives those meters. Raises FaultError for an unknown cell."""
    walking = [station for station in bench.stations if station.kind == "meter" and station.emulator.probes.point == "walk"]
    for station in walking:
        station.emulator.carry_to(cell)
    return walking
