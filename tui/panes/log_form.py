"""One entry for a cell's log, typed: the fields of its kind, what was understood, and what is wrong at its field."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from tui.panes.fields import FieldRow, FieldSpec
from tui.panes.form import KEYS, Form
from tui.records.cell import Cell, InvalidCell
from tui.records.cell_entry import add_entry
from tui.records.cell_log import KINDS, LogField, read_entry, read_time
from tui.records.cell_words import words
from tui.records.inventory import CellGone, Inventory
from tui.records.store import StoreError

if TYPE_CHECKING:
    from tui.records.places import Home

WHEN = FieldSpec("unix_s", "on", "text", "When it was, if not now: 2026-03-21, or 2026-03-21 14:30.", wide=True)


def _spec(field: LogField) -> FieldSpec:
    choices = tuple((choice, choice or "not told") for choice in field.choices)
    return FieldSpec(
        field.name, field.word, "choice" if choices else "text", field.help, choices[0][0] if choices else "", choices, wide=True
    )


class LogForm(Form):
    """Returns what is to be said of the kept entry ("" for nothing), or None after Esc."""

    DEFAULT_CSS = """
    LogForm > Vertical { width: 64; max-width: 100%; height: auto; max-height: 100%; padding: 0 1; background: $surface; border: round $accent; }
    LogForm VerticalScroll { height: auto; max-height: 14; scrollbar-size-vertical: 1; }
    LogForm Input { background: $panel; }
    LogForm .box-title { text-style: bold; margin-bottom: 1; }
    LogForm #log-read { height: auto; }
    LogForm .box-keys { color: $text-muted; }
    """

    @dataclass
    class Kept(Message):
        """The inventory answered: what to say of the entry, or what was refused, and at which field."""

        warning: str = ""
        problem: str = ""
        field: str = ""

    def __init__(self, home: Home, cell: Cell, kind: str) -> None:
        super().__init__()
        self._home, self._cell, self._kind = home, cell, kind
        self._specs = [*map(_spec, KINDS[kind].fields), WHEN]

    def compose(self) -> ComposeResult:
        yield self.status
        with Vertical() as box:
            box.border_title = "Add to the log"
            yield Static(f"Cell {self._cell.label}: {KINDS[self._kind].words}", classes="box-title", markup=False)
            with VerticalScroll(can_focus=False):
                for spec in self._specs:
                    yield FieldRow(spec)
            yield self.help_line
            yield Static("", id="log-read", markup=False)
            yield self.said
            yield Static(KEYS, classes="box-keys", markup=False)

    @on(FieldRow.Changed)
    def _changed(self) -> None:
        """Show what was understood; what is wrong is told when the form is sent, or when more than nothing stands in the field."""
        for row in self.rows.values():
            row.show("")
        said = ""
        try:
            said = words({"kind": self._kind, **read_entry(self._kind, self.answers)})
        except InvalidCell as error:
            if self.answers.get(error.field, "").strip():
                self.rows[error.field].show("", str(error), "error")
        self.query_one("#log-read", Static).update(f"= {said}" if said else "")

    def action_keep(self) -> None:
        self._keep(self.answers)

    @work(thread=True, exit_on_error=False, exclusive=True)
    def _keep(self, answers: dict[str, str]) -> None:
        try:
            when = answers["unix_s"].strip()
            unix_s = read_time(when, time.time()) if when else None
            added = add_entry(Inventory(self._home), self._cell, self._kind, answers, unix_s=unix_s)
        except InvalidCell as error:
            self.post_message(self.Kept(problem=str(error), field="unix_s" if error.field == "time" else error.field))
        except (StoreError, CellGone, ValueError) as error:
            self.post_message(self.Kept(problem=str(error)))
        else:
            self.post_message(self.Kept(warning=added.warning))

    @on(Kept)
    def _kept(self, event: Kept) -> None:
        row = self.rows.get(event.field)
        if not event.problem:
            self.dismiss(event.warning)
        elif row:
            row.show("", event.problem, "error")
            row.editor.focus()
        else:
            self.said.update(event.problem)
