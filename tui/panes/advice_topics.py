"""Topics of Advice that ask something: whether to balance at all, which leads, which supply. Each answers at once, for this bank."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual import on, work
from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from tui.domain import leads, quantities, should_balance
from tui.domain.plan import Plan
from tui.domain.supply_fit import BOTH_NEEDED, QUESTION
from tui.panes import advice_text
from tui.panes.fields import FieldRow, FieldSpec, QuantityInput
from tui.widgets.line import Line, Text
from tui.widgets.xy_plot import XYPlot

if TYPE_CHECKING:
    from tui.app import TopBalanceApp

GAUGES = tuple((str(awg), f"{awg} AWG") for awg in leads.COPPER_OHM_PER_M)
END_CHOICES = (("ring", "ring terminals"), ("banana", "banana plugs"), ("alligator", "alligator clips"))
_LENGTH = FieldSpec("length", "Length", "length", "", "1 m")
_WARMTH = FieldSpec("warmth", "Warmth", "temperature", "", "20 °C")


class Topic(Widget):
    """One topic. `show` brings the plan it speaks about; subclasses draw it."""

    DEFAULT_CSS = """
    Topic { height: auto; width: 1fr; layout: vertical; }
    Topic Text { margin-bottom: 1; }
    Topic FieldRow { width: 1fr; max-width: 60; }
    Topic .hint { color: $text-muted; height: auto; margin-bottom: 1; }
    """
    app: TopBalanceApp  # type: ignore[assignment]
    plan: Plan

    def show(self, plan: Plan) -> None:
        self.plan = plan
        if self.is_mounted:
            self.draw()

    def on_mount(self) -> None:
        self.draw()

    def draw(self) -> None:
        """Draw for `self.plan`."""


class QuestionsTopic(Topic):
    """Should I balance? The answers are kept with the bank; the recommendation stands above the questions, its reasons below."""

    DEFAULT_CSS = """
    QuestionsTopic .question { height: auto; margin-top: 1; }
    """

    @dataclass
    class Read(Message):
        """The answers that are kept with a bank."""

        bank: str
        answers: dict[str, str | float]

    def __init__(self) -> None:
        super().__init__()
        self._bank = ""  # whose answers stand in the fields
        self._verdict, self._reasons = Text(), Text(id="advice-reasons")

    def compose(self) -> ComposeResult:
        yield self._verdict
        yield Static("← → answer, tab goes on, ? tells why it matters; the reasons stand at the end.", classes="hint", markup=False)
        for question in should_balance.QUESTIONS:
            yield Static(f"{question.text}", classes="question", markup=False)
            yield FieldRow(_spec(question))
        yield Static("", classes="hint")
        yield self._reasons

    def draw(self) -> None:
        if self.plan.bank != self._bank:
            self._bank = self.plan.bank
            self._read(self._bank)
        self._judge()

    @property
    def answers(self) -> dict[str, str | float]:
        """What was answered: choices as they are, numbers as fractions and A."""
        found: dict[str, Any] = {}
        for question, row in zip(should_balance.QUESTIONS, self.query(FieldRow), strict=True):
            text, problem, echo = row.value.strip(), "", ""
            if question.choices:
                found[question.id] = text
            elif text:
                try:
                    found[question.id] = quantities.parse(text, question.kind)
                    echo = quantities.echo(text, question.kind)
                except ValueError as error:
                    problem = str(error)
            row.show(echo, problem, "error" if problem else "")
        return should_balance.clean_answers(found)

    def _judge(self) -> None:
        found = should_balance.recommend(self.answers, self.plan)
        self._verdict.show(advice_text.verdict(found))
        self._reasons.show(advice_text.recommendation(found))

    @on(FieldRow.Changed)
    def _changed(self) -> None:
        self._judge()
        if self.answers != self._kept:
            self._kept = self.answers
            self._keep(self.plan, self._kept)

    _kept: dict[str, str | float] = {}

    @work(thread=True, exit_on_error=False, exclusive=True, group="advice-read")
    def _read(self, bank: str) -> None:
        from tui.records.banks import Banks
        from tui.records.store import StoreError

        with contextlib.suppress(StoreError):
            found = Banks(self.app.home).get(bank)
            self.post_message(self.Read(bank, should_balance.clean_answers(found.advice if found else {})))

    @on(Read)
    def _are_read(self, event: Read) -> None:
        if event.bank != self._bank:
            return
        self._kept = event.answers
        for question, row in zip(should_balance.QUESTIONS, self.query(FieldRow), strict=True):
            row.value = _typed(question, event.answers.get(question.id))
        self._judge()

    @work(thread=True, exit_on_error=False)
    def _keep(self, plan: Plan, answers: dict[str, str | float]) -> None:
        from tui.records.banks import Banks
        from tui.records.store import StoreError

        with contextlib.suppress(StoreError, ValueError):
            Banks(self.app.home).save(plan.bank, [cell.id for cell in plan.cells if cell.id], plan.to_json(), advice=answers)

    @on(FieldRow.Submitted)
    def _next(self) -> None:
        self.screen.focus_next()

    @on(QuantityInput.WhyAsked)
    def _why(self, event: QuantityInput.WhyAsked) -> None:
        from tui.panes.confirm import TextScreen

        question = next(question for question in should_balance.QUESTIONS if question.id == event.field)
        self.app.push_screen(TextScreen(question.text, f"{question.why}\n\nTutorial, section {question.tutorial}"))


def _spec(question: should_balance.Question) -> FieldSpec:
    if question.choices:
        choices = (("", "not answered"), *((choice, choice) for choice in question.choices))
        return FieldSpec(question.id, "", "choice", question.why, "", choices=choices, wide=True)
    usual = "such as 2 A" if question.kind == "current" else "such as 20%"
    return FieldSpec(question.id, "", question.kind, question.why, "", placeholder=f"{usual}; empty if not known")


def _typed(question: should_balance.Question, value: str | float | None) -> str:
    """An answer as it would be typed."""
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value * 100:g}%" if question.kind == "fraction" else f"{value:g} A"


class LeadsTopic(Topic):
    """The calculator of leads; what the running charge measures stands beside it."""

    def __init__(self) -> None:
        super().__init__()
        self._report, self._advice = Text(), Text()

    def compose(self) -> ComposeResult:
        yield Line("← → choose, tab goes on; the answer follows.", classes="hint")
        yield FieldRow(FieldSpec("gauge", "Gauge", "choice", "", "8", choices=GAUGES, wide=True))
        yield FieldRow(_LENGTH)
        yield FieldRow(FieldSpec("at_supply", "Supply", "choice", "", "ring", choices=END_CHOICES, wide=True))
        yield FieldRow(FieldSpec("at_cells", "Cells", "choice", "", "ring", choices=END_CHOICES, wide=True))
        yield FieldRow(_WARMTH)
        yield Static("", classes="hint")
        yield self._report
        yield self._advice

    @on(FieldRow.Changed)
    def draw(self) -> None:
        values = {row.spec.name: row.value for row in self.query(FieldRow)}
        numbers: dict[str, float] = {}
        for spec in (_LENGTH, _WARMTH):
            row = self.query_one(f"#field-{spec.name}", FieldRow)
            try:
                numbers[spec.name] = quantities.parse(values[spec.name], spec.kind)
                row.show(quantities.echo(values[spec.name], spec.kind))
            except ValueError as problem:
                row.show("", str(problem), "error")
        if len(numbers) < 2:
            return
        from tui.domain.lead_choice import judge

        try:
            lead = advice_text.lead_of(values["gauge"], numbers["length"], values["at_supply"], values["at_cells"], numbers["warmth"])
            report = judge(self.plan, lead, self.app.snapshot.lead_resistance_ohm)
            self._report.show(advice_text.lead_report(report))
            self._advice.show(advice_text.lead_advice(self.plan, self._stud_mm()))
        except ValueError as problem:
            self._report.show(str(problem))

    def _stud_mm(self) -> float | None:
        from tui.domain.catalogue import find

        model = find(self.plan.model)
        return float(model.thread[1:]) if model is not None and model.thread else None

    @on(FieldRow.Submitted)
    def _next(self) -> None:
        self.screen.focus_next()


class SupplyTopic(Topic):
    """Can this supply do it; and hours against amperes."""

    def __init__(self) -> None:
        super().__init__()
        self._text, self._plot = Text(), XYPlot("A", "h")

    def compose(self) -> ComposeResult:
        yield Static(QUESTION, markup=False)
        choices = (("", "not answered"), ("yes", "yes, both"), ("no", "no"))
        yield FieldRow(FieldSpec("both", "", "choice", "", "", choices=choices, wide=True))
        yield Static(BOTH_NEEDED, classes="hint", markup=False)
        yield self._text
        yield self._plot

    @on(FieldRow.Changed)
    def draw(self) -> None:
        answer = {"yes": True, "no": False}.get(self.query_one(FieldRow).value)
        self._text.show(advice_text.safely(lambda plan: advice_text.supply(plan, answer), self.plan))
        with contextlib.suppress(ValueError, ZeroDivisionError):
            self._plot.show(advice_text.amperes(self.plan))


class AfterTopic(Topic):
    """The rest and after it, with the resting volts of this bank's newest session that has some."""

    @dataclass
    class Read(Message):
        """(hours since the charge, V) by cell."""

        bank: str
        readings: dict[str, list[tuple[float, float]]]

    def __init__(self) -> None:
        super().__init__()
        self._text = Text()
        self._readings: dict[str, list[tuple[float, float]]] = {}

    def compose(self) -> ComposeResult:
        yield self._text

    def draw(self) -> None:
        self._text.show(advice_text.safely(lambda plan: advice_text.after(plan, self._readings), self.plan))
        self._read(self.plan.bank)

    @work(thread=True, exit_on_error=False, exclusive=True, group="advice-rests")
    def _read(self, bank: str) -> None:
        from tui.records.sessions import Sessions, rest_readings
        from tui.records.store import StoreError

        with contextlib.suppress(StoreError):
            rested = [row for row in Sessions(self.app.home).list() if row.bank == bank and row.rests]
            if rested:
                self.post_message(self.Read(bank, rest_readings(rested[-1])))

    @on(Read)
    def _are_read(self, event: Read) -> None:
        if event.bank == self.plan.bank and event.readings != self._readings:
            self._readings = event.readings
            self._text.show(advice_text.safely(lambda plan: advice_text.after(plan, self._readings), self.plan))
