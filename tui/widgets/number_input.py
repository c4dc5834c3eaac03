"""Inputs for answers: a number with its unit, and one of a few words that nobody chose beforehand."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

_BEGINS = frozenset("0123456789.,")
_SIGNS = frozenset("+-−")


class NumberInput(Input):
    """Until it holds a digit it takes only what can begin a number, so that every other key keeps its meaning (r, n, ?, m, space).

    Both decimal signs and units are taken; nothing is restricted by a pattern, because that would turn "3,4" into 34. Where the field is
    not `signed` no sign begins a number, and + and - keep their meaning too.
    """

    def __init__(self, *, signed: bool = True, **options: Any) -> None:
        super().__init__(**options)
        self._begins = _BEGINS | _SIGNS if signed else _BEGINS

    def on_mount(self) -> None:
        self.cursor_blink = False  # nothing on this screen moves by itself; a blinking cursor costs 1 kB/s

    def _takes(self, character: str | None) -> bool:
        if character is None or not character.isprintable():
            return False
        begun = "" if len(self.selected_text) == len(self.value) else self.value
        return character in self._begins if not any(sign.isdigit() for sign in begun) else True

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return self._takes(character)

    async def _on_key(self, event: events.Key) -> None:
        if event.is_printable and not self._takes(event.character):
            event.prevent_default()


class ChoiceInput(Widget, can_focus=True):
    """One of a few words, by digit or arrow. Nothing is chosen at first: an answer that opens a gate must be given, not left standing."""

    DEFAULT_CSS = """
    ChoiceInput { height: auto; width: 1fr; padding-left: 1; }
    ChoiceInput:focus { background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", show=False),
        Binding("right", "step(1)", show=False),
        Binding("enter", "submit", show=False),
        *(Binding(str(digit), f"pick({digit})", show=False) for digit in range(1, 10)),
    ]

    class Changed(Message):
        """Another word was chosen."""

    class Submitted(Message):
        """Enter was pressed."""

    def __init__(self, choices: tuple[str, ...]) -> None:
        super().__init__()
        self._choices = choices
        self._index: int | None = None

    @property
    def value(self) -> str:
        return "" if self._index is None else self._choices[self._index]

    @value.setter
    def value(self, value: str) -> None:
        self._index = self._choices.index(value) if value in self._choices else None
        self.refresh()

    def render(self) -> RenderResult:
        """All in one line where they fit, else a line for each: no words are torn."""
        words = [f" {index + 1} {choice} " for index, choice in enumerate(self._choices)]
        styles = ["bold reverse $accent" if index == self._index else "" for index in range(len(words))]
        joint = " " if sum(len(word) + 1 for word in words) <= (self.size.width or 99) else "\n"
        return Content(joint).join(Content.styled(word, style) for word, style in zip(words, styles, strict=True))

    def action_step(self, by: int) -> None:
        self._choose((self._index + by) % len(self._choices) if self._index is not None else 0 if by > 0 else len(self._choices) - 1)

    def action_pick(self, digit: int) -> None:
        if digit <= len(self._choices):
            self._choose(digit - 1)

    def _choose(self, index: int) -> None:
        self._index = index
        self.refresh()
        self.post_message(self.Changed())

    def action_submit(self) -> None:
        self.post_message(self.Submitted())
