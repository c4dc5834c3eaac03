"""The checklist of a recorded session: the steps of its plan, and those that only its journal knows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tui.bench.messages import PartView, SessionCard, StepCard, StepView
from tui.domain.plan import Plan
from tui.domain.procedure import Part, Step, as_remedy
from tui.domain.procedures import remedy
from tui.domain.procedures import steps as steps_of
from tui.records.sessions import Session

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """One step, and what the replay needs to know of it."""

    card: StepCard
    action: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class PartOf:
    """One part of the procedure; `plan` is None where only the journal knows of it."""

    id: str
    title: str
    plan: Plan | None = None


@dataclass(frozen=True, slots=True)
class Checklist:
    """All steps in their order, each in one of the parts."""

    places: tuple[Place, ...]
    parts: tuple[PartOf, ...]
    card: SessionCard

    def index_of(self, step_id: str) -> int:
        """Where a step stands; 0 for one that is not there."""
        return next((at for at, place in enumerate(self.places) if place.card.id == step_id), 0)

    def views(self, here: int, *, finished: bool, details: Mapping[str, str], overridden: frozenset[str]) -> tuple[StepView, ...]:
        """The steps of the part of step `here`, as they stood then."""
        part = self.places[here].card.part if self.places else 0
        found = []
        for at, place in enumerate(self.places):
            card = place.card
            if card.part != part:
                continue
            done = at < here or finished
            status: Literal["todo", "now", "done", "overridden"] = "now" if at == here and not finished else "todo"
            if done:
                status = "overridden" if card.id in overridden else "done"
            found.append(StepView(card.id, card.title, status, details.get(card.id, "")))
        return tuple(found)

    def index_in_part(self, here: int) -> int:
        part = self.places[here].card.part if self.places else 0
        return sum(place.card.part == part for place in self.places[:here])

    def part_views(self, here: int, *, finished: bool, ends: Mapping[str, str]) -> tuple[PartView, ...]:
        """The parts; empty where there is one."""
        if len(self.parts) < 2:
            return ()
        now = self.places[here].card.part if self.places else 0
        return tuple(
            PartView(part.title, "done" if at < now or finished else "now" if at == now else "todo", ends.get(part.id, ""))
            for at, part in enumerate(self.parts)
        )


def checklists(session: Session, lines: Sequence[Line]) -> tuple[Checklist, ...]:
    """As it stood at first, and after each remedy that was taken: the same but for the steps that the remedy put in."""
    taken = max((remedies_taken(line) for line in lines if line["kind"] == "checkpoint"), key=len, default=[])
    return tuple(_checklist(session, lines, taken[:count], more=count < len(taken)) for count in range(len(taken) + 1))


def remedies_taken(checkpoint: Line) -> list[Mapping[str, Any]]:
    """The remedies that a checkpoint remembers, in their order."""
    data = checkpoint.get("data")
    taken = data.get("taken") if isinstance(data, Mapping) else None
    return [row for row in taken if isinstance(row, Mapping)] if isinstance(taken, list) else []


def _checklist(session: Session, lines: Sequence[Line], taken: Sequence[Mapping[str, Any]], *, more: bool) -> Checklist:
    """Of the plan where this version can read it, and of the steps that only the journal names. `more` remedies came later."""
    plan, steps = _of_plan(session, lines, taken)
    order = tuple(dict.fromkeys(step.part for step in steps if step.part is not None))
    places = [Place(_card(step, order), step.action, step.until) for step in steps]
    parts = tuple(PartOf(part.id, part.title, part.plan) for part in order) or (PartOf("", session.procedure, plan),)
    for line in lines:
        step_id = str(line.get("step_id") or "")
        if line["kind"] == "step_enter" and not (more and "@remedy-" in step_id):
            _put_in(places, step_id, str(line.get("text") or ""), before=_next_known(places, lines, line))
    plans = tuple(part.plan.to_json() if part.plan is not None else dict(session.plan) for part in parts)
    card = SessionCard(session.id, dict(session.plan), tuple(place.card for place in places), plans, len(taken))
    return Checklist(tuple(places), parts, card)


def _of_plan(session: Session, lines: Sequence[Line], taken: Sequence[Mapping[str, Any]]) -> tuple[Plan | None, tuple[Step, ...]]:
    """The plan and its steps; no steps where its own procedure cannot be made any more, nothing where another version wrote the plan."""
    start = next((line for line in lines if line["kind"] == "session_start"), {})
    data = start.get("data")
    own = str(data.get("own_procedure") or "") if isinstance(data, Mapping) else ""
    try:
        plan = Plan.from_json(dict(session.plan))
    except (TypeError, KeyError, ValueError):
        return None, ()
    try:
        steps = steps_of(plan, own)
        for row in taken:
            at = [step.id for step in steps].index(row["step_id"])
            part = steps[at].part
            made = remedy(str(row["name"]), part.plan if part is not None else plan, row["values"])
            steps = (*steps[:at], *as_remedy(made, int(row["number"])), *steps[at:])
    except (TypeError, KeyError, ValueError):
        return plan, ()
    return plan, steps


def _card(step: Step, order: Sequence[Part]) -> StepCard:
    part = order.index(step.part) if step.part is not None else 0
    return StepCard(step.id, step.title, step.instruction, step.tutorial, step.notes, step.warnings, step.picture, part)


def _next_known(places: Sequence[Place], lines: Sequence[Line], entered: Line) -> str:
    """Id of the first step entered behind this one that the list already has; "" where none is."""
    known = {place.card.id for place in places}
    if str(entered.get("step_id") or "") in known:
        return ""
    behind = (line for line in lines if line["kind"] == "step_enter" and line.get("seq", 0) > entered.get("seq", 0))
    return next((str(line.get("step_id")) for line in behind if str(line.get("step_id")) in known), "")


def _put_in(places: list[Place], step_id: str, title: str, *, before: str) -> None:
    if not step_id or any(place.card.id == step_id for place in places):
        return
    at = next((index for index, place in enumerate(places) if place.card.id == before), len(places))
    beside = places[at] if at < len(places) else places[-1] if places else None
    places.insert(at, Place(StepCard(step_id, title or step_id, "", "", part=beside.card.part if beside is not None else 0)))
