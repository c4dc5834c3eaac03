"""Checks an own procedure's file: its form, its words and numbers, and that nothing which keeps the cells safe is missing or out of order.

The order is judged on the steps themselves, made for supplies with and without interface, with and without meters, for one cell and
several: whatever bank the file meets, what its plan makes of it has been looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tui.domain.plan import Plan, PlanCell, PlanSupply
from tui.domain.procedures import build, choices, loader, safety
from tui.domain.procedures.errors import FileProblem, ProcedureError
from tui.domain.procedures.locate import Places
from tui.domain.procedures.parts import lift
from tui.domain.procedures.reader import Findings
from tui.domain.procedures.schema import FileRow, PartRow, StepRow
from tui.domain.procedures.words import exclude

INSTRUCTION_LENGTH = 320
HIGHEST_TARGET_V = 3.65


def check(text: str) -> list[FileProblem]:
    """Every fault of the text, in the order of its lines; an empty list is a procedure that may be run. Never raises."""
    row, problems = loader.read(text)
    if row is None:
        return problems
    found = Findings(Places(text))
    found.problems += problems
    choices.examine(row, found)
    _texts(row, found)
    _ids(row, found)
    if not found.problems:
        _safety(row, found)
    return sorted(found.problems, key=lambda problem: problem.line)


# --- texts and ids ---------------------------------------------------------------------------------------------


def _texts(row: FileRow, found: Findings) -> None:
    """Names in braces and written volts, also of steps that few plans use."""
    names = dict.fromkeys(build.fact_names(), "…")
    target_v = choices.chosen(row.plan, lambda *_: None).get("target_v", HIGHEST_TARGET_V)
    for part, step, key, text in _every_text(row):
        path = part.path if step is None else step.path
        try:
            build.fill(text, names, path, key)
        except ProcedureError as error:
            found.add(error.path, error.key, str(error))
        if key == "until_v" and (volts := build.volts_of(text)) is not None and volts > target_v + 1e-9:
            found.add(path, key, f"{volts:.3f} V is above the target of {target_v:.3f} V")
        if key == "instruction" and len(text) > INSTRUCTION_LENGTH:
            found.add(path, key, f"it has {len(text)} characters; what to do now fits into {INSTRUCTION_LENGTH}, the rest belongs in notes")


def _every_text(row: FileRow) -> Iterator[tuple[PartRow, StepRow | None, str, str]]:
    for part in row.parts:
        yield part, None, "title", part.title
        for step in part.steps:
            for key in ("title", "instruction", "confirm", "until_v"):
                yield part, step, key, getattr(step, key)
            for key in ("notes", "warnings", "hands"):
                for text in getattr(step, key):
                    yield part, step, key, text


def _ids(row: FileRow, found: Findings) -> None:
    """Parts have ids of their own; two steps of a part share an id only where they can never meet."""
    seen_parts: set[str] = set()
    for part in row.parts:
        if part.id in seen_parts:
            found.add(part.path, "id", f"the part “{part.id}” stands here twice")
        seen_parts.add(part.id)
        for number, step in enumerate(part.steps):
            for other in part.steps[:number]:
                if step.id == other.id and not exclude(step.when, other.when):
                    found.add(step.path, "id", f"the step “{step.id}” stands here twice; the “when” of the two must exclude each other")
            for place, item in enumerate(step.fields):
                if any(item.name == other.name and not exclude(item.when, other.when) for other in step.fields[:place]):
                    found.add(item.path, "name", f"the field “{item.name}” stands in this step twice")
    balancing = [part for part in row.parts if part.balances]
    if row.result == "balanced" and not balancing:
        found.add((), "result", "a result “balanced” needs a part with balances = true")
    for part in balancing:
        if part.wiring == "series" or part.remedy:
            found.add(part.path, "balances", "cells in series, and low cells that are lifted, are never balanced by it")
        elif not any(step.until == "end-rule" for step in part.steps):
            found.add(part.path, "balances", 'cells are balanced only by the end rule: a step with until = "end-rule" is missing')


# --- order -----------------------------------------------------------------------------------------------------


def _samples() -> Iterator[Plan]:
    """Plans that between them make every word hold and fail."""
    hand, wire = PlanSupply("manual", 60.0, 10.0), PlanSupply("riden:/dev/ttyUSB0", 60.0, 12.0)
    three = tuple(PlanCell(f"A{number}", 280.0) for number in (1, 2, 3))
    plain = Plan("Bank", three, hand)
    yield plain
    yield replace(plain, derating=0.5, soak_s=28800.0)
    yield replace(plain, assembled=True, meter="text-line:/dev/ttyUSB1")
    yield replace(plain, meter="text-line:/dev/ttyUSB1?point=cells", derating=0.5)
    yield replace(plain, cells=three[:1])
    yield replace(plain, supply=wire)
    yield replace(plain, supply=wire, assembled=True, meter="text-line:/dev/ttyUSB1?point=cells", soak_s=28800.0)
    yield replace(plain, supply=wire, cells=three[:1], meter="text-line:/dev/ttyUSB1")


def _safety(row: FileRow, found: Findings) -> None:
    for sample in _samples():
        plan = choices.fixed(sample, row)
        try:
            made = build.make([row], plan)
        except ProcedureError as error:
            found.add(error.path, error.key, str(error))
            continue
        _lengths(made, found)
        safety.judge(made, plan, found)
        if any(part.remedy for part in row.parts) and len(plan.cells) > 1:
            volts = {f"cell:{cell.label}": 3.0 if number < len(plan.cells) - 1 else 3.3 for number, cell in enumerate(plan.cells)}
            try:
                remedy = build.make_remedy(row, plan, *lift(plan, volts))
            except ProcedureError as error:
                found.add(error.path, error.key, str(error))
                continue
            _lengths(remedy, found)
            safety.judge(remedy, plan, found, remedy=True)


def _lengths(made: list[build.Made], found: Findings) -> None:
    for one in made:
        if one.step.title.endswith("…") and not one.row.title.endswith("…"):
            found.add(
                one.row.path, "title", f"the title is longer than the {build.TITLE_LENGTH} characters that the checklist has room for"
            )
        if not one.step.title.strip() or not one.step.instruction.strip():
            found.add(one.row.path, "instruction", "title and instruction may not be empty")
