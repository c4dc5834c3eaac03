"""The parts of a procedure: which stretches there are for this plan, and the plan of each, cut down from the session's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tui.domain import calculations
from tui.domain.calculations import stages_v
from tui.domain.charge import soc_at
from tui.domain.gates_cells import Lift, level_plan
from tui.domain.plan import Plan
from tui.domain.procedure import Value
from tui.domain.procedures.schema import PartRow
from tui.domain.procedures.words import hold, words_of

AFTER_PRECHARGE_SOC = (0.955, 0.9975)
"""The bank after a pre-charge of cells that began alike: its first cell is at 99.75 % (cell model, C/28), the mean some percent behind."""


@dataclass(frozen=True, slots=True)
class PartPlan:
    """One stretch: its row, its plan, and its place among those that the row's `each` makes."""

    row: PartRow
    plan: Plan
    number: int = 1
    count: int = 1
    before: Plan | None = None  # the stretch of the same row before this one
    after: Plan | None = None

    @property
    def id(self) -> str:
        if self.row.each == "cell":
            return f"{self.row.id}-{self.plan.cells[0].label}"
        return f"{self.row.id}-{self.number}" if self.row.each else self.row.id


def parts_of(row: PartRow, plan: Plan, *, after_precharge: bool = False) -> list[PartPlan]:
    """The stretches that a row makes of the session's plan; none when its `when` does not hold."""
    if row.remedy or not hold(row.when, words_of(plan, plan)):
        return []
    base = _charged(plan) if after_precharge else plan
    if row.each == "stage":
        plans = _stages(_parallel(base))
    elif row.each == "cell":
        plans = [replace(plan, cells=(cell,), arrangement="1P", pack="") for cell in plan.cells]
    else:
        plans = [_series(plan) if row.wiring == "series" else _parallel(base)]
    around = [None, *plans, None]
    return [PartPlan(row, part, number, len(plans), around[number - 1], around[number + 1]) for number, part in enumerate(plans, start=1)]


def _parallel(plan: Plan) -> Plan:
    """All cells in parallel; as the plan says it where it says so."""
    if calculations.wiring(plan).series == 1:
        return plan
    return replace(plan, arrangement="")


def _series(plan: Plan) -> Plan:
    return replace(plan, arrangement=str(calculations.pack_wiring(plan)))


def _stages(plan: Plan) -> list[Plan]:
    """One plan a stage. From the second on the charge is known: the cells stand at the volts of the stage before."""
    plans, reached = [], None
    plan = replace(plan, stages_v=stages_v(plan))  # each stage knows where the others lie
    for stage in plan.stages_v:
        low, high = plan.soc_low, plan.soc_high
        if reached is not None:
            low = high = soc_at(reached)
        plans.append(replace(plan, target_v=stage, soc_low=low, soc_high=high))
        reached = stage
    return plans


def _charged(plan: Plan) -> Plan:
    """The bank as a pre-charge leaves it: the first cell nearly full, the others behind by what they differed before."""
    low, high = AFTER_PRECHARGE_SOC
    if plan.soc_low is not None and plan.soc_high is not None:
        low = min(low, high - (plan.soc_high - plan.soc_low))
    return replace(plan, soc_low=max(0.0, low), soc_high=high)


# --- the low cells of a remedy ---------------------------------------------------------------------------------


def lift(plan: Plan, values: Mapping[str, Value]) -> tuple[Lift, Mapping[str, float]]:
    """What the spread gate asks for, and the volts that were typed. Raises ValueError where no cell is low."""
    volts = {cell.label: float(value) for cell in plan.cells if isinstance(value := values.get(f"cell:{cell.label}"), int | float)}
    if not volts:
        raise ValueError("no volts of a cell were given")
    return level_plan(plan, volts), volts


def lifted_plan(plan: Plan, wanted: Lift, volts: Mapping[str, float]) -> Plan:
    """The plan of the low cells alone, in parallel, with the volts to set as their target.

    On the plateau volts do not tell the charge: there the operator's estimate for the bank stands for the low cells too, as far as it is lower.
    """
    lowest_v = min(volts[label] for label in wanted.labels)
    soc_low, soc_high = None, None
    if plan.soc_low is not None:
        soc_low, soc_high = min(soc_at(lowest_v), soc_at(wanted.until_v), plan.soc_low), soc_at(wanted.until_v)
    return replace(
        plan,
        cells=tuple(cell for cell in plan.cells if cell.label in wanted.labels),
        arrangement="",
        pack="",
        target_v=wanted.set_v,
        soc_low=soc_low,
        soc_high=soc_high,
    )
