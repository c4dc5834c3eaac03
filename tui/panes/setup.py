"""Setup: the bank, the supply, the leads and the target as fields with units, and what follows from them, live.

Nothing here imports pint before the first paint: until the units are ready, the fields show their plain text.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Static

from tui.bench.messages import Outcome, Start
from tui.domain.checks import check_plan
from tui.domain.plan import Plan, PlanCell
from tui.panes import draft as drafts
from tui.panes.cell_choice import CellChoice
from tui.panes.confirm import TextScreen
from tui.panes.fields import FieldRow, Grade, QuantityInput
from tui.panes.figures import FigureList, FigureRow, rows_of
from tui.panes.first_start import AID, TRY_IT, WELCOME, is_first_start
from tui.panes.plan_view import PlanView

if TYPE_CHECKING:
    from tui.app import TopBalanceApp

SIDE_BY_SIDE_WIDTH = 62  # columns from which the figures stand beside the fields
RUNNING = ("preparing", "charging", "hold", "tripped", "call", "resting")


class SetupPane(Widget, can_focus=True):
    """The plan of a session. A form while nothing runs; the running plan, read-only, while something does."""

    DEFAULT_CSS = """
    SetupPane { layout: vertical; height: 1fr; width: 1fr; }
    SetupPane #setup-form { height: 1fr; layout: vertical; }
    SetupPane #setup-top { height: auto; padding: 0 1; display: none; }
    SetupPane.-refused #setup-top { color: $text-error; }
    SetupPane #setup-body { height: 1fr; layout: vertical; }
    SetupPane.-side #setup-body { layout: horizontal; }
    SetupPane #setup-fields { height: 1fr; min-height: 5; width: 1fr; scrollbar-size-vertical: 1; padding-left: 1; }
    SetupPane #setup-figures { height: 11; padding: 0 0 0 1; border-top: solid $foreground 20%; scrollbar-size-vertical: 1; }
    SetupPane.-side #setup-figures, SetupPane.-side.-unread #setup-figures {
        border-top: none; border-left: solid $foreground 20%; height: 1fr; width: 34;
    }
    SetupPane .field-question { display: none; color: $text-muted; }
    SetupPane.-first .field-question { display: block; }
    SetupPane.-first FieldRow.-later { display: none; }
    SetupPane #setup-help { height: 3; padding: 0 1; color: $text-muted; }
    SetupPane.-side #setup-help, SetupPane.-first.-side #setup-help { height: 1; }
    SetupPane.-first #setup-figures { height: 7; }
    SetupPane.-unread #setup-figures { height: 3; }
    SetupPane.-first #setup-help { height: 2; }
    SetupPane.-first.-side #setup-figures { height: 1fr; }
    SetupPane Button { margin: 0 0 0 8; }
    SetupPane PlanView { display: none; }
    SetupPane.-side PlanView Vertical { layout: horizontal; }
    SetupPane.-side PlanView Text { width: 1fr; margin: 0; }
    SetupPane.-running PlanView { display: block; }
    SetupPane.-running #setup-form { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "start", "Start"),
        Binding("f6", "choose_cells", "Choose cells"),
        Binding("f7", "more", "All fields", show=False),
        Binding("escape", "leave_field", "Leave the field", show=False),
    ]

    app: TopBalanceApp  # type: ignore[assignment]

    class UnitsReady(Message):
        """pint is imported; the fields can be read."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._units_ready = self._start_wanted = False
        self.errors: dict[str, str] = {}  # by field: what stops the start
        self._base: Plan | None = None
        self._cells: dict[str, PlanCell] = {}  # the inventory, by label
        self._inventory_ns = 0  # when the inventory was last changed, as read
        self._last: dict[str, str] = {}  # the answers of the bank used last
        self.draft = drafts.Draft()

    def compose(self) -> ComposeResult:
        answers = drafts.answers_of(self.app.defaults) if self.app.defaults else {}
        self._base = Plan.from_json(self.app.defaults) if self.app.defaults else None
        with Widget(id="setup-form"):
            yield Static("", id="setup-top", markup=False)
            with Widget(id="setup-body"):
                with VerticalScroll(id="setup-fields", can_focus=False):
                    for spec in drafts.FIELDS:
                        row = FieldRow(spec, answers.get(spec.name))
                        row.set_class(not (spec.question or spec.first), "-later")
                        yield row
                    yield Button("Start  F5", id="setup-start", compact=True)
                with VerticalScroll(id="setup-figures", can_focus=False):
                    yield FigureList()
            yield Static("", id="setup-help", markup=False)
        yield PlanView()

    def on_mount(self) -> None:
        if is_first_start(self.app.home, demo=self.app.demo):
            self.add_class("-first")
            self._say("\n".join((WELCOME, TRY_IT, AID)))
        self.call_after_refresh(self.on_resize)  # a pane mounted into a finished layout gets no Resize
        self.call_after_refresh(self._warm_up)
        self.set_interval(1.0, self._look)
        self._look()
        self._take_focus()

    def on_resize(self) -> None:
        self.set_class(self.size.width >= SIDE_BY_SIDE_WIDTH, "-side")

    # --- reading the fields ---------------------------------------------------------------------------------------

    @work(thread=True, exit_on_error=False)
    def _warm_up(self) -> None:
        """Import pint and read the records beside the loop, after the first paint."""
        from tui.domain import quantities
        from tui.records.banks import Banks
        from tui.records.store import StoreError

        quantities.warm_up()
        with contextlib.suppress(StoreError, KeyError, TypeError, ValueError):  # a damaged record must not keep Setup from working
            last = None if self.app.defaults else Banks(self.app.home).last()
            self._last = drafts.answers_of(last.plan) if last and last.plan else {}
        self._read_inventory()

    @work(thread=True, exit_on_error=False)
    def _read_again(self) -> None:
        self._read_inventory()

    def _read_inventory(self) -> None:
        """In a thread: the cells that can be chosen. A damaged inventory is told by Cells; here its last good state counts."""
        from tui.records.inventory import Inventory
        from tui.records.store import StoreError

        with contextlib.suppress(StoreError):
            cells = Inventory(self.app.home).list()
            self._cells = {cell.label: PlanCell(cell.label, cell.capacity_ah, cell.id) for cell in cells if cell.capacity_ah}
        self.post_message(self.UnitsReady())

    @on(UnitsReady)
    def _units_are_ready(self) -> None:
        if not self._units_ready and self._last and self.answers == {spec.name: spec.default for spec in drafts.FIELDS}:
            self.fill(self._last)
        self._units_ready = True
        self.read()
        if self._start_wanted:
            self.action_start()

    @work(thread=True, exit_on_error=False)
    def _remember(self, plan: Plan) -> None:
        """Keep the bank, so that the next start is filled in with it. Its loss costs nobody anything."""
        from tui.records.banks import Banks
        from tui.records.store import StoreError

        with contextlib.suppress(StoreError):
            Banks(self.app.home).save(plan.bank, [cell.id for cell in plan.cells if cell.id], plan.to_json())

    @on(FieldRow.Changed)
    def _field_changed(self) -> None:
        self.read()

    @property
    def answers(self) -> dict[str, str]:
        """What stands in the fields, by name."""
        return {row.spec.name: row.value for row in self.query(FieldRow)}

    def fill(self, answers: Mapping[str, str]) -> None:
        """Put these texts into their fields."""
        for name, text in answers.items():
            self.query_one(f"#field-{name}", FieldRow).value = text

    def read(self) -> None:
        """Read every field, and show what was understood, what is wrong, and what follows."""
        if not self._units_ready:
            return
        # The demo's cells are made anew at each start; what an earlier demo left in its inventory is no contradiction to them.
        find_cell = (lambda _: None) if self.app.demo and self._base is not None else self._cells.get
        self.draft = draft = drafts.read_draft(self.answers, find_cell, self._base)
        self.errors, warnings = dict(draft.messages), dict[str, str]()
        rows: tuple[FigureRow, ...] = ()
        if draft.plan is not None:
            for problem in check_plan(draft.plan):
                group = self.errors if problem.blocking else warnings
                group.setdefault(drafts.field_of(problem.field), problem.message)
            if not self.errors:
                rows = rows_of(draft.plan)
        for row in self.query(FieldRow):
            name = row.spec.name
            grade: Grade = "error" if name in self.errors else "warning" if name in warnings else ""
            row.show(draft.echoes.get(name, ""), self.errors.get(name) or warnings.get(name, ""), grade)
        self.query_one(FigureList).show(rows)
        self.set_class(not rows, "-unread")
        self.call_after_refresh(self._keep_in_sight)

    def _keep_in_sight(self) -> None:
        """The field that is typed in, with the whole of its message."""
        for row in self.query(FieldRow):
            if row.has_focus_within:
                row.scroll_visible(animate=False)

    # --- help and reasons -----------------------------------------------------------------------------------------

    def on_focus(self) -> None:
        self._help("tab to the fields · F5 start · F6 choose cells · F7 all fields")

    def _help(self, text: str) -> None:
        for line in self.query("#setup-help").results(Static):  # gone already while the screen closes
            line.update(text, layout=False)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        row = next((node for node in event.widget.ancestors if isinstance(node, FieldRow)), None)
        text = (
            row.spec.help
            if row
            else "Up and down choose a figure, ? shows where it comes from."
            if isinstance(event.widget, FigureList)
            else ""
        )
        self._help(text)

    @on(FigureList.WhyAsked)
    def _why_figure(self, event: FigureList.WhyAsked) -> None:
        self._why(event.figure.id, "")

    @on(QuantityInput.WhyAsked)
    def _why_field(self, event: QuantityInput.WhyAsked) -> None:
        self._why(drafts.FIGURE_OF_FIELD.get(event.field, ""), drafts.spec_of(event.field).help)

    def _why(self, figure_id: str, otherwise: str) -> None:
        """Why this figure, then the others in their order; a field of a plan that cannot be read yet has only its help."""
        from tui.domain.reasons import why
        from tui.panes.why import WhyScreen

        plan, ids = self.draft.plan, [row.figure.id for row in self.query_one(FigureList).rows]
        if plan is None or figure_id not in ids:
            self.app.push_screen(TextScreen("What goes here", otherwise))
            return
        at = ids.index(figure_id)
        self.app.push_screen(WhyScreen([why(name, plan, {}) for name in ids[at:] + ids[:at]]))

    # --- keys -----------------------------------------------------------------------------------------------------

    def action_choose_cells(self) -> None:
        """Choose cells of the inventory by hand."""
        self.app.push_screen(CellChoice(list(self._cells.values()), self.query_one("#field-cells", FieldRow).value), self._chosen)

    def _chosen(self, labels: list[str] | None) -> None:
        if labels:
            self.fill({"cells": ", ".join(labels), "arrangement": ""})

    def action_leave_field(self) -> None:
        self.query_one(FigureList).focus()

    def action_more(self) -> None:
        """From the three questions to all fields."""
        self.remove_class("-first")

    def action_start(self) -> None:
        """Begin with what stands in the fields, or go to the field that stops it."""
        if not self._units_ready:
            self._start_wanted = True  # the units are still being loaded: it starts as soon as they are
            self._say("Reading the fields …")
            return
        self._start_wanted = False
        self.read()
        if self.errors or self.draft.plan is None:
            self._go_to(next(iter(self.errors), ""))
            return
        self._say("")
        self.query_one("#setup-start", Button).disabled = True
        self.app.send(Start(self.draft.plan.to_json()), self._answered)

    @on(Button.Pressed, "#setup-start")
    def _pressed(self) -> None:
        self.action_start()

    @on(FieldRow.Submitted)
    def _next_field(self) -> None:
        self.screen.focus_next()

    def _go_to(self, name: str) -> None:
        for row in self.query(FieldRow):
            if row.spec.name == name:
                if row.has_class("-later"):
                    self.action_more()
                row.editor.focus()
                return
        self._say(self.errors.get(name, ""))

    def _answered(self, outcome: Outcome) -> None:
        """The bench's answer to Start."""
        self.query_one("#setup-start", Button).disabled = False
        if outcome.ok:
            self._say("")
            self.remove_class("-first")
            if self.draft.plan:
                self._remember(self.draft.plan)
            self._look()
        else:
            self._say(outcome.message, refused=True)

    def _look(self) -> None:
        """Form or plan, by what the bench does now; under a dialog nothing is drawn, for the dialog would be painted anew with it."""
        if self.app.screen is not self.screen:
            return
        snapshot = self.app.link.snapshot()
        running = snapshot.state in RUNNING
        if running != self.has_class("-running"):
            self.set_class(running, "-running")
            self.can_focus = not running
            self.query_one("#setup-form").disabled = running  # out of the way of tab
            self.refresh_bindings()
            self._take_focus()
        changed_ns = self.app.home.inventory.stat().st_mtime_ns if self.app.home.inventory.exists() else 0
        if self._units_ready and changed_ns != self._inventory_ns:
            self._inventory_ns = changed_ns
            self._read_again()
        card = self.app.card  # fetched by a thread of the application: a link may wait for its answer
        if running and card is not None and card.session == snapshot.session:
            self.query_one(PlanView).show(card, snapshot)

    def _take_focus(self) -> None:
        """Where nothing has the focus: F5 then works at once, and digits still go to the workspaces."""
        if self.can_focus and self.screen.focused is None:
            self.focus(scroll_visible=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing is started or chosen while a session runs."""
        return not (action in ("start", "choose_cells") and self.has_class("-running"))

    def _say(self, text: str, *, refused: bool = False) -> None:
        """Put a text above the fields; "" takes it away."""
        self.set_class(refused and bool(text), "-refused")
        top = self.query_one("#setup-top", Static)
        top.update(text)
        top.display = bool(text)
