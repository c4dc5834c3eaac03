"""Where a plan's meter stands, read from its address: what it may be asked for, and which volts nobody measures all the time."""

from __future__ import annotations

from typing import NamedTuple

from tui.domain.plan import Plan

BY_HAND = "typed"
"""The family of a meter without a line: the operator is its driver, and the bench opens nothing."""
POINTS = ("bank", "supply", "cells", "cell", "walk")
SEE_CELLS = ("bank", "cells", "cell")


class MeterPlace(NamedTuple):
    """`point` is "" where there is no meter on a line; `cell` the label that an address with point=cell names."""

    point: str = ""
    cell: str = ""


def meter_place(address: str) -> MeterPlace:
    """What the options `point` and `cell` of a meter's address say. A cell alone is enough: text-line:/dev/ttyUSB1?cell=A3."""
    place, _, query = address.strip().partition("?")
    if not place or place.partition(":")[0] == BY_HAND:
        return MeterPlace()
    options = dict(part.partition("=")[::2] for part in query.split("&"))
    cell = options.get("cell", "")
    return MeterPlace(options.get("point", "cell" if cell else "bank"), cell)


def sees_cells(plan: Plan, meter: str) -> bool:
    """Whether that meter measures these cells all the time: not one that is carried about, nor at the supply, nor on a cell that is not among them.

    In a string one cell says nothing of the others.
    """
    point, cell = meter_place(meter)
    labels = [known.label for known in plan.cells]
    if point == "cell":
        from tui.domain.calculations import wiring  # only here: the words of a procedure need no arithmetic otherwise

        return cell in labels and wiring(plan).series == 1
    return point in SEE_CELLS


def problem(plan: Plan) -> str:
    """Why a meter of the plan cannot stand where its address says; "" where it can."""
    point, cell = meter_place(plan.meter)
    labels = [known.label for known in plan.cells]
    if not point:
        return ""
    if point not in POINTS:
        return f"The meter's point={point} is none of: {', '.join(POINTS)}."
    if point == "cell" and not cell:
        return f"point=cell needs the cell on which the probes are: cell={labels[0]}."
    if cell and point != "cell":
        return f"The meter's address names cell {cell} and point={point}. Leave one of the two out."
    if cell and cell not in labels:
        return f"The meter's address names cell {cell}, which is not in this bank: {', '.join(labels)}."
    return ""
