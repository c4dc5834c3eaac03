"""Which cells may begin a session: each goes into the inventory, and none that is unfit, of another chemistry, or held by another session."""

from __future__ import annotations

import datetime
from dataclasses import replace

from tui.bench.recorder import RecordsRefused
from tui.domain.cell_code import LIFEPO4, read_code
from tui.domain.plan import Plan, PlanCell
from tui.records.cell import LIFEPO4_NAMES, Cell
from tui.records.inventory import CellGone, Inventory
from tui.records.journal_reading import is_being_written
from tui.records.places import Home
from tui.records.sessions import Sessions


def enrol(home: Home, plan: Plan) -> Plan:
    """The plan with every cell in the inventory, and what the records tell of it: known by label, or added.

    Refuses a cell that may not be charged (F-11: suspect, scrapped, in another session that is not ended; F-10: another chemistry), and then
    adds none.
    """
    inventory = Inventory(home)
    try:
        known = {cell.label: inventory.get(cell.id) if cell.id else inventory.by_label(cell.label) for cell in plan.cells}
    except CellGone as gone:
        raise RecordsRefused(f"{gone}. Choose the cells of the bank anew.") from gone
    held = _held(home)
    for cell in known.values():
        if cell is not None:
            _judge(cell, held)
    cells = []
    for planned in plan.cells:
        cell = known[planned.label] or inventory.add(label=planned.label, capacity_ah=planned.capacity_ah)
        cells.append(_told(planned, cell))
    return replace(plan, cells=tuple(cells))


def _judge(cell: Cell, held: dict[str, str]) -> None:
    """Raises RecordsRefused for a cell that may not be charged now."""
    if cell.state in ("suspect", "scrapped"):
        raise RecordsRefused(
            f"Cell {cell.label} is marked {cell.state} in the inventory. Leave it out, or change its state there with a reason."
        )
    told = cell.chemistry if cell.chemistry.casefold() not in LIFEPO4_NAMES else read_code(cell.code).other_chemistry if cell.code else ""
    if told:
        raise RecordsRefused(
            f"Cell {cell.label} is {told} by the inventory. Another chemistry than {LIFEPO4} has other limits and burns at these: leave it "
            "out. No reason passes this."
        )
    if cell.id in held:
        raise RecordsRefused(f"Cell {cell.label} {held[cell.id]}")


def _held(home: Home) -> dict[str, str]:
    """By inventory id, the cells that belong to a session which is not ended, and what to do about it. One that only rests holds none."""
    sessions, held = Sessions(home), dict[str, str]()
    for session in sessions.holding():
        begun = datetime.datetime.fromtimestamp(session.started_unix_s).strftime("%Y-%m-%d %H:%M")
        named = f"session {session.id} ({session.bank}, begun {begun})"
        if is_being_written(sessions.journal_path(session.id)):
            words = f"is in {named}, which runs now in another bench on this computer. End that one first, or leave the cell out."
        else:
            words = f"belongs to {named}, which was never ended. Resume that session or end it, or leave the cell out."
        held.update({cell.id: words for cell in session.cells if cell.id})
    return held


def _told(planned: PlanCell, cell: Cell) -> PlanCell:
    """The cell of the plan with what the records tell of it."""
    maker = cell.maker or (read_code(cell.code).maker if cell.code else "")
    order = f"order {cell.order_no}" if cell.order_no else ""
    lot = ", ".join(part for part in (cell.supplier, order, cell.received_date) if part)
    return replace(planned, id=cell.id, maker=maker, lot=lot, charged=cell.state == "balanced")
