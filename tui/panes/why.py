"""?: why this step, this limit, this number: formula with this bank's numbers, consequence, and the tutorial's section."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from tui.bench.messages import SessionCard, Snapshot
from tui.panes.dialog import Dialog
from tui.widgets.line import Line, Text
from tui.widgets.text import worst_alarm

if TYPE_CHECKING:
    from tui.domain.plan import Plan
    from tui.domain.reasons import Reason

Explain = Callable[[str], "Reason | None"]


def topics(snapshot: Snapshot) -> list[str]:
    """Ids that `?` explains here, nearest first: the alarm that stands, the current step, then the other alarms and steps."""
    found: list[str] = []
    alarm = worst_alarm(snapshot)
    if alarm is not None and not alarm.acknowledged:
        found.append(alarm.code)
    if snapshot.steps:
        found.append(topic_of(snapshot.steps[min(snapshot.step, len(snapshot.steps) - 1)].id))
    found += [other.code for other in snapshot.alarms]
    found += [topic_of(step.id) for step in snapshot.steps]
    return list(dict.fromkeys(found))


def topic_of(step_id: str) -> str:
    """What a step is about, in whichever part of the procedure it stands: "open-lead@2" is about "open-lead"."""
    return step_id.partition("@")[0]


def plan_now(card: SessionCard, snapshot: Snapshot) -> Plan:
    """The plan that counts now: that of the current part where there are several (its cells, its target), else the whole."""
    from tui.domain.plan import Plan

    parts = card.parts
    return Plan.from_json(parts[snapshot.part] if snapshot.part < len(parts) else card.plan)


def facts(snapshot: Snapshot) -> dict[str, float]:
    """Measured numbers that a reason may quote, each under its Snapshot name; unknown ones are left out."""
    numbers = {
        "cells_v": snapshot.cells_v.value if snapshot.cells_v.trust not in ("unknown", "stale") else None,
        "supply_v": snapshot.supply_v.value if snapshot.supply_v.trust not in ("unknown", "stale") else None,
        "current_a": snapshot.current_a.value if snapshot.current_a.trust not in ("unknown", "stale") else None,
        "lead_drop_v": snapshot.lead_drop_v,
        "lead_resistance_ohm": snapshot.lead_resistance_ohm,
        "charge_ah": snapshot.charge_ah,
    }
    return {name: value for name, value in numbers.items() if value is not None}


def explainer(card: SessionCard | None, snapshot: Snapshot) -> Explain:
    """Looks reasons up for the plan of the running session's part; without a plan nothing can be explained in numbers."""

    def explain(topic: str) -> Reason | None:
        if card is None:
            return None
        from tui.domain.reasons import why

        try:
            return why(topic, plan_now(card, snapshot), facts(snapshot))
        except KeyError:
            return None

    return explain


class WhyScreen(Dialog):
    """One reason at a time; left and right go to the neighbours."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter,space", "dismiss", "back", show=False),
        Binding("right,n", "turn(1)", show=False),
        Binding("left,p", "turn(-1)", show=False),
    ]

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__()
        self._reasons = list(reasons)
        self._at = 0
        self._title, self._text = Line(classes="dialog-title"), Text()

    def compose(self) -> ComposeResult:
        yield self.status
        with Vertical(classes="dialog -large"):
            yield self._title
            with VerticalScroll():
                yield self._text
            yield Line(
                f"{'← → other reasons · ' if len(self._reasons) > 1 else ''}↑ ↓ scroll · esc back · ^x OUTPUT OFF", classes="dialog-keys"
            )

    def on_mount(self) -> None:
        self._draw()

    def action_turn(self, by: int) -> None:
        self._at = (self._at + by) % len(self._reasons)
        self._draw()

    def _draw(self) -> None:
        reason = self._reasons[self._at]
        self._title.show(f"Why: {reason.title}")
        self._text.show(reason_content(reason))


def reason_content(reason: Reason) -> Content:
    """Formula, what follows from breaking it, sides of the debate where there are any, and where the tutorial says it."""
    parts: list[Content | str | tuple[str, str]] = []
    if reason.formula:
        parts += [(reason.formula, "bold"), "\n\n"]
    parts.append(reason.consequence)
    sides = (reason.sides,) if isinstance(reason.sides, str) else tuple(reason.sides or ())
    for side in sides:
        if side:
            parts += ["\n\n", ("· ", "$accent"), str(side)]
    if reason.tutorial:
        parts.append((f"\n\nTutorial, section {reason.tutorial}", "$foreground 60%"))
    return Content.assemble(*parts)
