"""Small modal screens: a question before something is lost, a line to type, and a text to read.

All text is shown as it is, without markup: labels and serial numbers may hold brackets.
"""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, Static

from tui.panes.modal import Modal

_BOX = """
    align: center middle;
    & > .box { width: 64; max-width: 100%; height: auto; max-height: 100%; padding: 1 2; background: $surface; border: round $accent; }
    & .box-title { text-style: bold; margin-bottom: 1; }
    & .box-keys { margin-top: 1; color: $text-muted; }
    & .box-message { color: $text-error; height: auto; }
"""


class ConfirmScreen(Modal[bool]):
    """Asks once. `question` names the act, `loss` says what will be lost; returns True only for the named key."""

    DEFAULT_CSS = "ConfirmScreen {" + _BOX + "}"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape", "answer(False)", "No"),
    ]

    def __init__(self, question: str, loss: str, *, yes: str = "yes", no: str = "no, keep it") -> None:
        super().__init__()
        self._question, self._loss, self._yes, self._no = question, loss, yes, no

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(self._question, classes="box-title", markup=False)
            yield Static(self._loss, markup=False)
            yield Static(f"y {self._yes}     n {self._no}", classes="box-keys", markup=False)

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)


class LineScreen(Modal[str | None]):
    """Asks for one line (a path, a reason). Returns the text, or None after Esc; an empty line is not taken."""

    DEFAULT_CSS = "LineScreen {" + _BOX + "}"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]

    def __init__(self, title: str, help_text: str, value: str = "") -> None:
        super().__init__()
        self._title, self._help, self._value = title, help_text, value

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(self._title, classes="box-title", markup=False)
            yield Input(self._value, compact=True)
            yield Static(self._help, classes="box-keys", markup=False)
            yield Static("enter take it     esc cancel", classes="box-keys", markup=False)

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.dismiss(event.value.strip())

    def action_cancel(self) -> None:
        self.dismiss(None)


class TextScreen(Modal[None]):
    """A text to read (a reason, the problems of a file); scrolls when it is long."""

    DEFAULT_CSS = (
        "TextScreen {"
        + _BOX
        + "& .box { width: 76; } & .box-text { height: auto; max-height: 100%; scrollbar-size-vertical: 1; }"
        + "& .box-keys { dock: bottom; } }"
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q,question_mark", "close", "Close")]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(self._title, classes="box-title", markup=False)
            with VerticalScroll(classes="box-text"):
                yield Static(self._text, markup=False)
            yield Static("↑ ↓ scroll     esc back", classes="box-keys", markup=False)

    def action_close(self) -> None:
        self.dismiss()
