"""A form in a dialog: one field below the other, help for the one that is edited, and no way out that loses what was typed unsaid."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Static

from tui.panes.dialog import Dialog
from tui.panes.fields import FieldRow

KEYS = "enter next field · F5 keep · esc cancel"


class Form(Dialog["str | None"]):
    """Subclasses yield `self.status`, their rows, `self.help_line` and `self.said`, and keep what was typed in `action_keep`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", show=False),
        Binding("f5,ctrl+s", "keep", show=False),
        Binding("enter", "next", show=False),  # an input sends its own; a choice has none
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]
    DEFAULT_CSS = """
    Form { align: center middle; }
    Form .form-help { height: 2; color: $text-muted; }
    Form .form-said { height: auto; color: $text-error; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.help_line = Static("", classes="form-help", markup=False)
        self.said = Static("", classes="form-said", markup=False)
        self._first: dict[str, str] = {}
        self._asked = False

    def on_mount(self) -> None:
        super().on_mount()
        self._first = self.answers
        labels = self.query(".field-label")
        width = max(int(label.styles.width.value) for label in labels if label.styles.width)
        for label in labels:  # one below the other, whatever the longest is
            label.styles.width = width

    @property
    def rows(self) -> dict[str, FieldRow]:
        return {row.spec.name: row for row in self.query(FieldRow)}

    @property
    def answers(self) -> dict[str, str]:
        return {name: row.value for name, row in self.rows.items()}

    def on_descendant_focus(self) -> None:
        focused = self.focused
        row = next((node for node in focused.ancestors if isinstance(node, FieldRow)), None) if focused else None
        self.help_line.update(row.spec.help if row else "", layout=False)

    @on(FieldRow.Changed)
    def _typed(self) -> None:
        self._asked = False

    @on(FieldRow.Submitted)
    def action_next(self) -> None:
        """The next field; behind the last one all of it is kept."""
        rows = list(self.rows.values())
        if rows and rows[-1].editor.has_focus:
            self.action_keep()
        else:
            self.focus_next()

    def action_keep(self) -> None:
        """Keep what was typed."""

    def action_cancel(self) -> None:
        """Esc leaves at once while nothing was typed; else it says so, and leaves the second time."""
        if self.answers == self._first or self._asked:
            self.dismiss(None)
        else:
            self._asked = True
            self.said.update("Not kept yet. F5 keeps it, esc once more leaves it out.")
