"""The running plan, read-only and compact: what was chosen, what follows, and the instruments that look after it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from tui.bench.messages import SessionCard, Snapshot
from tui.domain.calculations import lifts, wiring
from tui.domain.plan import Plan
from tui.panes.figures import LABEL_WIDTH, lay_out, rows_of
from tui.panes.why import plan_now
from tui.widgets.line import Text
from tui.widgets.text import trust_words

SHOWN = ("c-rate-current", "supply-current", "lead-limit", "energy", "charging-time", "end-current", "end-current-c")


class PlanView(Widget):
    """Draws a session's card and, of each snapshot, only what the instruments say."""

    DEFAULT_CSS = """
    PlanView { height: auto; width: 1fr; padding: 0 1; }
    PlanView Vertical { height: auto; }
    PlanView Text { text-wrap: nowrap; text-overflow: ellipsis; }
    PlanView #plan-instruments { margin-top: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown_plan: tuple[str, int, int] | None = None

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Text(id="plan-figures")
            yield Text(id="plan-instruments")

    def show(self, card: SessionCard, snapshot: Snapshot) -> None:
        """Draw the plan once a part of the session, the instruments whenever their words differ."""
        plan = plan_now(card, snapshot)
        shown = (card.session, snapshot.part, card.revision)
        if shown != self._shown_plan:
            self._shown_plan = shown
            self.query_one("#plan-figures", Text).show(Content("\n").join(plan_lines(plan)))
        self.query_one("#plan-instruments", Text).show(Content("\n").join(instrument_lines(plan, snapshot)))


def plan_lines(plan: Plan) -> list[Content]:
    """Cells, wiring and target, then the figures of `SHOWN` aligned on their decimal points."""
    sizes = {cell.capacity_ah for cell in plan.cells}
    cells = f"{len(plan.cells)} × {sizes.pop():g} Ah" if len(sizes) == 1 else f"{len(plan.cells)} of {min(sizes):g} to {max(sizes):g} Ah"
    unsaid = set[str]()
    if wiring(plan).series > 1 or lifts(plan) or plan.procedure == "level":  # these end at volts, never by a current
        unsaid = {"end-current", "end-current-c"}
    if plan.procedure == "level" and not lifts(plan):  # how low which cells are is not measured yet
        unsaid |= {"charging-time", "energy"}
    rows = [row for row in rows_of(plan) if row.figure.id in SHOWN and row.figure.id not in unsaid and row.figure.value is not None]
    capacity = next(row.text for row in rows_of(plan) if row.figure.id == "bank-capacity")
    facts = [
        ("Cells", cells),
        ("Wired", f"{plan.arrangement or f'{len(plan.cells)}P'}  {capacity}"),
        ("Target", f"{plan.target_v:.3f} V/cell"),
    ]
    lines = [(f"{label:<{LABEL_WIDTH}}", value) for label, value in facts] + lay_out(rows)
    return [Content.assemble((label, "dim"), value) for label, value in lines]


def instrument_lines(plan: Plan, snapshot: Snapshot) -> list[Content]:
    """Supply, meter and BMS, each with what it is and how its number is known."""
    rating = f"{plan.supply.max_voltage_v:g} V {plan.supply.max_current_a:g} A"
    return [
        *_instrument("Supply", snapshot.supply or plan.supply.name or plan.supply.address),
        Content(f"  {rating} · {trust_words(snapshot.supply_v)}"),
        *_instrument("Meter", snapshot.meter or plan.meter or "by hand"),
        *([Content(f"  {snapshot.cells_v.value:.3f} V · {trust_words(snapshot.cells_v)}")] if snapshot.cells_v.value is not None else []),
        *(_instrument("BMS", snapshot.bms or plan.bms) if snapshot.bms or plan.bms else []),
    ]


def _instrument(label: str, name: str) -> list[Content]:
    """An instrument's name, and below it where it is."""
    model, _, place = name.partition(" at ")
    lines = [Content.assemble((f"{label:<{LABEL_WIDTH}}", "dim"), model)]
    return [*lines, Content(f"  {place}")] if place else lines
