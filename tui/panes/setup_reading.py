"""What follows from the fields of Setup: the plan, its faults, its figures and what fits. Pure; needs the units, so not before they are ready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tui.domain.checks import check_plan
from tui.domain.plan import Plan
from tui.panes import draft as drafts
from tui.panes.figures import FigureRow, rows_of
from tui.panes.setup_fields import OWN
from tui.panes.setup_records import Known

if TYPE_CHECKING:
    from tui.domain.fits import Choice, Fit

NO_TAPER = ("end-current", "end-current-c", "smallest-end-current", "hours-lost")
TIME = ("charging-time",)
UNSAID: Mapping[str, tuple[str, ...]] = {
    "precharge": NO_TAPER,  # it ends before any taper
    "level": (*NO_TAPER, *TIME, "missing-charge"),  # what low cells need is known when they are measured
}
"""Figures that do not speak of a procedure. The time of one charge to the top is told where that is all; of the others the list tells it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`errors` stop the start, `warnings` do not; both by field. `rows` are there only without errors."""

    draft: drafts.Draft = field(default_factory=drafts.Draft)
    errors: Mapping[str, str] = field(default_factory=dict)
    warnings: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[FigureRow, ...] = ()
    shown: Plan | None = None  # what the figures speak of: the string of a pre-charge, one cell of a queue, else the bank
    fits: tuple[Fit, ...] = ()
    best: Choice | None = None


def read_setup(answers: Mapping[str, str], known: Known, find_cell: drafts.FindCell, base: Plan | None = None) -> Reading:
    """Read the fields (texts by name) with what the records know."""
    draft = drafts.read_draft(answers, find_cell, base, known.find_model)
    plan, errors, warnings = draft.plan, dict(draft.messages), dict[str, str]()
    if plan is None:
        return Reading(draft, errors)
    for problem in check_plan(plan, known.own.get(plan.procedure.removeprefix(OWN), "")):
        group = errors if problem.blocking else warnings
        group.setdefault(drafts.field_of(problem.field), problem.message)
    from tui.domain.fits import best, fits

    found = fits(plan)
    shown = shown_plan(plan)
    unsaid = UNSAID.get(plan.procedure, () if plan.procedure == "parallel" or plan.procedure.startswith(OWN) else TIME)
    rows = () if errors else tuple(row for row in rows_of(shown) if row.figure.id not in unsaid)
    return Reading(draft, errors, warnings, rows, shown, (*found, *_own_fits(known)), best(plan, found))


def shown_plan(plan: Plan) -> Plan:
    """The plan whose figures are shown: the procedure's first charge where it is not the whole bank in parallel."""
    if plan.procedure == "precharge":
        return replace(plan, arrangement=plan.pack or f"{len(plan.cells)}S")
    if plan.procedure == "single-cell":
        return replace(plan, cells=plan.cells[:1], arrangement="1P")
    return plan


def _own_fits(known: Known) -> list[Fit]:
    """A person's own procedures: how long they take is not reckoned, and one with a fault says its line."""
    from tui.domain.fits import Fit
    from tui.domain.procedures import check

    found = []
    for name, text in known.own.items():
        faults = check(text)
        why_not = f"line {faults[0].line}: {faults[0].message}" if faults else ""
        found.append(Fit(f"{OWN}{name}", not faults, why_not, note="Your own procedure; its hours are not reckoned."))
    return found
