"""Makes Steps of a file's rows for one plan: chooses by `when`, fills the {numbers} in, multiplies fields by cells, numbers the ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tui.domain import calculations, picture
from tui.domain.facts import PART_FACTS, bank_facts, part_facts
from tui.domain.gate_words import listed
from tui.domain.gates_cells import Lift
from tui.domain.plan import Plan
from tui.domain.procedure import Field, Part, Step
from tui.domain.procedures.errors import Path, ProcedureError
from tui.domain.procedures.parts import PartPlan, lifted_plan, parts_of
from tui.domain.procedures.schema import KINDS, FieldRow, FileRow, PartRow, StepRow
from tui.domain.procedures.words import hold, words_of

_NAME = re.compile(r"\{([^{}]*)\}")
_DURATION = re.compile(r"(\d+(?:[.,]\d+)?)\s*(s|min|h|d)")
_VOLTS = re.compile(r"(\d+(?:[.,]\d+)?)\s*(V|mV)?")
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
TITLE_LENGTH = 30


@dataclass(frozen=True, slots=True)
class Made:
    """A step with the row it was made of."""

    step: Step
    row: StepRow


def make(files: Sequence[FileRow], plan: Plan) -> list[Made]:
    """All steps of the files' procedures one after the other. Raises ProcedureError for a plan that does not fit."""
    made: list[Made] = []
    for number, (stretch, later) in enumerate(stretches(files, plan), start=1):
        made += _part(stretch, plan, number, skip_once=later)
    return _linked(made)


def stretches(files: Sequence[FileRow], plan: Plan) -> list[tuple[PartPlan, bool]]:
    """The parts in their order, each with whether it belongs to a later procedure of a chain. Raises ProcedureError."""
    found: list[tuple[PartPlan, bool]] = []
    for number, file in enumerate(files):
        before = len(found)
        for row in file.parts:
            charged = any(part.row.wiring == "series" for part, _ in found)
            found += [(part, number > 0) for part in _parts(file, row, plan, after_precharge=charged)]
        if len(found) == before:
            raise ProcedureError(f"the procedure “{file.title}” has no part for this plan")
    return found


def make_remedy(file: FileRow, plan: Plan, wanted: Lift, volts: Mapping[str, float]) -> list[Made]:
    """The steps of the file's remedy part on the low cells; `plan` is the one whose gate refused, `volts` those of its cells."""
    rows = [row for row in file.parts if row.remedy]
    if not rows:
        raise ProcedureError(f"the procedure “{file.title}” is no remedy")
    lift_facts = {
        "low_v": f"{min(volts[label] for label in wanted.labels):.3f} V",
        "high_v": f"{max(volts.values()):.3f} V",
        "level_v": f"{wanted.until_v:.3f} V",
        "low_cells": listed(list(wanted.labels)),
        "wire_low": ",".join(wanted.labels),
    }
    stretch = PartPlan(rows[0], lifted_plan(plan, wanted, volts))
    return _linked(_part(stretch, plan, 1, known=lift_facts, level_v=wanted.until_v))


def _parts(file: FileRow, row: PartRow, plan: Plan, *, after_precharge: bool) -> list[PartPlan]:
    try:
        return parts_of(row, plan, after_precharge=after_precharge)
    except ValueError as error:
        raise ProcedureError(f"{file.title}: {error}", row.path) from error


def _part(
    stretch: PartPlan,
    session: Plan,
    number: int,
    *,
    skip_once: bool = False,
    known: Mapping[str, str] | None = None,
    level_v: float | None = None,
) -> list[Made]:
    row, plan = stretch.row, stretch.plan
    first, last = stretch.number == 1, stretch.number == stretch.count
    facts = {
        **bank_facts(plan),
        **part_facts(session, plan, number=stretch.number, count=stretch.count, before=stretch.before, after=stretch.after),
    }
    facts.update(known or {})
    title = fill(row.title, facts, row.path, "title")
    part = Part(stretch.id, _short(title), plan, balances=row.balances and (row.each != "stage" or last))
    words = words_of(session, plan, first=first, last=last)
    suffix = "" if number == 1 else f"@{number}"
    return [
        Made(_step(step, part, facts, words, suffix, level_v), step)
        for step in row.steps
        if hold(step.when, words) and not (skip_once and step.once)
    ]


def _step(row: StepRow, part: Part, facts: Mapping[str, str], words: frozenset[str], suffix: str, level_v: float | None) -> Step:
    def text(key: str) -> str:
        return fill(getattr(row, key), facts, row.path, key)

    def texts(key: str) -> tuple[str, ...]:
        return tuple(fill(item, facts, row.path, key) for item in getattr(row, key))

    fields = tuple(field for item in row.fields if hold(item.when, words) for field in _fields(item, part.plan, facts))
    return Step(
        id=row.id + suffix,
        title=_short(text("title")),
        instruction=text("instruction"),
        tutorial=row.tutorial,
        notes=texts("notes"),
        warnings=texts("warnings"),
        picture=picture.drawn(row.picture, part.plan),
        confirm=text("confirm"),
        fields=fields,
        gate=row.gate if fields or not row.fields else "",  # all that it judges is left out here
        hands=texts("hands"),
        action=row.action,  # type: ignore[arg-type]
        until=row.until,  # type: ignore[arg-type]
        until_v=_until_v(row, part.plan, level_v),
        until_s=_until_s(row, part.plan),
        ask_during=row.ask_during and bool(fields),
        retry_from=row.retry_from,
        opening_ends=row.opening_ends,
        leads_to=tuple((fill(answer, facts, row.path, "leads_to"), target) for answer, target in row.leads_to),
        part=part,
    )


