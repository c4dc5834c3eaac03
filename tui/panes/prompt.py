"""The place where the operator answers: one row a value, echoed with its unit before Enter takes it, or one confirmation."""

from __future__ import annotations

import re

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from tui.actions import REMEDY_KEY
from tui.bench.messages import Captured, FieldView, Prompt
from tui.panes.capture import Wanted
from tui.widgets.line import Line, Text
from tui.widgets.number_input import ChoiceInput, NumberInput
from tui.widgets.text import plain

_DECIMALS = {"voltage": 3, "current": 2, "temperature": 1}
LABEL_BESIDE = 16  # longer labels stand on a line of their own
GRID_FROM = 4  # so many fields stand in two columns


def shown_reading(field: FieldView) -> str:
    """The meter's reading as it would be typed, without unit."""
    return "" if field.reading is None else f"{field.reading:.{_DECIMALS.get(field.kind, 3)}f}"


class PromptField(Widget):
    """One value: label, input, what was understood of it, and what is wrong with it."""

    DEFAULT_CSS = """
    PromptField { height: auto; width: 1fr; }
    PromptField > Horizontal { height: 1; }
    PromptField .label { width: 1fr; color: $foreground 80%; }
    PromptField .echo { width: 10; padding-left: 1; color: $accent; }
    PromptField .problem { color: $text-error; }
    PromptField NumberInput { width: 10; }
    PromptField.-grid .label { width: auto; min-width: 3; max-width: 5; padding-right: 1; }
    PromptField.-grid NumberInput { width: 7; }
    PromptField.-grid .echo { width: 1fr; }
    PromptField.-stacked .label { width: 1fr; }
    """

    class Taken(Message):
        """Enter was pressed in the field and its value can be used."""

        def __init__(self, field: PromptField) -> None:
            super().__init__()
            self.field = field

    def __init__(self, view: FieldView, *, grid: bool, signed: bool) -> None:
        super().__init__(classes="-grid" if grid else "-stacked")
        self.view = view
        self._label = Line(view.label, classes="label")
        self._echo, self._problem = Line(classes="echo"), Text(classes="problem")
        self._problem.display = False
        self.editor: NumberInput | ChoiceInput = ChoiceInput(view.choices) if view.choices else NumberInput(signed=signed, compact=True)
        self.value: float | str | None = None

    def compose(self) -> ComposeResult:
        if self.view.choices or len(self.view.label) > LABEL_BESIDE:
            yield self._label
        if self.view.choices:
            yield self.editor
        else:
            with Horizontal():
                if len(self.view.label) <= LABEL_BESIDE:
                    yield self._label
                yield self.editor
                yield self._echo
        yield self._problem

    def update_view(self, view: FieldView) -> None:
        self.view = view
        if not self.editor.value:
            self._draw_echo("")

    def on_mount(self) -> None:
        self._draw_echo("")

    def _draw_echo(self, text: str) -> None:
        """What was understood; before anything is typed, what the meter shows here."""
        if text or self.view.reading is None:
            self._echo.show(text or self.view.unit)
        else:
            self._echo.show(Content.styled(f"m {shown_reading(self.view)}", "$foreground 60%"))

    def read(self, *, complain: bool) -> bool:
        """Parse what stands in the field into `value`; with `complain` say at the field why it cannot be used."""
        text = self.editor.value.strip()
        self.value, problem, echo = None, "", ""
        if self.view.choices:
            self.value = text or None
            problem = "" if text else "choose one"
        elif text:
            from tui.domain.quantities import QuantityError, kind_of_field, parse, show

            kind = kind_of_field(self.view.kind, self.view.name)
            try:
                self.value = parse(text, kind)
                echo = show(self.value, kind)
            except QuantityError as error:
                problem, echo = str(error), "?"
        else:
            problem = "type a value"
        self._draw_echo(echo)
        self._problem.show(problem if complain else "")
        return self.value is not None

    @on(Input.Changed)
    @on(ChoiceInput.Changed)
    def _changed(self, event: Message) -> None:
        event.stop()
        self.read(complain=False)

    @on(Input.Submitted)
    @on(ChoiceInput.Submitted)
    def _submitted(self, event: Message) -> None:
        event.stop()
        if self.read(complain=True):
            self.post_message(self.Taken(self))

    def take_meter(self) -> bool:
        if self.view.reading is None or self.view.choices:
            return False
        self.editor.value = shown_reading(self.view)
        self.let_keys_pass()
        self.read(complain=False)
        return True

    def let_keys_pass(self) -> None:
        """Select the whole value: a digit then begins anew, and letters (m again, o, l) keep their meaning as keys."""
        if isinstance(self.editor, NumberInput):
            self.editor.select_all()

    def clear(self) -> None:
        self.editor.value = ""
        self.value = None
        self._problem.show("")
        self._draw_echo("")


