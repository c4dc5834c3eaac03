"""The procedures: five built in, chains of them, and a person's own. Each is a data file; `steps` makes the checklist of it for a plan.

Files are read when they are first needed, so importing this costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from tui.domain.procedures.errors import FileProblem, ProcedureError

if TYPE_CHECKING:
    from tui.domain.plan import Plan
    from tui.domain.procedure import Step, Value
    from tui.domain.procedures.schema import FileRow, PartRow

__all__ = [
    "CHAINS",
    "PROCEDURES",
    "TITLES",
    "FileProblem",
    "ProcedureError",
    "check",
    "effective",
    "export",
    "part_plans",
    "part_rows",
    "remedy",
    "steps",
]

PROCEDURES: tuple[str, ...] = ("parallel", "step-and-pause", "single-cell", "precharge", "level")
CHAINS: tuple[str, ...] = ("precharge+parallel", "precharge+step-and-pause")
TITLES: Mapping[str, str] = MappingProxyType(
    {
        "parallel": "Parallel, single step",
        "step-and-pause": "Step and pause",
        "single-cell": "One cell at a time",
        "precharge": "Series pre-charge",
        "level": "Level low cells",
        "precharge+parallel": "Pre-charge, then parallel",
        "precharge+step-and-pause": "Pre-charge, then steps",
    }
)


def steps(plan: Plan, own: str = "") -> tuple[Step, ...]:
    """All steps of the plan's procedure, in order, each with its part. `own` is the file's text of an "own:NAME".

    Where the cells are unlike, a question why stands before them.

    Raises ProcedureError (a ValueError) for an unknown procedure, a plan that does not fit it, and an own procedure whose steps for this very
    plan leave out something that keeps the cells safe.
    """
    from tui.domain.procedures import build

    plan, files = effective(plan, own), _files(plan, own)
    made = build.make(files, plan)
    if own and plan.procedure.startswith("own:"):
        from tui.domain.procedures import safety

        safety.demand(made, plan, own)
    found = tuple(one.step for one in made)
    from tui.domain import unlike

    first = found[0].part
    return (unlike.mixed_step(first, plan), *found) if unlike.mixed(plan) and first is not None else found


def part_rows(plan: Plan, own: str = "") -> tuple[PartRow, ...]:
    """The parts as they stand in the plan's files, whether they fit the plan or not. Raises ProcedureError."""
    return tuple(row for file in _files(plan, own) for row in file.parts)


def part_plans(plan: Plan, own: str = "") -> tuple[tuple[PartRow, Plan], ...]:
    """The plan of each part with the row it stands in: what `check_plan` looks at, without making any step. Raises ProcedureError."""
    from tui.domain.procedures import build

    return tuple((stretch.row, stretch.plan) for stretch, _ in build.stretches(_files(plan, own), effective(plan, own)))


def effective(plan: Plan, own: str = "") -> Plan:
    """The plan with what an own procedure fixes (its tables [plan] and [limits]); any other plan as it is."""
    if not plan.procedure.startswith("own:"):
        return plan
    from tui.domain.procedures import choices, loader

    return choices.fixed(plan, loader.own(own))


def remedy(name: str, plan: Plan, values: Mapping[str, Value]) -> tuple[Step, ...]:
    """Steps that put right what a gate refused: `plan` is the part's whose gate it was, `values` what was typed ("cell:A1" → V)."""
    from tui.domain.procedures import build, loader, parts

    try:
        wanted, volts = parts.lift(plan, values)
    except ValueError as error:
        raise ProcedureError(str(error)) from error
    return tuple(made.step for made in build.make_remedy(loader.builtin(name), plan, wanted, volts))


def export(name: str, plan: Plan) -> str:
    """A built-in procedure or a chain as a file to be edited: complete, commented, with this plan's choices beside it as comments."""
    from tui.domain.procedures import emit

    return emit.text_of(name, plan)


def check(text: str) -> list[FileProblem]:
    """Every fault of an own procedure's file: form, words, numbers, and the order of what keeps the cells safe. Never raises."""
    from tui.domain.procedures import validate

    return validate.check(text)


def _files(plan: Plan, own: str) -> list[FileRow]:
    from tui.domain.procedures import loader

    if plan.procedure.startswith("own:"):
        return [loader.own(own)]
    return [loader.builtin(name) for name in plan.procedure.split("+")]