def _fields(row: FieldRow, plan: Plan, facts: Mapping[str, str]) -> Iterable[Field]:
    labels = [cell.label for cell in plan.cells] if row.each == "cell" else [""]
    for label in labels:
        own = {**facts, "label": label}
        name, shown, probe = (fill(getattr(row, key), own, row.path, key) for key in ("name", "label", "probe"))
        choices = tuple(fill(choice, own, row.path, "choices") for choice in row.choices)
        yield Field(name, shown, row.kind, KINDS[row.kind], probe, choices)  # type: ignore[arg-type]


def _linked(made: list[Made]) -> list[Made]:
    """`retry_from` and `leads_to` as ids of the session: of the same part, or for `leads_to` of the next part that has such a step."""
    linked = []
    for index, one in enumerate(made):
        step, row = one.step, one.row
        if row.retry_from:
            earlier = [m.step.id for m in made[:index] if m.step.part is step.part and m.step.topic == row.retry_from]
            if not earlier:
                raise ProcedureError(f"“{row.retry_from}” is no earlier step of this part", row.path, "retry_from")
            step = replace(step, retry_from=earlier[-1])
        targets = []
        for answer, topic in step.leads_to:
            later = [m.step.id for m in made[index + 1 :] if m.step.topic == topic]
            if not later:
                raise ProcedureError(f"“{topic}” is no later step of this procedure", row.path, "leads_to")
            targets.append((answer, later[0]))
        linked.append(Made(replace(step, leads_to=tuple(targets)), row))
    return linked


def fill(text: str, facts: Mapping[str, str], path: Path, key: str) -> str:
    """The text with its {names} filled in. Raises ProcedureError for an unknown name or a lone brace."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in facts:
            raise ProcedureError(f"{{{found[1]}}} is no number of the bank", path, key)
        return facts[found[1]]

    if "{" not in text and "}" not in text:
        return text
    if re.search(r"[{}]", _NAME.sub("", text)):
        raise ProcedureError("a brace stands alone; write {name} for a number of the bank", path, key)
    return _NAME.sub(value, text)


def _short(title: str) -> str:
    """At most as long as the checklist has room for: a cell with a long label must not stop a session."""
    return title if len(title) <= TITLE_LENGTH else title[: TITLE_LENGTH - 1].rstrip() + "…"


def _until_v(row: StepRow, plan: Plan, level_v: float | None) -> float:
    if row.until != "volts":
        if row.until_v:
            raise ProcedureError('until_v belongs to until = "volts"', row.path, "until_v")
        return 0.0
    if row.until_v == "knee":
        return calculations.knee_v(plan)
    if row.until_v == "level":
        if level_v is None:
            raise ProcedureError("“level” is known only in a remedy", row.path, "until_v")
        return level_v
    volts = volts_of(row.until_v)
    if volts is None:
        raise ProcedureError(f'“{row.until_v}” is neither “knee” nor “level” nor volts of a cell such as "3.40 V"', row.path, "until_v")
    if volts > plan.target_v + 1e-9:
        raise ProcedureError(
            f"{volts:.3f} V is above the target of {plan.target_v:.3f} V; the charge would wait for ever", row.path, "until_v"
        )
    return volts


def volts_of(text: str) -> float | None:
    """Volts of one cell as written in a file ("3.40 V", "3400 mV", "3,4"), None when it is no such number above zero."""
    match = _VOLTS.fullmatch(text.strip())
    if match is None:
        return None
    value = float(match[1].replace(",", ".")) / (1000.0 if match[2] == "mV" else 1.0)
    return value if 0.0 < value < 10.0 else None


def _until_s(row: StepRow, plan: Plan) -> float:
    if row.until != "rest":
        if row.until_s:
            raise ProcedureError('until_s belongs to until = "rest"', row.path, "until_s")
        return 0.0
    named = {"rest": plan.rest_s, "pause": plan.pause_s, "soak": plan.soak_s}
    if row.until_s in named:
        return named[row.until_s]
    match = _DURATION.fullmatch(row.until_s.strip())
    if match is None:
        raise ProcedureError(f'“{row.until_s}” is neither “rest” nor “pause” nor “soak” nor a time such as "30 min"', row.path, "until_s")
    return float(match[1].replace(",", ".")) * _SECONDS[match[2]]


def fact_names() -> frozenset[str]:
    """Every name that a text may put in braces."""
    from tui.domain.plan import PlanCell, PlanSupply

    example = Plan("", (PlanCell("A1", 280.0),), PlanSupply("manual", 30.0, 10.0))
    return frozenset(bank_facts(example)) | frozenset(PART_FACTS) | {"label"}