class PromptArea(VerticalScroll, can_focus=False):
    """What the bench waits for. Posts `Answered`; what the bench says to it comes back through `refuse` and the next Snapshot."""

    BINDINGS = [Binding("up", "move(-1)", show=False), Binding("down", "move(1)", show=False)]

    class Answered(Message):
        """All values are typed (or none are asked for) and the operator confirmed."""

        def __init__(self, prompt: int, values: dict[str, float | str]) -> None:
            super().__init__()
            self.prompt, self.values = prompt, values

    def __init__(self) -> None:
        super().__init__(id="prompt")
        self._prompt: Prompt | None = None
        self._rows: list[PromptField] = []
        self._fields = Container(id="prompt-fields")
        self._confirm, self._refusal, self._hint = Text(id="prompt-confirm"), Text(id="prompt-refusal"), Text(id="prompt-hint")
        self._refused = ""  # why the last answer was not taken
        self._waiting_for: int | None = None  # the prompt whose answer is on its way

    def compose(self) -> ComposeResult:
        yield from (self._fields, self._refusal, self._confirm, self._hint)

    @property
    def fields(self) -> list[PromptField]:
        return self._rows

    def show_prompt(self, prompt: Prompt | None) -> bool:
        """Draw the prompt; True when it is another than before, so that the screen can turn to it."""
        before, self._prompt = self._prompt, prompt
        self.display = prompt is not None
        if prompt is None:
            self._waiting_for = None
            if before is not None:
                self._build((), signed=True)
            return False
        same_fields = (
            before is not None and before.step == prompt.step and [f.name for f in before.fields] == [f.name for f in prompt.fields]
        )
        is_new = before is None or before.id != prompt.id
        if not same_fields:
            self._build(prompt.fields, signed=prompt.blocking)  # while current flows no reading has a sign
        else:
            for row, view in zip(self._rows, prompt.fields, strict=True):
                row.update_view(view)
            if is_new and not prompt.refusal:
                for row in self._rows:
                    row.clear()
        if is_new or prompt.refusal != (before.refusal if before else ""):
            self._waiting_for = None
            self._show_refusal(prompt.refusal)
        self._draw_confirm()
        self._hint.show(prompt.hint)
        return is_new

    def _build(self, fields: tuple[FieldView, ...], *, signed: bool) -> None:
        grid = len(fields) >= GRID_FROM and all(len(view.label) <= 4 for view in fields)
        self._rows = [PromptField(view, grid=grid, signed=signed) for view in fields]
        self._fields.set_class(grid, "-grid")
        self._fields.remove_children()
        self._fields.display = bool(fields)
        if fields:
            self._fields.mount_all(self._rows)

    def _show_refusal(self, text: str) -> None:
        self._refused = text
        if not text:
            self._refusal.show("")
            return
        parts: list[Content | str | tuple[str, str]] = []  # what can be done first: the reasons may be long
        if self._prompt is not None and self._prompt.remedy:
            parts += [(f" {REMEDY_KEY} ", "bold reverse $accent"), (f" {self._prompt.remedy}\n", "bold")]
        if self._prompt is not None and self._prompt.overridable:
            parts += [(" o ", "bold"), (" overrides it with a typed reason.\n", "$foreground 60%")]
        self._refusal.show(Content.assemble((f"{plain('✖')} REFUSED ", "bold $text-error"), *(["\n", *parts] if parts else []), text))
        for row in self._rows:
            row.let_keys_pass()

    def _draw_confirm(self) -> None:
        prompt = self._prompt
        if prompt is None:
            return
        if self._waiting_for == prompt.id:
            self._confirm.show(Content.styled("… the bench is checking", "$foreground 60%"))
        elif not prompt.fields:
            self._confirm.show(Content.assemble((" space ", "bold reverse $accent"), (f" {prompt.confirm or 'Ready?'}", "bold")))
        elif prompt.confirm:
            self._confirm.show(
                Content.assemble((plain("▶ "), "bold $accent"), prompt.confirm, ("  Enter on the last value confirms", "$foreground 60%"))
            )
        else:
            self._confirm.show("")

    # --- what keys do -------------------------------------------------------------------------------------------

    def confirm(self) -> str:
        """Answer if everything is there; else turn to what is missing and say it."""
        prompt = self._prompt
        if prompt is None or self._waiting_for == prompt.id:
            return ""
        missing = next((row for row in self._rows if not row.read(complain=True)), None)
        if missing is not None:
            missing.editor.focus()
            return f"{missing.view.label}: {'choose one' if missing.view.choices else 'type the value'} first."
        self._waiting_for = prompt.id
        self._show_refusal("")
        self._draw_confirm()
        self.post_message(self.Answered(prompt.id, {row.view.name: row.value for row in self._rows if row.value is not None}))
        return ""

    def refuse(self, prompt: int, text: str) -> None:
        """The bench did not take the answer: say so at the fields, and let it be corrected."""
        if self._prompt is not None and self._prompt.id == prompt:
            self._waiting_for = None
            self._show_refusal(text)
            self._draw_confirm()
            self.focus_first()

    def take_meter(self) -> str:
        """Put the meter's reading into the focused field (or the first empty one) and go on to the next."""
        row = self._focused_row() or next((row for row in self._rows if not row.editor.value), None)
        if row is not None and row.view.choices and row.editor.value:  # that one is answered: the reading is for a number
            row = self._first_number() or row
        if row is not None and row.view.choices:
            return f"{row.view.label}: no meter tells this. Choose with ← → or a digit, then press Enter."
        if row is None or not row.take_meter():
            return "The meter shows no value for this field. Measure by hand and type the number."
        following = self._rows[self._rows.index(row) + 1 :]
        (following[0] if following else row).editor.focus()
        return ""

    def capture_for(self) -> str | Wanted:
        """The focused field, or the first empty one, where a live meter can be carried to it; else why it cannot."""
        row = self._focused_row() or next((row for row in self._rows if not row.editor.value), None)
        if row is not None and row.view.choices and row.editor.value:
            row = self._first_number() or row
        if row is None:
            return "Nothing waits for a reading now. r types one at any time."
        if row.view.choices:
            return f"{row.view.label}: no meter tells this. Choose with ← → or a digit, then press Enter."
        if not row.view.capture:
            return "No live meter can be carried there. Measure by hand and type the number."
        row.editor.focus()
        return Wanted(row.view.name, row.view.label)

    def take_captured(self, captured: Captured) -> str:
        """The meter's settled value into its field, and on to the next."""
        row = next((row for row in self._rows if row.view.name == captured.field), None)
        if row is None:
            return "That question is no longer open; nothing was taken."
        row.editor.value = captured.text
        row.let_keys_pass()
        row.read(complain=True)
        at = self._rows.index(row)
        empty = [other for other in self._rows[at + 1 :] + self._rows[:at] if not other.editor.value]
        if not empty:
            row.editor.focus()
            return f"{row.view.label} {captured.text} V. All values are there: Enter gives them to the bench."
        empty[0].editor.focus()
        return f"{row.view.label} {captured.text} V. Next: {empty[0].view.label}."

    def focus_first(self) -> None:
        """To what is not answered yet; where all is, to the field that a refusal names, else to the first number."""
        empty = next((row for row in self._rows if row.value is None), None)
        row = empty or self._named_by_refusal() or self._first_number() or next(iter(self._rows), None)
        if row is not None:
            row.editor.focus()

    @property
    def begins_with_choice(self) -> bool:
        """Whether the focus would go to a choice, which digits make."""
        row = next((row for row in self._rows if row.value is None), None)
        return row is not None and bool(row.view.choices)

    def _named_by_refusal(self) -> PromptField | None:
        words = re.findall(r"[\w-]+", self._refused)
        rows = {row.view.label: row for row in self._rows}
        return next((rows[word] for word in words if word in rows), None)

    def _first_number(self) -> PromptField | None:
        numbers = [row for row in self._rows if not row.view.choices]
        return next((row for row in numbers if not row.editor.value), next(iter(numbers), None))

    def action_move(self, by: int) -> None:
        row = self._focused_row()
        if row is not None:
            self._rows[(self._rows.index(row) + by) % len(self._rows)].editor.focus()

    def _focused_row(self) -> PromptField | None:
        return next((row for row in self._rows if row.editor.has_focus), None)

    @on(PromptField.Taken)
    def _taken(self, event: PromptField.Taken) -> None:
        event.stop()
        at = self._rows.index(event.field)
        order = self._rows[at + 1 :] + self._rows[:at]
        following = next((row for row in order if not row.editor.value.strip()), None)
        if following is not None:
            following.editor.focus()
            return
        self.confirm()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        event.widget.scroll_visible(animate=False)
