"""The checklist of a recorded session: the steps of its plan, and those that only its journal knows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tui.bench.messages import PartView, SessionCard, StepCard, StepView
from tui.domain.plan import Plan
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


def checklist(session: Session, lines: Sequence[Line]) -> Checklist:
    """Of the plan where this version can read it, else of the steps that the journal names."""
    places, parts, whole = _of_plan(session, lines)
    if not parts:
        parts = [PartOf("", session.procedure, whole)]
    for line in lines:
        if line["kind"] == "step_enter":
            _put_in(places, str(line.get("step_id") or ""), str(line.get("text") or ""), before=_next_known(places, lines, line))
    card = SessionCard(
        session.id,
        dict(session.plan),
        tuple(place.card for place in places),
        tuple(part.plan.to_json() if part.plan is not None else dict(session.plan) for part in parts),
    )
    return Checklist(tuple(places), tuple(parts), card)


def _of_plan(session: Session, lines: Sequence[Line]) -> tuple[list[Place], list[PartOf], Plan | None]:
    start = next((line for line in lines if line["kind"] == "session_start"), {})
    data = start.get("data")
    own = str(data.get("own_procedure") or "") if isinstance(data, Mapping) else ""
    try:
        plan = Plan.from_json(dict(session.plan))
    except (TypeError, KeyError, ValueError):
        return [], [], None
    try:
        steps = steps_of(plan, own)
    except (TypeError, KeyError, ValueError):  # its own procedure changed meanwhile, or another version wrote it
        return [], [], plan
    parts = list(dict.fromkeys(step.part for step in steps if step.part is not None))
    places = [
        Place(
            StepCard(
                step.id,
                step.title,
                step.instruction,
                step.tutorial,
                step.notes,
                step.warnings,
                step.picture,
                parts.index(step.part) if step.part is not None else 0,
            ),
            step.action,
            step.until,
        )
        for step in steps
    ]
    return places, [PartOf(part.id, part.title, part.plan) for part in parts], plan


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
