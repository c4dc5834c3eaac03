"""Resting volts of all cells in one line: fast to type, echoed before they are taken."""

from __future__ import annotations

import re
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from tui.domain import quantities
from tui.panes.modal import Modal


class RestForm(Modal[dict[str, float] | None]):
    """The resting volts of each cell, in one line: fast to type, echoed before they are taken. A dash leaves a cell out."""

    DEFAULT_CSS = """
    RestForm { align: center middle; }
    RestForm > Vertical { width: 72; max-width: 100%; height: auto; max-height: 100%; }
    RestForm > Vertical { padding: 1 2; background: $surface; border: round $accent; }
    RestForm #rest-echo { height: auto; margin-top: 1; }
    RestForm #rest-said { height: auto; color: $text-error; }
    RestForm .box-keys { color: $text-muted; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", show=False)]

    def __init__(self, labels: list[str]) -> None:
        super().__init__()
        self._labels = labels
        self.volts: dict[str, float] = {}

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Resting volts"
            yield Static(f"Volts of {', '.join(self._labels)}, in this order, with blanks between:", markup=False)
            yield Input(compact=True)
            yield Static("", id="rest-echo", markup=False)
            yield Static("", id="rest-said", markup=False)
            yield Static("3.345 3,344 3346 · a dash leaves a cell out · enter keep · esc cancel", classes="box-keys", markup=False)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self.volts, problem = read_rest(event.value, self._labels)
        self.query_one("#rest-echo", Static).update("   ".join(f"{label} {volts:.3f} V" for label, volts in self.volts.items()))
        self.query_one("#rest-said", Static).update(problem)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.volts, problem = read_rest(event.value, self._labels, complete=True)
        self.query_one("#rest-said", Static).update(problem)
        if self.volts and not problem:
            self.dismiss(self.volts)

    def action_cancel(self) -> None:
        self.dismiss(None)


def read_rest(text: str, labels: list[str], *, complete: bool = False) -> tuple[dict[str, float], str]:
    """Volts by label from "3.345 3344 - 3,346 V", and what is wrong; a dash leaves a cell out. `complete` asks for one word a cell."""
    words = re.sub(r"(?i)\s*(m?v)\b", r"\1", text).replace(";", " ").split()
    volts: dict[str, float] = {}
    for label, word in zip(labels, words, strict=False):
        if word in ("-", "–"):
            continue
        try:
            volts[label] = quantities.parse(word, "cell_voltage")
        except ValueError as error:
            return volts, f"{label}: {error}"
    if len(words) > len(labels):
        return volts, f"{len(words)} values for {len(labels)} cells."
    if complete and len(words) < len(labels):
        return volts, f"{len(words)} values for {len(labels)} cells. Type a dash for a cell that was not measured."
    return volts, ""
