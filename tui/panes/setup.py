"""Setup: the bank, the supply, the leads and the target as fields with units, and what follows from them, live.

Nothing here imports pint before the first paint: until the units are ready, the fields show their plain text.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Static

from tui.bench.messages import Outcome, Start
from tui.domain.plan import Plan
from tui.panes import draft as drafts
from tui.panes.cell_choice import CellChoice
from tui.panes.confirm import TextScreen
from tui.panes.fields import Choice, FieldRow, Grade, QuantityInput
from tui.panes.figures import FigureList
from tui.panes.first_start import AID, TRY_IT, WELCOME, is_first_start
from tui.panes.fit_list import FitList, title_of
from tui.panes.plan_view import PlanView
from tui.panes.setup_fields import OWN, matters
from tui.panes.setup_reading import Reading, read_setup
from tui.panes.setup_records import Known, instruments_for, keep_bank, keep_model, read_known
from tui.panes.setup_style import SETUP_CSS
from tui.panes.setup_why import end_help, reasons_of

if TYPE_CHECKING:
    from tui.app import TopBalanceApp
    from tui.domain.catalogue import CellModel

SIDE_BY_SIDE_WIDTH = 62  # columns from which the figures stand beside the fields
RUNNING = ("preparing", "charging", "hold", "tripped", "call", "resting")


class SetupPane(Widget, can_focus=True):
    """The plan of a session. A form while nothing runs; the running plan, read-only, while something does."""

    DEFAULT_CSS = SETUP_CSS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "start", "Start"),
        Binding("f6", "choose", "Choose"),
        Binding("f7", "more", "All fields", show=False),
        Binding("f9", "fill_rest", "Fill in the cells left", show=False),
        Binding("escape", "leave_field", "Leave the field", show=False),
    ]

    _procedures = drafts.spec_of("procedure").choices
    app: TopBalanceApp  # type: ignore[assignment]

    @dataclass
    class Ready(Message):
        """pint is imported and the records are read, so the fields can be."""

        known: Known

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._units_ready = self._start_wanted = False
        self._base: Plan | None = None
        self._known = Known()
        self._read_ns = 0  # when inventory and history were last changed, as read
        self.reading = Reading()

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
                    yield FitList()
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
        """Import pint and what reads the plan, and read the records, beside the loop and after the first paint."""
        from tui.domain import fits, quantities

        quantities.warm_up()
        assert fits
        self._read_records()

    @work(thread=True, exit_on_error=False)
    def _read_again(self) -> None:
        self._read_records()

    def _read_records(self) -> None:
        """In a thread: what can be chosen."""
        self.post_message(self.Ready(read_known(self.app.home)))

    @on(Ready)
    def _records_are_read(self, event: Ready) -> None:
        before, self._known = self._known, event.known
        names = (*self._procedures, *((f"{OWN}{name}", title_of(f"{OWN}{name}")) for name in event.known.own))
        self.query_one("#input-procedure", Choice).offer(names)
        if not self._units_ready:
            self._read_ns = self._changed_ns()
            if self._base is not None:  # a procedure of one's own could not be chosen before it was known
                self.fill({"procedure": self._base.procedure})
            if event.known.last and not self.app.defaults and self.answers == {spec.name: spec.default for spec in drafts.FIELDS}:
                with contextlib.suppress(KeyError, TypeError, ValueError):  # a plan of another version
                    self.fill(drafts.answers_of(event.known.last))
        if not self.app.defaults:
            self.fill(instruments_for(self.answers, before.roles, event.known.roles))
        self._units_ready = True
        if event.known.left is not None and not self.app.defaults:
            self._say(event.known.left.words)
        self.read()
        if self._start_wanted:
            self.action_start()

    @work(thread=True, exit_on_error=False)
    def _remember(self, plan: Plan) -> None:
        keep_bank(self.app.home, plan)

    @on(FieldRow.Changed)
    def _field_changed(self, event: FieldRow.Changed) -> None:
        self.read()
        if event.row.spec.name == "end_rule" and event.row.has_focus_within:
            self._help(end_help(self.draft.plan, event.row.spec.help))

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
        answers = self.answers
        # So many cells of the demo are made anew at each start; what an earlier demo left in its inventory is no contradiction to them.
        made_anew = self.app.demo and self._base is not None and answers["cells"].isdigit()
        find_cell = (lambda _: None) if made_anew else self._known.cells.get
        self.reading = found = read_setup(answers, self._known, find_cell, self._base)
        for row in self.query(FieldRow):
            name = row.spec.name
            echo = found.draft.echoes.get(name, "")
            note = echo if row.spec.wide else ""
            error, warning = found.errors.get(name, ""), found.warnings.get(name, "")
            grade: Grade = "error" if error else "warning" if warning else "note" if note else ""
            row.show(echo, error or warning or note, grade)
            row.set_class(not matters(row.spec, answers["procedure"]) and not error, "-off")
        self.query_one(FitList).show(found.fits, found.best, answers["procedure"])
        self.query_one(FigureList).show(found.rows)
        self.set_class(not found.rows, "-unread")
        self.call_after_refresh(self._keep_in_sight)

    @property
    def draft(self) -> drafts.Draft:
        """The plan as it stands in the fields."""
        return self.reading.draft

    @property
    def errors(self) -> Mapping[str, str]:
        """By field: what stops the start."""
        return self.reading.errors

    @on(FitList.Taken)
    def _procedure_taken(self, event: FitList.Taken) -> None:
        self.fill({"procedure": event.name})

    @on(FitList.WhyAsked)
    def _why_fit(self, event: FitList.WhyAsked) -> None:
        self.app.push_screen(TextScreen(event.title, event.text))

    def _keep_in_sight(self) -> None:
        """The field that is typed in, with the whole of its message."""
        for row in self.query(FieldRow):
            if row.has_focus_within:
                row.scroll_visible(animate=False)

    # --- help and reasons -----------------------------------------------------------------------------------------

    def on_focus(self) -> None:
        self._help("tab to the fields · F5 start · F6 choose cells · F8 advice")

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
            else "Up and down look at a procedure, Enter takes it, ? tells all."
            if isinstance(event.widget, FitList)
            else ""
        )
        self._help(end_help(self.draft.plan, text) if row and row.spec.name == "end_rule" else text)

    @on(FigureList.WhyAsked)
    def _why_figure(self, event: FigureList.WhyAsked) -> None:
        self._why(event.figure.id, "")

    @on(QuantityInput.WhyAsked)
    def _why_field(self, event: QuantityInput.WhyAsked) -> None:
        from tui.domain.reasons import FIELDS

        self._why(FIELDS.get(event.field, ""), drafts.spec_of(event.field).help)

    def _why(self, reason_id: str, otherwise: str) -> None:
        """A field of a plan that cannot be read yet has only its help."""
        from tui.panes.why import WhyScreen

        plan, ids = self.draft.plan, [row.figure.id for row in self.reading.rows]
        if plan is None or not reason_id:
            self.app.push_screen(TextScreen("What goes here", otherwise))
            return
        shown = self.reading.shown if reason_id in ids else plan
        self.app.push_screen(WhyScreen(reasons_of(reason_id, ids, shown or plan)))

    # --- keys -----------------------------------------------------------------------------------------------------

    def action_choose(self) -> None:
        """In the field of the model its catalogue, of an instrument what stands at the ports; elsewhere cells of the inventory."""
        if any(self.query_one(f"#field-{name}", FieldRow).has_focus_within for name in ("supply", "meter", "bms")):
            self.app.action_go("instruments")
            return
        model = self.query_one("#field-model", FieldRow)
        if model.has_focus_within:
            from tui.panes.model_choice import ModelChoice

            echoed = self.draft.plan
            capacity_ah = echoed.cells[0].capacity_ah if echoed else None
            limit_a = echoed.cell_limit_a if echoed else None
            self.app.push_screen(ModelChoice(self._known.models, model.value, capacity_ah, limit_a), self._model_chosen)
            return
        cells = list(self._known.cells.values())
        self.app.push_screen(CellChoice(cells, self.query_one("#field-cells", FieldRow).value), self._chosen)

    def _model_chosen(self, model: CellModel | None) -> None:
        """A model brings its capacity and its largest current."""
        if model is None:
            return
        if model not in self._known.models:
            self._keep_model(model)
        from tui.domain.catalogue import fill

        limit_a = fill(model)["cell_limit_a"]
        limit = f"{limit_a:g}A" if isinstance(limit_a, float) else ""
        self.fill({"model": model.title, "capacity": f"{model.capacity_ah:g}Ah", "cell_limit": limit})

    @work(thread=True, exit_on_error=False)
    def _keep_model(self, model: CellModel) -> None:
        keep_model(self.app.home, model)
        self._read_records()

    def action_fill_rest(self) -> None:
        """Go on with the cells that the last queue left."""
        left = self._known.left
        if left is None:
            self._say("No queue of single cells waits to be finished.")
            return
        self.action_more()
        self.fill({**drafts.answers_of(left.plan), "cells": ", ".join(left.waiting)})
        self._say(f"{len(left.waiting)} cells are filled in: {', '.join(left.waiting)}. F5 starts.")

    def _chosen(self, labels: list[str] | None) -> None:
        if labels:
            self.fill({"cells": ", ".join(labels), "arrangement": ""})

    def action_leave_field(self) -> None:
        self.query_one(FitList).focus()

    def action_more(self) -> None:
        """From the three questions to all fields."""
        if self.has_class("-first"):
            self._say("")
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
        self._help("Starting: the instruments are asked who they are …")
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
        self._help("")
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
        changed_ns = self._changed_ns()
        if self._units_ready and changed_ns != self._read_ns:
            self._read_ns = changed_ns
            self._read_again()
        card = self.app.card  # fetched by a thread of the application: a link may wait for its answer
        if running and card is not None and card.session == snapshot.session:
            self.query_one(PlanView).show(card, snapshot)

    def _changed_ns(self) -> int:
        """When the inventory or the history was last written."""
        paths = (self.app.home.inventory, self.app.home.sessions_db)
        return max((path.stat().st_mtime_ns for path in paths if path.exists()), default=0)

    def _take_focus(self) -> None:
        """Where nothing has the focus: F5 then works at once, and digits still go to the workspaces."""
        if self.can_focus and self.screen.focused is None:
            self.focus(scroll_visible=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing is started or chosen while a session runs."""
        return not (action in ("start", "choose", "fill_rest") and self.has_class("-running"))

    def _say(self, text: str, *, refused: bool = False) -> None:
        """Put a text above the fields; "" takes it away."""
        self.set_class(refused and bool(text), "-refused")
        top = self.query_one("#setup-top", Static)
        top.update(text)
        top.display = bool(text)
