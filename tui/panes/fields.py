"""One line of a form: label, input, what was understood of it, and under it what is wrong with it.

The echo stands at a fixed place, so that the eye finds `= 2240 Ah` always there. A message opens a line of its own at its field.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from textual import events, on
from textual.app import ComposeResult, RenderResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What a form asks for. `kind` is "text", "choice" or a kind of `tui.domain.quantities.parse`; `help` is shown at the focus."""

    name: str
    label: str  # at most 7 characters; more only where there is no echo
    kind: str
    help: str
    default: str = ""
    choices: tuple[tuple[str, str], ...] = ()  # (value, words)
    question: str = ""  # asked above the field at the first start only
    first: bool = False  # shown at the first start without a question of its own
    wide: bool = False  # no echo: the input takes its place (addresses, names)
    group: str = ""  # a heading above this field
    matters: tuple[str, ...] = ()  # procedures in which it says anything; () in all
    asks_why: bool = False  # a text in which `?` asks why, because it holds none
    placeholder: str = ""


class QuantityInput(Input):
    """An input in which `?` asks why instead of being typed: no quantity holds a question mark. Behind an instrument's line it begins options."""

    class WhyAsked(Message):
        """`?` was pressed in the input of a quantity."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.field = name

    async def _on_key(self, event: events.Key) -> None:
        if event.character == "?" and not (":" in self.value[: self.cursor_position] and self.selection.is_empty):
            event.stop()
            event.prevent_default()
            self.post_message(self.WhyAsked(self.name or ""))
            return
        await super()._on_key(event)


class Choice(Widget, can_focus=True):
    """One of a few words; left, right and space go through them."""

    DEFAULT_CSS = """
    Choice { height: 1; width: 1fr; background: $surface; text-wrap: nowrap; text-overflow: ellipsis; }
    Choice:focus { background-tint: $foreground 5%; text-style: reverse; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Previous", show=False),
        Binding("right,space", "step(1)", "Next choice", show=False),
        Binding("question_mark", "why", "Why?", show=False),
    ]

    index: reactive[int] = reactive(0)

    class Changed(Message):
        """Another choice was made."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> Choice:
            return self.choice

    def __init__(self, choices: tuple[tuple[str, str], ...], value: str = "", *, name: str | None = None, id: str | None = None) -> None:  # noqa: A002
        super().__init__(name=name, id=id)
        self._choices = choices
        self.set_reactive(Choice.index, self._index_of(value))

    def _index_of(self, value: str) -> int:
        return next((index for index, (key, _) in enumerate(self._choices) if key == value), 0)

    def offer(self, choices: tuple[tuple[str, str], ...]) -> None:
        """Other choices; the one that is made stays where it is still among them."""
        if choices != self._choices:
            value, self._choices = self.value, choices
            self.set_reactive(Choice.index, self._index_of(value))
            self.refresh()

    @property
    def value(self) -> str:
        return self._choices[self.index][0]

    @value.setter
    def value(self, value: str) -> None:
        self.index = self._index_of(value)

    def render(self) -> RenderResult:
        words = self._choices[self.index][1]
        return Content(f"‹ {words} ›" if len(words) + 4 <= self.size.width else f"‹{words}›")

    def watch_index(self) -> None:
        self.post_message(self.Changed(self))

    def action_step(self, by: int) -> None:
        self.index = (self.index + by) % len(self._choices)

    def action_why(self) -> None:
        self.post_message(QuantityInput.WhyAsked(self.name or ""))


Grade = Literal["", "error", "warning", "note"]


class FieldRow(Widget):
    """A field of a form. The form reads `value`, and tells with `show` what it understood."""

    DEFAULT_CSS = """
    FieldRow { height: auto; width: 1fr; }
    FieldRow > Horizontal { height: 1; }
    FieldRow .field-label { width: 8; color: $text-muted; }
    FieldRow .field-label.-active { color: $text-accent; text-style: bold; }
    FieldRow Input { width: 1fr; }
    FieldRow .field-echo { width: 10; padding-left: 1; color: $text; text-wrap: nowrap; text-overflow: ellipsis; }
    FieldRow .field-message { display: none; height: auto; padding-left: 1; }
    FieldRow.-error .field-message { display: block; color: $text-error; }
    FieldRow.-warning .field-message { display: block; color: $text-warning; text-wrap: nowrap; text-overflow: ellipsis; }
    FieldRow.-warning:focus-within .field-message { text-wrap: wrap; }
    FieldRow.-note .field-message { display: block; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
    FieldRow.-off { display: none; }
    FieldRow .field-group { color: $text-muted; text-style: underline; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    class Changed(Message):
        """The operator changed this field."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

    class Submitted(Message):
        """Enter was pressed in this field."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

    def __init__(self, spec: FieldSpec, value: str | None = None) -> None:
        super().__init__(id=f"field-{spec.name}", name=spec.name)
        self.spec = spec
        self._first = spec.default if value is None else value
        self.message = ""

    def compose(self) -> ComposeResult:
        spec = self.spec
        if spec.group:
            yield Static(spec.group, classes="field-group", markup=False)
        if spec.question:
            yield Static(spec.question, classes="field-question", markup=False)
        with Horizontal():
            label = Static(spec.label, classes="field-label", markup=False)
            label.styles.width = max(8, len(spec.label) + 1)
            yield label
            if spec.kind == "choice":
                yield Choice(spec.choices, self._first, name=spec.name, id=f"input-{spec.name}")
            else:
                kind = Input if spec.kind == "text" and not spec.asks_why else QuantityInput
                yield kind(
                    self._first, placeholder=spec.placeholder, name=spec.name, id=f"input-{spec.name}", compact=True, select_on_focus=True
                )
            if not spec.wide:
                yield Static("", classes="field-echo", markup=False)
        yield Static("", classes="field-message", markup=False)

    @property
    def editor(self) -> Input | Choice:
        return self.query_one("Choice" if self.spec.kind == "choice" else "Input")  # type: ignore[return-value]

    @property
    def value(self) -> str:
        return self.editor.value if self.is_mounted else self._first  # a key may ask before the form stands

    @value.setter
    def value(self, value: str) -> None:
        self.editor.value = value

    def show(self, echo: str, message: str = "", grade: Grade = "") -> None:
        """Put what was understood beside the input, and `message` below it; only what changed is drawn."""
        if not self.spec.wide:
            label = self.query_one(".field-echo", Static)
            if str(label.content) != echo:
                label.update(echo, layout=False)
        if message != self.message:
            self.message = message
            sign = {"error": "✕ ", "warning": "! "}.get(grade, "  ")
            self.query_one(".field-message", Static).update(f"{sign}{message}" if message else "")
        for name in ("error", "warning", "note"):
            self.set_class(grade == name, f"-{name}")

    @on(Input.Changed)
    @on(Choice.Changed)
    def _changed(self, event: Message) -> None:
        event.stop()
        self.post_message(self.Changed(self))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Submitted(self))

    def on_descendant_focus(self) -> None:
        self.query_one(".field-label").add_class("-active")
        self.call_after_refresh(self.scroll_visible, animate=False)  # with the message below it

    def on_descendant_blur(self) -> None:
        self.query_one(".field-label").remove_class("-active")
